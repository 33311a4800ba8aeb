"""`policy-tracker subscribers bounces`: what mail servers and SES report of mails that did not arrive."""

import sys

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_json
from tracker.cli.shell import Shell


@click.command(
    "bounces",
    cls=Examples,
    short_help="Take in reports of bounces and complaints.",
    examples=(
        "policy-tracker subscribers bounces < report.eml",
        "policy-tracker subscribers bounces report.eml notification.json",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False), metavar="[FILE]...")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, files: tuple[str, ...], wanted: str) -> None:
    """Take in reports of bounces and complaints: mails as they came (DSN, ARF), or messages of Amazon SNS.

    Without a FILE it reads standard input, so that a mail server may pipe to it. A report by mail counts only where it
    gives back a mail of ours; one by SNS where AWS signed it and channels.ses_topics lists its topic.
    """
    from pathlib import Path

    from tracker.bootstrap import report_intake

    intake, tracker = report_intake(shell.settings()), shell.tracker()
    raws = [Path(one).read_bytes() for one in files] or [sys.stdin.buffer.read()]
    taken = [intake.take(raw, tracker.clock()) for raw in raws]
    counts = {
        "counted": sum(one.counted for one in taken),
        "bounced": sum(one.bounced for one in taken),
        "ignored": sum(one.ignored for one in taken),
    }
    if wanted == "json":
        put_json({"schema": 1, "type": "bounces", **counts})
        return
    for one in taken:
        if one.confirmed:
            put(f"listening to {one.confirmed} from now on")
    put(", ".join(f"{count} {what}" for what, count in counts.items()))
