"""Whether the index says what the files say."""

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tracker.archive import folder, index, signoffs
from tracker.archive.damaged import REINDEX
from tracker.archive.folder import Place
from tracker.archive.grants import in_time, intervals, misfiled, rows, told
from tracker.archive.layout import SIGNOFFS, file_name
from tracker.errors import TrackerError
from tracker.model.history import Snapshot
from tracker.model.recorded import Finding
from tracker.store.database import Database


@dataclass(slots=True)
class Expected:
    """The rows that the index must have, by table and policy (or partition)."""

    rows: dict[tuple[str, str], list[index.Row]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)  # policies whose own lines can't be read
    grants: dict[str, bytes] = field(default_factory=dict)  # the digest of each policy's rows

    def snapshot(self, path: Path, snapshot: Snapshot) -> None:
        """A snapshot that could be read."""
        key = f"{path.parent.name}/{path.name}"
        self.rows.setdefault(("snapshots", key), []).append(index.snapshot_row(key, snapshot))

    def signoffs(self, home: Path) -> None:
        """Who has read what."""
        try:
            rows = signoffs.rows(home)
        except TrackerError:
            self.unsure.add(SIGNOFFS)
            return
        for table, made in rows.items():
            self.rows[table, SIGNOFFS] = made

    def policy(self, place: Place, path: Path) -> None:
        """A policy's own row and its observations."""
        key = f"{place.partition}/{place.name}"
        try:
            held = {file_name(identity) for identity in folder.identities(path)}
            rows = index.policy_rows(key, path, held)
        except TrackerError:
            self.unsure.add(key)
            return
        for table in ("policies", "observations"):
            self.rows[table, key] = rows[table]
        made = intervals(in_time(folder.observations(path)), index.documents_of(path))
        self.grants[key] = _digest(map(told, made))

    def looks(self, path: Path) -> None:
        """A partition's looks."""
        try:
            rows = index.look_rows(path.parent, path.name)
        except TrackerError:
            self.unsure.add(path.name)
            return
        for table, made in rows.items():
            self.rows[table, path.name] = made


def index_findings(database: Database, expected: Expected) -> list[Finding]:
    """What is wrong with the database, and where it does not say what the files say."""
    name = database.path.name
    if not database.exists:
        if not any(expected.rows.values()):
            return []
        return [Finding(name, "there is no index (and no subscriber: they are only in there)", REINDEX)]
    try:
        with database.reading() as db:
            broken = [str(row[0]) for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            broken += [
                f"a row of {row[0]} points at a missing {row[2]}"
                for row in db.execute("PRAGMA foreign_key_check")
            ]
            differing = [*_differing(db, expected), *_differing_grants(db, expected)]
            astray = misfiled(db)
            underway = db.execute("SELECT count(*) FROM runs WHERE finished IS NULL").fetchone()[0]
    except TrackerError as error:
        return [Finding(name, str(error).removeprefix(f"{database.path} "), error.advice)]
    advice = (
        "the next 'policy-tracker check' completes what a round that was cut off left"
        if underway
        else REINDEX
    )
    return [
        *(Finding(name, f"SQLite finds it damaged: {text}", "restore it from a backup") for text in broken),
        *(
            Finding(name, f"{what} of the index are not what the files of {of} say", advice)
            for what, of in differing
        ),
        *(
            Finding(name, f"the action {text} is not filed in the index as it is written", REINDEX)
            for text in astray
        ),
    ]


def _differing(db: sqlite3.Connection, expected: Expected) -> list[tuple[str, str]]:
    found = set()
    for table, owner in (
        ("policies", "policy"),
        ("snapshots", "policy"),
        ("observations", "policy"),
        ("look_files", "partition"),
        ("looks", "partition"),
        ("signoff_files", "file"),
        ("signoffs", "file"),
    ):
        cursor = db.execute(f"SELECT * FROM {table}")  # noqa: S608 -- names of our own
        names = [column[0] for column in cursor.description]
        held: dict[str, list[index.Row]] = {}
        for row in cursor:
            made = dict(zip(names, row, strict=True))
            held.setdefault(str(made[owner]), []).append(made)
        wanted = {of: rows for (what, of), rows in expected.rows.items() if what == table and rows}
        found |= {
            (table, of)
            for of in (held.keys() | wanted.keys()) - expected.unsure
            if _sorted(held.get(of, [])) != _sorted(wanted.get(of, []))
        }
    return sorted(found)


def _differing_grants(db: sqlite3.Connection, expected: Expected) -> list[tuple[str, str]]:
    held = {key: _digest(made) for key, made in rows(db)}
    nothing = _digest(())
    return [
        ("grants", key)
        for key in sorted((held.keys() | expected.grants.keys()) - expected.unsure)
        if held.get(key, nothing) != expected.grants.get(key, nothing)
    ]


def _digest(made: Iterable[tuple[object, ...]]) -> bytes:
    """Rows in no order as a few bytes: those of all policies together would be large."""
    return hashlib.sha256("\n".join(sorted(map(repr, made))).encode()).digest()


def _sorted(rows: list[index.Row]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((name, repr(value)) for name, value in row.items()) for row in rows)
