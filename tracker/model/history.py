"""What was seen and when: snapshots, observations, looks, transitions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from tracker.model.identity import PolicyArn, VersionId

Basis = Literal["look", "commit", "create_date"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One immutable version of a policy, as AWS made it. (arn, version, create_date) is its identity."""

    arn: PolicyArn
    version: VersionId
    create_date: datetime  # UTC, the version's own
    document: (
        str  # the canonical JSON text of the document: keys sorted, two-space indent, one trailing newline
    )
    sha256: str  # of `document` in UTF-8, hexadecimal
    source: str  # where it came from: 'iam', 'moto 5.2.4 moto/iam/aws_managed_policies.py', 'git <commit>'

    @property
    def identity(self) -> tuple[VersionId, datetime]:
        """What tells it from every other snapshot of the same policy."""
        return (self.version, self.create_date)


@dataclass(frozen=True, slots=True)
class Observation:
    """At `observed_at` the default of a policy was this version. Written only when the default changed."""

    observed_at: datetime  # UTC
    version: VersionId | None  # None: the policy is no longer visible
    create_date: datetime | None  # the version's; None with version None
    source: str
    run: str  # the id of the round that made it
    basis: Basis  # 'look', 'commit' (a git archive's), 'create_date' (shipped history, watched by nobody)

    @property
    def identity(self) -> tuple[VersionId, datetime] | None:
        """The snapshot that was the default, or None."""
        if self.version is None or self.create_date is None:
            return None
        return (self.version, self.create_date)


@dataclass(frozen=True, slots=True)
class Look:
    """One round of asking AWS. What was not looked at is not known to be unchanged."""

    run: str
    start: datetime  # UTC
    end: datetime  # UTC
    policies: tuple[str, ...] | None  # ARNs; None: all
    failed: tuple[
        str, ...
    ]  # ARNs of those that could not be read; 'arn:aws:iam::aws:policy/*': nothing could


class Kind(StrEnum):
    """Kinds of transition, in the order in which the first that fits is taken (design: Words)."""

    REMOVED = "removed"
    REAPPEARED = "reappeared"
    CREATED = "created"
    RECREATED = "recreated"
    ROLLED_BACK = "rolled-back"
    REPUBLISHED = "republished"
    UPDATED = "updated"
    CATALOGUE_GROWTH = "catalogue-growth"
    COMPARED = "compared"


@dataclass(frozen=True, slots=True)
class Rollback:
    """A default that went back to a lower version id that had been the default before."""

    restored: VersionId
    withdrawn: VersionId
    in_force_min_s: (
        float  # seconds that the withdrawn version was in force at least, as far as observations tell
    )
    in_force_max_s: float  # and at most


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a transition: a version and when it was seen as the default."""

    version: VersionId
    create_date: datetime  # UTC
    observed_at: datetime | None  # UTC; None where two documents are compared that nobody saw as defaults
    basis: Basis = "look"


@dataclass(frozen=True, slots=True)
class Transition:
    """Two observations in a row with different defaults, or two documents somebody asked to compare.

    Whether an update is `republished` needs the documents: `changes` decides it when it compares.
    """

    policy: PolicyArn
    kind: Kind
    before: Endpoint | None
    after: Endpoint | None
    observed_at: datetime  # UTC: when the later of the two was seen
    run: str = ""  # the round that saw it
    gap: tuple[VersionId, ...] = ()  # version ids between two defaults that nobody ever saw
    filled: tuple[
        VersionId, ...
    ] = ()  # ids between them that are archived but were never seen as the default
    rollback: Rollback | None = None
    reinstated: bool = False  # the version had been the default before and was rolled back
