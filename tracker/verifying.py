"""What is wrong with the whole of what is recorded: the files, the index of them, and the changes that they tell."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tracker.archive.damaged import REINDEX
from tracker.archive.layout import policy_key
from tracker.changes.history import transitions
from tracker.changes.identity import change_id
from tracker.errors import TrackerError
from tracker.model.history import Kind, Transition
from tracker.model.recorded import ChangeRow, Finding

if TYPE_CHECKING:
    from tracker.archive.seal import Seal
    from tracker.archive.verify import Verified
    from tracker.collaborators import Tracker
    from tracker.model.identity import VersionId

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
# Which of the two it is decides a comparison of both documents; the id says that it is one of them.
_ALIKE = (Kind.UPDATED, Kind.REPUBLISHED)

Told = tuple[str, str, str, str, "VersionId | None", "VersionId | None", datetime, str]


def verified(tracker: "Tracker", against: "Seal | None" = None) -> "Verified":
    """What the archive finds (`Archive.verified`), and where the recorded changes are not those that its timelines tell.

    How grave a change is, its sentence and its counts hang on the rules and the list of actions of its day: they are not
    compared.
    """
    found = tracker.archive.verified(against)
    if not tracker.database.exists:
        return found
    return replace(found, findings=tuple(sorted({*found.findings, *_changes(tracker)})))


def _changes(tracker: "Tracker") -> Iterator[Finding]:
    """Nothing of policies of which files and index differ: of these more is said already."""
    name = tracker.database.path.name
    try:
        behind = set(tracker.archive.behind())
        running = bool(tracker.archive.open_runs())
        policies = tracker.archive.policies()
    except TrackerError:
        return  # said already: the database can't be read
    for arn in policies:
        if arn in behind:
            continue
        try:
            rows = tracker.archive.changes(arn)
        except TrackerError as error:
            yield Finding(name, str(error), error.advice)
            continue
        try:
            seen = tracker.archive.observations(arn)
        except TrackerError:
            continue  # said already, of the file
        moved = tuple(transitions(arn, seen, (), same=lambda _, __: False, watched_since=_BEGINNING))
        if wrong := _differing(rows, moved):
            advice = "the next 'policy-tracker check' completes what a round that was cut off left"
            yield Finding(
                name, f"changes of the index are not what the timeline of {arn.name} tells: {wrong}",
                advice if running else REINDEX,
            )  # fmt: skip


def _differing(rows: Iterable[ChangeRow], moved: tuple[Transition, ...]) -> str:
    """The first change that is not as it should be, in words; '' where none is."""
    held = {_told_by(row) for row in rows if row.kind != Kind.CATALOGUE_GROWTH}
    # Whether a policy was looked for before it was seen first is what the looks tell: it may be a change, or none.
    for number, one in enumerate(moved):
        may = {_told(one)} | (
            {_told(replace(one, kind=other)) for other in _ALIKE} if one.kind in _ALIKE else set()
        )
        if not held & may and not (number == 0 and one.kind is Kind.CREATED):
            return f"{_step(*_told(one)[4:6])} is not there"
        held -= may
    return next((f"{_step(before, after)} is there" for *_, before, after, _, _ in sorted(held, key=str)), "")


def _told(one: Transition) -> Told:
    before, after = (end.version if end else None for end in (one.before, one.after))
    return (
        change_id(one),
        policy_key(one.policy),
        one.policy.name,
        str(one.kind),
        before,
        after,
        one.observed_at,
        one.run,
    )


def _told_by(row: ChangeRow) -> Told:
    return (
        row.id,
        policy_key(row.arn),
        row.name,
        row.kind,
        row.from_version,
        row.to_version,
        row.observed_at,
        row.run,
    )


def _step(before: "VersionId | None", after: "VersionId | None") -> str:
    return f"{before or 'none'} to {after or 'none'}"
