"""The pages that show several policies, laid out: the first page, the list of changes by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.entries import Entry
from tracker.changelog.findings import FindingGroup
from tracker.changelog.timeline import Today
from tracker.model.identity import PolicyArn


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """A watched policy on the first page."""

    arn: PolicyArn
    path: str
    attention: str  # path of the page about what deserves it
    today: Today | None
    last: Entry | None  # its newest change that is no republication, else its newest
    watched: str  # one sentence
    stale: bool
    flagged: int


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy in a list of policies."""

    name: str
    path: str
    versions: int
    changes: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class InForceRow:
    """What is in force of one policy, the gravest of it."""

    name: str
    path: str
    groups: tuple[FindingGroup, ...]
    total: int  # findings, those of the groups and the rest

    @property
    def left(self) -> int:
        """How many findings are in none of the groups."""
        return self.total - sum(len(one.rows) for one in self.groups)


def month_table(months: Sequence[tuple[str, int]]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """(year, (('2026-01', changes), ...twelve)), newest year first; years between that had none are there too."""
    counts = dict(months)
    years = sorted({int(name[:4]) for name in counts})
    if not years:
        return ()
    return tuple(
        (str(year), tuple((f"{year}-{one:02}", counts.get(f"{year}-{one:02}", 0)) for one in range(1, 13)))
        for year in range(years[-1], years[0] - 1, -1)
    )
