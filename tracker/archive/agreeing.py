"""Whether files and index agree: by names and sizes, since of a thousand policies nearly all do."""

import os
import sqlite3
import time
from pathlib import Path

from tracker.archive import files, folder
from tracker.archive.layout import TIMELINE, arn_of_folder, is_like_snapshot, policy_key
from tracker.errors import SetupError
from tracker.model.identity import PolicyArn
from tracker.store.database import Database

Extent = tuple[int, int]  # how many snapshots, and the length of the timeline in bytes
_NOTHING: Extent = (0, 0)
Dated = tuple[str, int]  # a folder's name, and its date in nanoseconds
_Row = tuple[str, int, int]  # a policy's folder, and its extent
_SEEN = "SELECT policy, files, timeline_bytes FROM policies"
# A change within the tick of the clock that a folder's date was read in would not move it.
_SETTLED_NS = 2_000_000_000


class Agreement:
    """Compares the folders under `root` (`snapshots/`) with what the index has seen of them.

    A process that asks again looks only at folders whose date has moved since they agreed, or of which the index says
    something else. Rounds are told by the index, and what git or a copy puts in place moves the date; a line that a hand
    adds to a timeline in place is seen by the next process.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self._root = root
        self._database = database
        self._agreed: dict[str, tuple[int, Extent]] = {}  # folder -> its date in ns, and how far it went
        # What was found when all of them agreed and had long rested: found again, nothing has moved.
        self._whole: tuple[list[_Row], dict[str, list[Dated]]] | None = None

    def behind(self, arn: PolicyArn | None = None) -> tuple[str, ...]:
        """Folders of policies ('aws/ReadOnlyAccess') whose files the index has not seen, or no longer finds, sorted."""
        key = None if arn is None else policy_key(arn)
        return self._behind(key, self._seen(key)[0])

    def _behind(self, key: str | None, rows: list[_Row]) -> tuple[str, ...]:
        if key is not None:
            seen = {policy: (count, length) for policy, count, length in rows}
            return () if self._agrees(key, seen.get(key, _NOTHING)) else (key,)
        now, dates = time.time_ns(), self._dates()
        if self._whole == (rows, dates):
            return ()
        found = self._all_behind(rows, dates, now)
        rested = all(dated < now - _SETTLED_NS for each in dates.values() for _, dated in each)
        self._whole = (rows, dates) if rested and not found else None
        return found

    def _all_behind(self, rows: list[_Row], dates: dict[str, list[Dated]], now: int) -> tuple[str, ...]:
        seen = {policy: (count, length) for policy, count, length in rows}
        there = {f"{partition}/{name}": dated for partition, each in dates.items() for name, dated in each}
        found = seen.keys() - there.keys()
        for key, dated in there.items():
            told = (dated, seen.get(key, _NOTHING))
            if self._agreed.get(key) == told:
                continue
            if not self._agrees(key, told[1]):
                found.add(key)
            elif dated < now - _SETTLED_NS:
                self._agreed[key] = told
        return tuple(sorted(key for key in found if key in seen or _is_policy(key)))

    def must_hold(self, arn: PolicyArn | None = None, db: sqlite3.Connection | None = None) -> None:
        """Raises SetupError where the index does not have what the files have, of one policy or of any.

        A round that runs, or was killed, is between a file and its row: that is no fault. `db`: the reading in which the
        rest of the question is asked.
        """
        key = None if arn is None else policy_key(arn)
        rows, running = self._seen(key) if db is None else _seen(db, key)
        if not running and (behind := self._behind(key, rows)):
            more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
            raise SetupError(
                f"the index {self._database.path} does not have what the files have: {behind[0]}{more}",
                advice="the next check completes it; 'policy-tracker reindex' makes it again at once, from the files alone",
            )

    def _dates(self) -> dict[str, list[Dated]]:
        """Of each partition every folder that may be a policy's, with its date in nanoseconds, in the order of the disk."""
        found = {}
        for partition in folder.partitions(self._root):
            with os.scandir(self._root / partition) as entries:
                found[partition] = [
                    (one.name, one.stat(follow_symlinks=False).st_mtime_ns)
                    for one in entries
                    if one.is_dir(follow_symlinks=False)
                ]
        return found

    def _agrees(self, key: str, seen: Extent) -> bool:
        path = f"{self._root}/{key}"
        try:
            count = sum(map(is_like_snapshot, os.listdir(path)))  # noqa: PTH208 -- half the time of Path.iterdir
            if count and (count, os.stat(f"{path}/{TIMELINE}").st_size) == seen:  # noqa: PTH116 -- a path of thousands is text here: a Path each takes longer than the question
                return True
        except OSError:
            pass
        return _how_far(Path(path)) == seen

    def _seen(self, key: str | None) -> tuple[list[_Row], bool]:
        """What the index has seen of a policy, or of each; and whether a round runs, or was killed."""
        if not self._database.exists:
            return [], False
        with self._database.reading() as db:
            return _seen(db, key)


def _seen(db: sqlite3.Connection, key: str | None) -> tuple[list[_Row], bool]:
    running = db.execute("SELECT 1 FROM runs WHERE finished IS NULL").fetchone() is not None
    if key is not None:
        return db.execute(f"{_SEEN} WHERE policy = ?", (key,)).fetchall(), running
    return db.execute(_SEEN).fetchall(), running


def _is_policy(key: str) -> bool:
    partition, _, name = key.partition("/")
    return arn_of_folder(partition, name) is not None


def _how_far(place: Path) -> Extent:
    known = folder.identities(place)
    return (len(known), folder.length(files.read_lines(place / TIMELINE)[0])) if known else _NOTHING
