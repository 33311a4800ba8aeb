"""`policy-tracker log`: what changed when, newest first. It reads the index alone."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, in_words, standing
from tracker.cli.shell import Shell
from tracker.model.instants import iso

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow

# How it is known when a version came into force, where that was no look of ours
_MARKS = {"create_date": "*", "commit": "+"}
_NOTES = {
    "create_date": "* by its date: the version's own; nobody watched when it came into force",
    "commit": "+ by the commit of an archive that was imported",
}


@click.command(
    "log",
    cls=Examples,
    short_help="What changed when, newest first.",
    examples=(
        "policy-tracker log",
        "policy-tracker log ReadOnlyAccess SecurityAudit",
        "policy-tracker log --all --json",
    ),
)
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option("--all", "every", is_flag=True, help="Every policy in the archive.")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, policies: tuple[str, ...], every: bool, wanted: str) -> None:
    """What changed when, newest first, with one sentence for each change.

    Without a POLICY: those in the settings. It also says when AWS was last asked, and when it will be next.
    A date with a mark is not that of a look of ours; what it is instead is said below.
    """
    tracker = shell.tracker()
    arns = archived(tracker, policies, every=every)
    basis = {(arn, one.observed_at): one.basis for arn in arns for one in tracker.archive.observations(arn)}
    rows = sorted(
        (
            (row, basis.get((row.arn, row.observed_at), "look"))
            for arn in arns
            for row in tracker.archive.changes(arn)
        ),
        key=lambda pair: (pair[0].observed_at, str(pair[0].arn)),
        reverse=True,
    )
    if wanted == "json":
        standings = [_standing(tracker, arn) for arn in arns]
        put_items("log", [_record(row, how) for row, how in rows], policies=standings)
        return
    for arn in arns:
        put(f"{arn.name}: {in_words(standing(tracker, arn))}")
    if not rows:
        put("no change is on record")
        return
    put("")
    several = len(arns) > 1
    columns = (
        "seen (UTC)",
        *(("policy",) if several else ()),
        "versions",
        "kind",
        "severity",
        "what changed",
    )
    table(columns, [_cells(row, how, several=several) for row, how in rows])
    put("\n".join(line for how, line in _NOTES.items() if any(one == how for _, one in rows)))


def _cells(row: "ChangeRow", how: str, *, several: bool) -> tuple[str, ...]:
    seen = (
        f"{row.observed_at:%Y-%m-%d %H:%M}" if how == "look" else f"{row.observed_at:%Y-%m-%d} {_MARKS[how]}"
    )
    versions = f"{row.from_version or 'none'} to {row.to_version or 'none'}"
    return (seen, *((row.name,) if several else ()), versions, row.kind, row.severity, row.headline)


def _record(row: "ChangeRow", how: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "arn": str(row.arn),
        "policy": row.name,
        "kind": row.kind,
        "observed_at": iso(row.observed_at),
        "basis": how,
        "from": str(row.from_version) if row.from_version else None,
        "to": str(row.to_version) if row.to_version else None,
        "severity": row.severity,
        "headline": row.headline,
        "summary": dict(row.summary),
        "run": row.run,
    }


def _standing(tracker: "Tracker", arn: "PolicyArn") -> dict[str, Any]:
    how = standing(tracker, arn)
    return {
        "arn": str(arn),
        "policy": arn.name,
        "looks": how.looks,
        "last_look": iso(how.last) if how.last else None,
        "next_look": iso(how.next_look),
    }
