"""IAM action to CloudTrail event and back, from cloudtrail.toml beside this file."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from tracker.model.catalogue import Catalogue
from tracker.model.trail import Recorded, Recording, TrailEvent

_DOMAIN = ".amazonaws.com"
# 'GetFunction20150331v2', 'GetDistribution2020_05_31'
_DATE = re.compile(r"20\d\d_?\d\d_?\d\d(v\d+)?$")
_BY_DEFAULT = Recorded("management")
_DATA_WHY = "A data event: recorded only where a trail or an event data store was told to log {}."


class EventMap:
    """Which CloudTrail event shows the use of an action, by the table and, for spelling, a catalogue.

    Look-ups are without regard to case. An action that nobody has heard of follows the rule: its own name, recorded
    by default, under its own prefix.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._table = _table()

    def event_of(self, action: str) -> TrailEvent | None:
        """The events of 'service:Name'; None where CloudTrail never records it."""
        key = action.lower()
        if self.recorded(key) == "none":
            return None
        special = self._table.events.get(key)
        if special is not None:
            return special
        service, _, name = action.partition(":")
        known = self._catalogue.action(service, name)
        sources = self._table.sources.get(service.lower(), (service.lower() + _DOMAIN,))
        dated = any(source in self._table.dated for source in sources)
        return TrailEvent(sources, (known.name if known else name,), dated=dated)

    def action_of(self, event_source: str, event_name: str) -> str | None:
        """The action, 'service:Name' in the catalogue's spelling, that an event used; None where none is known.

        Where several actions share the event, the first of `actions_of`.
        """
        return next(iter(self.actions_of(event_source, event_name)), None)

    def actions_of(self, event_source: str, event_name: str) -> tuple[str, ...]:
        """Every action that an event may have used, the likeliest first; empty where none is known.

        PutScalingPolicy of autoscaling.amazonaws.com is an action of two services; DeleteObject needs
        s3:DeleteObject, or s3:DeleteObjectVersion where a version is named.
        """
        source = event_source.lower()
        name = _DATE.sub("", event_name) if source in self._table.dated else event_name
        own = (source.removesuffix(_DOMAIN),)
        infos = (self._catalogue.action(prefix, name) for prefix in self._table.prefixes.get(source, own))
        found = [f"{info.service}:{info.name}" for info in infos if info is not None]
        found += self._table.actions.get((source, name.lower()), ())
        if not found:
            methods = self._table.methods.get(source, ())
            found = [action for begin, action in methods if name.startswith(begin)][:1]
        return tuple(dict.fromkeys(found))

    def recorded(self, action: str) -> Recording:
        """Whether CloudTrail records it by default, as a data event only, or never."""
        return self.recording(action).how

    def recording(self, action: str) -> Recorded:
        """The same with why, source and date."""
        key = action.lower()
        found = self._table.recorded.get(key)
        if found is not None:
            return found
        return next((said for glob, said in self._table.globs if fnmatchcase(key, glob)), _BY_DEFAULT)


@dataclass(frozen=True, slots=True)
class _Table:
    """cloudtrail.toml, both ways round; every key in lower case."""

    sources: Mapping[str, tuple[str, ...]]  # prefix -> event sources
    prefixes: Mapping[str, tuple[str, ...]]  # event source -> prefixes, the one of its own name first
    dated: frozenset[str]  # event sources
    events: Mapping[str, TrailEvent]  # action -> its events
    actions: Mapping[
        tuple[str, str], tuple[str, ...]
    ]  # (event source, event name) -> actions as they are spelled
    methods: Mapping[str, tuple[tuple[str, str], ...]]  # event source -> (first word of a name, action)
    recorded: Mapping[str, Recorded]  # action -> what is not a management event
    globs: tuple[tuple[str, Recorded], ...]  # the same for patterns


@cache
def _table() -> _Table:
    text = Path(__file__).with_name("cloudtrail.toml").read_text("utf-8")
    content: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    sources = {row["prefix"]: tuple(row["sources"]) for row in content["service"]}
    dated = frozenset(row["event_source"] for row in content["dated"])
    events, actions = _named(content["event"], sources, dated)
    methods: dict[str, list[tuple[str, str]]] = {}
    for row in content["method"]:
        events[row["action"].lower()] = TrailEvent((row["event_source"],), tuple(row["words"]), begins=True)
        methods.setdefault(row["event_source"], []).extend((word, row["action"]) for word in row["words"])
    said = _recorded(content)
    return _Table(
        sources=sources,
        prefixes=_prefixes(sources),
        dated=dated,
        events=events,
        actions=actions,
        methods={source: tuple(found) for source, found in methods.items()},
        recorded={key: value for key, value in said.items() if "*" not in key},
        globs=tuple((key, value) for key, value in said.items() if "*" in key),
    )


def _prefixes(sources: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for prefix, its_sources in sources.items():
        for source in its_sources:
            found.setdefault(source, [source.removesuffix(_DOMAIN)]).append(prefix)
    return {source: tuple(dict.fromkeys(prefixes)) for source, prefixes in found.items()}


def _named(
    rows: list[dict[str, Any]], sources: Mapping[str, tuple[str, ...]], dated: frozenset[str]
) -> tuple[dict[str, TrailEvent], dict[tuple[str, str], tuple[str, ...]]]:
    events: dict[str, TrailEvent] = {}
    actions: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in rows:
        prefix = row["action"].partition(":")[0]
        own = (row["event_source"],) if "event_source" in row else sources.get(prefix, (prefix + _DOMAIN,))
        names = tuple(row["names"])
        events[row["action"].lower()] = TrailEvent(own, names, dated=any(source in dated for source in own))
        for source in own:
            for name in names:
                key = (source, name.lower())
                actions[key] = (*actions.get(key, ()), row["action"])
    return events, actions


def _recorded(content: Mapping[str, Any]) -> dict[str, Recorded]:
    cited = content["source"]
    said: dict[str, Recorded] = {}
    for how in ("data", "none"):
        for row in content[how]:
            kind = row.get("resource_type", "")
            source = cited[row["source"]]
            why = row.get("why") or _DATA_WHY.format(kind)
            recorded = Recorded(
                "data" if how == "data" else "none", why, source["name"], source["date"], kind
            )
            said.update((action.lower(), recorded) for action in row["actions"])
    return said
