"""What CloudTrail writes down when an IAM action is used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

# 'management': by default. 'data': only where a trail was told to. 'none': never.
Recording = Literal["management", "data", "none"]


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """The events that show the use of one action, as CloudTrail's eventSource and eventName have them."""

    sources: tuple[str, ...]  # 'monitoring.amazonaws.com', lower case
    names: tuple[str, ...]  # 'ListBuckets', AWS's spelling; only their first words where `begins`
    dated: bool = False  # a date and a version may follow the name: 'GetFunction20150331v2'
    begins: bool = False  # anything may follow the names: 'Get' stands for 'GetRestApis' and the like


@dataclass(frozen=True, slots=True)
class Recorded:
    """How CloudTrail records one action, and who says so."""

    how: Recording
    why: str = ""  # one sentence; empty for the rule that management events are recorded by default
    source: str = ""  # AWS's page, with its address
    source_date: str = ""  # the day on which it was read, '2026-11-28'
    resource_type: str = ""  # what a trail must be told to log for a data event: 'AWS::S3::Object'


class Events(Protocol):
    """Which CloudTrail event shows the use of an action: tracker.catalogue.cloudtrail."""

    def event_of(self, action: str) -> TrailEvent | None:
        """The events of 'service:Name'; None where CloudTrail never records it."""
        ...

    def recording(self, action: str) -> Recorded:
        """Whether CloudTrail records it by default, as a data event only, or never; and who says so."""
        ...


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events of one source that are asked for alike."""

    source: str  # 'ec2.amazonaws.com'
    names: tuple[str, ...]  # sorted
    dated: bool = False  # as in TrailEvent
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Unlogged:
    """An action that CloudTrail does not record by default."""

    action: str  # as the document spells it
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Trail:
    """How to find in CloudTrail whether a role has used what a change newly grants it."""

    roles: tuple[str, ...]  # names of the tracked roles that the policy is attached to, sorted
    since: datetime  # UTC: before it nobody could have
    groups: tuple[EventGroup, ...]  # what to look for, sorted; empty: nothing is ever recorded
    actions: int  # how many newly granted actions the groups stand for
    data_only: tuple[Unlogged, ...] = ()  # among them: recorded as data events alone
    never: tuple[Unlogged, ...] = ()  # not among them
