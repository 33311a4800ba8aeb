"""Documents taken apart: one action string on one resource."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.prove.evaluate import as_list


class Unit(NamedTuple):
    """The smallest part of a statement that can come or go."""

    effect: str
    action: str  # lower case
    resource: str
    rest: str  # condition and principal, as JSON


def units(document: Mapping[str, Any]) -> set[Unit]:
    """All units of a document; none where it has lists that cannot be taken apart, or one pattern in two spellings."""
    found = set()
    for one in as_list(document["Statement"]):
        if "Action" not in one or "Resource" not in one or re.search(r"[*?]{2}|:\?\*|\*:", json.dumps(one)):
            return set()
        rest = {key: one[key] for key in ("Condition", "Principal", "NotPrincipal") if one.get(key)}
        for action in as_list(one["Action"]):
            found |= {
                Unit(one["Effect"], action.lower(), resource, _text(rest))
                for resource in as_list(one["Resource"])
            }
    return found


def _text(rest: Mapping[str, Any]) -> str:
    """Lists sorted, a string as a list of one, keys in lower case: one text for what says the same."""

    def plain(value: Any) -> Any:
        if value == {"AWS": "*"}:
            return ["*"]
        if isinstance(value, dict):
            return {key.lower(): plain(inner) for key, inner in sorted(value.items())}
        if isinstance(value, bool):
            return [str(value).lower()]
        return sorted({str(one) for one in as_list(value)})

    return json.dumps({key: plain(value) for key, value in rest.items()}, sort_keys=True)


def as_statements(listed: Iterable[Unit]) -> list[dict[str, Any]]:
    """Units as statements of their own."""
    named = {"condition": "Condition", "principal": "Principal", "notprincipal": "NotPrincipal"}
    made = []
    for unit in sorted(listed):
        rest = {named[key.lower()]: value for key, value in json.loads(unit.rest).items()}
        for key in ("Principal", "NotPrincipal"):
            if key in rest:
                rest[key] = (
                    "*" if rest[key] == ["*"] else {_KINDS[kind]: who for kind, who in rest[key].items()}
                )
        made.append({"Effect": unit.effect, "Action": unit.action, "Resource": unit.resource, **rest})
    return made


_KINDS = {"aws": "AWS", "service": "Service", "federated": "Federated"}
