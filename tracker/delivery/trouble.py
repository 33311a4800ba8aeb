"""Which mails the operator is to be told of, remembered in the transaction that settles them.

A mail that failed is told of once; one that is stuck, once more before that. Nothing is told of the operator's own
notices: a mail about a mail that could not be sent would go on for ever.
"""

import json
import sqlite3
from datetime import datetime, timedelta

from tracker.delivery.notices import is_notice
from tracker.delivery.rows import Claim, Outcome

STUCK_AFTER = timedelta(days=1)  # after its first try

_KEY = "outbox.trouble"  # in the table meta: {"untold": [row ids], "warned": [ids of stuck rows that were told of]}


def note(connection: sqlite3.Connection, claim: Claim, outcome: Outcome, now: datetime) -> None:
    """Remember a mail that failed for good, or that has been stuck for a day."""
    if is_notice(claim.parcel.message):
        return
    new, warned = _read(connection)
    before = (set(new), set(warned))
    if outcome.state == "failed":
        new.add(claim.id)
    elif outcome.state == "sent":
        new.discard(claim.id)
    elif now - claim.first_tried >= STUCK_AFTER and claim.id not in warned:
        new.add(claim.id)
        warned.add(claim.id)
    if outcome.state != "waiting":
        warned.discard(claim.id)
    if (new, warned) != before:
        _write(connection, new, warned)


def take(connection: sqlite3.Connection) -> list[int]:
    """The rows that the operator is to be told of now, by id; they count as told from here on."""
    new, warned = _read(connection)
    if new:
        _write(connection, set(), warned)
    return sorted(new)


def untold(connection: sqlite3.Connection) -> bool:
    """Whether there is anything to tell."""
    return bool(_read(connection)[0])


def _read(connection: sqlite3.Connection) -> tuple[set[int], set[int]]:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    known = json.loads(row[0]) if row else {}
    return set(known.get("untold", ())), set(known.get("warned", ()))


def _write(connection: sqlite3.Connection, new: set[int], warned: set[int]) -> None:
    value = json.dumps({"untold": sorted(new), "warned": sorted(warned)})
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_KEY, value))
