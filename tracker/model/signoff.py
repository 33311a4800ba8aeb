"""Who has read a change, and taken it on themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow


@dataclass(frozen=True, slots=True)
class SignOff:
    """At `signed_at` somebody signed for a change, or for some of what deserves attention in it."""

    signed_at: datetime  # UTC
    change: str  # its id
    arn: PolicyArn
    from_version: VersionId | None
    to_version: VersionId | None
    sha256: str | None  # of the document that came into force; None where the policy was removed
    by: str  # as typed: nobody's identity is checked here
    ticket: str = ""
    note: str = ""
    items: tuple[str, ...] = ()  # rules of attention, sorted; empty: the whole change
    out_of: int = 0  # how many items the change had


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that nobody has signed for, or not for all of it."""

    row: ChangeRow
    signed: tuple[SignOff, ...] = ()  # for some of its items, oldest first

    @property
    def left(self) -> int:
        """How many items are not signed for; of a change without any, 0."""
        done = {item for one in self.signed for item in one.items}
        most = max((one.out_of for one in self.signed), default=self.row.summary.get("attention", 0))
        return max(0, most - len(done))

    @property
    def is_signed(self) -> bool:
        """Whether it is signed for whole, or item by item."""
        whole = any(not one.items for one in self.signed)
        return whole or (bool(self.signed) and not self.left)


def unsigned(rows: Iterable[ChangeRow], signed: Iterable[SignOff]) -> tuple[Pending, ...]:
    """The changes that are not signed for, in their order."""
    by_change: dict[str, list[SignOff]] = {}
    for one in signed:
        by_change.setdefault(one.change, []).append(one)
    pending = (Pending(row, tuple(by_change.get(row.id, ()))) for row in rows)
    return tuple(one for one in pending if not one.is_signed)
