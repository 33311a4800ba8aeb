"""What the rest of the house asks of a source, whichever it is."""

from typing import Protocol

from tracker.model.asking import Answer, Known
from tracker.model.identity import PolicyArn


class Source(Protocol):
    """A place that knows which version of a policy is in force now. Faults come as tracker.errors."""

    def look(self, arn: PolicyArn, known: Known) -> Answer:
        """The default of one policy now, and the versions that `known` lacks."""
        ...

    def find(self, name: str, partition: str = "aws") -> PolicyArn:
        """The ARN of a policy of which only the name is known."""
        ...
