"""What a source is told before a look, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    lost: bool = False  # the timeline names a version that the folder has no more


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


@dataclass(frozen=True, slots=True)
class RoleNow:
    """What IAM says of one role."""

    arn: PolicyArn
    made: datetime  # UTC, the role's own CreateDate
    role_id: str  # 'AROA...'
    attached: tuple[PolicyArn, ...]  # managed policies
    document: Mapping[str, object]  # all of it, as tracker.policy.roles writes it
    last_used: datetime | None = None  # UTC; None: not within the days that IAM tells of
    last_region: str = ""  # where that was


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing says of one policy."""

    arn: PolicyArn
    default: VersionId
    update_date: datetime  # UTC: when the newest version was created, default or not
    attachments: int = 0  # users, groups and roles of this account that it is attached to

    def moved(self, known: Known) -> bool:
        """Whether there is anything to be asked about it: another default, or a version that is not archived."""
        return (
            known.default is None
            or self.default != known.default[0]
            or known.newest is None
            or self.update_date > known.newest
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The AWS managed policies of a partition as one listing over all its pages tells them."""

    partition: str
    complete: bool  # False: only those that are attached in this account
    policies: Mapping[PolicyArn, Listed] = field(default_factory=dict)
