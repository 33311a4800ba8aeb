"""The index made again from the files alone, in one transaction; the state of the service is never touched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tracker.archive import folder, index
from tracker.archive.layout import LOOKS, arn_of_folder
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.store.database import Database
from tracker.store.schema import INDEX_TABLES


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows `rebuild` made."""

    policies: int
    snapshots: int
    observations: int
    looks: int
    changes: int


def rebuild(root: Path, database: Database, changes: Callable[[PolicyArn], Iterable[ChangeRow]]) -> Rebuilt:
    """Read everything first, then replace the index at once: killed anywhere, it is the old one or the new one."""
    rows: dict[str, list[index.Row]] = {table: [] for table in INDEX_TABLES}
    for place in folder.places(root):
        path, key = place.under(root), f"{place.partition}/{place.name}"
        known = folder.identities(path)
        arn = folder.arn_in(path, known)
        if arn is None or arn_of_folder(place.partition, place.name) is None:
            continue
        rows["policies"].append(index.policy_row(key, arn, path, known))
        rows["snapshots"] += index.snapshot_rows(key, path, known, set())
        rows["observations"] += index.observation_rows(key, folder.observations(path))
        rows["changes"] += [index.change_row(change) for change in changes(arn)]
    for partition in folder.partitions(root):
        if (root / partition / LOOKS).exists():
            rows["look_files"].append(
                {"partition": partition, "bytes": index.lines_bytes(root / partition / LOOKS)}
            )
            rows["looks"] += index.look_rows(root, partition)
    with database.transaction() as db:
        for table in reversed(INDEX_TABLES):
            db.table(table).delete_where()
        for table in INDEX_TABLES:
            db.table(table).insert_all(rows[table])
    counted = {table: len(rows[table]) for table in INDEX_TABLES if table != "look_files"}
    return Rebuilt(**counted)
