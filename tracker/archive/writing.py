"""Snapshots onto the disk: one at once, or many with one pass of syncing. Never an overwrite."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tracker.archive import files, folder
from tracker.archive.layout import SOURCES, file_name, policy_folder
from tracker.archive.records import SourceLine, snapshot_text, source_line
from tracker.errors import DocumentError, InputError
from tracker.model.history import Snapshot
from tracker.store.steps import Step, no_step

log = logging.getLogger(__name__)

Kept = Literal["new", "same", "conflict"]
BATCH = 200  # snapshots between two passes of syncing: a hundred MB at the very most


@dataclass(frozen=True, slots=True)
class KeptMany:
    """What became of a batch of snapshots."""

    new: int = 0
    same: int = 0
    conflicts: tuple[Path, ...] = ()  # files kept beside those they contradict


@dataclass(slots=True)
class Writer:
    """Writes snapshots under one `snapshots/` folder. The caller holds the round's lock.

    Steps of each snapshot: `snapshot-temporary`, `snapshot-renamed`, `snapshot-kept`; of a second source `source-half`,
    `source-written`, `source-kept`.
    """

    root: Path
    step: Step = no_step
    _pending: dict[Path, Path] = field(default_factory=dict)  # a file's place -> its temporary file
    _unwritten: dict[Path, bytes] = field(default_factory=dict)  # a file's place -> what it is to hold
    _made: set[Path] = field(default_factory=set)  # folders that were made, or looked at
    _parents: set[Path] = field(default_factory=set)  # folders that hold new folders, not yet synced
    _sources: dict[Path, list[str]] = field(default_factory=dict)  # sources.jsonl -> lines to add

    def keep(self, snapshot: Snapshot) -> Kept:
        """Put one snapshot on the disk."""
        kept, _ = self.stage(snapshot)
        self.flush()
        return kept

    def keep_many(self, snapshots: Iterable[Snapshot], *, checked: bool = False) -> KeptMany:
        """Put many on the disk; cut off anywhere, what is there is whole, and the same call again completes it.

        `checked`: the caller made each with `policy.parse.read_document` just now, so nobody needs to do that again.
        """
        counts = {"new": 0, "same": 0}
        conflicts = []
        try:
            for snapshot in snapshots:
                kept, path = self.stage(snapshot, checked=checked)
                if kept == "conflict":
                    conflicts.append(path)
                else:
                    counts[kept] += 1
                if len(self._pending) >= BATCH:
                    self.flush()
        finally:
            self.flush()  # what was read before a faulty one is kept
        return KeptMany(counts["new"], counts["same"], tuple(conflicts))

    def stage_files(self, place: Path, contents: Sequence[tuple[str, bytes]]) -> None:
        """Take over new snapshots of one policy, as `records.snapshot_text` made them; `flush` writes them.

        The caller knows that none of them is there, and checked each when it made it.
        """
        if contents:
            self._make(place)
        for name, raw in contents:
            self._unwritten[place / name] = raw

    def _make(self, place: Path) -> None:
        if place in self._made:
            return
        if place.parent in self._made:
            files.make_folder(place, self._parents)
        else:
            files.make_folders(place, self.root.parent, self._parents)
        self._made |= {place, place.parent}

    def stage(self, snapshot: Snapshot, *, checked: bool = False) -> tuple[Kept, Path]:
        """Write a snapshot beside its place; `flush` gives it its name. Raises DocumentError for one that is not what it says."""
        if not checked:
            _check(snapshot)
        place = policy_folder(self.root, snapshot.arn)
        path = place / file_name(snapshot.identity)
        if path in self._pending or path in self._unwritten:
            self.flush()
        held = self._held(path, snapshot)
        if held is None:
            self._make(place)
            self._pending[path] = files.write_temporary(path, snapshot_text(snapshot).encode())
            return "new", path
        if held.sha256 == snapshot.sha256:
            self._second_source(place, held, snapshot)
            return "same", path
        log.warning("%s: %s has another document; both are kept", path, snapshot.source)
        beside = path.with_name(f"{path.name}.conflict-{snapshot.sha256[:12]}.json")
        if beside not in self._pending and not beside.exists():
            self._pending[beside] = files.write_temporary(beside, snapshot_text(snapshot).encode())
        return "conflict", beside

    def flush(self) -> None:
        """Sync what was written, give it its names, sync the folders, then add the lines of second sources."""
        for parent in sorted(self._parents):
            files.sync_folder(parent)
        self._parents.clear()
        files.sync_many(self._pending.values())
        self._pending |= files.write_temporaries(self._unwritten)
        self._unwritten.clear()
        for _ in self._pending:
            self.step("snapshot-temporary")
        for path, temporary in self._pending.items():
            files.put(temporary, path)
            self.step("snapshot-renamed")
        files.sync_many(sorted({path.parent for path in self._pending}))
        for _ in self._pending:
            self.step("snapshot-kept")
        self._pending.clear()
        for path, lines in self._sources.items():
            files.append(path, lines, step=self.step, name="source", chain=True)
        self._sources.clear()

    def _held(self, path: Path, snapshot: Snapshot) -> Snapshot | None:
        """What stands in a snapshot's place. Something that is no such snapshot is moved aside, its bytes kept."""
        try:
            held = folder.load(path.parent, snapshot.identity)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except InputError:
            files.set_aside(path)
            return None
        return held

    def _second_source(self, place: Path, held: Snapshot, snapshot: Snapshot) -> None:
        path_differs = snapshot.arn != held.arn
        if snapshot.source == held.source and not path_differs:
            return
        line = SourceLine(
            snapshot.version,
            snapshot.create_date,
            snapshot.sha256,
            snapshot.source,
            snapshot.arn if path_differs else None,
        )
        text = source_line(line)
        waiting = self._sources.setdefault(place / SOURCES, [])
        if text not in waiting and line not in folder.sources(place):
            waiting.append(text)
        if not waiting:
            del self._sources[place / SOURCES]


def _check(snapshot: Snapshot) -> None:
    """Nothing is stored that is no policy, or not what its sha256 is of. Raises DocumentError."""
    from tracker.policy.parse import canonical_text, digest  # only where something is new

    what = f"{snapshot.arn.name} {snapshot.version}"
    if canonical_text(snapshot.document, what=what) != snapshot.document:
        wrong = "its document is not written canonically"
    elif digest(snapshot.document) != snapshot.sha256:
        wrong = f"its document does not have the sha256 that it came with ({snapshot.sha256:.80})"
    else:
        return
    raise DocumentError(f"{what}: {wrong}; nothing was stored", advice="look at the source it came from")
