"""`policy-tracker verify`: is the archive what it says it is?"""

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL
from tracker.cli.output import put, put_items, waiting
from tracker.cli.shell import Shell


@click.command(
    "verify",
    cls=Examples,
    short_help="Check every file of the archive.",
    examples=("policy-tracker verify", "policy-tracker verify --json"),
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, wanted: str) -> int | None:
    """Check every hash, name, date and line of the archive, and the index against the files.

    It says what is wrong where, and what to do about it. Exit code 3 where anything is.
    """
    tracker = shell.tracker()
    with waiting("reading every file"):
        findings = tracker.archive.verify()
    if wanted == "json":
        put_items(
            "verify", [{"path": one.path, "wrong": one.wrong, "advice": one.advice} for one in findings]
        )
    else:
        for one in findings:
            put(f"{one.path}: {one.wrong}\n  {one.advice}")
        count = len(tracker.archive.policies())
        put(
            f"{count} {'policy' if count == 1 else 'policies'}: {f'{len(findings)} wrong' if findings else 'nothing is wrong'}"
        )
    return PARTIAL if findings else None
