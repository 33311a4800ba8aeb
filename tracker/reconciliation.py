"""What AWS announced of one policy against what the archive saw of it."""

from datetime import date

from tracker.collaborators import Tracker
from tracker.model.announcements import SeenChange, Verdict
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.sources.announcements import Announced


def reconciliation(tracker: Tracker, arn: PolicyArn, announced: Announced) -> tuple[Verdict, ...]:
    """How announcements and changes stand to each other, newest first."""
    from tracker.changes.identity import change_id
    from tracker.changes.reconciling import reconcile

    reading = tracker.reading(arn)
    rows = {row.id: row for row in tracker.archive.changes(arn)}
    seen = []
    for one in reading.transitions():
        identity = change_id(one)
        row = rows.get(identity)
        if row is not None:
            seen.append(_seen(identity, one, row))
    return reconcile(announced.items, seen, until=announced.until, watched_until=_watched_until(tracker, arn))


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
