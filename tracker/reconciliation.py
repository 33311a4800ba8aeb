"""What AWS announced of one policy against what the archive saw of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tracker.collaborators import Tracker
from tracker.model.announcements import SeenChange, Verdict
from tracker.model.catalogue import Catalogue
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.sources.announcements import Announced


def reconciliation(tracker: Tracker, arn: PolicyArn, announced: Announced) -> tuple[Verdict, ...]:
    """How announcements and changes stand to each other, newest first."""
    from tracker.changes.identity import change_id
    from tracker.changes.reconciling import WINDOW, reconcile

    reading = tracker.reading(arn)
    listing = [one.day for one in announced.items if one.services]
    rows = {row.id: row for row in tracker.archive.changes(arn)}
    seen = []
    for one in reading.transitions():
        identity = change_id(one)
        row = rows.get(identity)
        if row is not None:
            found = _seen(identity, one, row)
            if any(abs((day - found.made.date()).days) <= WINDOW for day in listing):
                came = {each.service for each in reading.change(one).difference.actions_added}
                found = replace(found, services=tuple(sorted(came)))
            seen.append(found)
    return reconcile(
        announced.items,
        seen,
        until=announced.until,
        watched_until=_watched_until(tracker, arn),
        prefixes=_prefixes(announced, tracker.catalogue()) if listing else {},
    )


def _prefixes(announced: Announced, catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """A service as AWS names it in an announcement -> the prefixes that it may be, by the names of the catalogue."""
    known: dict[str, set[str]] = {}
    for prefix in catalogue.services():
        for name in (prefix, *_spellings(catalogue.service_name(prefix))):
            known.setdefault(_plain(name), set()).add(prefix)
    found = {}
    for said in {name for one in announced.items for name in one.services}:
        names = [_plain(name) for name in _spellings(said)]
        same = {prefix for name in names for prefix in known.get(name, ())}
        longer = {
            prefix
            for key, prefixes in known.items()
            for name in names
            if key.startswith(f"{name} ")
            for prefix in prefixes
        }
        found[said] = frozenset(same or longer)
    return found


def _spellings(name: str) -> Iterator[str]:
    """`Amazon Elastic Compute Cloud (Amazon EC2)`: both names."""
    yield re.sub(r"\(.*?\)", " ", name)
    yield from re.findall(r"\((.+?)\)", name)


def _plain(name: str) -> str:
    """A service's name without its maker, in lower case and single spaces."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return " ".join(words[1:] if words[:1] in (["aws"], ["amazon"]) and len(words) > 1 else words)


def _watched_until(tracker: Tracker, arn: PolicyArn) -> date:
    """The last day of which it is known what was in force."""
    look = tracker.archive.last_look(arn)
    last = max((one.observed_at for one in tracker.archive.observations(arn)), default=None)
    known = [moment for moment in (look.start if look else None, last) if moment is not None]
    return max(known).date() if known else date.min


def _seen(identity: str, one: Transition, row: ChangeRow) -> SeenChange:
    counts = row.summary
    back = one.kind in (Kind.ROLLED_BACK, Kind.REMOVED) or one.after is None
    return SeenChange(
        id=identity,
        kind=str(one.kind),
        from_version=row.from_version,
        to_version=row.to_version,
        since=one.before.create_date if one.before else None,
        made=one.observed_at if back or one.after is None else one.after.create_date,
        added=counts.get("actions_added", 0),
        removed=counts.get("actions_removed", 0),
        gap=one.gap,
    )
