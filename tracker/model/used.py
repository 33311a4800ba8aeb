"""What a role was seen to do: the calls that CloudTrail recorded, and what they come to."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from tracker.model.identity import PolicyArn, VersionId

# By whom a call was made: in a session of the role; by the role's service, to take the role on; by the service in somebody
# else's name.
Via = Literal["role", "assuming", "service"]
# Whether what was in force when a call was made let it through. 'perhaps': the default moved between two looks, or there
# are versions between two that nobody saw, and only the later one allows it. 'unknown': nothing is on record for that moment.
Verdict = Literal["granted", "perhaps", "not granted", "unknown"]


@dataclass(frozen=True, slots=True)
class Role:
    """Whose calls are looked for."""

    name: str  # 'AWSServiceRoleForSupport'
    arn: str = ""  # the whole ARN where one account's role alone is meant
    service: str = (
        ""  # 'support.amazonaws.com': whose service-linked role it is; empty: of no service, or not known
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One event of CloudTrail, as far as it is needed. Who asked from where, and for what in detail, is never read."""

    event_id: str
    at: datetime  # UTC, to the second
    source: str  # eventSource: 'ec2.amazonaws.com'
    name: str  # eventName: 'DescribeInstances'
    region: str
    account: str  # whose account was acted in; possibly empty
    error: str = ""  # errorCode: 'AccessDenied'; empty: it went through
    via: Via = "role"
    resources: tuple[str, ...] = ()  # ARNs, where the event lists any


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that could not be read, none of whose calls are counted."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """How far CloudTrail's event history of one region has been read."""

    region: str
    events: int  # of everybody, in all runs
    since: datetime | None = None  # UTC: without a gap from here ...
    until: datetime | None = None  # ... to here; None: nothing yet
    reached: datetime | None = (
        None  # UTC: a run that was cut off has come back to this instant, and goes on from there
    )
    failed: str = ""  # why this run did not complete it; empty: it did


@dataclass(frozen=True, slots=True)
class Read:
    """What was read to find the calls."""

    files: int = 0
    events: int = 0  # of everybody
    passed_over: int = 0  # digests, insights, and what is no log file
    outside: int = 0  # log files that by their names were delivered outside the period
    namesakes: int = 0  # events of a role of the same name that is not the service's
    unread: int = 0  # events in readable files that are no events as CloudTrail writes them
    broken: tuple[Broken, ...] = ()
    looked_up: tuple[LookedUp, ...] = ()  # regions, where the event history was asked


def both(files: Read, looked_up: Read) -> Read:
    """What was read of log files and of the event history."""
    return replace(
        files,
        events=files.events + looked_up.events,
        namesakes=files.namesakes + looked_up.namesakes,
        unread=files.unread + looked_up.unread,
        looked_up=looked_up.looked_up,
    )


@dataclass(frozen=True, slots=True)
class Calls:
    """A number of calls that have something in common."""

    number: int
    first: datetime  # UTC
    last: datetime  # UTC
    regions: tuple[str, ...]  # sorted
    accounts: tuple[str, ...]  # sorted
    errors: tuple[tuple[str, int], ...]  # (errorCode, how often), sorted
    resources: tuple[str, ...]  # ARNs, sorted; at most MOST_RESOURCES
    more_resources: bool = False  # there were others

    @property
    def refused(self) -> int:
        """How many of them ended with an error."""
        return sum(number for _, number in self.errors)


@dataclass(frozen=True, slots=True)
class InForce:
    """A version that was the default of an attached policy when calls were made; of a role, its state with its inline policies."""

    policy: PolicyArn
    version: VersionId | None  # None: the policy was not visible
    later: VersionId | None = (
        None  # the next default on record, where it, or one before it, may have been in force already
    )
    perhaps: bool = False  # it hung on the role by the next look, and may have done so already


@dataclass(frozen=True, slots=True)
class UsedAction:
    """An action that was used, with every call of it."""

    action: str  # 'ec2:DescribeInstances'
    service: str  # lower case
    access_level: str  # the catalogue's, or 'Unknown'
    verdict: Verdict  # the worst of its calls
    calls: Calls
    instead: tuple[str, ...] = ()  # other actions that the same events stand for


@dataclass(frozen=True, slots=True)
class Ungranted:
    """Calls of one action made under one set of versions that do not, or not surely, allow it."""

    action: str
    verdict: Verdict
    in_force: tuple[InForce, ...]
    calls: Calls


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Calls whose event has no known action."""

    source: str
    name: str
    calls: Calls


@dataclass(frozen=True, slots=True)
class Unused:
    """An action that was granted in the period and never seen to be used."""

    action: str
    service: str
    access_level: str
    recorded: str  # 'management', 'data' or 'none': whether CloudTrail would have shown it
    until: VersionId | None = None  # no longer granted at the end: the last version that did


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """One service in figures."""

    service: str  # lower case
    name: str  # 'Amazon EC2'
    calls: int
    granted: int  # actions granted at any time of the period
    used: int  # of those, how many were used
    unseen: int  # of those, how many CloudTrail does not record by default


@dataclass(frozen=True, slots=True)
class Basis:
    """Whence it is known which policies a role has."""

    # 'archive': looks at the role; 'aws': nobody looked, so what AWS writes of it; 'named': whoever asked named them.
    how: Literal["archive", "aws", "named", "nobody"]
    since: datetime | None = None  # UTC: the first look at the role
    linked: bool = False  # nobody but AWS attaches policies to it: it was before that look as it was then


@dataclass(frozen=True, slots=True)
class UsedReport:
    """What a role did in a period, beside what it was allowed."""

    role: Role
    since: datetime | None  # UTC, inclusive; None: from the first call
    until: datetime | None  # UTC, exclusive; None: up to the last
    made: datetime  # UTC: when the report was
    catalogue: str  # its version
    policies: tuple[InForce, ...]  # whose grants it is held against, as of the end of the period
    read: Read
    total: Calls | None  # None: not one call
    duplicates: int  # events delivered more than once, counted once
    basis: Basis = Basis("nobody")
    unjudged: int = 0  # calls made when nothing is on record of what was in force
    used: tuple[UsedAction, ...] = ()
    ungranted: tuple[Ungranted, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()
    unused: tuple[Unused, ...] = ()
    services: tuple[ServiceUse, ...] = ()
    assumed: Calls | None = None  # how often the service took the role on
    in_other_names: tuple[Unnamed, ...] = field(default=())  # calls of the service in somebody else's name


MOST_RESOURCES = 100  # ARNs that are kept of each group of calls
