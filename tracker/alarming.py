"""Somebody notices when it doesn't work: nothing was looked at, or messages are stuck, told by a channel that works."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tracker.collaborators import Tracker
from tracker.delivery.channel import Parcel
from tracker.delivery.notices import alarm_message
from tracker.delivery.outbox import Stuck
from tracker.errors import TrackerError
from tracker.model.instants import AHEAD, iso, parse_instant, words
from tracker.watched import watched

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(days=1)  # the same trouble is told of again only then
_KEY = "alarm.told"  # in the table meta: JSON object, trouble -> when it was told of last


@dataclass(frozen=True, slots=True)
class Alarm:
    """How the operator is told."""

    channel: str = ""  # 'slack', ...; empty: mail alone
    address: str = field(default="", repr=False)  # there; may be a secret
    grace: timedelta = timedelta(hours=6)  # how late a planned look may be


def watch_over(tracker: Tracker, alarm: Alarm) -> tuple[str, ...]:
    """Tell the operator of what doesn't work, each trouble once a day; what was told now, a sentence each.

    It goes straight to a channel that is not stuck, past the outbox, the alarm's own before mail. A failure to tell
    is logged and tried again the next time; it never ends a round.
    """
    now = tracker.clock()
    stuck = tracker.outbox.stuck(now)
    troubles = dict(sorted({**_not_looked_at(tracker, alarm.grace, now), **_stuck(stuck)}.items()))
    told = _told(tracker)
    new = {
        key: said
        for key, said in troubles.items()
        if key not in told or abs(now - parse_instant(told[key])) >= AGAIN_AFTER
    }
    sent = bool(new) and _tell(tracker, alarm, list(new.values()), frozenset(stuck), now)
    kept = {key: when for key, when in told.items() if key in troubles}
    kept |= dict.fromkeys(new, iso(now)) if sent else {}
    if kept != told:
        tracker.database.set_meta(_KEY, json.dumps(kept, sort_keys=True))
    return tuple(new.values()) if sent else ()


def _not_looked_at(tracker: Tracker, grace: timedelta, now: datetime) -> dict[str, str]:
    """Policies whose last successful look is older than the last planned one that is `grace` past."""
    planned = tracker.plan.look.previous(now - grace)
    late = {}
    arns = watched(
        tracker
    )  # of a policy that was never looked at nobody knows since when it should have been
    if "all" in tracker.policies:  # every round looks at everything: one policy of a partition stands for all
        arns = tuple({arn.partition: arn for arn in reversed(arns)}.values())
    for arn in arns:
        last = tracker.archive.last_look(arn, now + AHEAD)
        if last is None or last.start < planned:
            since = words(last.start) if last else "never"
            late[f"look {arn}"] = (
                f"{arn.name} was looked at last {since}; a look was planned {words(planned)} and did not succeed."
            )
    return late


def _stuck(stuck: Mapping[str, Stuck]) -> dict[str, str]:
    return {
        f"stuck {name}": f"{one.count} {'message' if one.count == 1 else 'messages'} for {name} "
        f"{'is' if one.count == 1 else 'are'} stuck, the oldest since {words(one.since)}: {one.answer or 'never tried'}"
        for name, one in stuck.items()
    }


def _tell(tracker: Tracker, alarm: Alarm, sentences: list[str], stuck: frozenset[str], now: datetime) -> bool:
    """Whether somebody was told."""
    ways = [(alarm.channel, alarm.address)] if alarm.address else []
    ways += [("mail", tracker.operator)] if tracker.operator else []
    message = alarm_message(sentences, now)
    ways.sort(key=lambda way: way[0] in stuck)  # what is stuck comes last: it may have come back
    for name, address in ways:
        channel = tracker.channel()
        try:
            channel.send(Parcel(message, address, now, channel=name))
        except TrackerError as error:
            log.warning("the alarm did not get through by %s: %s", name, error)
        except Exception as error:  # an alarm must not end a round
            log.warning("the alarm did not get through by %s: %s", name, type(error).__name__)
        else:
            return True
        finally:
            channel.close()
    log.error("something does not work, and nobody could be told: %s", " ".join(sentences))
    return False


def _told(tracker: Tracker) -> dict[str, str]:
    text = tracker.database.get_meta(_KEY)
    return dict(json.loads(text)) if text else {}
