"""Counts that only rise, kept in the table `meta`, so that every process adds to them and any can tell them."""

import sqlite3

from tracker.store.database import Database

_KEY = "count."


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
