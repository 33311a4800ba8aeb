"""Calls counted as they come: what is kept grows with the kinds of calls, and by one id for each call of the role."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tracker.model.used import MOST_RESOURCES, Call, Calls, Via


class Kind(NamedTuple):
    """What calls that are counted together have in common."""

    via: Via
    source: str
    name: str
    stretch: int  # of time, in which one set of versions was in force


@dataclass(slots=True)
class Count:
    """A number of calls, being counted."""

    number: int = 0
    first: datetime | None = None
    last: datetime | None = None
    regions: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    errors: dict[str, int] = field(default_factory=dict)
    resources: set[str] = field(default_factory=set)
    more_resources: bool = False

    def add(self, call: Call) -> None:
        """One call more."""
        self._span(call.at, call.at)
        self.number += 1
        self.regions.add(call.region)
        self.accounts.add(call.account)
        if call.error:
            self.errors[call.error] = self.errors.get(call.error, 0) + 1
        if call.resources:
            self.resources.update(call.resources)
            if len(self.resources) > 2 * MOST_RESOURCES:
                self._narrow()

    def join(self, other: "Count") -> None:
        """All of another count."""
        if other.first is not None and other.last is not None:
            self._span(other.first, other.last)
        self.number += other.number
        self.regions |= other.regions
        self.accounts |= other.accounts
        for error, number in other.errors.items():
            self.errors[error] = self.errors.get(error, 0) + number
        self.resources |= other.resources
        self.more_resources |= other.more_resources

    def calls(self) -> Calls:
        """The count as a value."""
        assert self.first is not None  # noqa: S101 -- nobody asks about no call
        assert self.last is not None  # noqa: S101 -- for the type checker: it was settled above
        self._narrow()
        return Calls(
            self.number,
            self.first,
            self.last,
            tuple(sorted(self.regions - {""})),
            tuple(sorted(self.accounts - {""})),
            tuple(sorted(self.errors.items())),
            tuple(sorted(self.resources)),
            self.more_resources,
        )

    def _span(self, first: datetime, last: datetime) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def _narrow(self) -> None:
        """Keep the first in order: of the same calls always the same, however they came."""
        if len(self.resources) > MOST_RESOURCES:
            self.resources = set(sorted(self.resources)[:MOST_RESOURCES])
            self.more_resources = True


class Tally:
    """Every call by what it was, in whichever order they come; one that is delivered twice counts once."""

    def __init__(self, stretch_of: Callable[[datetime], int]) -> None:
        self._stretch_of = stretch_of
        self._seen: set[bytes] = set()
        self.counts: dict[Kind, Count] = {}
        self.duplicates = 0

    def add(self, calls: Iterable[Call]) -> None:
        """Count calls."""
        for call in calls:
            key = _key(call.event_id)
            if key in self._seen:
                self.duplicates += 1
                continue
            self._seen.add(key)
            kind = Kind(call.via, call.source, call.name, self._stretch_of(call.at))
            count = self.counts.get(kind)
            if count is None:
                count = self.counts[kind] = Count()
            count.add(call)


def joined(counts: Iterable[Count]) -> Count:
    """Several counts as one."""
    whole = Count()
    for one in counts:
        whole.join(one)
    return whole


def _key(event_id: str) -> bytes:
    """An event's id in sixteen bytes, which is what it is; anything else that stands in its place as it is."""
    try:
        if len(event_id) == 36 and len(key := bytes.fromhex(event_id.replace("-", ""))) == 16:
            return key
    except ValueError:
        pass
    return event_id.encode("utf-8", "surrogatepass")
