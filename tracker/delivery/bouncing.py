"""Who can't be reached: after so many permanent refusals in a row, or one complaint, a subscription is `bounced`.

It then gets nothing more until an operator resumes it; what waits for it is cancelled, and the operator is told once.
A mail that was sent begins the count anew; one that was given up after three days of silence does not count, since its
server said nothing of the recipient.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from tracker.delivery.addresses import same_mailbox
from tracker.store.instants import sortable

BOUNCED_AFTER = 3
_KEY = "outbox.bounced"  # in the table meta: JSON list of [address, answer] that the operator was not told of yet


def note(
    connection: sqlite3.Connection, subscriber: int | None, refused: str | None, now: datetime, after: int
) -> bool:
    """Count one mail's end: `refused` for good with this answer, or sent (None). True where it is bounced by this."""
    if subscriber is None:
        return False
    if refused is None:
        connection.execute("DELETE FROM bounces WHERE subscriber = ?", (subscriber,))
        return False
    connection.execute(
        "INSERT INTO bounces (subscriber, failures, last, answer) VALUES (?, 1, ?, ?) "
        "ON CONFLICT (subscriber) DO UPDATE SET failures = failures + 1, last = excluded.last, answer = excluded.answer",
        (subscriber, sortable(now), refused),
    )
    (failures,) = connection.execute(
        "SELECT failures FROM bounces WHERE subscriber = ?", (subscriber,)
    ).fetchone()
    return failures >= after and bounce(connection, subscriber, refused, now)


def bounce(connection: sqlite3.Connection, subscriber: int, answer: str, now: datetime) -> bool:
    """Nothing more for this subscription. False where it gets nothing already."""
    changed = connection.execute(
        "UPDATE subscribers SET state = 'bounced' WHERE id = ? AND state = 'active'", (subscriber,)
    ).rowcount
    if not changed:
        return False
    connection.execute("DELETE FROM bounces WHERE subscriber = ?", (subscriber,))
    connection.execute(
        "UPDATE outbox SET state = 'cancelled', finished = ?, answer = 'bounced' "
        "WHERE subscriber = ? AND state = 'waiting'",
        (sortable(now), subscriber),
    )
    (address,) = connection.execute("SELECT address FROM subscribers WHERE id = ?", (subscriber,)).fetchone()
    _write(connection, [*_read(connection), [address, answer]])
    return True


def of_mailbox(connection: sqlite3.Connection, address: str) -> tuple[int, ...]:
    """The active subscriptions of a mail address, whatever its case, by id."""
    rows = connection.execute(
        "SELECT id, address FROM subscribers WHERE state = 'active' AND channel IN ('mail', 'ses') ORDER BY id"
    )
    key = same_mailbox(address)
    return tuple(identity for identity, known in rows if same_mailbox(known) == key)


def first_time(connection: sqlite3.Connection, report: str, now: datetime) -> bool:
    """Whether a report was not counted before; it is, from here on."""
    return bool(
        connection.execute(
            "INSERT OR IGNORE INTO bounce_reports (id, seen) VALUES (?, ?)",
            (sha256(report.encode()).hexdigest(), sortable(now)),  # a report's id names its recipient
        ).rowcount
    )


def forget(connection: sqlite3.Connection, subscriber: int, address: str) -> None:
    """Keep nothing of a subscription whose address is erased."""
    connection.execute("DELETE FROM bounces WHERE subscriber = ?", (subscriber,))
    found = _read(connection)
    if kept := [one for one in found if one[0] != address]:
        _write(connection, kept)
    elif found:
        _write(connection, [])


def take(connection: sqlite3.Connection) -> Sequence[tuple[str, str]]:
    """(address, answer) of everybody who bounced and of whom the operator was not told; told from here on."""
    found = _read(connection)
    if found:
        _write(connection, [])
    return [(address, answer) for address, answer in found]


def untold(connection: sqlite3.Connection) -> bool:
    """Whether there is anybody to tell of."""
    return bool(_read(connection))


def _read(connection: sqlite3.Connection) -> list[list[str]]:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    found: list[list[str]] = json.loads(row[0]) if row else []
    return found


def _write(connection: sqlite3.Connection, found: Sequence[Sequence[str]]) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_KEY, json.dumps(found)))
