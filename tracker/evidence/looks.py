"""Which planned looks of a stretch of time were made, and which were missed."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.collaborators import Tracker
from tracker.model.identity import PolicyArn

_MOST = 200_000  # planned instants: a look a minute for some months


@dataclass(frozen=True, slots=True)
class LooksMade:
    """How well one policy was watched in [since, until)."""

    arn: PolicyArn
    made: tuple[datetime, ...]  # UTC: the starts of looks that read it, oldest first
    begun: datetime | None  # when it was first looked at; None: never
    planned: int  # how many looks were due by the schedule of today, from then on
    missed: tuple[datetime, ...]  # those after which none read it before the next was due


def looks_of(tracker: Tracker, arn: PolicyArn, since: datetime, until: datetime) -> LooksMade:
    """The looks at one policy. A look that was planned last and is not late yet counts as neither."""
    every = sorted(look.start for look in tracker.archive.looks(arn))
    planned, missed = 0, []
    end = min(until, tracker.clock())
    if every and every[0] < end:
        at = tracker.plan.look.next(max(since, every[0]) - timedelta(seconds=1))
        while at < end and planned < _MOST:
            following = tracker.plan.look.next(at)
            first = bisect_left(every, at)
            made = first < len(every) and every[first] < following
            if made or following <= end:
                planned += 1
                missed += [] if made else [at]
            at = following
    return LooksMade(
        arn,
        tuple(moment for moment in every if since <= moment < until),
        every[0] if every else None,
        planned,
        tuple(missed),
    )
