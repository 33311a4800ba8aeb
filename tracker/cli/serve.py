"""`policy-tracker serve`: the pages, feeds and the API, and nothing else."""

import click

from tracker.cli.app import Examples
from tracker.cli.daemon import put_now
from tracker.cli.shell import Shell


@click.command(
    "serve",
    cls=Examples,
    short_help="The web pages, feeds and the API.",
    examples=(
        "policy-tracker serve",
        "policy-tracker serve --port 9000",
        "policy-tracker serve --listen 0.0.0.0 --host tracker.example.org --proxy 10.0.0.2",
    ),
)
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name this server is reached by; may be given again. Without one it answers for this machine's own names and that of base_url. [default: the setting web.hosts]",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy whose X-Forwarded headers are believed; may be given again. [default: the setting web.proxies]",
)
@click.pass_obj
def command(shell: Shell, listen: str, port: int, hosts: tuple[str, ...], proxies: tuple[str, ...]) -> None:
    """Serve the pages, feeds and the JSON API on this machine, until SIGTERM or SIGINT.

    It reads the archive, and takes subscriptions where the settings allow it. `daemon --web` does this and looks as well.
    """
    from tracker.daemon import stopped_by_signals
    from tracker.web.doors import doors_of
    from tracker.web.serving import listening, serving

    shell.log_level = "info"
    tracker, settings = shell.tracker(), shell.settings()
    where = listening(settings, listen, port, hosts, proxies)
    with stopped_by_signals() as stop, serving(tracker, where, doors_of(settings)) as address:
        put_now(f"reading is at {address}")
        while not stop.wait(3600):
            continue
    put_now("stopped")
