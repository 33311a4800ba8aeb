"""What a source of history tells: of each policy its versions, when which was in force, and what could not be read."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from tracker.errors import DocumentError
from tracker.model.history import Basis, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.imported import RefusedFile
from tracker.policy.document import Document
from tracker.policy.json_text import read_json
from tracker.policy.parse import Before, digest, read_document
from tracker.sources.answers import Told

Identity = tuple[VersionId, datetime]


@dataclass(frozen=True, slots=True)
class Past:
    """What a source tells of one policy."""

    arn: PolicyArn
    snapshots: tuple[Snapshot, ...] = ()  # oldest first; two of one identity contradict each other
    observations: tuple[Observation, ...] = ()  # oldest first; each another default than the one before
    refused: tuple[RefusedFile, ...] = ()
    stale: int = 0  # answers that said of themselves that they are not in force
    documents: dict[Identity, Document] = field(default_factory=dict)  # the snapshots', parsed

    def since(self, moment: datetime) -> "Past":
        """The same from a moment on: with the default that was in force then, without what came before it."""
        before = [one for one in self.observations if one.observed_at < moment]
        kept = self.observations[max(0, len(before) - 1) :]
        defaults = {one.identity for one in kept}
        return replace(
            self,
            observations=kept,
            snapshots=tuple(
                one for one in self.snapshots if one.identity in defaults or one.create_date >= moment
            ),
            refused=tuple(one for one in self.refused if one.seen_at is None or one.seen_at >= moment),
        )


class Job(Protocol):
    """One policy's files, read and not looked at: what may go to another process."""

    @property
    def name(self) -> str:
        """The policy's."""
        ...

    @property
    def files(self) -> int:
        """How many states of files it holds."""
        ...

    def past(self, arn: PolicyArn, run: str) -> Past:
        """What they tell; `run` goes into every observation. Pure."""
        ...


class History(Protocol):
    """A source of history. Memory does not depend on how much of it there is: a policy at a time."""

    @property
    def what(self) -> str:
        """What it is, for people: 'git archive /srv/MAMIP at 434ff3c0dc51'."""
        ...

    @property
    def files(self) -> int:
        """How many states of files it will look at."""
        ...

    @property
    def ignored(self) -> int:
        """Files of it that are no policies'."""
        ...

    def names(self) -> tuple[str, ...]:
        """The policies that it has, sorted."""
        ...

    def jobs(self) -> Iterator[Job]:
        """Each policy's files, in the order of their names."""
        ...


@dataclass(slots=True)
class Gathering:
    """One policy's past in the making."""

    arn: PolicyArn
    run: str
    basis: Basis
    stale: int = 0
    refused: list[RefusedFile] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    documents: dict[Identity, Document] = field(default_factory=dict)
    _snapshots: dict[tuple[Identity, str], Snapshot] = field(default_factory=dict)  # by identity and hash
    _raw: dict[Identity, object] = field(default_factory=dict)  # as the first file had it
    _before: Before | None = None  # the document that was read last

    def version(self, told: Told, what: str, source: str) -> Identity:
        """Take in a version. Raises DocumentError where its document is no policy."""
        if told.arn is not None and told.arn.name == self.arn.name:
            self.arn = told.arn
        identity = (told.version, told.create_date)
        document = told.document if isinstance(told.document, dict) else read_json(told.document, what)
        if identity in self._raw and self._raw[identity] == document:
            return identity  # the same once more, perhaps in another layout
        parsed, text = read_document(document, what=what, before=self._before)
        self._before = (document, parsed)
        self._raw.setdefault(identity, document)
        self.documents.setdefault(identity, parsed)
        sha256 = digest(text)
        if (identity, sha256) not in self._snapshots:
            self._snapshots[identity, sha256] = Snapshot(self.arn, *identity, text, sha256, source)
        return identity

    def seen(self, moment: datetime, identity: Identity | None, source: str) -> None:
        """The default at a moment, no earlier than those before; nothing is written where it is what it was.

        Of several at one instant the last holds: nobody could tell them apart.
        """
        if self.observations and self.observations[-1].observed_at == moment:
            self.observations.pop()
        last = self.observations[-1].identity if self.observations else None
        if identity == last:
            return
        version, create_date = identity or (None, None)
        self.observations.append(
            Observation(moment, version, create_date, source=source, run=self.run, basis=self.basis)
        )

    def refuse(self, where: str, seen_at: datetime | None, error: DocumentError) -> None:
        """Count a file that is no answer. The error's words begin with what it was called when it was first read."""
        reason = str(error).partition(": ")[2] or str(error)
        self.refused.append(RefusedFile(self.arn.name, where, seen_at, reason))

    def past(self) -> Past:
        """The past, made."""
        snapshots = sorted(  # stable: of two of one identity the first stays first
            self._snapshots.values(), key=lambda one: (one.create_date, one.version)
        )
        return Past(
            self.arn,
            tuple(one if one.arn == self.arn else replace(one, arn=self.arn) for one in snapshots),
            tuple(self.observations),
            tuple(self.refused),
            self.stale,
            self.documents,
        )
