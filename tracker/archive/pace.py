"""How the rounds went, from the index alone: what a monitor wants to know, in a few rows."""

import json
from dataclasses import dataclass
from datetime import datetime

from tracker.model.instants import parse_instant
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class Rounds:
    """The looks of a tracker, and the rounds that have not ended."""

    newest: datetime | None  # when the newest look ended, whatever became of it
    success: datetime | None  # when the newest look ended in which every policy was read
    seconds: float  # that the newest look took
    failed: int  # policies that it could not read
    looks: int  # all there ever were
    open: int  # rounds begun and not ended: one runs, or was cut off
    policies: int  # in the archive
    changes: int  # that were ever recorded


def rounds(database: Database) -> Rounds:
    """What the index says now; zeros where there is no database yet. Raises LockedError, SetupError."""
    if not database.exists:
        return Rounds(None, None, 0.0, 0, 0, 0, 0, 0)
    with database.reading() as db:
        newest = db.execute(
            "SELECT started, ended, failed FROM looks ORDER BY ended DESC, line DESC LIMIT 1"
        ).fetchone()
        success = db.execute("SELECT max(ended) FROM looks WHERE failed = '[]'").fetchone()[0]
        looks, begun, policies, changes = (
            db.execute(f"SELECT count(*) FROM {what}").fetchone()[0]  # noqa: S608 -- our own words
            for what in ("looks", "runs WHERE finished IS NULL", "policies", "changes")
        )
    if newest is None:
        return Rounds(None, None, 0.0, 0, looks, begun, policies, changes)
    started, ended = parse_instant(newest[0]), parse_instant(newest[1])
    return Rounds(
        ended,
        parse_instant(success) if success else None,
        max(0.0, (ended - started).total_seconds()),
        len(json.loads(newest[2])),
        looks,
        begun,
        policies,
        changes,
    )
