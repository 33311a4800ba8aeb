"""Who is subscribed: an address, the policies it wants to hear of, and how often."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from tracker.delivery.addresses import checked_address, same_mailbox
from tracker.errors import InputError
from tracker.model.identity import is_policy_name
from tracker.model.instants import parse_instant
from tracker.store.database import Database
from tracker.store.instants import sortable

Frequency = Literal["instant", "monthly"]
State = Literal["active", "paused", "bounced", "gone"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)

_SELECT = "SELECT id, address, policies, frequency, state, created, token FROM subscribers"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One address that is, or was, subscribed."""

    id: int
    address: str  # checked, in its normal form
    policies: tuple[str, ...]  # names or globs of names, sorted; '*' is every policy
    frequency: Frequency  # 'instant': a mail a change; 'monthly': a mail a report
    state: State
    created: datetime  # UTC
    token: str = field(repr=False)  # with which the recipient can leave: a secret

    def wants(self, policy: str) -> bool:
        """Whether a mail about the policy of this name is for this subscriber."""
        return any(fnmatchcase(policy, pattern) for pattern in self.policies)


class Subscribers:
    """The subscribers in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, address: str, policies: Sequence[str], frequency: str, now: datetime, token: str
    ) -> Subscriber:
        """Subscribe an address; no policies means all. One that had left comes back under its old id, with this token.

        Raises InputError for what is no address, no policy's name or pattern, no frequency, and for an address that is
        subscribed already, whatever its case.
        """
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise ValueError("a token is printable ASCII without spaces")
        row = (
            checked_address(address),
            json.dumps(_checked_policies(policies)),
            _checked_frequency(frequency),
            sortable(now),
            token,
        )
        with self._database.writing() as connection:
            old = _find(connection, row[0])
            if old is None:
                connection.execute(
                    "INSERT INTO subscribers (address, policies, frequency, created, token, state) "
                    "VALUES (?, ?, ?, ?, ?, 'active')",
                    row,
                )
            elif old.state == "gone":
                connection.execute(
                    "UPDATE subscribers SET address = ?, policies = ?, frequency = ?, created = ?, token = ?, "
                    "state = 'active' WHERE id = ?",
                    (*row, old.id),
                )
            else:
                raise InputError(
                    f"{old.address} is subscribed already: {', '.join(old.policies)}, {old.frequency}, {old.state}",
                    advice=f"to change it: policy-tracker subscribers remove {old.address}, then add it again",
                )
            return _one(connection, row[0])

    def get(self, address: str) -> Subscriber:
        """The subscriber of this address, whatever its case, or of this token. Raises InputError where there is none."""
        with self._database.reading() as connection:
            return _one(connection, address)

    def list(self) -> tuple[Subscriber, ...]:
        """Everybody who is subscribed, by address; not those who left."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_SELECT} WHERE state <> 'gone' ORDER BY address, id")
            return tuple(map(_subscriber, rows))

    def count(self) -> int:
        """How many would get mail."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT count(*) FROM subscribers WHERE state = 'active'").fetchone()
        return int(row[0])

    def remove(self, address: str, now: datetime) -> int:
        """Unsubscribe an address, or a token, and cancel what waits for it; how many mails that were.

        A mail that a worker has in hand at this moment still goes out. Raises InputError where nobody of this address
        is subscribed.
        """
        with self._database.writing() as connection:
            found = _one(connection, address)
            connection.execute("UPDATE subscribers SET state = 'gone' WHERE id = ?", (found.id,))
            return connection.execute(
                "UPDATE outbox SET state = 'cancelled', finished = ?, answer = 'unsubscribed' "
                "WHERE subscriber = ? AND state = 'waiting'",
                (sortable(now), found.id),
            ).rowcount


def recipients(connection: sqlite3.Connection, policy: str, frequency: Frequency) -> tuple[Subscriber, ...]:
    """The active subscribers to whom a mail about this policy is due, by id; in the caller's transaction."""
    rows = connection.execute(
        f"{_SELECT} WHERE state = 'active' AND frequency = ? AND channel = 'mail' ORDER BY id", (frequency,)
    )
    return tuple(one for one in map(_subscriber, rows) if one.wants(policy))


def _one(connection: sqlite3.Connection, address: str) -> Subscriber:
    found = _find(connection, address)
    if found is None or found.state == "gone":
        raise InputError(
            f"{address!r} is not subscribed", advice="'policy-tracker subscribers list' shows who is"
        )
    return found


def _find(connection: sqlite3.Connection, address: str) -> Subscriber | None:
    if "@" not in address:  # the token: what the subject of an unsubscribe mail names
        row = connection.execute(f"{_SELECT} WHERE token = ?", (address.strip(),)).fetchone()
        return _subscriber(row) if row else None
    key = same_mailbox(checked_address(address))
    if key.isascii():
        rows = connection.execute(f"{_SELECT} WHERE lower(address) = ?", (key,))
    else:  # SQLite's lower() knows ASCII only
        rows = connection.execute(f"{_SELECT} ORDER BY id")
    return next((one for one in map(_subscriber, rows) if same_mailbox(one.address) == key), None)


def _subscriber(row: Sequence[Any]) -> Subscriber:
    identity, address, policies, frequency, state, created, token = row
    return Subscriber(
        id=identity,
        address=address,
        policies=("*",) if policies == "*" else tuple(json.loads(policies)),
        frequency=frequency,
        state=state,
        created=parse_instant(created),
        token=token,
    )


def _checked_policies(policies: Sequence[str]) -> tuple[str, ...]:
    for pattern in policies:
        if not is_policy_name(pattern.translate(dict.fromkeys(map(ord, "*?[]!"), "x"))):
            raise InputError(
                f"not a policy's name or a pattern of names: {pattern!r}",
                advice="write a name like ReadOnlyAccess, a pattern like 'AWSSupport*', or '*' for all",
            )
    return tuple(sorted(set(policies))) or ("*",)


def _checked_frequency(frequency: str) -> Frequency:
    for known in FREQUENCIES:
        if frequency == known:
            return known
    raise InputError(f"not a frequency: {frequency!r}", advice=f"wanted: {' or '.join(FREQUENCIES)}")
