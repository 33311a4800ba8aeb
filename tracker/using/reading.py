"""Log files read one after the other, or many at once in other processes, into a tally."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from tracker.importing.workers import Workers, useful
from tracker.model.used import Broken, Read, Role
from tracker.sources.cloudtrail_files import FileRead, Reader, log_files
from tracker.sources.cloudtrail_records import settle_memory
from tracker.using.tally import Tally

_BATCH_FILES = 64
_BATCH_BYTES = (
    1 << 20
)  # of compressed files: some milliseconds of work, so that handing it over costs nothing


class _Tree:
    """The files under some paths, handed out by the batch, with a count of what is passed over."""

    def __init__(self, paths: Iterable[Path], since: datetime | None, until: datetime | None) -> None:
        self._found = log_files(paths, since, until)
        self.passed_over = self.outside = 0
        self.broken: list[Broken] = []

    def batches(self) -> Iterator[list[str]]:
        """Paths of log files, in order, some at a time."""
        batch: list[str] = []
        size = 0
        for one in self._found:
            if one.kind == "log":
                batch.append(one.path)
                size += one.size
            elif one.kind == "broken":
                self.broken.append(Broken(one.path, one.why))
            elif one.kind == "outside":
                self.outside += 1
            else:
                self.passed_over += 1
            if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def read_logs(
    role: Role,
    paths: Iterable[Path],
    since: datetime | None,
    until: datetime | None,
    tally: Tally,
    *,
    processes: int | None = None,
    told: Callable[[int, int], None] = lambda files, _: None,
) -> Read:
    """Count every call of a role in the files under these paths. `processes`: 1 or less reads in this one.

    Raises InputError for a path that does not exist.
    """
    tree, reader = _Tree(paths, since, until), Reader(role, since, until)

    def work(batch: list[str]) -> list[FileRead]:
        return [reader.read(path) for path in batch]

    settle_memory()  # before processes are forked, which inherit it
    files = events = namesakes = unread = 0
    workers = useful() if processes is None else processes
    for results in _mapped(work, tree.batches(), workers):
        for one in results:
            if one.broken:
                tree.broken.append(one.broken)
                continue
            files += 1
            events += one.events
            namesakes += one.namesakes
            unread += one.unread
            tally.add(one.calls)
        told(files, 0)
    broken = tuple(sorted(tree.broken, key=lambda one: one.path))
    return Read(files, events, tree.passed_over, tree.outside, namesakes, unread, broken)


def _mapped(
    work: Callable[[list[str]], list[FileRead]], batches: Iterator[list[str]], workers: int
) -> Iterator[list[FileRead]]:
    if workers < 2:
        yield from map(work, batches)
        return
    with Workers(work, workers) as pool:
        yield from pool.map(batches)
