"""The page of what a role did, from the result that the last `used` kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.changelog.wording import count, listed, number, some
from tracker.errors import InputError
from tracker.model.instants import parse_instant

_WORDS = {
    "granted": "",
    "perhaps": "perhaps not granted",
    "not granted": "not granted",
    "unknown": "not known whether granted",
}


@dataclass(frozen=True, slots=True)
class UsedLine:
    """One action, or one event with no known action, and its calls."""

    name: str
    calls: int
    refused: int
    first: datetime
    last: datetime
    regions: str
    errors: str
    note: str  # what is to be said about it; possibly empty
    loud: bool  # not granted when it was used


@dataclass(frozen=True, slots=True)
class UsedService:
    """One service: what was used, and what was granted and never used."""

    service: str
    name: str
    calls: int
    granted: int
    lines: tuple[UsedLine, ...]
    unused: tuple[str, ...]  # actions CloudTrail would have shown
    unseen: tuple[str, ...]  # actions that it does not show by default


@dataclass(frozen=True, slots=True)
class UsedView:
    """Everything on the page."""

    role: str
    headline: str
    made: datetime
    span: tuple[datetime, datetime] | None  # the first call and the last
    since: datetime | None  # the period that was asked for
    until: datetime | None
    sources: str  # what was read
    policies: tuple[str, ...]
    incomplete: str  # why something may be missing; empty: nothing is known to be
    calls: int
    refused: int
    used: int
    unused: int
    unseen: int
    accused: tuple[UsedLine, ...]  # calls not granted, or not surely
    active: tuple[UsedService, ...]  # services something of which was used
    idle: tuple[UsedService, ...]
    unnamed: tuple[UsedLine, ...]
    others: tuple[UsedLine, ...]  # done by the service in somebody else's name
    assumed: int
    unjudged: int  # calls made when nothing is on record of what was in force
    basis: str  # what is to be said of whence the policies are known; possibly empty

    @property
    def idle_actions(self) -> int:
        """Actions of services nothing of which was used."""
        return sum(one.granted for one in self.idle)


def used_view(record: Mapping[str, Any]) -> UsedView:
    """The page's values. Raises InputError for a record that lacks what `used` writes."""
    try:
        return _view(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"what was kept of the last `used` can't be read: {type(error).__name__}: {error}",
            advice="run `policy-tracker used` again",
        ) from error


def _view(record: Mapping[str, Any]) -> UsedView:
    total, read = record["total"], record["read"]
    used = [(str(one["service"]), _used(one)) for one in record["used"]]
    never = [
        (str(one["service"]), str(one["action"]), one["recorded"] == "management")
        for one in record["never_used"]
    ]
    services = [_service(one, used, never) for one in record["services"]]
    active = sorted((one for one in services if one.lines), key=lambda one: (-one.calls, one.name.lower()))
    moments = tuple(map(_moment, (record["since"], record["until"])))
    name = str(record["role"]["name"])
    calls = int(total["calls"]) if total else 0
    return UsedView(
        role=name,
        headline=f"{count(calls, 'call')} of {count(len(used), 'action')} in {count(len(active), 'service')}"
        if calls
        else "Not one call.",
        made=parse_instant(record["made_at"]),
        span=(parse_instant(total["first"]), parse_instant(total["last"])) if total else None,
        since=moments[0],
        until=moments[1],
        sources=_sources(read),
        policies=tuple(_policy(one) for one in record["policies"]),
        incomplete=_incomplete(read),
        calls=calls,
        refused=int(total["refused"]) if total else 0,
        used=len(used),
        unused=len(never),
        unseen=sum(1 for *_, shown in never if not shown),
        accused=tuple(_accused(one) for one in record["not_granted"]),
        active=tuple(active),
        idle=tuple(one for one in services if not one.lines),
        unnamed=tuple(_event(one) for one in record["unknown_events"]),
        others=tuple(_event(one) for one in record["in_other_names"]),
        assumed=int(record["assumed"]["calls"]) if record["assumed"] else 0,
        unjudged=int(record["unjudged"]),
        basis=str(record.get("basis", "")),  # a result of an older version has none
    )


def _moment(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def _line(one: Mapping[str, Any], name: str, note: str = "", *, loud: bool = False) -> UsedLine:
    return UsedLine(
        name=name,
        calls=int(one["calls"]),
        refused=int(one["refused"]),
        first=parse_instant(one["first"]),
        last=parse_instant(one["last"]),
        regions=some(list(map(str, one["regions"])), 4),
        errors=some([f"{code} ({number(times)})" for code, times in sorted(one["errors"].items())], 4),
        note=note,
        loud=loud,
    )


def _used(one: Mapping[str, Any]) -> UsedLine:
    notes = [_WORDS.get(one["verdict"], "")]
    if one["instead"]:
        notes.append(f"or {listed(map(str, one['instead']))}")
    return _line(
        one, str(one["action"]), "; ".join(filter(None, notes)), loud=one["verdict"] == "not granted"
    )


def _accused(one: Mapping[str, Any]) -> UsedLine:
    versions = listed(map(_policy, one["in_force"]))
    said = {"perhaps": "perhaps granted", "not granted": "not granted"}.get(one["verdict"], "not known")
    return _line(one, str(one["action"]), f"{said} by {versions}", loud=one["verdict"] == "not granted")


def _event(one: Mapping[str, Any]) -> UsedLine:
    return _line(one, f"{one['event_source']} {one['event_name']}")


def _policy(one: Mapping[str, Any]) -> str:
    name = str(one["policy"]).rpartition("/")[2]
    later = f" (or already one up to {one['later']})" if one["later"] else ""
    perhaps = " (perhaps attached by then)" if one.get("perhaps") else ""
    inline = " (its inline policies)" if ":role/" in str(one["policy"]) else ""
    return f"{name} {one['version'] or 'as nobody saw it'}{inline}{later}{perhaps}"


def _service(
    one: Mapping[str, Any], used: Sequence[tuple[str, UsedLine]], never: Sequence[tuple[str, str, bool]]
) -> UsedService:
    service = str(one["service"])
    return UsedService(
        service=service,
        name=str(one["name"]),
        calls=int(one["calls"]),
        granted=int(one["granted"]),
        lines=tuple(line for of, line in used if of == service),
        unused=tuple(action for of, action, shown in never if of == service and shown),
        unseen=tuple(action for of, action, shown in never if of == service and not shown),
    )


def _sources(read: Mapping[str, Any]) -> str:
    regions = read["looked_up"]
    told = [
        count(int(read["files"]), "log file") if read["files"] else "",
        f"the event history of {count(len(regions), 'region')}" if regions else "",
    ]
    return f"{listed(told) or 'nothing'}, {count(int(read['events']), 'event')} of everybody"


def _incomplete(read: Mapping[str, Any]) -> str:
    unread = [str(one["region"]) for one in read["looked_up"] if one["failed"]]
    told = [
        f"{count(int(read['broken']), 'file')} could not be read" if read["broken"] else "",
        f"the event history of {some(unread, 4)} is not read to its end" if unread else "",
    ]
    return listed(told)
