"""What a Deny leaves of an Allow, written as scopes: allowed on everything, denied where k is p: allowed where k is not p.

For display: a reader wants to see under which condition something holds, not two lists to subtract in the head. Where
the rest cannot be written as scopes there is no answer, and the Allow is shown with a mark that a Deny limits it.
"""

from collections.abc import Iterable
from dataclasses import replace

from tracker.model.change import ConditionEntry, Scope
from tracker.policy.patterns import covers, overlap

MOST = 12  # scopes; past them a list helps nobody

_PAIRS = (
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("IpAddress", "NotIpAddress"),
)
_OPPOSITE = {one.lower(): (other, True) for one, other in _PAIRS} | {
    other.lower(): (one, False) for one, other in _PAIRS
}
_OTHER_SIDE = {
    f"{family.lower()}{one.lower()}": f"{family}{other}"
    for family in ("Numeric", "Date")
    for one, other in (
        ("LessThan", "GreaterThanEquals"),
        ("GreaterThanEquals", "LessThan"),
        ("LessThanEquals", "GreaterThan"),
        ("GreaterThan", "LessThanEquals"),
    )
}
_TRUTH: dict[tuple[str, ...], tuple[str, ...]] = {("true",): ("false",), ("false",): ("true",)}


def remaining(allowed: Iterable[Scope], denied: Iterable[Scope]) -> tuple[Scope, ...] | None:
    """The scopes that are left of `allowed` without `denied`; None where scopes cannot say it."""
    left = list(allowed)
    for deny in denied:
        pieces: list[Scope] = []
        for scope in left:
            found = _without(scope, deny)
            if found is None or len(pieces) + len(found) > MOST:
                return None
            pieces += [one for one in found if one not in pieces]
        left = pieces
    return tuple(left)


def opposite(entry: ConditionEntry) -> tuple[ConditionEntry, ...] | None:
    """Entries that hold together exactly where this one does not; None where operators cannot say it."""
    quantifier, _, name = entry.operator.lower().rpartition(":")
    base = name.removesuffix("ifexists")
    if_exists = base != name
    if base == "null" and not if_exists and not quantifier:
        turned = _TRUTH.get(entry.values)
        return None if turned is None else (replace(entry, values=turned),)
    if base == "bool" and not quantifier and entry.values in _TRUTH:
        operator = "Bool" if if_exists else "BoolIfExists"
        return (ConditionEntry(operator, entry.key, _TRUTH[entry.values]),)
    if base in _OTHER_SIDE and not quantifier and len(entry.values) == 1:
        return (replace(entry, operator=_OTHER_SIDE[base] + ("" if if_exists else "IfExists")),)
    if base not in _OPPOSITE or (quantifier and if_exists):
        return None
    operator, was_positive = _OPPOSITE[base]
    if quantifier:
        other = "ForAnyValue" if quantifier == "forallvalues" else "ForAllValues"
        return (replace(entry, operator=f"{other}:{operator}"),)
    turned_entry = replace(entry, operator=operator)
    # a positive IfExists holds where the key is missing, so its opposite needs the key
    needs_key = if_exists and was_positive
    return (turned_entry, ConditionEntry("Null", entry.key, ("false",))) if needs_key else (turned_entry,)


def _without(scope: Scope, deny: Scope) -> list[Scope] | None:
    if deny.principal is not None and (deny.principal, deny.not_principal) != (
        scope.principal,
        scope.not_principal,
    ):
        return None
    pieces = _elsewhere(scope, deny)
    if pieces is None:
        return None
    if any(piece == scope for piece in pieces):
        return [scope]
    for entry in deny.condition:
        if entry in scope.condition:
            continue  # it holds here, so nothing is left by it
        turned = opposite(entry)
        condition = None if turned is None else _joined(scope.condition, turned)
        if condition is None:
            return None
        pieces.append(replace(scope, condition=condition))
    return pieces


def _elsewhere(scope: Scope, deny: Scope) -> list[Scope] | None:
    """What is left by resource alone."""
    if any(
        "${" in text for one in (scope, deny) for text in (*(one.resources or ()), *(one.not_resources or ()))
    ):
        return [] if (scope.resources, scope.not_resources) == (deny.resources, deny.not_resources) else None
    if deny.resources is None:
        if scope.resources == ("*",):
            return [replace(scope, resources=deny.not_resources)]
        return [] if scope.not_resources == deny.not_resources else None
    if "*" in deny.resources:
        return []
    if scope.resources == ("*",):
        return [replace(scope, resources=None, not_resources=deny.resources)]
    if scope.resources is None:
        return None
    free = []
    for resource in scope.resources:
        if covers(deny.resources, resource):
            continue
        if any(overlap(resource, one) for one in deny.resources):
            return None
        free.append(resource)
    return [replace(scope, resources=tuple(free))] if free else []


def _joined(
    condition: tuple[ConditionEntry, ...], more: Iterable[ConditionEntry]
) -> tuple[ConditionEntry, ...] | None:
    """All of them together, one entry an operator and key; None where that cannot be written."""
    held = {(one.operator.lower(), one.key.lower()): one for one in condition}
    for entry in more:
        name = (entry.operator.lower(), entry.key.lower())
        known = held.get(name)
        if known is None:
            held[name] = entry
        elif known.values != entry.values:
            if "not" not in name[0] or name[0].startswith("forany"):
                return None
            held[name] = replace(known, values=tuple(sorted({*known.values, *entry.values})))
    return tuple(sorted(held.values()))
