"""`policy-tracker evidence`: a folder for an auditor."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL
from tracker.cli.output import put, put_error, put_json, waiting
from tracker.cli.policies import POLICY, answered_for, instant
from tracker.cli.shell import Shell
from tracker.errors import InputError

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn
    from tracker.sources.announcements import Announced


@click.command(
    "evidence",
    cls=Examples,
    short_help="A folder for an auditor.",
    examples=(
        "policy-tracker evidence audit-2026 --since 2026-01-01 --until 2027-01-01",
        "policy-tracker evidence audit-2026 ReadOnlyAccess --since 2026-01-01 --zip --announcements saved-page.html",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option("--since", metavar="DATE", required=True, help="Where the stretch of time begins.")
@click.option("--until", metavar="DATE", help="And where it ends, that instant excluded. [default: now]")
@click.option("--all", "every", is_flag=True, help="Every policy in the archive.")
@click.option(
    "--zip", "zipped", is_flag=True, help="Write DIR.zip beside it, too: the same archive, the same bytes."
)
@click.option(
    "--announcements",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="AWS's page of announcements as you saved it, for the reconciliation.",
)
@formatted("text", "json")
@click.pass_obj
def command(
    shell: Shell,
    folder: Path,
    policies: tuple[str, ...],
    since: str,
    until: str | None,
    every: bool,
    zipped: bool,
    announcements: Path | None,
    wanted: str,
) -> int | None:
    """Write into DIR what an auditor asks for: changelogs, the documents behind them with their hashes, who signed for what,
    announced against observed, looks made and missed, what `verify` says, and a page that explains how to check each of
    them without this program. DIR must not exist, or be empty.

    Without a POLICY: those in the settings, the watched roles and what hangs on these. Exit code 3 where `verify` found something: the folder is written and says so.
    """
    from tracker.evidence.gather import gather
    from tracker.evidence.write import write_folder, write_zip

    tracker = shell.tracker()
    begin = instant(since, "--since")
    end = instant(until, "--until") if until else tracker.clock().replace(microsecond=0)
    if begin >= end:
        raise InputError(f"--since {since} does not come before --until {until or 'now'}")
    arns = answered_for(tracker, policies, every=every)
    with waiting("reading every file"):
        made = gather(tracker, arns, begin, end, _announced(announcements, arns))
        write_folder(folder, made.contents)
        place = folder.resolve()
        packed = place.with_name(f"{place.name}.zip")
        if zipped:
            write_zip(packed, place.name, made.contents)
    findings = made.verified.findings
    if wanted == "json":
        put_json({
            "schema": 1, "type": "evidence-written", "folder": str(folder), "zip": str(packed) if zipped else None,
            "files": len(made.contents) + 1, "head": made.verified.seal.head, "findings": len(findings),
            "unsigned": made.unsigned, "asked_for_no_signature": made.history, "looks_planned": made.planned,
            "looks_missed": made.missed, "never_looked_at": made.never, "unread": made.unread,
        })  # fmt: skip
    else:
        put(f"{folder}: {len(made.contents) + 1:,} files; begin with {folder / 'index.html'}")
        if zipped:
            put(f"{packed.name}: the same in one file")
        changes = "1 change is" if made.unsigned == 1 else f"{made.unsigned:,} changes are"
        history = f" ({made.history:,} more of imported or shipped history ask for no signature)"
        put(f"{changes} not signed for{history if made.history else ''}")
        if made.unread:
            whose = "the policy" if len(arns) == 1 else f"{made.unread:,} of {len(arns):,} policies"
            put(f"what changed in {whose} can't be told: damaged files")
        if made.planned:
            put(f"{made.missed:,} of {made.planned:,} planned looks did not happen")
        if made.never:
            whose = "the policy" if len(arns) == 1 else f"{made.never:,} of {len(arns):,} policies"
            put(f"nobody ever looked at {whose}")
        put(f"head {made.verified.seal.head}: keep it where nobody who can write here can change it")
    if findings:
        put_error(
            f"verify found {len(findings):,} {'thing' if len(findings) == 1 else 'things'} wrong in the archive",
            f"listed in {folder / 'verification.txt'}; the folder has what could be read",
        )
    return PARTIAL if findings else None


def _announced(page: Path | None, arns: "tuple[PolicyArn, ...]") -> "dict[PolicyArn, Announced]":
    if page is None:
        return {}
    from tracker.cli.reconcile import read_page
    from tracker.sources.announcements import known_announcements, merged, read_announcements

    found = {}
    raw = read_page(page)
    for arn in arns:
        read = read_announcements(raw, arn.name, str(page))
        known = known_announcements(arn.name)
        found[arn] = merged(known, read, max((one.day for one in read), default=known.until))
    return found
