"""Many policies' history into the archive at once: files, then lines, then one transaction, each synced together.

Cut off anywhere, what is on the disk is whole, and the same batch again completes it: a snapshot that is there is left,
a line that is there is not added again, and rows are replaced.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import files, folder, index
from tracker.archive.layout import TIMELINE, Identity, file_name, policy_folder, policy_key
from tracker.archive.records import observation_line
from tracker.archive.writing import KeptMany, Writer
from tracker.errors import TrackerError
from tracker.model.history import Look, Observation, Snapshot
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.store.database import Database
from tracker.store.steps import Step, no_step

if TYPE_CHECKING:
    from tracker.policy.intervals import Interval

Held = Mapping[Identity, tuple[str, str]]  # of each archived version its document's sha256 and its source


@dataclass(frozen=True, slots=True)
class Standing:
    """What the archive has of one policy before something is brought in."""

    arn: PolicyArn
    held: Held
    lines: tuple[Observation, ...] = ()  # of the timeline, in the order of the file
    looks: tuple[Look, ...] = ()
    changes: tuple[ChangeRow, ...] = ()
    fault: TrackerError | None = None  # why nothing can be told

    @property
    def is_new(self) -> bool:
        """Whether the archive has nothing of it."""
        return not self.held

    def indexed(self, identity: Identity) -> bool:
        """Whether the index has a version: one of which the file is damaged is not in it."""
        return bool(self.held.get(identity, ("", ""))[0])


@dataclass(frozen=True, slots=True)
class Brought:
    """What is brought in of one policy, compared already."""

    before: Standing
    arn: PolicyArn
    snapshots: tuple[Snapshot, ...]  # new ones, and those that another source had too or contradicts
    lines: tuple[Observation, ...] = ()  # to be added to the timeline
    changes: tuple[ChangeRow, ...] = ()  # every change of the policy, as the archive will then know it
    grants: "tuple[Interval, ...]" = ()  # every interval, by the lines of the timeline as it will be


def standing(root: Path, db: sqlite3.Connection, arn: PolicyArn, looks: tuple[Look, ...]) -> Standing:
    """What the archive has of a policy, from its index and its timeline."""
    place, key = policy_folder(root, arn), policy_key(arn)
    known = folder.identities(place)
    if not known:
        return Standing(arn, {}, looks=looks)
    try:
        lines = tuple(folder.observations(place))
    except TrackerError as error:
        return Standing(arn, {}, fault=error)
    sources = {
        file: (sha256, source)
        for file, sha256, source in db.execute(
            "SELECT file, sha256, source FROM snapshots WHERE policy = ?", (key,)
        )
    }
    cursor = db.execute("SELECT * FROM changes WHERE policy = ? ORDER BY observed_at, id", (key,))
    names = [column[0] for column in cursor.description]
    return Standing(
        arn=folder.arn_in(place, known) or arn,
        held={one: sources.get(file_name(one), ("", "")) for one in known},
        lines=lines,
        looks=looks,
        changes=tuple(index.read_change(dict(zip(names, row, strict=True))) for row in cursor),
    )


def bring(root: Path, database: Database, batch: Sequence[Brought], step: Step = no_step) -> KeptMany:
    """Write a batch: each policy at most once in it. The caller holds the round's lock."""
    kept = Writer(root, step).keep_many(
        (snapshot for one in batch for snapshot in one.snapshots), checked=True
    )
    _add_lines(root, batch, step)
    changed = [one for one in batch if one.changes or one.lines or one.grants]
    if changed:
        from tracker.archive.grants import Grants

        with database.writing() as db:
            writer = Grants(db)
            for one in changed:
                _index(root, db, one)
                writer.replace(policy_key(one.arn), one.grants)
    return kept


def _add_lines(root: Path, batch: Iterable[Brought], step: Step) -> None:
    files.append_many(
        {
            policy_folder(root, one.arn) / TIMELINE: [observation_line(line) for line in one.lines]
            for one in batch
            if one.lines
        },
        step=step,
        name="timeline",
    )


def _index(root: Path, db: sqlite3.Connection, one: Brought) -> None:
    """The rows of one policy, from what is in memory of it: the same that its files would give."""
    key, place = policy_key(one.arn), policy_folder(root, one.arn)
    arn = one.arn if one.before.is_new else folder.arn_in(place) or one.arn
    new = {snapshot.identity: snapshot for snapshot in reversed(one.snapshots)}  # of two the first is kept
    known = one.before.held.keys() | new.keys()
    seen = (*one.before.lines, *one.lines)
    length = (place / TIMELINE).stat().st_size if seen else 0
    index.put(
        db,
        index.policy_row(key, arn, len(known), length),
        [index.snapshot_row(key, new[each]) for each in sorted(new) if not one.before.indexed(each)],
        index.observation_rows(key, seen),
        [index.change_row(change) for change in one.changes],
    )
