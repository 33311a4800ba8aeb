"""Counts that only rise, kept in the table `meta`, so that every process adds to them and any can tell them."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping

from tracker.store.database import Database

_KEY = "count."


class AwsCalls:
    """Calls to AWS that were made and are not in the database yet; any thread may note one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: Counter[tuple[str, str]] = Counter()

    def note(self, operation: str, outcome: str, times: int = 1) -> None:
        """One was made: 'GetPolicy', and what came of it."""
        with self._lock:
            self._noted[operation, outcome] += times

    def take(self) -> Mapping[tuple[str, str], int]:
        """What was noted since the last time: (operation, outcome) -> how many."""
        with self._lock:
            noted, self._noted = self._noted, Counter()
        return noted


def count_calls(connection: sqlite3.Connection, calls: Mapping[tuple[str, str], int]) -> None:
    """Add what was noted to the counts, within the caller's transaction."""
    for (operation, outcome), times in sorted(calls.items()):
        count(connection, "aws_calls", f"{operation}.{outcome}", times)


def count(connection: sqlite3.Connection, name: str, outcome: str, more: int = 1) -> None:
    """Add to a count, within the caller's transaction."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + ?",
        (f"{_KEY}{name}.{outcome}", str(more), more),
    )


def counts(database: Database, name: str) -> dict[str, int]:
    """A count by its outcomes, sorted; empty before there was any."""
    if not database.exists:
        return {}
    start = f"{_KEY}{name}."
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT key, value FROM meta WHERE substr(key, 1, ?) = ? ORDER BY key", (len(start), start)
        ).fetchall()
    return {str(key).removeprefix(start): int(value) for key, value in rows}
