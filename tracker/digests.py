"""Digests: the changelog of a stretch of time for each subscription that wants one, when it is due.

A digest ends where it is made and begins where the subscription's last one ended, so there is no seam whatever was
switched off, paused or asked for anew. What is told alike is rendered once. That a subscription was told is written in
the transaction that queues its mail.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from tracker.collaborators import Plan, Tracker
from tracker.delivery.audience import about, mark
from tracker.delivery.filters import narrowed_period, selected_period, watchlisted
from tracker.delivery.wish import Frequency, Wish
from tracker.errors import TrackerError
from tracker.model.identity import PolicyArn
from tracker.model.instants import AHEAD, iso
from tracker.publishing import link_to, stem_of_period
from tracker.roles import topics
from tracker.schedule import Schedule
from tracker.signing import pending
from tracker.stretches import periods
from tracker.watched import watched

if TYPE_CHECKING:
    from tracker.delivery.subscription import Subscriber
    from tracker.model.change import Period
    from tracker.model.message import Message

log = logging.getLogger(__name__)
_MONTHLY = ("monthly", "watchlisted")
# A policy that can't be read holds up no digest for longer: the digest says when it was looked at last.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscription is told of a stretch of time."""

    told: "tuple[Period, ...]"  # what the filter asks for, and policies of which there is nothing to tell
    elsewhere: "tuple[Period, ...]"  # of policies that changed in ways that the filter does not ask for
    services: tuple[str, ...]  # that `told` was cut down to; empty: all
    cut: int = 0  # steps of the told policies that the filter does not ask for

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from a digest of the same time with other words."""
        steps = tuple((one.policy, tuple(each.id for each in one.transitions)) for one in self.told)
        return (steps, tuple(one.policy for one in self.elsewhere), self.services, self.cut)


@dataclass(slots=True)
class _Batch:
    """The periods that one round of digests reads, each once."""

    tracker: Tracker
    until: datetime
    _periods: "dict[tuple[PolicyArn, datetime], Period]" = field(default_factory=dict)

    def periods(self, policies: Sequence[PolicyArn], since: datetime) -> "list[Period]":
        """The periods of policies from `since` until now."""
        new = [arn for arn in policies if (arn, since) not in self._periods]
        for arn, period in zip(new, periods(self.tracker, new, since, self.until), strict=True):
            self._periods[arn, since] = period
        return [self._periods[arn, since] for arn in policies]


def send_digests(tracker: Tracker, policies: Callable[[], Sequence[PolicyArn]]) -> int:
    """Queue every digest that is due; how many mails. A repetition, by whomever, queues none twice.

    Which policies are watched is asked only where a digest is due: a listing of everything names more than a thousand.
    """
    now = tracker.clock()
    known: tuple[PolicyArn, ...] | None = None
    queued = 0
    for frequency, hour, told in tracker.subscribers.digests():
        schedule = schedule_of(tracker.plan, frequency, hour, now)
        planned = schedule.previous(now)
        if told >= planned:
            continue
        known = _known(tracker, policies()) if known is None else known
        if _looked(tracker, known, planned, now):
            queued += _send(tracker, known, frequency, hour, schedule, planned)
    return queued


def schedule_of(plan: Plan, frequency: Frequency, hour: int | None, now: datetime) -> Schedule:
    """When the digests of a frequency and hour are due; without an hour at the report's."""
    period = "monthly" if frequency == "watchlisted" else frequency
    if hour is not None:
        return Schedule.parse(period, time(hour))
    if period == "monthly":
        return plan.report
    usual = plan.report.previous(now)
    return Schedule.parse(period, time(usual.hour, usual.minute))


def digest_of(wish: Wish, periods: "Iterable[Period]") -> Digest | None:
    """What a subscription is told of these periods; None where it is told nothing.

    'Instant when watchlisted, else monthly': a month in which everything that it asked for was told at once is told
    again only if it wants a digest that says 'nothing changed', too.
    """
    told, quiet, elsewhere, news, cut = [], [], [], False, 0
    for period in periods:
        part = selected_period(period, wish.filter) if _anything(period) else None
        if part is not None:
            told.append(part)
            cut += len(narrowed_period(period, wish.filter.services).transitions) - len(part.transitions)
            news = news or wish.frequency != "watchlisted" or not _all_told(part)
        elif _anything(period):
            elsewhere.append(period)
        else:
            quiet.append(period)
    if not (told or quiet or elsewhere) or not (news or wish.heartbeat):
        return None
    return Digest((*told, *quiet), tuple(elsewhere), wish.filter.services, cut)


def _known(tracker: Tracker, policies: Sequence[PolicyArn]) -> tuple[PolicyArn, ...]:
    """The policies that are watched and have been looked at."""
    found = {*policies, *watched(tracker)}
    return tuple(sorted(arn for arn in found if tracker.archive.last_look(arn) is not None))


def _looked(tracker: Tracker, known: Sequence[PolicyArn], planned: datetime, now: datetime) -> bool:
    """Whether the looks that were planned before a digest have been made: it says what AWS says on its day."""
    needed = max(tracker.plan.look.previous(planned), tracker.plan.report.previous(planned))
    looks = [tracker.archive.last_look(arn, now + AHEAD) for arn in known]
    read = [look is not None and look.start >= needed for look in looks]
    return any(read) and (all(read) or now - planned >= PATIENCE)


def _send(
    tracker: Tracker,
    known: Sequence[PolicyArn],
    frequency: Frequency,
    hour: int | None,
    schedule: Schedule,
    planned: datetime,
) -> int:
    now = tracker.clock()
    batch = _Batch(tracker, now)
    series = f"digest:{frequency}@{'report' if hour is None else hour}"
    made = tracker.archive.reported_until(series, now + AHEAD)
    named = {arn: tuple(topics(tracker, arn)) for arn in known}
    alike: dict[tuple[tuple[PolicyArn, ...], Wish, datetime], list[Subscriber]] = defaultdict(list)
    for one in tracker.subscribers.waiting_for(frequency, hour, planned):
        wanted = tuple(arn for arn in known if any(map(one.wants, named[arn])))
        since = one.told_until or _first(schedule, one.confirmed or one.created, made)
        alike[wanted, replace(one.wish, policies=(), name=""), since].append(one)
    queued = 0
    written: dict[object, Message] = {}  # what is told alike, though asked for otherwise, is rendered once
    for (wanted, wish, since), people in alike.items():
        digest = digest_of(wish, batch.periods(wanted, since))
        link = _page(tracker, digest, wish, since, planned)
        message = None
        if digest is not None:
            key = (digest.key, since, wish.form, link)
            if key not in written:
                unread = unsigned_note(tracker, wanted) if frequency in _MONTHLY else ""
                written[key] = rendered(tracker, digest, wish, link, unread)
            message = written[key]
        with tracker.database.transaction() as db:
            due = tracker.subscribers.told(db, people, planned, now)
            tracker.archive.report_once(series, iso(planned), since, now, now, db)
            if message and due:
                queued += tracker.outbox.enqueue(db, message, due, now)
    return queued


def _first(schedule: Schedule, confirmed: datetime, made: datetime | None) -> datetime:
    """Where the first digest of a subscription begins: with the stretch in which it was confirmed, as everybody's did."""
    start = schedule.previous(confirmed)
    return made if made is not None and start <= made <= confirmed else start


def unsigned_note(tracker: Tracker, policies: Sequence[PolicyArn]) -> str:
    """A sentence about what nobody has signed for of these policies; empty where there is nothing, or nobody asks."""
    try:
        found = pending(tracker, policies) if tracker.remind else ()
    except TrackerError as error:  # a damaged line holds up no mail
        log.warning("what nobody has signed for is not told: %s", error)
        return ""
    if not found:
        return ""
    from tracker.changelog.signoffs import unsigned_sentence

    return unsigned_sentence(found)


def rendered(tracker: Tracker, digest: Digest, wish: Wish, link: str | None, unread: str = "") -> "Message":
    """The mail of a digest; `unread`: a sentence about what nobody has signed for."""
    notes = [about(digest.services)] if digest.services else []
    if digest.cut:
        steps = f"{digest.cut} {'step' if digest.cut == 1 else 'steps'}"
        notes.append(f"{steps} of the way there are left out, for which this subscription does not ask.")
    if left := len(digest.elsewhere):
        policies = f"{left} {'policy' if left == 1 else 'policies'}"
        notes.append(f"{policies} changed in ways that this subscription does not ask for.")
    return tracker.renderer().digest_message(
        digest.told,
        link,
        wish.form,
        " ".join([*notes, *([unread] if unread else [])]),
        mark(digest.services, notes, digest.key if digest.cut else (), wish.form),
        digest.elsewhere,
    )


def _page(
    tracker: Tracker, digest: Digest | None, wish: Wish, since: datetime, planned: datetime
) -> str | None:
    """The page of a digest: that of the month's report where it is the same, else the list of all."""
    if digest is None or len(digest.told) != 1 or digest.services or wish.hour is not None:
        return link_to(tracker)
    arn = digest.told[0].policy
    if wish.frequency != "monthly" or not tracker.archive.reported(str(arn), iso(planned)):
        return link_to(tracker)
    return link_to(tracker, arn, stem_of_period(since, planned))


def _anything(period: "Period") -> bool:
    return bool(period.net or period.transitions or period.transient or period.transient_scopes)


def _all_told(part: "Period") -> bool:
    return bool(part.transitions) and all(watchlisted(one) for one in part.transitions)
