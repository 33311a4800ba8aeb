"""What CloudTrail writes down when an IAM action is used."""

from dataclasses import dataclass
from typing import Literal

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
