"""`policy-tracker log`: what changed when, newest first. It reads the index alone."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, in_words, standing
from tracker.cli.shell import Shell
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow


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
    A date marked 'by its date' is the version's own: nobody watched when it came into force.
    """
    tracker = shell.tracker()
    arns = archived(tracker, policies, every=every)
    undated = {
        (arn, one.observed_at)
        for arn in arns
        for one in tracker.archive.observations(arn)
        if one.basis == "create_date"
    }
    rows = sorted(
        (row for arn in arns for row in tracker.archive.changes(arn)),
        key=lambda row: (row.observed_at, str(row.arn)),
        reverse=True,
    )
    if wanted == "json":
        put_items(
            "log",
            [_record(row, (row.arn, row.observed_at) in undated) for row in rows],
            policies=[_standing(tracker, arn) for arn in arns],
        )
        return
    for arn in arns:
        put(f"{arn.name}: {in_words(standing(tracker, arn))}")
    if rows:
        put("")
        table(
            ("seen", "policy", "versions", "kind", "severity", "what changed"),
            [_cells(row, (row.arn, row.observed_at) in undated) for row in rows],
        )
    else:
        put("no change is on record")


def _cells(row: "ChangeRow", undated: bool) -> tuple[str, ...]:
    versions = f"{row.from_version or 'none'} to {row.to_version or 'none'}"
    seen = f"{row.observed_at:%Y-%m-%d} (by its date)" if undated else words(row.observed_at)
    return seen, row.name, versions, row.kind, row.severity, row.headline


def _record(row: "ChangeRow", undated: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "arn": str(row.arn),
        "policy": row.name,
        "kind": row.kind,
        "observed_at": iso(row.observed_at),
        "basis": "create_date" if undated else "look",
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
