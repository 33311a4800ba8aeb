"""Figures of the archive: how a policy grew, which policies and months were busiest, what was named for the first time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tracker.archive.archive import Archive
from tracker.archive.damaged import readable
from tracker.archive.firsts import First, firsts
from tracker.model.history import Kind, Observation
from tracker.model.identity import PolicyArn
from tracker.reading import Reading


@dataclass(frozen=True, slots=True)
class Busy:
    """How much happened in a month, or to a policy."""

    name: str  # '2021-12', or the policy's ARN
    changes: int  # of any kind but republished
    republished: int
    policies: int  # how many different ones


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to count in an archive."""

    policies: int
    versions: int
    first: datetime | None  # UTC: of the oldest observation
    kinds: tuple[tuple[str, int], ...]  # kind of change -> how many, sorted
    busiest_policies: tuple[Busy, ...]  # the busiest first
    busiest_months: tuple[Busy, ...]
    services: tuple[First, ...]  # first named in any policy, newest first
    actions: tuple[First, ...]


def figures(archive: Archive) -> Figures:
    """Count. Raises SetupError for an index that is behind."""
    rows = archive.changes()
    kinds = Counter(row.kind for row in rows)
    months: dict[str, list[tuple[str, str]]] = {}
    policies: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        told = (row.kind, str(row.arn))
        months.setdefault(f"{row.observed_at:%Y-%m}", []).append(told)
        policies.setdefault(str(row.arn), []).append(told)
    services: tuple[First, ...] = ()
    actions: tuple[First, ...] = ()
    if archive.database.exists:
        with archive.database.reading() as db:
            services, actions = firsts(db)
    return Figures(
        policies=archive.count(),
        versions=archive.count_versions(),
        first=min(archive.begun().values(), default=None),
        kinds=tuple(sorted(kinds.items())),
        busiest_policies=_busiest(policies),
        busiest_months=_busiest(months),
        services=services,
        actions=actions,
    )


def _busiest(found: dict[str, list[tuple[str, str]]]) -> tuple[Busy, ...]:
    busy = []
    for name, told in found.items():
        again = sum(kind == Kind.REPUBLISHED for kind, _ in told)
        busy.append(Busy(name, len(told) - again, again, len({arn for _, arn in told})))
    return tuple(sorted(busy, key=lambda one: (-one.changes, -one.republished, one.name)))


@dataclass(frozen=True, slots=True)
class Size:
    """How much a policy allowed from one observation on."""

    observation: Observation
    services: int
    actions: int
    added: int  # actions against the default before
    removed: int


def growth(reading: Reading) -> Iterator[Size]:
    """How much each default of a policy allows, by the catalogue of today, oldest first."""
    from tracker.policy.granted import granted

    catalogue = reading.catalogue()
    before: frozenset[str] | None = None
    for seen in reading.observations:
        if seen.identity is None:
            continue  # no longer visible: nobody knows that an action went
        held = granted(reading.document(seen.identity), catalogue)
        now = frozenset(f"{service}:{name}" for service, found in held.items() for name in found)
        was = now if before is None else before
        yield Size(seen, len(held), len(now), len(now - was), len(was - now))
        before = now


@readable()
def name_of(arn: str) -> str:
    """A policy's name from its ARN, with its partition where that is not `aws`."""
    policy = PolicyArn.parse(arn)
    return policy.name if policy.partition == "aws" else f"{policy.partition}:{policy.name}"
