"""Many policies' history into the archive at once: files, then lines, then one transaction, each synced together.

Cut off anywhere, what is on the disk is whole, and the same batch again completes it: a snapshot that is there is left,
a line that is there is not added again, and rows are replaced.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import files, folder, index
from tracker.archive.layout import TIMELINE, Identity, file_name, policy_folder, policy_key
from tracker.archive.records import snapshot_text
from tracker.archive.writing import KeptMany, Writer
from tracker.errors import TrackerError
from tracker.model.history import Look, Observation, Snapshot
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.store.database import Database
from tracker.store.steps import Step, no_step

if TYPE_CHECKING:
    from tracker.archive.grants import Grants, Written

Values = tuple[object, ...]  # of one row, in the order of its columns
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
    """What is brought in of one policy, compared already, and as plain texts: it may come from another process."""

    arn: PolicyArn
    is_new: bool  # the archive has nothing of it
    versions: int  # that it will have
    files: tuple[tuple[str, bytes], ...] = ()  # new snapshots: name and content
    others: tuple[Snapshot, ...] = ()  # that another source had too, or that contradict one
    lines: tuple[str, ...] = ()  # to be added to the timeline
    snapshots: tuple[Values, ...] = ()  # rows of what is new
    observations: tuple[Values, ...] = ()  # rows of the whole timeline as it will be
    changes: tuple[Values, ...] = ()  # rows of every change as the archive will then know it
    grants: "tuple[Written, ...]" = ()  # every interval, by the lines of the timeline as it will be

    @property
    def changed(self) -> bool:
        """Whether the index has to say something else of it."""
        return bool(self.observations)


def file_of(snapshot: Snapshot) -> tuple[str, bytes]:
    """The name and the content of a snapshot's file."""
    return file_name(snapshot.identity), snapshot_text(snapshot).encode()


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


@dataclass(slots=True)
class Bringer:
    """Writes batches, one after another. The caller holds the round's lock."""

    root: Path
    database: Database
    step: Step = no_step
    _writer: Writer = field(init=False)
    _grants: "Grants | None" = None  # what the batches before met: most patterns stand in many policies

    def __post_init__(self) -> None:
        self._writer = Writer(self.root, self.step)

    def bring(self, batch: Sequence[Brought]) -> KeptMany:
        """Write a batch: each policy at most once in it."""
        for one in batch:
            self._writer.stage_files(policy_folder(self.root, one.arn), one.files)
        kept = self._writer.keep_many((each for one in batch for each in one.others), checked=True)
        places = {policy_folder(self.root, one.arn) / TIMELINE: one.lines for one in batch if one.lines}
        files.append_many(places, step=self.step, name="timeline", chain=True)
        changed = [one for one in batch if one.changed]
        if changed:
            self._index(changed)
        return kept

    def _index(self, batch: Sequence[Brought]) -> None:
        from tracker.archive.grants import Grants

        with self.database.writing() as db:
            grants = self._grants.again(db) if self._grants else Grants(db)
            for one in batch:
                place, key = policy_folder(self.root, one.arn), policy_key(one.arn)
                arn = one.arn if one.is_new else folder.arn_in(place) or one.arn
                length = (place / TIMELINE).stat().st_size if one.observations else 0
                row = index.policy_row(key, arn, one.versions, length)
                index.put(db, row, one.snapshots, one.observations, one.changes)
                grants.put(key, one.grants)
        self._grants = grants
