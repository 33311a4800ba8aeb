"""What a source is told before a look, and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId


@dataclass(frozen=True, slots=True)
class Known:
    """What the archive knows of one policy: enough for a source to ask no more than it must."""

    archived: frozenset[tuple[VersionId, datetime]] = (
        frozenset()
    )  # (version, its create date) of every snapshot
    default: tuple[VersionId, datetime] | None = (
        None  # the last observed default; None: never seen, or removed
    )
    seen: bool = False  # the policy has at least one observation
    newest: datetime | None = None  # the latest create date in the archive


@dataclass(frozen=True, slots=True)
class Answer:
    """What one look at one policy found."""

    arn: PolicyArn
    default: (
        tuple[VersionId, datetime] | None
    )  # the version in force now; None: removed, proved by a complete listing
    snapshots: tuple[Snapshot, ...] = ()  # versions fetched that the archive did not hold, oldest first
    unread: tuple[VersionId, ...] = ()  # versions that IAM lists but would not give
    stale: bool = False  # AWS answered yesterday's default; it was ignored and `default` is the one on record
