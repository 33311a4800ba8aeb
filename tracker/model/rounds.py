"""What one round of work did: for the shell to print and for the record of a round."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.errors import TrackerError
from tracker.model.identity import PolicyArn

if TYPE_CHECKING:
    from tracker.model.change import Change


@dataclass(frozen=True, slots=True)
class Failure:
    """One policy that could not be read in a round."""

    policy: PolicyArn
    error: str  # one sentence: what failed
    advice: str  # what to do next
    exit_code: int  # of the error's class


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round of delivery did."""

    sent: int = 0
    retried: int = 0  # put off: they wait for their next try
    failed: int = 0  # given up; the operator is told
    stopped: TrackerError | None = None  # why the round ended with mails still due; None: none are left

    def __add__(self, later: "Delivery") -> "Delivery":
        return Delivery(
            self.sent + later.sent,
            self.retried + later.retried,
            self.failed + later.failed,
            later.stopped or self.stopped,
        )

    @property
    def tried(self) -> int:
        """How many mails were tried."""
        return self.sent + self.retried + self.failed


@dataclass(frozen=True, slots=True)
class Round:
    """One look at some policies and what came of it."""

    run: str  # its id, in the archive's lines and in every log event
    start: datetime  # UTC
    end: datetime  # UTC
    checked: tuple[PolicyArn, ...]  # read without fault, sorted
    changes: "tuple[Change, ...]"  # found by this round, oldest first
    failed: tuple[Failure, ...]
    baseline: tuple[PolicyArn, ...] = ()  # looked at for the first time: recorded, mailed to nobody
    stale: tuple[PolicyArn, ...] = ()  # AWS answered an older default than it had before; ignored
    queued: int = 0  # mails queued for subscribers
    dry: bool = False  # nothing was written
    delivered: Delivery = Delivery()  # of what waited, whichever round queued it
    aside: tuple[PolicyArn, ...] = ()  # looked at by name alone: of them only who named them is told
    notes: tuple[str, ...] = ()  # what is said once and is no fault: a permission for roles that is missing
