"""The index: rows that say what the files say, made from the files, equal byte for byte however often they are made.

Which rows: tracker/store/migrations.py. Nothing here is known that a file does not tell.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import folder
from tracker.archive.files import read_lines
from tracker.archive.layout import LOOKS, TIMELINE, Identity, file_name, policy_folder, policy_key
from tracker.archive.records import RecordError, read_look
from tracker.errors import InputError
from tracker.model.history import Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.model.recorded import ChangeRow
from tracker.store.instants import sortable

if TYPE_CHECKING:
    import sqlite_utils

log = logging.getLogger(__name__)

Row = dict[str, object]


def index_policy(db: "sqlite_utils.Database", root: Path, arn: PolicyArn) -> None:
    """Make the rows of one policy from its files, inside the caller's transaction. Reads only files that are new."""
    key, place = policy_key(arn), policy_folder(root, arn)
    known = folder.identities(place)
    held = {str(row["file"]) for row in db.query("SELECT file FROM snapshots WHERE policy = ?", [key])}
    names = {file_name(identity) for identity in known}
    db.execute(
        """INSERT INTO policies (policy, arn, partition, name, files, timeline_bytes)
           VALUES (:policy, :arn, :partition, :name, :files, :timeline_bytes)
           ON CONFLICT (policy) DO UPDATE SET arn = excluded.arn, files = excluded.files,
                                              timeline_bytes = excluded.timeline_bytes""",
        policy_row(key, folder.arn_in(place, known) or arn, place, known),
    )
    for gone in sorted(held - names):
        db.execute("DELETE FROM snapshots WHERE policy = ? AND file = ?", [key, gone])
    db.table("snapshots").insert_all(snapshot_rows(key, place, known, held))
    db.execute("DELETE FROM observations WHERE policy = ?", [key])
    db.table("observations").insert_all(observation_rows(key, folder.observations(place)))


def policy_row(key: str, arn: PolicyArn, place: Path, known: list[Identity]) -> Row:
    """The row of a policy, and how much of its folder the index has seen."""
    return {
        "policy": key,
        "arn": str(arn),
        "partition": arn.partition,
        "name": arn.name,
        "files": len(known),
        "timeline_bytes": lines_bytes(place / TIMELINE),
    }


def snapshot_rows(key: str, place: Path, known: Iterable[Identity], held: set[str]) -> Iterable[Row]:
    """The rows of a policy's snapshots, those of the files in `held` left out. A damaged file has none; verify names it."""
    for identity in known:
        if file_name(identity) in held:
            continue
        try:
            snapshot = folder.load(place, identity)
        except InputError as error:
            log.warning("%s", error)
            continue
        yield _snapshot_row(key, snapshot)


def _snapshot_row(key: str, snapshot: Snapshot) -> Row:
    return {
        "policy": key,
        "version": str(snapshot.version),
        "number": snapshot.version.number,
        "create_date": sortable(snapshot.create_date),
        "sha256": snapshot.sha256,
        "source": snapshot.source,
        "file": file_name(snapshot.identity),
    }


def observation_rows(key: str, seen: Iterable[Observation]) -> Iterable[Row]:
    """The rows of a timeline, in the order of its lines."""
    for line, one in enumerate(seen, start=1):
        yield {
            "policy": key,
            "line": line,
            "observed_at": sortable(one.observed_at),
            "version": None if one.version is None else str(one.version),
            "create_date": None if one.create_date is None else sortable(one.create_date),
            "source": one.source,
            "run": one.run,
            "basis": one.basis,
        }


def look_rows(root: Path, partition: str) -> Iterable[Row]:
    """The rows of a partition's looks, in the order of the lines. A broken line has none; verify names it."""
    lines, _ = read_lines(root / partition / LOOKS)
    for number, raw in enumerate(lines, start=1):
        try:
            look = read_look(raw)
        except RecordError as error:
            log.warning("%s:%d: %s", root / partition / LOOKS, number, error)
            continue
        yield {
            "partition": partition,
            "line": number,
            "run": look.run,
            "started": sortable(look.start),
            "ended": sortable(look.end),
            "policies": None if look.policies is None else json.dumps(look.policies),
            "failed": json.dumps(look.failed),
        }


def index_looks(db: sqlite3.Connection, root: Path, partition: str) -> None:
    """Make the rows of a partition's looks that the index has not seen yet, inside the caller's transaction."""
    seen = db.execute("SELECT coalesce(max(line), 0) FROM looks WHERE partition = ?", [partition]).fetchone()[
        0
    ]
    db.execute(
        "INSERT INTO look_files (partition, bytes) VALUES (?, ?) ON CONFLICT (partition) DO UPDATE SET bytes = excluded.bytes",
        [partition, lines_bytes(root / partition / LOOKS)],
    )
    db.executemany(
        """INSERT INTO looks (partition, line, run, started, ended, policies, failed)
           VALUES (:partition, :line, :run, :started, :ended, :policies, :failed)""",
        [row for row in look_rows(root, partition) if isinstance(row["line"], int) and row["line"] > seen],
    )


def lines_bytes(path: Path) -> int:
    """The length of a file's complete lines, each with its newline."""
    lines, _ = read_lines(path)
    return sum(len(line) + 1 for line in lines)


def change_row(row: ChangeRow) -> Row:
    """The row of a change."""
    return {
        "id": row.id,
        "policy": policy_key(row.arn),
        "arn": str(row.arn),
        "name": row.name,
        "kind": row.kind,
        "observed_at": sortable(row.observed_at),
        "from_version": None if row.from_version is None else str(row.from_version),
        "to_version": None if row.to_version is None else str(row.to_version),
        "severity": row.severity,
        "headline": row.headline,
        "summary": json.dumps(dict(row.summary), sort_keys=True),
        "run": row.run,
    }


def read_change(row: Mapping[str, object]) -> ChangeRow:
    """A change from its row."""
    version = {side: row[f"{side}_version"] for side in ("from", "to")}
    return ChangeRow(
        id=str(row["id"]),
        arn=PolicyArn.parse(str(row["arn"])),
        name=str(row["name"]),
        kind=str(row["kind"]),
        observed_at=parse_instant(str(row["observed_at"])),
        from_version=None if version["from"] is None else VersionId.parse(str(version["from"])),
        to_version=None if version["to"] is None else VersionId.parse(str(version["to"])),
        severity=str(row["severity"]),
        headline=str(row["headline"]),
        summary=json.loads(str(row["summary"])),
        run=str(row["run"]),
    )
