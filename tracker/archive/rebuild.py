"""The index made again from the files alone, in one transaction; the state of the service is never touched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import folder, index, signoffs
from tracker.archive.grants import Grants, in_time, intervals
from tracker.archive.layout import arn_of_folder
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.store.database import Database
from tracker.store.schema import GRANT_TABLES, INDEX_TABLES

if TYPE_CHECKING:
    from tracker.policy.intervals import Interval


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows `rebuild` made."""

    policies: int
    snapshots: int
    observations: int
    looks: int
    changes: int
    grants: int
    signoffs: int = 0


def rebuild(root: Path, database: Database, changes: Callable[[PolicyArn], Iterable[ChangeRow]]) -> Rebuilt:
    """Read everything first, then replace the index at once: killed anywhere, it is the old one or the new one."""
    rows: dict[str, list[index.Row]] = {table: [] for table in INDEX_TABLES}
    spoken: dict[str, list[Interval]] = {}
    parts = [index.look_rows(root, partition) for partition in folder.partitions(root)]
    for place in folder.places(root):
        if arn_of_folder(place.partition, place.name) is None:
            continue
        key, path = f"{place.partition}/{place.name}", place.under(root)
        part = index.policy_rows(key, path)
        for row in part["policies"]:
            spoken[key] = intervals(in_time(folder.observations(path)), index.documents_of(path))
            arn = PolicyArn.parse(str(row["arn"]))
            part["changes"] = [index.change_row(change) for change in changes(arn)]
        parts.append(part)
    parts.append(signoffs.rows(root.parent))
    for part in parts:
        for table, made in part.items():
            rows[table] += made
    with database.transaction() as db:
        for table in (*GRANT_TABLES, *reversed(INDEX_TABLES)):
            db.table(table).delete_where()
        for table in INDEX_TABLES:
            db.table(table).insert_all(rows[table])
        writer = Grants(db.conn)
        for key, said in spoken.items():
            writer.replace(key, said)
    counted = {table: len(rows[table]) for table in INDEX_TABLES if not table.endswith("_files")}
    return Rebuilt(**counted, grants=sum(map(len, spoken.values())))
