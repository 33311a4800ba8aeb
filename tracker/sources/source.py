"""What the rest of the house asks of a source, whichever it is."""

from collections.abc import Callable
from typing import Protocol

from tracker.model.asking import Answer, Known, Listing, RoleNow
from tracker.model.identity import PolicyArn

# Called with each call to AWS, in whichever thread: its operation, one of OUTCOMES, how often.
Note = Callable[[str, str, int], object]
# What may come of a call. 'no_such_entity' is an answer, too; 'retried' is an attempt that was made again within a call.
OUTCOMES = (
    "answered",
    "credentials",
    "denied",
    "no_such_entity",
    "refused",
    "retried",
    "throttled",
    "unavailable",
)


def unnoted(operation: str, outcome: str, times: int) -> None:
    """Where nobody counts the calls."""


class Source(Protocol):
    """A place that knows which version of a policy is in force now. Faults come as tracker.errors."""

    def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
        """The default of one policy now, and the versions that `known` lacks.

        A `listing` that was made just before spares what it tells already; a complete one that lacks the policy
        proves, with NoSuchEntity, that it is gone.
        """
        ...

    def listing(self, partition: str, *, attached: bool = False) -> Listing:
        """Every AWS managed policy of a partition that this account sees, or only those attached in it."""
        ...

    def find(self, name: str, partition: str = "aws") -> PolicyArn:
        """The ARN of a policy of which only the name is known."""
        ...


class RoleSource(Protocol):
    """A place that knows what a role is now. Faults come as tracker.errors."""

    def role(self, name: str, partition: str) -> RoleNow | None:
        """A role as it is now; None where there is none of this name."""
        ...
