"""`policy-tracker log`: what changed when, newest first. It reads the index alone."""

from typing import TYPE_CHECKING, Any

import click

from tracker.archive.layout import policy_key
from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, in_words, standing
from tracker.cli.shell import Shell
from tracker.model.instants import iso, words
from tracker.model.watch import ATTACHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracker.collaborators import Tracker
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow

    Seen = tuple[ChangeRow, str]  # a change, and how it is known when

_NAMED = 5  # policies of which it is told one by one how well they are watched
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

    Without a POLICY: those in the settings. With --all by month, in each month the gravest first, and what was
    republished with the same access in one line. It also says when AWS was last asked, and when it will be next.
    A date with a mark is not that of a look of ours; what it is instead is said below.
    """
    tracker = shell.tracker()
    arns = archived(tracker, policies, every=every)
    keys, basis = set(map(policy_key, arns)), tracker.archive.unwatched()
    rows = sorted(
        (
            (row, basis.get((policy_key(row.arn), row.observed_at), "look"))
            for row in _rows(tracker, arns)
            if policy_key(row.arn) in keys
        ),
        key=lambda pair: (pair[0].observed_at, str(pair[0].arn)),
        reverse=True,
    )
    if wanted == "json":
        standings = [_standing(tracker, arn) for arn in arns]
        put_items("log", [_record(row, how) for row, how in rows], policies=standings)
        return
    _put_standings(tracker, arns)
    if not rows:
        put("no change is on record")
        return
    if every:
        _put_all(rows)
    else:
        put("")
        _put_table(tracker, rows, several=len(arns) > 1)
    put("\n".join(line for how, line in _NOTES.items() if any(one == how for _, one in rows)))


def _rows(tracker: "Tracker", arns: "Sequence[PolicyArn]") -> "Iterable[ChangeRow]":
    """The changes of a few policies, or all changes there are."""
    if len(arns) > _NAMED:
        return tracker.archive.changes()
    return [row for arn in arns for row in tracker.archive.changes(arn)]


def _put_standings(tracker: "Tracker", arns: "Sequence[PolicyArn]") -> None:
    """How well each policy is watched; of many, all together."""
    if len(arns) <= _NAMED:
        for arn in arns:
            put(f"{arn.name}: {in_words(standing(tracker, arn))}")
        return
    looked = tracker.archive.last_reads(arns)
    never = len(arns) - len(looked)
    last = f"{len(looked):,} looked at, last {words(min(looked.values()))}" if looked else ""
    told = [last, f"{never:,} never looked at" if never else ""]
    following = words(tracker.plan.look.next(tracker.clock()))
    put(f"{len(arns):,} policies: {', '.join(one for one in told if one)}; next look {following}")


def _put_table(tracker: "Tracker", rows: "Sequence[Seen]", *, several: bool) -> None:
    from tracker.watched import listing_of, where_attached

    listing = listing_of(tracker)
    accounts = where_attached(tracker) if listing and listing.listing == ATTACHED else None
    columns = (
        "seen (UTC)",
        *(("policy",) if several else ()),
        *(("account",) if accounts else ()),
        "versions",
        "kind",
        "severity",
        "what changed",
    )
    cells = []
    for row, how in rows:
        seen, versions, *rest = _cells(row, how)
        whose = (row.name,) if several else ()
        where = (", ".join(accounts(row.arn)),) if accounts else ()
        cells.append((seen, *whose, *where, versions, *rest))
    table(columns, cells)


def _put_all(rows: "Sequence[Seen]") -> None:
    """Everything by month, the gravest of each first."""
    from tracker.changelog.overall import by_month

    how = {row.id: basis for row, basis in rows}
    for month in by_month(row for row, _ in rows):
        put(f"\n{month.name}")
        cells = []
        for row in month.told:
            seen, versions, kind, severity, said = _cells(row, how[row.id])
            cells.append((severity, row.name, versions, kind, seen, said))
        if cells:
            table(("severity", "policy", "versions", "kind", "seen (UTC)", "what changed"), cells)
        if month.republished:
            put(month.republished_in_words)


def _cells(row: "ChangeRow", how: str) -> tuple[str, str, str, str, str]:
    """(seen, versions, kind, severity, headline)."""
    seen = (
        f"{row.observed_at:%Y-%m-%d %H:%M}" if how == "look" else f"{row.observed_at:%Y-%m-%d} {_MARKS[how]}"
    )
    versions = f"{row.from_version or 'none'} to {row.to_version or 'none'}"
    return seen, versions, row.kind, row.severity, row.headline


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
