"""A subscription as a value, and its row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

from tracker.delivery.addresses import shown
from tracker.delivery.wish import Frequency, Wish, filter_record, read_filter
from tracker.errors import SetupError
from tracker.model.instants import parse_instant

State = Literal["pending", "active", "paused", "bounced", "gone"]
Origin = Literal[
    "command", "file", "page"
]  # who keeps it: a command, subscribers.toml, a sign-up on the pages

SELECT = (
    "SELECT id, address, channel, name, policies, filter, frequency, hour, heartbeat, form, origin, state, created, "
    "confirmed, paused, told_until, token FROM subscribers"
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscription of one recipient, present or past."""

    id: int
    address: str  # the recipient; of the channel 'mail' a checked address in its normal form
    wish: Wish
    state: State
    created: datetime  # UTC
    token: str = field(repr=False)  # with which the recipient can leave: a secret
    channel: str = "mail"
    origin: Origin = "command"
    confirmed: datetime | None = None  # UTC: when the recipient, or the operator for it, said yes
    paused: datetime | None = None  # UTC: since when, of 'paused'
    told_until: datetime | None = None  # UTC: where its last digest ended

    @property
    def policies(self) -> tuple[str, ...]:
        """Names or globs of names, sorted; '*' is every policy."""
        return self.wish.policies

    @property
    def frequency(self) -> Frequency:
        """How often it hears."""
        return self.wish.frequency

    @property
    def label(self) -> str:
        """`team@example.org`, or `team@example.org (name)` where the subscription has a name."""
        address = shown(self.address)
        return f"{address} ({self.wish.name})" if self.wish.name else address

    def wants(self, policy: str) -> bool:
        """Whether a mail about the policy of this name may be for this subscription."""
        return any(fnmatchcase(policy, pattern) for pattern in self.wish.policies)

    def names(self, policy: str) -> bool:
        """Whether it asks for the policy by its name or a pattern of names, not by asking for all that are watched."""
        return any(one != "*" and fnmatchcase(policy, one) for one in self.wish.policies)


def wish_columns(wish: Wish) -> tuple[object, ...]:
    """A wish as the columns name, policies, filter, frequency, hour, heartbeat, form."""
    return (
        wish.name,
        json.dumps(wish.policies),
        json.dumps(filter_record(wish.filter), sort_keys=True),
        *(wish.frequency, wish.hour, int(wish.heartbeat), wish.form),
    )


def subscriber(row: Sequence[Any]) -> Subscriber:
    """A row of SELECT."""
    try:
        return _subscriber(row)
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"subscriber {row[0]}'s row in the database is damaged, a value in it can't be read: {error}",
            advice="restore the newest backup: subscribers are only in there",
        ) from error


def _subscriber(row: Sequence[Any]) -> Subscriber:
    (
        identity,
        address,
        channel,
        name,
        policies,
        asked,
        frequency,
        hour,
        heartbeat,
        form,
        origin,
        state,
        *rest,
    ) = row
    created, confirmed, paused, told_until, token = rest
    wish = Wish(
        policies=("*",) if policies == "*" else tuple(json.loads(policies)),
        filter=read_filter(json.loads(asked)),
        frequency=frequency,
        hour=hour,
        heartbeat=bool(heartbeat),
        form=form,
        name=name,
    )
    return Subscriber(
        id=identity,
        address=address,
        wish=wish,
        state=state,
        created=parse_instant(created),
        token=token,
        channel=channel,
        origin=origin,
        confirmed=_instant(confirmed),
        paused=_instant(paused),
        told_until=_instant(told_until),
    )


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
