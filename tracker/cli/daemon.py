"""`policy-tracker daemon`: looks, reports and mails by itself, until it is told to stop."""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples
from tracker.cli.exits import keep_traceback
from tracker.cli.output import put
from tracker.cli.overseen import overseen_ticks
from tracker.cli.policies import findable, in_words, standing
from tracker.cli.shell import Shell
from tracker.errors import SetupError, UnknownPolicyError
from tracker.model.instants import words
from tracker.model.watch import Watch
from tracker.notify import Notify
from tracker.watched import listing_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tracker.collaborators import Tracker
    from tracker.service import Due

log = logging.getLogger("tracker.daemon")


@click.command(
    "daemon",
    cls=Examples,
    short_help="Look, report and mail by the schedule.",
    examples=(
        "policy-tracker daemon",
        "policy-tracker daemon --home /var/lib/policy-tracker",
        "policy-tracker daemon --set schedule.look=6h",
        "policy-tracker daemon --web --port 8080",
    ),
)
@click.option("--web", is_flag=True, help="Serve the pages, feeds and the API too.")
@click.option(
    "--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="With --web: where to listen."
)
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="With --web: the port."
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="With --web: a name this server is reached by; may be given again. [default: the setting web.hosts]",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="With --web: a proxy whose X-Forwarded headers are believed; may be given again. [default: the setting web.proxies]",
)
@click.pass_obj
def command(
    shell: Shell, web: bool, listen: str, port: int, hosts: tuple[str, ...], proxies: tuple[str, ...]
) -> None:
    """Look, report and mail by the schedule, until SIGTERM or SIGINT; what is in hand then is finished first.

    What was due while it was down is done once when it starts. A second daemon, cron or a person may work beside it:
    due work is done once. Times are UTC.
    """
    from tracker.daemon import Daemon, stopped_by_signals

    shell.log_level = "info"
    tracker = shell.tracker()
    failed = partial(unexpected, shell)
    pages = _pages(shell, listen, port, hosts, proxies) if web else nullcontext("")
    with stopped_by_signals() as stop, pages as address:
        _greet(tracker)
        if address:
            put_now(f"  reading is at {address}")
        plan = (tracker.plan.look, tracker.plan.report)
        work = in_its_folder(shell.settings().file, overseen_ticks(shell.settings(), tracker, Work(tracker)))
        daemon = Daemon(
            work, plan, clock=tracker.clock, say=put_now, failed=failed, notify=Notify(os.environ)
        )
        daemon.run(stop)
    put_now(f"{words(tracker.clock())}: stopped")


def _pages(
    shell: Shell, listen: str, port: int, hosts: tuple[str, ...], proxies: tuple[str, ...]
) -> AbstractContextManager[str]:
    """The pages, beside the work. FastAPI is imported only where somebody wants them."""
    from tracker.web.doors import doors_of
    from tracker.web.serving import listening, serving

    settings = shell.settings()
    return serving(shell.tracker(), listening(settings, listen, port, hosts, proxies), doors_of(settings))


def put_now(text: str) -> None:
    """A line that a journal or a pipe gets at once."""
    put(text)
    sys.stdout.flush()


def _greet(tracker: "Tracker") -> None:
    put_now(f"{words(tracker.clock())}: watching {', '.join(tracker.policies)} in {tracker.home}")
    put_now(f"  looks {tracker.plan.look}; reports {tracker.plan.report}")
    if listing_of(tracker):
        return
    for name in tracker.policies:
        try:
            arn = tracker.archive.resolve(name, tracker.partition)
        except UnknownPolicyError:
            put_now(f"  {name}: never looked at")
        else:
            put_now(f"  {arn.name}: {in_words(standing(tracker, arn))}")


def in_its_folder(file: "Path", work: "Callable[[], Due]") -> "Callable[[], Due]":
    """A daemon's work, only while its folder holds the settings file.

    Where a disk was taken out, its empty mount point stays: a new archive in there, without a past and without a
    subscriber, would find that nothing changed.
    """

    def tick() -> "Due":
        if not file.exists():
            raise SetupError(
                f"{file.parent} is not the tracker's folder any more: {file.name} is gone from it",
                advice="bring the folder, or its disk, back to its place; until then nothing is looked at or written",
            )
        return work()

    return tick


class Work:
    """What one tick does. A name that can't be resolved holds up no other, and AWS is not asked about it every minute."""

    def __init__(self, tracker: "Tracker") -> None:
        self._tracker = tracker
        self._later: dict[str, datetime] = {}  # name: not to be looked for before

    def __call__(self, looking: Callable[[], None] = lambda: None) -> "Due":
        """Look, report and deliver what is due; `looking` is called before a look."""
        from tracker.service import run_due

        return run_due(self._tracker, self._policies(), looking)

    def _policies(self) -> Watch:
        from tracker.due import RETRY_AFTER

        if listing := listing_of(self._tracker):
            return listing
        now = self._tracker.clock()
        wanted = [name for name in self._tracker.policies if self._later.get(name, now) <= now]
        found, unknown = findable(self._tracker, wanted) if wanted else ((), ())
        for one in unknown:
            self._later[one.policy.name] = now + RETRY_AFTER
            log.warning(one.error, extra={"policy": one.policy.name, "advice": one.advice})
        return Watch(found, roles=self._tracker.roles)


def unexpected(shell: Shell, error: Exception) -> None:
    """Keep the traceback of an error that the daemon survives, and say where it is."""
    kept = keep_traceback("".join(traceback.format_exception(error)), shell.home)
    fields = {"error": repr(error), "traceback_in": str(kept)}
    log.error("an unexpected error, and our own fault; going on", extra=fields)
