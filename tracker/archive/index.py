"""The index: rows that say what the files say, made from the files, equal byte for byte however often they are made.

Which rows: tracker/store/migrations.py. Nothing here is known that a file does not tell.
"""

import json
import logging
import sqlite3
from collections.abc import Container, Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import folder
from tracker.archive.damaged import readable
from tracker.archive.files import read_lines
from tracker.archive.layout import LOOKS, Identity, file_name, policy_folder, policy_key
from tracker.archive.records import RecordError, read_look
from tracker.errors import InputError
from tracker.model.history import Kind, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow
from tracker.store.instants import read_sortable, sortable

if TYPE_CHECKING:
    import sqlite_utils

    from tracker.archive.grants import Documents, Grants

log = logging.getLogger(__name__)

Row = dict[str, object]


def index_policy(
    db: "sqlite_utils.Database",
    root: Path,
    arn: PolicyArn,
    documents: "Documents | None" = None,
    writer: "Grants | None" = None,
) -> None:
    """Make the rows of one policy from its files, inside the caller's transaction. Reads only snapshots that are new.

    `documents` answers with a version's parsed document where the caller has it; a `writer` may be shared by the
    policies of one transaction.
    """
    from tracker.archive.grants import Grants  # 15 ms that a look at an unchanged policy does without

    key, place = policy_key(arn), policy_folder(root, arn)
    writer = writer or Grants(db.conn)
    held = {str(row["file"]) for row in db.query("SELECT file FROM snapshots WHERE policy = ?", [key])}
    rows = policy_rows(key, place, held)
    if not rows["policies"]:  # its folder is gone
        writer.forget(key)
        for table in ("changes", "observations", "snapshots", "policies"):
            db.table(table).delete_where("policy = ?", [key])
        return
    db.table("policies").upsert_all(rows["policies"], pk="policy")
    names = {file_name(identity) for identity in folder.identities(place)}
    for gone in sorted(held - names):
        db.execute("DELETE FROM snapshots WHERE policy = ? AND file = ?", [key, gone])
    db.table("snapshots").insert_all(rows["snapshots"])
    before = [
        (str(row["observed_at"]), row["version"], row["create_date"])
        for row in db.query(
            "SELECT observed_at, version, create_date FROM observations WHERE policy = ? ORDER BY line", [key]
        )
    ]
    db.table("observations").delete_where("policy = ?", [key])
    db.table("observations").insert_all(rows["observations"])
    _index_grants(writer, key, place, before, rows["observations"], documents)


def _index_grants(
    writer: "Grants",
    key: str,
    place: Path,
    before: list[tuple[str, object, object]],
    now: list[Row],
    documents: "Documents | None",
) -> None:
    """The grants of a policy whose observations were those of `before` and are now others, most often one more."""
    from tracker.archive.grants import in_time, intervals

    seen = in_time(folder.observations(place))
    documents = documents or documents_of(place)
    same = before == [(row["observed_at"], row["version"], row["create_date"]) for row in now[: len(before)]]
    newest = max((moment for moment, _, _ in before), default="")
    later = all(str(row["observed_at"]) >= newest for row in now[len(before) :])
    if before and same and later and writer.knows(key):  # a database of an older release had no grants
        writer.go_on(key, [one for one in seen if one[0] > len(before)], documents)
    else:
        writer.replace(key, intervals(seen, documents))


def documents_of(place: Path) -> "Documents":
    """The documents of a policy's folder, parsed; each is read once."""
    from tracker.policy.parse import parse_document

    return cache(
        lambda identity: parse_document(
            folder.load(place, identity).document, what=f"{place.name} {identity[0]}"
        )
    )


def policy_rows(key: str, place: Path, held: Container[str] = ()) -> dict[str, list[Row]]:
    """What the index says of one policy's folder, by table; snapshots in the files of `held` are left out.

    A damaged snapshot has no row: verify names it. Raises InputError for a broken line of the timeline.
    """
    known = folder.identities(place)
    arn = folder.arn_in(place, known)
    if arn is None:
        return {"policies": [], "snapshots": [], "observations": []}
    seen, length = folder.timeline(place)
    new = [identity for identity in known if file_name(identity) not in held]
    return {
        "policies": [policy_row(key, arn, len(known), length)],
        "snapshots": [snapshot_row(key, snapshot) for snapshot in _readable(place, new)],
        "observations": list(observation_rows(key, seen)),
    }


SNAPSHOTS = ("policy", "version", "number", "create_date", "sha256", "source", "file")
OBSERVATIONS = ("policy", "line", "observed_at", "version", "create_date", "source", "run", "basis")
CHANGES = ("id", "policy", "arn", "name", "kind", "observed_at", "from_version", "to_version", "severity",
           "headline", "summary", "run")  # fmt: skip


def put(
    db: sqlite3.Connection,
    policy: Row,
    snapshots: Iterable[tuple[object, ...]],
    observations: Iterable[tuple[object, ...]],
    changes: Iterable[tuple[object, ...]],
) -> None:
    """Put one policy's rows, made by the caller: its new snapshots, and all of its observations and changes.

    The values of each row stand in the order of the columns above.
    """
    key = (policy["policy"],)
    db.execute(
        """INSERT INTO policies (policy, arn, partition, name, files, timeline_bytes)
           VALUES (:policy, :arn, :partition, :name, :files, :timeline_bytes) ON CONFLICT (policy) DO UPDATE SET
           arn = excluded.arn, files = excluded.files, timeline_bytes = excluded.timeline_bytes""",
        policy,
    )
    db.executemany(_insertion("INSERT OR REPLACE", "snapshots", SNAPSHOTS), snapshots)
    db.execute("DELETE FROM observations WHERE policy = ?", key)
    db.executemany(_insertion("INSERT", "observations", OBSERVATIONS), observations)
    db.execute("DELETE FROM changes WHERE policy = ?", key)
    db.executemany(_insertion("INSERT", "changes", CHANGES), changes)


def _insertion(verb: str, table: str, columns: tuple[str, ...]) -> str:
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def values(rows: Iterable[Row], columns: tuple[str, ...]) -> tuple[tuple[object, ...], ...]:
    """The values of rows in the order of the columns, as `put` takes them."""
    return tuple(tuple(row[column] for column in columns) for row in rows)


def policy_row(key: str, arn: PolicyArn, files: int, timeline_bytes: int) -> Row:
    """The row of a policy: how many snapshots and how much of its timeline the index has seen."""
    return {
        "policy": key,
        "arn": str(arn),
        "partition": arn.partition,
        "name": arn.name,
        "files": files,
        "timeline_bytes": timeline_bytes,
    }


def _readable(place: Path, known: Iterable[Identity]) -> Iterable[Snapshot]:
    for identity in known:
        try:
            yield folder.load(place, identity)
        except InputError as error:
            log.warning("%s", error)


def snapshot_row(key: str, snapshot: Snapshot) -> Row:
    """The row of a snapshot."""
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


def look_rows(root: Path, partition: str) -> dict[str, list[Row]]:
    """What the index says of a partition's looks, by table."""
    lines, _ = read_lines(root / partition / LOOKS)
    if not lines:
        return {"look_files": [], "looks": []}
    return {
        "look_files": [{"partition": partition, "bytes": folder.length(lines)}],
        "looks": list(_look_rows(root, partition, lines, 0)),
    }


def _look_rows(root: Path, partition: str, lines: list[bytes], after: int) -> Iterable[Row]:
    """The rows of the lines after the first `after`. A broken line has none; verify names it."""
    for number, raw in enumerate(lines[after:], start=after + 1):
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
    """Make the rows of a partition's looks that the index has not seen yet, inside the caller's transaction.

    On the path of a look that finds nothing: bare SQL, and no line is read twice but where the file was not only added to.
    """
    lines, _ = read_lines(root / partition / LOOKS)
    row = db.execute(
        "SELECT bytes, (SELECT coalesce(max(line), 0) FROM looks WHERE partition = :partition) FROM look_files "
        "WHERE partition = :partition",
        {"partition": partition},
    ).fetchone()
    bytes_seen, seen = row or (-1, 0)  # what the index has of a file that it has not seen is damage
    if folder.length(lines[:seen]) != bytes_seen:
        db.execute("DELETE FROM looks WHERE partition = ?", [partition])
        seen = 0
    db.execute(
        "INSERT INTO look_files (partition, bytes) VALUES (?, ?) ON CONFLICT (partition) DO UPDATE SET bytes = excluded.bytes",
        [partition, folder.length(lines)],
    )
    db.executemany(
        """INSERT INTO looks (partition, line, run, started, ended, policies, failed)
           VALUES (:partition, :line, :run, :started, :ended, :policies, :failed)""",
        _look_rows(root, partition, lines, seen),
    )


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


_arn, _version = lru_cache(4096)(PolicyArn.parse), lru_cache(4096)(VersionId.parse)  # a log has thousands


@readable()
def read_change(row: Mapping[str, object]) -> ChangeRow:
    """A change from its row. Raises SetupError for one that is damaged."""
    version = {side: row[f"{side}_version"] for side in ("from", "to")}
    return ChangeRow(
        id=str(row["id"]),
        arn=_arn(str(row["arn"])),
        name=str(row["name"]),
        kind=str(Kind(str(row["kind"]))),
        observed_at=read_sortable(str(row["observed_at"])),
        from_version=None if version["from"] is None else _version(str(version["from"])),
        to_version=None if version["to"] is None else _version(str(version["to"])),
        severity=str(row["severity"]),
        headline=str(row["headline"]),
        summary=dict(json.loads(str(row["summary"]))),
        run=str(row["run"]),
    )
