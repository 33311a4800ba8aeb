"""What a subscription would have been sent: the past told by the same functions that will tell the future."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from tracker.collaborators import Tracker
from tracker.delivery.audience import wanted_at_once
from tracker.delivery.subscription import Subscriber
from tracker.delivery.wish import AT_ONCE, DIGESTED, Wish
from tracker.digests import digest_of, schedule_of
from tracker.model.identity import PolicyArn
from tracker.publishing import QUIET
from tracker.watched import watched

if TYPE_CHECKING:
    from tracker.model.change import Change, Period
    from tracker.reading import Reading

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Foretold:
    """One message that would have been sent."""

    at: datetime  # UTC: when the change was seen, or the digest was due
    what: Literal["change", "digest", "heartbeat"]  # heartbeat: a digest that says that nothing changed
    subject: str
    policies: tuple[str, ...]  # names of those that it tells of


def heard_of(tracker: Tracker, wish: Wish) -> tuple[PolicyArn, ...]:
    """The archived policies that a wish is about: of those that are watched; where it names policies, of all."""
    mine = set(watched(tracker))
    found = (arn for arn in tracker.archive.policies() if arn in mine or "*" not in wish.policies)
    return tuple(arn for arn in found if any(fnmatchcase(arn.name, pattern) for pattern in wish.policies))


def foretell(
    tracker: Tracker, wish: Wish, policies: Sequence[PolicyArn], since: datetime, until: datetime
) -> tuple[Foretold, ...]:
    """What a subscription that asks for this would have been sent in [since, until), oldest first."""
    somebody = Subscriber(0, "somebody@example.org", wish, "active", since, "none")
    readings = [tracker.reading(arn) for arn in policies if somebody.wants(arn.name)]
    changes = [
        (reading, [one for one in reading.transitions() if since <= one.observed_at < until])
        for reading in readings
        if wish.frequency in AT_ONCE
    ]
    told = [
        _change(one, part)
        for reading, found in changes
        for transition in found
        if transition.kind not in QUIET
        for one in [reading.change(transition)]
        if (part := wanted_at_once(somebody, one)) is not None
    ]
    if wish.frequency in DIGESTED:
        told += _digests(tracker, wish, readings, since, until)
    return tuple(sorted(told, key=lambda one: (one.at, one.subject)))


def _change(whole: "Change", part: "Change") -> Foretold:
    from tracker.changelog.subject import subject

    return Foretold(whole.transition.observed_at, "change", subject(part), (whole.policy.name,))


def _digests(
    tracker: Tracker, wish: Wish, readings: "Sequence[Reading]", since: datetime, until: datetime
) -> list[Foretold]:
    from tracker.changelog.digest import digest_subject

    schedule = schedule_of(tracker.plan, wish.frequency, wish.hour, until)
    moved = sorted(one.observed_at for reading in readings for one in reading.observations)
    looks = {reading.arn: sorted(one.start for one in reading.looks) for reading in readings}
    found, start = [], schedule.previous(since)
    while readings and (due := schedule.next(start)) < until:
        # Where nothing moved there is a digest only for those who want one that says so.
        anything = wish.heartbeat or _within(moved, start, due)
        digest = digest_of(wish, [_period(one, looks, start, due) for one in readings]) if anything else None
        if digest is not None:
            news = [one for one in digest.told if one.net or one.transitions]
            names = tuple(sorted(one.policy.name for one in news))
            subject = digest_subject(tracker.renderer(), digest.told, digest.elsewhere)
            found.append(Foretold(due, "digest" if news else "heartbeat", subject, names))
        start = due
    return found


def _period(
    reading: "Reading", looks: "Mapping[PolicyArn, Sequence[datetime]]", since: datetime, until: datetime
) -> "Period":
    """A period; where no transition fell into it, without reading any document."""
    if any(since <= one.observed_at < until for one in reading.observations):
        return reading.period(since, until)
    from tracker.model.change import Period

    inside = _within(looks[reading.arn], since, until)
    return Period(
        policy=reading.arn,
        since=since,
        until=until,
        net=None,
        transitions=(),
        transient=(),
        looks=len(inside),
        first_look=inside[0] if inside else None,
        last_look=inside[-1] if inside else None,
    )


def _within(moments: Sequence[datetime], since: datetime, until: datetime) -> Sequence[datetime]:
    """Those of [since, until), of sorted ones."""
    return moments[bisect_left(moments, since) : bisect_left(moments, until)]
