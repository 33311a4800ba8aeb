"""`policy-tracker demo`: the whole product on an embedded AWS and a local mail sink."""

from importlib.util import find_spec
from pathlib import Path

import click

from tracker.cli.app import Examples
from tracker.cli.output import put
from tracker.errors import SetupError

_EXTRA = ("moto", "flask", "flask_cors", "aiosmtpd", "time_machine")


@click.command(
    "demo", cls=Examples, short_help="See it work, without an account.", examples=("policy-tracker demo",)
)
@click.option(
    "--keep",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep what is made in this folder, which must be new or empty. [default: a temporary folder]",
)
def command(folder: Path | None) -> int | None:
    """See it work, in two minutes, without an account: real policy data, an AWS and a mail server on this machine.

    AWS publishes a version that lets AWS Support read S3 objects, and takes it back the same day. Needs the extra
    `demo`: pip install 'policy-tracker[demo]'.
    """
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise SetupError(
            f"the demo needs what is not installed here: {', '.join(missing)}",
            advice="pip install 'policy-tracker[demo]'",
        )
    from tracker.demo.run import run_demo

    return run_demo(put, folder)
