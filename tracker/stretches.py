"""What a stretch of time did to many policies: in full where something was seen, at the cost of a line where nothing was."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.archive.layout import policy_key
from tracker.collaborators import Tracker
from tracker.model.identity import PolicyArn

if TYPE_CHECKING:
    from tracker.model.change import Period


def periods(
    tracker: Tracker, policies: Iterable[PolicyArn], since: datetime, until: datetime
) -> "Iterator[Period]":
    """The period [since, until) of each policy, in their order.

    Where no default was seen to come or go inside, nothing is compared: only how often it was looked is told.
    """
    moved = tracker.archive.observed(since, until)
    begun = tracker.archive.begun()
    for arn in policies:
        key = policy_key(arn)
        if key in moved or key not in begun:
            yield tracker.reading(arn).period(since, until)
        else:
            yield quiet_period(tracker, arn, since, until, begun[key])


def quiet_period(
    tracker: Tracker, arn: PolicyArn, since: datetime, until: datetime, begun: datetime
) -> "Period":
    """The period of a policy of which no default was seen to come or go inside; `begun`: when it was first seen."""
    from tracker.changes.sightings import confirmations
    from tracker.model.change import Period

    looks = [moment for moment, _ in confirmations(arn, tracker.archive.looks(arn, since, until))]
    return Period(
        policy=arn,
        since=since,
        until=until,
        net=None,
        transitions=(),
        transient=(),
        looks=len(looks),
        first_look=min(looks, default=None),
        last_look=max(looks, default=None),
        known_before=begun < since,
    )
