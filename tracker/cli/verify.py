"""`policy-tracker verify`: is the archive what it says it is?"""

from pathlib import Path

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL
from tracker.cli.output import put, put_items, waiting
from tracker.cli.policies import read_text
from tracker.cli.shell import Shell
from tracker.errors import SetupError


@click.command(
    "verify",
    cls=Examples,
    short_help="Check every file of the archive.",
    examples=(
        "policy-tracker verify",
        "policy-tracker verify --seal seal-2026-11.txt",
        "policy-tracker verify --against seal-2026-11.txt --json",
    ),
)
@click.option(
    "--seal", metavar="FILE", type=click.Path(path_type=Path), help="Write what every file holds now to FILE."
)
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="An earlier seal: say also what has been rewritten since.",
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, seal: Path | None, against: Path | None, wanted: str) -> int | None:
    """Check every hash, name, date and line of the archive, the chain of its lines, and the index against the files.

    It says what is wrong where, and what to do about it. Exit code 3 where anything is. The head at the end is one hash
    of all that is archived: kept where nobody who can write here can change it, it shows later that the past is as it was.
    """
    from tracker.archive.seal import read_seal
    from tracker.changelog.wording import count
    from tracker.verifying import verified

    then = read_seal(read_text(against), str(against)) if against else None
    tracker = shell.tracker()
    with waiting("reading every file"):
        found = verified(tracker, then)
    findings = found.findings
    if seal is not None:
        _write(seal, found.seal.text)
    if wanted == "json":
        put_items(
            "verify",
            [{"path": one.path, "wrong": one.wrong, "advice": one.advice} for one in findings],
            head=found.seal.head,
            files=len(found.seal.files),
            chained=found.chained,
            unchained=found.unchained,
        )
        return PARTIAL if findings else None
    for one in findings:
        put(f"{one.path}: {one.wrong}\n  {one.advice}")
    archived = tracker.archive.policies()
    roles = sum(one.is_role for one in archived)
    held = count(len(archived) - roles, "policy", "policies") + (
        f" and {count(roles, 'role')}" if roles else ""
    )
    put(f"{held}: {f'{len(findings):,} wrong' if findings else 'nothing is wrong'}")
    be = "is" if found.unchained == 1 else "are"
    older = f", {found.unchained:,} {be} older than the chain" if found.unchained else ""
    put(f"{found.chained:,} lines hold the hash of what stands before them{older}")
    put(f"head {found.seal.head} of {len(found.seal.files):,} files")
    if then is not None and not findings:
        put(f"all {len(then.files):,} files that were sealed are as they were, or have only grown")
    return PARTIAL if findings else None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path} can't be written: {error.strerror}", advice="name another file") from error
