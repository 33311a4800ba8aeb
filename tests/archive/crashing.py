"""A round that can end its process at any named step, and the round after it. Run in child processes."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tests.archive.making import NOON, SUPPORT, a_change, a_look, a_snapshot, an_archive, made
from tracker.archive.archive import Archive
from tracker.archive.lock import round_lock
from tracker.model.history import Observation
from tracker.model.identity import VersionId
from tracker.store.steps import no_step

KILLED = 77
AWS_SAYS = VersionId(2)


class Steps:
    """Counts the named steps, and ends the process at one of them."""

    def __init__(self, stop_at: int | None) -> None:
        self.names: list[str] = []
        self._stop_at = stop_at

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._stop_at:
            os._exit(KILLED)  # no finally, no flush: as a power cut, but for what the kernel has


def prepare(home: Path) -> None:
    """The archive before: v1 was seen, published and mailed."""
    _round(an_archive(home, no_step), "r1", 0, VersionId(1))


def one_round(home: Path, run: str, hours: float, stop_at: int | None = None) -> list[str]:
    """A look that finds v2; the steps it came by."""
    steps = Steps(stop_at)
    _round(an_archive(home, steps), run, hours, AWS_SAYS)
    return steps.names


def many(home: Path, stop_at: int | None = None) -> list[str]:
    """An import of many snapshots, some known, one in conflict, one twice; the steps it came by."""
    steps = Steps(stop_at)
    an_archive(home, steps).keep_many(
        [
            a_snapshot(1, source="git 0123"),
            *map(a_snapshot, range(2, 6)),
            a_snapshot(3),
            a_snapshot(1, "s3:PutObject", source="git 4567"),
            a_snapshot(4, source="git 0123"),
        ]
    )
    return steps.names


def mails(home: Path) -> list[tuple[str, str]]:
    """(changelog, recipient) of every row of the outbox, sorted."""
    connection = sqlite3.connect(home / "tracker.db")
    rows = connection.execute("SELECT message, recipient FROM outbox ORDER BY 1, 2").fetchall()
    connection.close()
    return rows


def _round(archive: Archive, run: str, hours: float, default: VersionId) -> None:
    with round_lock(archive.home, wait_s=5):
        _complete(archive)
        archive.start_run(run, "check", NOON)
        known = archive.known(SUPPORT)
        identity = (default, made(default.number))
        if identity not in known.archived:
            archive.keep(a_snapshot(default.number))
        archive.keep(a_snapshot(default.number, source="another source"))
        if known.default != identity:
            archive.observe(
                SUPPORT, Observation(a_look(run, hours).start, *identity, source="iam", run=run, basis="look")
            )
            _publish(archive)
        archive.record_look(a_look(run, hours, SUPPORT))
        archive.finish_run(run, NOON, "done")


def _complete(archive: Archive) -> None:
    """What rounds before this one left: the policies whose files the index has not seen, then their runs' rows."""
    for arn in archive.behind():
        assert arn == SUPPORT
        _publish(archive)
    for run in archive.open_runs():
        archive.finish_run(run.id, NOON, "completed by a later round")


def _publish(archive: Archive) -> None:
    recorded = {row.id for row in archive.changes(SUPPORT)}
    new = [row for row in map(a_change, archive.observations(SUPPORT)) if row.id not in recorded]
    with archive.database.transaction() as db:
        archive.index(db, SUPPORT)
        for row in new:
            archive.record_change(db, row)
            db.table("messages").insert({"id": row.id, "subject": row.headline})
            db.table("outbox").insert_all(_queued(row.id))


def _queued(message: str) -> Iterable[dict[str, object]]:
    for recipient in ("a@example.org", "b@example.org"):
        yield {
            "message": message,
            "channel": "mail",
            "recipient": recipient,
            "state": "waiting",
            "not_before": "",
            "created": "",
        }
