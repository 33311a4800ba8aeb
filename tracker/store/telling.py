"""SQLite's errors as ours: what of the database is wrong, and what to do next."""

import sqlite3
from pathlib import Path

from tracker.errors import LockedError, SetupError, TrackerError, TryLaterError
from tracker.store.permits import LEAST, room

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def as_ours(
    error: sqlite3.DatabaseError, path: Path, busy_s: float, longest_s: float | None
) -> TrackerError | None:
    """Ours in the place of an error of SQLite's about the database at `path`; None for a statement that is wrong.

    `busy_s` is how long it waited for others, `longest_s` how long a reading may take.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in BUSY:
        return LockedError(
            f"{path} is locked by another process for more than {busy_s:g} s",
            advice="wait until the other policy-tracker is done, then try again",
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return TryLaterError(
            f"the index was asked for so much that it was stopped after {longest_s:g} s",
            advice="ask for less at once: one policy, a shorter time, or a pattern that names its service",
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return SetupError(
            f"{path} is damaged, or no database at all: {error}",
            advice="restore it from a backup, or move it away and run 'policy-tracker reindex' (subscribers are only in there)",
        )
    if code in (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
    ):
        if path.exists() and (left := room(path)) < LEAST:
            return SetupError(
                f"{path} can't be used: its disk is full, {left // 1024} KB are left ({error})",
                advice="make room on it, then run this again: what was cut off is completed then",
            )
        return SetupError(
            f"{path} can't be used: {error}",
            advice="look at the folder's owner, its mode and the space left on the disk",
        )
    return None
