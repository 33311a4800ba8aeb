"""The loop that empties the outbox: claim, send, settle, one row at a time, with no transaction open while sending."""

import logging
import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from tracker.delivery.addresses import mask, masked, readable_answer
from tracker.delivery.channel import Channel, Parcel
from tracker.delivery.notices import test_message
from tracker.delivery.outbox import LEASE, Outbox
from tracker.delivery.rows import Claim, Outcome
from tracker.errors import ChannelDownError, LockedError, RefusedError, SetupError, TrackerError
from tracker.model.rounds import Delivery

__all__ = ["Delivery", "Stopped", "deliver", "next_try", "send_test"]

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=3)  # after the first try
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=4)
_LOST_LINES = 3  # so many mails in a row that lose the line, and it is the server, not the mails
_SETTLE_TRIES = 3


def deliver(
    outbox: Outbox,
    channel: Channel,
    clock: Callable[[], datetime],
    worker: str,
    *,
    operator: str = "",
    jitter: Callable[[], float] = random.random,
    lease: timedelta = LEASE,
    limit: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    pace: Callable[[str], None] = lambda _: None,
    stopped: "Stopped | None" = None,
) -> Delivery:
    """Send what is due, until nothing is, `limit` mails were tried, or `stop()` says so between two mails.

    `worker` is never the same twice; `jitter` gives numbers in [0, 1). The operator, if there is one, is told of what
    failed. A mail that could not be sent never stops the others; a channel that can't be used at all is left alone for
    the rest of the round, with the reason in `stopped`; `pace` is called before each mail with its channel and may wait. Raises LockedError, and our own faults once everything else is sent.
    """
    total, fault = Delivery(), None
    stopped = Stopped() if stopped is None else stopped
    with closing(channel), outbox.batch():
        while (limit is None or total.tried < limit) and not stop():
            claim = outbox.claim(worker, clock(), lease, stopped.channels)
            if claim is None:
                if outbox.tell(operator, clock()):
                    continue  # the notice is a mail like the others
                break
            pace(claim.parcel.channel)
            outcome, error = _send(channel, claim, clock, jitter)
            _settle(outbox, claim, outcome, clock)
            total = _counting(total, outcome)
            stopped.heed(claim.parcel.channel, error)
            if error is not None and not isinstance(error, TrackerError):
                fault = fault or error
    outbox.tell(operator, clock())
    if fault is not None:
        raise fault
    return replace(total, stopped=stopped.worst)


def _counting(total: Delivery, outcome: Outcome) -> Delivery:
    """A sum and one outcome more."""
    if not outcome.tried:
        return total
    return Delivery(
        total.sent + (outcome.state == "sent"),
        total.retried + (outcome.state == "waiting"),
        total.failed + (outcome.state == "failed"),
    )


class Stopped:
    """The channels that are left alone for the rest of a round, and why. Threads may share one."""

    def __init__(self) -> None:
        self._why: dict[str, TrackerError] = {}
        self._lost: Counter[str] = Counter()  # mails in a row that lost the line, by channel

    @property
    def channels(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._why)

    @property
    def worst(self) -> TrackerError | None:
        """Why mail stopped, else the first reason of another channel; None where none did."""
        return self._why.get("mail") or next(iter(self._why.values()), None)

    def heed(self, channel: str, error: Exception | None) -> None:
        """Take note of what came of one mail."""
        self._lost[channel] = self._lost[channel] + 1 if isinstance(error, ChannelDownError) else 0
        if isinstance(error, TrackerError) and _ends_the_round(error, self._lost[channel]):
            log.warning("delivery by %s stops: %s", channel, masked(str(error)))
            self._why[channel] = error


def send_test(
    channel: Channel, address: str, sender: str, now: datetime, identity: str, by: str = "mail"
) -> str:
    """Send a test mail at once, past the outbox, and return the server's answer. Raises as `Channel.send` does."""
    try:
        return channel.send(Parcel(test_message(sender, now, identity), address, now, channel=by))
    finally:
        channel.close()


def next_try(claim: Claim, now: datetime, jitter: float) -> datetime | None:
    """When to try again: after 1, 2, 4 minutes and so on up to 4 hours, a quarter more or less by `jitter` in [0, 1).

    The last try is three days after the first; None after that.
    """
    deadline = claim.first_tried + GIVE_UP_AFTER
    if now >= deadline:
        return None
    doubled: timedelta = _FIRST_DELAY * 2 ** min(claim.attempt - 1, 20)
    delay = min(doubled, _LONGEST_DELAY) * (0.75 + 0.5 * jitter)
    return min(now + delay, deadline)


def _send(
    channel: Channel, claim: Claim, clock: Callable[[], datetime], jitter: Callable[[], float]
) -> tuple[Outcome, Exception | None]:
    """Send one mail; what is to be recorded, and the error if there was one."""
    who = mask(claim.parcel.recipient)
    try:
        answer = channel.send(claim.parcel)
    except SetupError as error:
        return Outcome("waiting", str(error), tried=False), error
    except RefusedError as error:
        if error.permanent:
            log.warning("mail %s to %s failed: %s", claim.id, who, masked(str(error)))
            return Outcome("failed", str(error), refused=True), error
        return _put_off(claim, str(error), clock, jitter, error.retry_after_s), error
    except ChannelDownError as error:
        return _put_off(claim, str(error), clock, jitter), error
    except Exception as error:  # our own fault: the other mails go on, the caller hears of it at the end
        # The shell writes the traceback to its file; a log must not show what it may hold of an address.
        log.error("mail %s to %s: unexpected %s", claim.id, who, type(error).__name__)  # noqa: TRY400 -- its text may hold the address
        said = readable_answer(f"a fault of ours: {type(error).__name__}: {error}")
        return _put_off(claim, said, clock, jitter), error
    log.info("mail %s to %s sent: %s", claim.id, who, masked(answer))
    return Outcome("sent", answer), None


def _put_off(
    claim: Claim,
    answer: str,
    clock: Callable[[], datetime],
    jitter: Callable[[], float],
    wished_s: float | None = None,
) -> Outcome:
    """Later; not before the receiver wishes it, as far as that is within our longest delay."""
    who = mask(claim.parcel.recipient)
    again = next_try(claim, clock(), jitter())
    if again is not None and wished_s is not None:
        again = max(again, clock() + min(timedelta(seconds=wished_s), _LONGEST_DELAY))
    if again is None:
        log.warning("mail %s to %s given up after three days: %s", claim.id, who, masked(answer))
        return Outcome("failed", answer)
    log.info("mail %s to %s put off until %s: %s", claim.id, who, again, masked(answer))
    return Outcome("waiting", answer, again)


def _settle(outbox: Outbox, claim: Claim, outcome: Outcome, clock: Callable[[], datetime]) -> None:
    """Record the outcome. A database that is locked is asked again: a mail that was sent must not be sent twice."""
    tries = _SETTLE_TRIES
    while True:
        try:
            held = outbox.settle(claim, outcome, clock())
            break
        except LockedError:
            tries -= 1
            if not tries:
                raise
    if not held:
        log.warning("mail %s: the lease had ended before the server answered", claim.id)


def _ends_the_round(error: TrackerError, lost_lines: int) -> bool:
    if isinstance(error, ChannelDownError):
        return not error.reached or lost_lines >= _LOST_LINES
    return isinstance(error, SetupError)
