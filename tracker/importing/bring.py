"""An import, told in order: open the source, read a policy's files, compare them, write them by the batch.

This process alone reads the source and writes, each in a thread of its own; comparing is handed to others where there are
cores for it. Memory holds two batches and what the workers have in hand, whatever the size of the source.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from tracker.archive.bringing import Bringer, Brought, Standing
from tracker.archive.layout import policy_key
from tracker.archive.writing import KeptMany
from tracker.collaborators import Tracker
from tracker.importing.prepare import Prepared, Preparing
from tracker.importing.tree import TrackerTree, tree_of
from tracker.importing.workers import Workers, useful
from tracker.model.identity import PolicyArn
from tracker.model.imported import Imported, RefusedFile
from tracker.model.rounds import Failure
from tracker.sources.history import Selection, open_history
from tracker.sources.known_paths import arn_by_name
from tracker.sources.past import History, Job

BATCH_BYTES = 8 * 1024 * 1024  # of documents that are written, synced and indexed together
READ_AHEAD = 16  # policies of which the archive is asked at once
WORTH_WORKERS = 300  # states of files; fewer are done before other processes have begun

Told = tuple[Job, Standing]
Progress = Callable[[int, int], None]  # states of files that are done, and that there are


@dataclass(slots=True)
class _Sums:
    """The report in the making."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    refused: list[RefusedFile] = field(default_factory=list)
    conflicts: set[str] = field(default_factory=set)
    failed: list[Failure] = field(default_factory=list)

    def add(self, one: Prepared) -> None:
        """A policy that was looked at."""
        self.counts.update(
            files=one.files,
            policies=1,
            versions=one.versions,
            observations=one.observations,
            new_policies=one.is_new,
            new_versions=one.new_versions,
            new_observations=one.new_observations,
            gaps=one.gaps,
            stale=one.stale,
        )
        self.kinds.update(one.kinds)
        self.first = min((when for when in (self.first, one.first) if when), default=None)
        self.last = max((when for when in (self.last, one.last) if when), default=None)
        self.refused += one.refused
        if one.failed is not None:
            self.failed.append(one.failed)


def opened(place: Path, name: str, selection: Selection) -> History:
    """The source that a folder or file is: another tracker's tree, a git repository, or answers. Raises InputError."""
    root = tree_of(place) if place.is_dir() else None
    if root is not None:
        return TrackerTree(root, name=name, since=selection.since, wanted=selection.wanted)
    return open_history(place, name, selection)


def naming(tracker: Tracker, partition: str) -> Callable[[str], PolicyArn]:
    """How a policy's whole ARN is told by its name: by what the archive has, else by what is known of AWS's paths.

    A path is not part of who a policy is: where nobody knows it, '/' stands, and the first look learns it.
    """
    known = {policy_key(arn): arn for arn in tracker.archive.policies()}

    def arn_of(name: str) -> PolicyArn:
        arn = PolicyArn.parse(name) if name.startswith("arn:") else arn_by_name(name, partition)
        held = known.get(policy_key(arn))
        return arn if held is None or (held.path == "/" and arn.path != "/") else held

    return arn_of


def bring_history(
    tracker: Tracker,
    history: History,
    run: str,
    start: datetime,
    arn_of: Callable[[str], PolicyArn],
    progress: Progress = lambda done, of: None,
    batch: int = 128,
) -> Imported:
    """Bring a source's history into the archive, within the caller's round. Nobody is mailed about the past.

    `batch` is how many policies are written together, at most.
    """
    sums = _Sums()
    preparing = Preparing(
        tracker.archive.root,
        run,
        tracker.clock().date(),
        tracker.catalogue,
        tracker.rules,
        tracker.archive.catalogues.upgrades(),
    )
    files = history.files
    progress(0, files)
    with ThreadPoolExecutor(1, "writer") as beside:
        waiting = _Batch(tracker.archive.bringer(), tracker.home, sums, batch, beside)
        for one in _prepared(preparing, _told(tracker, history, arn_of), files):
            sums.add(one)
            waiting.add(one)
            progress(sums.counts["files"], files)
        waiting.write()
        waiting.finish()
    counts = sums.counts
    return Imported(
        run=run,
        what=history.what,
        start=start,
        end=tracker.clock(),
        ignored=history.ignored,
        first=sums.first,
        last=sums.last,
        transitions=dict(sorted(sums.kinds.items())),
        refused=tuple(sums.refused),
        conflicts=tuple(sorted(sums.conflicts)),
        failed=tuple(sums.failed),
        files=counts["files"],
        policies=counts["policies"],
        versions=counts["versions"],
        observations=counts["observations"],
        new_policies=counts["new_policies"],
        new_versions=counts["new_versions"],
        new_observations=counts["new_observations"],
        gaps=counts["gaps"],
        stale=counts["stale"],
    )


@dataclass(slots=True)
class _Batch:
    """What waits to be written. One batch at most is being written, beside the reading of the next."""

    bringer: Bringer
    home: Path
    sums: _Sums
    most: int  # policies
    beside: Executor
    waiting: list[Brought] = field(default_factory=list)
    size: int = 0
    begun: Future[KeptMany] | None = None

    def add(self, one: Prepared) -> None:
        """One policy more; enough of them are written."""
        if one.brought is None:
            return
        self.waiting.append(one.brought)
        self.size += sum(len(raw) for _, raw in one.brought.files)
        if len(self.waiting) >= self.most or self.size >= BATCH_BYTES:
            self.write()

    def write(self) -> None:
        """Files, lines, rows: begun when the batch before is done. Raises what that one raised."""
        self.finish()
        if self.waiting:
            self.begun = self.beside.submit(copy_context().run, self.bringer.bring, self.waiting)
            self.waiting, self.size = [], 0

    def finish(self) -> None:
        """Wait for what is being written."""
        if self.begun is not None:
            kept, self.begun = self.begun.result(), None
            self.sums.conflicts |= {str(path.relative_to(self.home)) for path in kept.conflicts}


def _told(tracker: Tracker, history: History, arn_of: Callable[[str], PolicyArn]) -> Iterator[Told]:
    """Each policy's files, with what the archive has of it."""
    jobs = history.jobs()
    while chunk := list(islice(jobs, READ_AHEAD)):
        yield from zip(chunk, tracker.archive.standings([arn_of(job.name) for job in chunk]), strict=True)


def _prepared(preparing: Preparing, told: Iterable[Told], files: int) -> Iterator[Prepared]:
    count = useful() if files >= WORTH_WORKERS else 0
    if not count:
        yield from (preparing.prepared(*one) for one in told)
        return
    warm(preparing)
    workers: Workers[Told, Prepared] = Workers(lambda one: preparing.prepared(*one), count)
    with workers:
        yield from workers.map(told)


def warm(preparing: Preparing) -> None:
    """Load what every process needs before there are several: then it is loaded once."""
    catalogue = preparing.catalogue()
    preparing.rules()
    for service in catalogue.services():
        catalogue.actions(service)
