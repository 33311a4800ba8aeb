"""`policy-tracker reindex`: the index made again from the files alone."""

from dataclasses import asdict

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_json, waiting
from tracker.cli.shell import Shell


@click.command(
    "reindex",
    cls=Examples,
    short_help="Make the index again from the files.",
    examples=("policy-tracker reindex",),
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, wanted: str) -> None:
    """Make the index in tracker.db again from the files under snapshots/.

    Subscribers, the outbox and the record of rounds are left as they are, and nobody is mailed.
    """
    from tracker.service import reindex

    tracker = shell.tracker()
    with waiting("comparing every version again"):
        made = asdict(reindex(tracker))
    if wanted == "json":
        put_json({"schema": 1, "type": "reindex", **made})
    else:
        put("made again: " + ", ".join(f"{count:,} {what}" for what, count in made.items()))
