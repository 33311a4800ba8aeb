"""What one answer of AWS's becomes: a snapshot, a line on the timeline, and what that published."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from tracker.collaborators import Tracker
from tracker.errors import InputError, SetupError
from tracker.model.asking import Answer, Known
from tracker.model.history import Observation
from tracker.model.identity import PolicyArn
from tracker.model.instants import AHEAD, words
from tracker.model.rounds import Failure
from tracker.publishing import NOBODY, Published, publish
from tracker.sources.parallel import Ask
from tracker.survey import damaged, failure


@dataclass(frozen=True, slots=True)
class Begun:
    """A round under way."""

    run: str
    start: datetime
    telling: frozenset[
        str
    ]  # the rounds whose findings are mailed: this one, and those that had to be left open
    left: list[PolicyArn] = field(default_factory=list)  # that could not be published


def record(
    tracker: Tracker,
    one: Ask,
    answer: Answer,
    begun: "Begun",
    baseline: list[PolicyArn],
    failed: list[Failure],
    *,
    aside: bool = False,
) -> Published:
    """What one answer changed, recorded and published; a damaged file leaves it waiting for its repair, and nothing else."""
    moved = observation(answer, one.known, begun.run, tracker.clock())
    if moved is not None and (wrong := _clock_wrong(tracker, answer.arn, moved.observed_at)):
        failed.append(failure(one.arn, wrong))
        return Published()
    try:
        told = _recorded(tracker, one, answer, moved, begun.telling if not one.first else NOBODY, aside)
    except InputError as error:
        begun.left.append(one.arn)
        failed.append(damaged(one.arn, error))
        return Published()
    if one.first and answer.default is not None:
        baseline.append(answer.arn)
    return told


def _clock_wrong(tracker: Tracker, arn: PolicyArn, now: datetime) -> SetupError | None:
    """Where a default is on record as seen later than now: a line written now would not be the newest, and never believed."""
    newest = max((each.observed_at for each in tracker.archive.observations(arn)), default=now)
    if newest - now <= AHEAD:
        return None
    return SetupError(
        f"this machine's clock says {words(now)}, but the default was seen {words(newest)}: one of the two is wrong",
        advice="set the clock; if it is right, bring timeline.jsonl back from git or a backup as it was before, and reindex",
    )


def _recorded(
    tracker: Tracker,
    one: Ask,
    answer: Answer,
    moved: Observation | None,
    telling: Collection[str],
    aside: bool,
) -> Published:
    """Store what was found of one policy, and publish what it changed: snapshots, then the timeline, then the rest."""
    tracker.archive.keep_many(answer.snapshots)
    if moved is not None:
        tracker.archive.observe(answer.arn, moved)
    if answer.arn.is_role and not (answer.default or one.known.seen):
        return Published()  # nothing of it is in the archive
    if moved is None and answer.arn == one.arn and _indexed(tracker, one.known, answer):
        return Published()
    return publish(tracker, answer.arn, telling, aside=aside)


def observation(answer: Answer, known: Known, run: str, now: datetime) -> Observation | None:
    """What to write on the timeline: nothing where the default is what it was."""
    if answer.stale or (known.seen and answer.default == known.default):
        return None
    if answer.arn.is_role and answer.default is None and not known.seen:
        return None  # a role that never was there is no role that went
    version, create_date = answer.default or (None, None)
    return Observation(now, version, create_date, source="iam", run=run, basis="look")


def _indexed(tracker: Tracker, known: Known, answer: Answer) -> bool:
    """Whether the index has every archived version, those of this answer and of a round that was killed included."""
    return known.archived | {one.identity for one in answer.snapshots} == tracker.archive.indexed(answer.arn)
