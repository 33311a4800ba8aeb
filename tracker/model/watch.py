"""Which policies are watched: some by name, or those that a listing of AWS's tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tracker.model.identity import PolicyArn

ALL, ATTACHED = "all", "attached"  # in the settings, in the place of a list of policies
HERE = "this account"  # what the account is called whose credentials are used


@dataclass(frozen=True, slots=True)
class Watch:
    """What a round is about."""

    named: tuple[PolicyArn, ...] = ()  # looked at one by one
    listing: Literal["", "all", "attached"] = ""  # everything AWS lists, or what is attached
    partitions: tuple[str, ...] = ()  # in which to list, sorted
    # Account -> names or ARNs of the policies attached there; with it `attached` means these, else those of this account.
    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    roles: tuple[str, ...] = ()  # names of roles that are looked at, too, with what is attached to them

    def __bool__(self) -> bool:
        return bool(self.named or (self.listing and self.partitions) or self.roles)


def watching(policies: "Sequence[PolicyArn] | Watch") -> Watch:
    """A watch on some policies, where it is not one already."""
    return policies if isinstance(policies, Watch) else Watch(tuple(policies))
