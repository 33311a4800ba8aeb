"""What stands at the moment from which a policy is watched."""

from dataclasses import dataclass
from datetime import datetime

from tracker.model.change import Attention
from tracker.model.identity import PolicyArn, VersionId


@dataclass(frozen=True, slots=True)
class Baseline:
    """One policy as the first look found it."""

    policy: PolicyArn
    version: VersionId
    create_date: datetime  # UTC, the version's own
    observed_at: datetime  # UTC, when it was looked at
    services: int  # with at least one action allowed
    actions: int  # allowed today
    attention: tuple[Attention, ...] = ()  # what of it deserves attention
