"""From counted calls to the report: which action each was, whether it was granted then, and what was granted for nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from tracker.catalogue.cloudtrail import EventMap
from tracker.model.catalogue import Catalogue
from tracker.model.identity import VersionId
from tracker.model.used import (
    Basis,
    Read,
    Role,
    ServiceUse,
    Ungranted,
    Unnamed,
    Unused,
    UsedAction,
    UsedReport,
    Verdict,
)
from tracker.policy.granted import catalogue_spelling
from tracker.using.grants import VERDICTS, Grants
from tracker.using.tally import Count, Kind, Tally, joined


@dataclass(frozen=True, slots=True)
class _Judged:
    """One kind of calls with what it comes to."""

    action: str
    instead: tuple[str, ...]
    verdict: Verdict
    stretch: int
    count: Count


def report(
    role: Role,
    tally: Tally,
    grants: Grants,
    catalogue: Catalogue,
    *,
    read: Read,
    since: datetime | None,
    until: datetime | None,
    made: datetime,
    basis: Basis,
) -> UsedReport:
    """What a role did in a period, beside what it was allowed."""
    events = EventMap(catalogue)
    judged: list[_Judged] = []
    unnamed: list[tuple[Kind, Count]] = []
    others: list[tuple[Kind, Count]] = []
    assumed: list[Count] = []
    for kind, count in sorted(tally.counts.items()):
        if kind.via == "assuming":
            assumed.append(count)
        elif kind.via == "service":
            others.append((kind, count))
        elif actions := events.actions_of(kind.source, kind.name):
            verdict, action = grants.verdict(kind.stretch, actions)
            instead = tuple(one for one in actions if one != action)
            judged.append(_Judged(action, instead, verdict, kind.stretch, count))
        else:
            unnamed.append((kind, count))
    total = joined(count for kind, count in tally.counts.items() if kind.via == "role")
    ends = _ends(total, since, until, made)
    touched = {one.lower() for each in judged for one in (each.action, *each.instead)}
    granted = grants.over(*ends)
    unused = _unused(granted, touched, events, catalogue)
    used = _used(judged, catalogue)
    return UsedReport(
        role=role,
        since=since,
        until=until,
        made=made,
        catalogue=catalogue.version,
        policies=grants.at(ends[1]),
        read=read,
        total=total.calls() if total.number else None,
        duplicates=tally.duplicates,
        basis=basis,
        unjudged=sum(one.count.number for one in judged if one.verdict == "unknown"),
        used=used,
        ungranted=_ungranted(judged, grants) if grants else (),
        unnamed=_named(unnamed),
        unused=unused,
        services=_services(used, unused, granted, catalogue),
        assumed=joined(assumed).calls() if assumed else None,
        in_other_names=_named(others),
    )


def _ends(
    total: Count, since: datetime | None, until: datetime | None, made: datetime
) -> tuple[datetime, datetime]:
    """The stretch of time whose grants are meant: the period, as far as it is named, else from the first call to the last."""
    begin = since or total.first or until or made
    end = min(until, made) if until else (total.last if since is None and total.last else made)
    return begin, max(begin, end)


def _used(judged: Sequence[_Judged], catalogue: Catalogue) -> tuple[UsedAction, ...]:
    found = []
    for action, group in groupby(sorted(judged, key=_by_action), key=lambda one: one.action):
        each = list(group)
        service, _, name = action.lower().partition(":")
        info = catalogue.action(service, name)
        found.append(
            UsedAction(
                action=action,
                service=service,
                access_level=info.access_level if info else "Unknown",
                verdict=min((one.verdict for one in each), key=VERDICTS.index),
                calls=joined(one.count for one in each).calls(),
                instead=tuple(sorted({other for one in each for other in one.instead})),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.service, one.action.lower())))


def _by_action(one: _Judged) -> tuple[str, str]:
    return (one.action.lower(), one.action)


def _ungranted(judged: Sequence[_Judged], grants: Grants) -> tuple[Ungranted, ...]:
    """What was not, or not surely, granted: by action, verdict and the versions then in force."""
    kept: dict[tuple[str, Verdict, object], list[_Judged]] = {}
    for one in judged:
        if one.verdict in ("not granted", "perhaps"):
            kept.setdefault((one.action, one.verdict, grants.in_force(one.stretch)), []).append(one)
    found = [
        Ungranted(
            action, verdict, grants.in_force(each[0].stretch), joined(one.count for one in each).calls()
        )
        for (action, verdict, _), each in kept.items()
    ]
    return tuple(
        sorted(found, key=lambda one: (VERDICTS.index(one.verdict), one.action.lower(), one.calls.first))
    )


def _named(found: Iterable[tuple[Kind, Count]]) -> tuple[Unnamed, ...]:
    kept: dict[tuple[str, str], list[Count]] = {}
    for kind, count in found:
        kept.setdefault((kind.source, kind.name), []).append(count)
    return tuple(Unnamed(*key, joined(counts).calls()) for key, counts in sorted(kept.items()))


def _unused(
    granted: dict[str, VersionId | None], touched: set[str], events: EventMap, catalogue: Catalogue
) -> tuple[Unused, ...]:
    found = []
    for action in sorted(granted.keys() - touched):
        service, _, name = action.partition(":")
        info = catalogue.action(service, name)
        level = info.access_level if info else "Unknown"
        spelling = catalogue_spelling(action, catalogue)
        found.append(Unused(spelling, service, level, events.recorded(action), granted[action]))
    return tuple(found)


def _services(
    used: Sequence[UsedAction],
    unused: Sequence[Unused],
    granted: dict[str, VersionId | None],
    catalogue: Catalogue,
) -> tuple[ServiceUse, ...]:
    counts: dict[str, list[int]] = {}  # service -> [calls, granted, used, unseen]
    for action in granted:
        counts.setdefault(action.partition(":")[0], [0, 0, 0, 0])[1] += 1
    for one in used:
        row = counts.setdefault(one.service, [0, 0, 0, 0])
        row[0] += one.calls.number
        row[2] += sum(1 for each in (one.action, *one.instead) if each.lower() in granted)
    for each in unused:
        if each.recorded != "management":
            counts[each.service][3] += 1
    return tuple(
        ServiceUse(service, catalogue.service_name(service), *counts[service]) for service in sorted(counts)
    )
