"""Settings that are lists of tables: findings that somebody accepted, and rules of the user's own."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from tracker.model.identity import is_policy_name
from tracker.model.rules import Accepted, WatchEntry
from tracker.settings.kinds import (
    ACTION_PATTERN,
    RULE_ID,
    Given,
    Kind,
    from_json,
    matching,
    one_of,
    strings,
    toml,
)

T = TypeVar("T", Accepted, WatchEntry)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_A_DATE = "a date like 2027-01-31"


def _day(given: Given) -> date:
    """A date, TOML's own or as text."""
    if type(given.value) is date:
        return given.value
    if not isinstance(given.value, str) or not _ISO_DAY.match(given.value):
        raise ValueError
    return date.fromisoformat(given.value)


_SENTENCE = matching("a sentence", bool, empty=False)
_PATTERN = matching("an action pattern like 's3:GetObject' or 'kms:*'", ACTION_PATTERN.match, empty=False)
_GLOB = matching(
    "a policy's name, * allowed", lambda value: is_policy_name(value.replace("*", "x")), empty=False
)
_RULE_ID = matching("a rule's id like 'own/tickets'", RULE_ID.match, empty=False)
_KINDS = one_of("customer-data", "credentials", "escalation", "exposure", "capability")
_SEVERITY = one_of(
    "alarm", "attention", "info", "none"
)  # those of tracker.model.change, which every look does without
_DATE = Kind(_A_DATE, _day)
_DAY_TEXT = Kind(_A_DATE, lambda given: _day(given).isoformat())
_LOWER = Kind(_PATTERN.right, lambda given: _PATTERN.read(given).lower())
_RESOURCES = strings(
    "a list of resources like 'arn:aws:s3:::logs/*'", lambda value: value == "*" or value.startswith("arn:")
)


def _several(given: Given) -> tuple[str, ...]:
    found = strings(_PATTERN.right, ACTION_PATTERN.match).read(given)
    if not found:
        raise ValueError
    return tuple(one.lower() for one in found)


_ACTIONS = Kind(f"a list of at least one action, each {_PATTERN.right}", _several)


def _tables(
    make: Callable[..., T],
    required: dict[str, Kind[Any]],
    optional: dict[str, Kind[Any]],
    defaults: dict[str, str],
) -> Kind[tuple[T, ...]]:
    """A kind of setting: a list of tables, each read into a value by `make`."""

    def read(given: Given) -> tuple[T, ...]:
        value = from_json(given.value) if given.text and isinstance(given.value, str) else given.value
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise ValueError
        return tuple(make(**(defaults | _columns(one, required, optional, given))) for one in value)

    def write(value: tuple[T, ...]) -> str:
        columns = {**required, **optional}
        return toml([{name: one for name in columns if (one := getattr(entry, name))} for entry in value])

    right = f"tables with {', '.join(required)}, and if you like {', '.join(optional)}"
    return Kind(right, read, write)


def _columns(
    table: dict[str, object], required: dict[str, Kind[Any]], optional: dict[str, Kind[Any]], given: Given
) -> dict[str, Any]:
    known = {**required, **optional}
    for name in table:
        if name not in known:
            raise ValueError(f"unknown key {name!r:.80}; known: {', '.join(known)}")
    for name, kind in required.items():
        if name not in table:
            raise ValueError(f"{name!r} is missing; wanted: {kind.right}")
    found = {}
    for name, value in table.items():
        try:
            found[name] = known[name].read(Given(value, text=False, base=given.base))
        except ValueError as error:
            raise ValueError(
                f"{name} = {toml(value)[:120]}: {str(error) or f'wanted: {known[name].right}'}"
            ) from error
    return found


ACCEPTED = _tables(
    Accepted,
    {"pattern": _LOWER, "reason": _SENTENCE, "owner": _SENTENCE},
    {"expires": _DATE, "policy": _GLOB, "resources": _RESOURCES},
    {},
)
WATCH = _tables(
    WatchEntry,
    {"rule": _RULE_ID, "actions": _ACTIONS, "consequence": _SENTENCE, "why": _SENTENCE},
    {"kind": _KINDS, "severity": _SEVERITY, "source": _SENTENCE, "source_date": _DAY_TEXT},
    {"kind": "capability", "source": "policy-tracker.toml", "source_date": ""},
)
