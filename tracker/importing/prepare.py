"""One policy's past compared with what the archive has of it: everything that takes thought, and nothing written.

It runs in whichever process has time. No database is opened here: a forked process must not use SQLite's files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from tracker.archive import folder, index
from tracker.archive.bringing import Brought, Standing, file_of
from tracker.archive.grants import in_time, intervals, written
from tracker.archive.layout import policy_folder, policy_key
from tracker.archive.records import observation_line
from tracker.errors import InputError, TrackerError
from tracker.model.catalogue import Catalogue, Upgrade
from tracker.model.change import Change
from tracker.model.history import Kind, Observation, Snapshot, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.imported import RefusedFile
from tracker.model.rounds import Failure
from tracker.model.rules import Rules
from tracker.publishing import change_row
from tracker.reading import Reading
from tracker.sources.past import Job, Past

Identity = tuple[VersionId, datetime]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of one policy."""

    arn: PolicyArn
    files: int
    brought: Brought | None  # None: the archive has all of it
    versions: int = 0
    observations: int = 0
    is_new: bool = False  # the archive had nothing of it
    new_versions: int = 0
    new_observations: int = 0
    first: datetime | None = None
    last: datetime | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    stale: int = 0
    refused: tuple[RefusedFile, ...] = ()
    failed: Failure | None = None


@dataclass(frozen=True, slots=True)
class Preparing:
    """What it takes to prepare any policy."""

    root: Path  # the archive's `snapshots/`
    run: str
    today: date
    catalogue: Callable[[], Catalogue]
    rules: Callable[[], Rules]
    upgrades: Sequence[Upgrade] = ()  # of the catalogue

    def prepared(self, job: Job, before: Standing) -> Prepared:
        """Read a policy's files, and compare what they tell. A policy that can't be is failed, and stops no other."""
        try:
            if before.fault is not None:
                raise before.fault
            return self._prepared(job, before)
        except TrackerError as error:
            failed = Failure(before.arn, str(error), error.advice, error.exit_code)
            return Prepared(before.arn, job.files, None, failed=failed)

    def _prepared(self, job: Job, before: Standing) -> Prepared:
        past = job.past(before.arn, self.run)
        known = {without_run(one) for one in before.lines}
        lines = tuple(one for one in past.observations if without_run(one) not in known)
        keep = tuple(
            one for one in past.snapshots if before.held.get(one.identity) != (one.sha256, one.source)
        )
        new = {one.identity for one in keep} - before.held.keys()
        reading = self._reading(past, before, lines)
        # A path that was learnt just now is part of every change's words, too.
        anew = bool(lines or past.arn != before.arn) or any(not before.indexed(one.identity) for one in keep)
        changes = reading.changes() if anew and (keep or lines) else None
        moved = reading.transitions() if changes is None else [one.transition for one in changes]
        brought = None
        if keep or lines:
            brought = self._brought(past, before, keep, lines, reading, changes)
        identities = {one.identity for one in past.snapshots}
        return Prepared(
            arn=past.arn,
            files=job.files,
            brought=brought,
            is_new=before.is_new and bool(keep),
            new_observations=len(lines),
            versions=len(identities),
            observations=len(past.observations),
            new_versions=len(new),
            first=past.observations[0].observed_at if past.observations else None,
            last=past.observations[-1].observed_at if past.observations else None,
            kinds=Counter(str(one.kind) for one in moved if one.kind is not Kind.CATALOGUE_GROWTH),
            gaps=len(_gaps(moved)),
            stale=past.stale,
            refused=past.refused,
        )

    def _brought(
        self,
        past: Past,
        before: Standing,
        keep: tuple[Snapshot, ...],
        lines: tuple[Observation, ...],
        reading: Reading,
        changes: tuple[Change, ...] | None,
    ) -> Brought:
        """What is to be written; `changes` is None where only another source of known versions is."""
        fresh = {one.identity: one for one in reversed(keep) if one.identity not in before.held}
        files = [fresh[identity] for identity in sorted(fresh)]
        place = policy_folder(self.root, past.arn)
        made = Brought(
            arn=past.arn,
            is_new=before.is_new,
            versions=len(before.held.keys() | fresh.keys()),
            files=tuple(map(file_of, files)),
            others=tuple(one for one in keep if one is not fresh.get(one.identity)),
            lines=tuple(observation_line(one, self._sha256(place, before, fresh, one)) for one in lines),
        )
        if changes is None:
            return made
        key, seen = policy_key(past.arn), [*before.lines, *lines]
        mended = [one for one in keep if one.identity in before.held and not before.indexed(one.identity)]
        return replace(
            made,
            snapshots=index.values(
                (index.snapshot_row(key, one) for one in (*files, *mended)), index.SNAPSHOTS
            ),
            observations=index.values(index.observation_rows(key, seen), index.OBSERVATIONS),
            changes=index.values((index.change_row(change_row(one)) for one in changes), index.CHANGES),
            grants=tuple(written(intervals(in_time(seen), reading.document))),
        )

    def _sha256(
        self, place: Path, before: Standing, fresh: Mapping[Identity, Snapshot], one: Observation
    ) -> str | None:
        """The hash of the document that an observation names, as the archive has it or will."""
        if one.identity is None:
            return None
        if one.identity in fresh:
            return fresh[one.identity].sha256
        return before.held[one.identity][0] or folder.sha256_of(place, one.identity)

    def _reading(self, past: Past, before: Standing, lines: tuple[Observation, ...]) -> Reading:
        """The policy's past as the archive will know it."""
        place = policy_folder(self.root, past.arn)
        fresh: dict[Identity, Snapshot] = {}
        for snapshot in past.snapshots:
            fresh.setdefault(snapshot.identity, snapshot)
        # What the archive has is what counts; where its file is damaged, this one takes its place.
        ours = {one for one, snapshot in fresh.items() if _is_ours(place, before, one, snapshot)}
        documents = {one: document for one, document in past.documents.items() if one in ours}
        once = all(row.kind != Kind.RECREATED for row in before.changes)
        return Reading(
            arn=past.arn,
            observations=folder.in_time([*before.lines, *lines]),
            looks=before.looks,
            archived=frozenset(before.held.keys() | fresh.keys()),
            fetch=lambda identity: fresh[identity] if identity in ours else folder.load(place, identity),
            catalogue=self.catalogue,
            rules=self.rules,
            today=self.today,
            kinds={(row.from_version, row.to_version): Kind(row.kind) for row in before.changes}
            if once
            else {},
            upgrades=self.upgrades,
            _documents=documents,
        )


def _is_ours(place: Path, before: Standing, identity: Identity, snapshot: Snapshot) -> bool:
    """Whether a version has the document of this snapshot, in the archive as it is or as it will be."""
    if identity not in before.held:
        return True
    if before.indexed(identity):
        return before.held[identity][0] == snapshot.sha256
    try:
        return folder.load(place, identity).sha256 == snapshot.sha256
    except (InputError, FileNotFoundError):
        return True


def without_run(one: Observation) -> tuple[object, ...]:
    """What an observation says, whichever round wrote it down."""
    return (one.observed_at, one.identity, one.source, one.basis)


def _gaps(moved: Iterable[Transition]) -> set[tuple[int, VersionId]]:
    """The ids that nobody saw, each once in each life of the policy: a default that went back leaves them twice."""
    life, found = 0, set()
    for one in moved:
        life += one.kind is Kind.RECREATED
        found |= {(life, version) for version in one.gap}
    return found
