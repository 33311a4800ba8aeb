"""What an import did: for the shell to print, and for the record of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.model.rounds import Failure


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One state of a file that is no answer of get-policy-version: named, and never stored."""

    policy: str  # its name
    where: str  # 'policies/PowerUserAccess at 444c53df5c7c'
    seen_at: datetime | None  # UTC, of its commit; None where nothing tells
    reason: str  # one clause


@dataclass(frozen=True, slots=True)
class Imported:
    """What a source told, what of it was new, and what the archive knows of its policies now."""

    run: str
    what: str  # the source: 'git archive /srv/MAMIP at 434ff3c0dc51'
    start: datetime  # UTC
    end: datetime  # UTC
    files: int  # states of files that were looked at
    ignored: int  # files that are no policies'
    policies: int
    versions: int  # distinct ones that the source has
    observations: int  # changes of a default that the source saw
    first: datetime | None  # UTC, its first observation
    last: datetime | None  # UTC, its last
    new_policies: int
    new_versions: int
    new_observations: int
    transitions: Mapping[str, int]  # of its policies as the archive knows them now: kind -> how many
    gaps: int  # version ids between two defaults that nobody ever saw
    stale: int  # answers that said of themselves that they are not in force
    refused: tuple[RefusedFile, ...] = ()  # by policy, then by date
    conflicts: tuple[str, ...] = ()  # files kept beside those they contradict, sorted
    failed: tuple[Failure, ...] = ()  # policies that could not be compared or written

    @property
    def rollbacks(self) -> int:
        """How often a default went back."""
        return self.transitions.get("rolled-back", 0)

    @property
    def changed(self) -> bool:
        """Whether anything was new."""
        return bool(self.new_versions or self.new_observations)
