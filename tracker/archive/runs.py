"""The rows of rounds and of reports: what was begun and not ended, what was made and must not be made twice."""

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from tracker.model.instants import parse_instant
from tracker.model.recorded import RunRow
from tracker.store.database import Database
from tracker.store.instants import sortable

if TYPE_CHECKING:
    import sqlite_utils

RunKind = Literal["check", "import", "reindex", "report"]


class Runs:
    """The `runs` and `reports` tables: state of the service, which reindex never touches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, run: str, kind: RunKind, now: datetime) -> None:
        """Commit that a piece of work is begun, before anything of it is on the disk."""
        with self._database.writing() as db:
            db.execute("INSERT INTO runs (id, kind, started) VALUES (?, ?, ?)", (run, kind, sortable(now)))

    def finish(
        self, run: str, now: datetime, outcome: str, connection: sqlite3.Connection | None = None
    ) -> None:
        """Say that it ended, and how; in the caller's transaction where one is handed over."""
        if connection is not None:
            self._finish(connection, run, now, outcome)
            return
        with self._database.writing() as connection:
            self._finish(connection, run, now, outcome)

    def open(self) -> tuple[RunRow, ...]:
        """What was begun and has not ended, oldest first: it runs still, or was killed."""
        if not self._database.exists:
            return ()
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT id, kind, started, finished, outcome FROM runs WHERE finished IS NULL ORDER BY started, id"
            ).fetchall()
        return tuple(_run(row) for row in rows)

    def report_once(
        self,
        policy: str,
        period: str,
        since: datetime,
        until: datetime,
        made: datetime,
        db: "sqlite_utils.Database | None" = None,
    ) -> bool:
        """Whether the report of a policy and period is the caller's to make: True for exactly one, ever.

        With `db` the row is part of the caller's transaction: roll that back and the report is due again.
        """
        row = (policy, period, sortable(since), sortable(until), sortable(made))
        if db is not None:
            return self._claim(db.conn, row)
        with self._database.writing() as connection:
            return self._claim(connection, row)

    def reported(self, policy: str, period: str) -> bool:
        """Whether the report of a policy and period was made already."""
        if not self._database.exists:
            return False
        with self._database.reading() as db:
            found = db.execute(
                "SELECT 1 FROM reports WHERE policy = ? AND period = ?", (policy, period)
            ).fetchone()
        return found is not None

    def reported_until(self, policy: str, until: datetime | None = None) -> datetime | None:
        """Where the last report of a policy ended, of those that ended no later than `until`."""
        if not self._database.exists:
            return None
        sql = "SELECT max(until) FROM reports WHERE policy = ? AND (? IS NULL OR until <= ?)"
        latest = None if until is None else sortable(until)
        with self._database.reading() as db:
            found = db.execute(sql, (policy, latest, latest)).fetchone()[0]
        return None if found is None else parse_instant(found)

    @staticmethod
    def _claim(connection: sqlite3.Connection, row: tuple[str, ...]) -> bool:
        done = connection.execute(
            "INSERT INTO reports (policy, period, since, until, made) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            row,
        )
        return done.rowcount == 1

    @staticmethod
    def _finish(connection: sqlite3.Connection, run: str, now: datetime, outcome: str) -> None:
        connection.execute(
            "UPDATE runs SET finished = ?, outcome = ? WHERE id = ? AND finished IS NULL",
            (sortable(now), outcome, run),
        )


def _run(row: tuple[str, str, str, str | None, str]) -> RunRow:
    run, kind, started, finished, outcome = row
    return RunRow(
        run, kind, parse_instant(started), None if finished is None else parse_instant(finished), outcome
    )
