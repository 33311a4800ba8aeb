"""Condition operators as predicates on context keys.

Positive operators do not match where the key is missing, negated ones do, and IfExists matches then, too:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
ForAllValues matches a missing key, ForAnyValue does not:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from collections.abc import Callable
from functools import partial

from tracker.model.change import ConditionEntry
from tracker.policy import ranges
from tracker.policy.values import Family, Literal3, Predicate, Values

_PRESENT = Predicate("present")

# operator in lower case -> (how its texts are read, it is a negated one)
_TEXTS = {
    "stringequals": ("exact", False),
    "stringnotequals": ("exact", True),
    "stringequalsignorecase": ("fold", False),
    "stringnotequalsignorecase": ("fold", True),
    "stringlike": ("glob", False),
    "stringnotlike": ("glob", True),
    "arnequals": ("arn", False),  # ArnEquals and ArnLike behave alike
    "arnlike": ("arn", False),
    "arnnotequals": ("arn", True),
    "arnnotlike": ("arn", True),
    "binaryequals": ("exact", False),
}
_RELATIONS = {"equals", "notequals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals"}


_FAMILIES: dict[str, Family] = {"numeric": "number", "date": "date"}


def literal_of(entry: ConditionEntry, *, literal_variables: bool) -> Literal3 | bool:
    """An entry of a Condition block as a claim on its key; or True or False, where it always or never holds."""
    variable = f"key:{entry.key.lower()}"
    operator = entry.operator.lower()
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("ifexists")
    if_exists = base != name
    if base == "null" and not quantifier and not if_exists:
        return _null(variable, entry, literal_variables)
    understood = _values(base, entry, literal_variables)
    if (
        understood is None
        or quantifier not in ("", "forallvalues", "foranyvalue")
        or (quantifier and if_exists)
    ):
        return _sealed(variable, operator, entry, literal_variables)
    values, negated = understood
    if not quantifier:
        # a negated operator matches a missing key already: IfExists adds nothing to it
        return variable, Predicate("one", values, absent=if_exists and not negated), not negated
    if (quantifier == "forallvalues") != negated:
        return variable, Predicate("all", values, absent=True), not negated
    return variable, Predicate("any", values), not negated


def _null(variable: str, entry: ConditionEntry, literal_variables: bool) -> Literal3 | bool:
    wanted = {value.lower() for value in entry.values}
    if not wanted <= {"true", "false"}:
        return _sealed(variable, "null", entry, literal_variables)
    if len(wanted) != 1:
        return bool(wanted)  # there or not: always; neither: never
    return variable, _PRESENT, wanted == {"false"}


def _sealed(variable: str, operator: str, entry: ConditionEntry, literal_variables: bool) -> Literal3:
    how = "as text" if literal_variables else "variables"
    return variable, Predicate("sealed", seal=(operator, how, *entry.values)), True


def _values(base: str, entry: ConditionEntry, literal_variables: bool) -> tuple[Values, bool] | None:
    """The set of values that an operator names, and whether it is a negated operator. None: not understood."""
    texts = entry.values
    live = () if literal_variables else tuple(text for text in texts if "${" in text)
    if base in _TEXTS:
        mode, negated = _TEXTS[base]
        alternatives = {(mode, text) for text in texts}
        sealed = {one for one in alternatives if one[1] in live or (mode == "arn" and one[1].count(":") < 5)}
        itself = f"${{{entry.key}}}".lower()  # a key that is asked to be what it is
        opaque = frozenset(("itself" if text.lower() == itself else mode, text) for mode, text in sealed)
        return Values("string", frozenset(alternatives - sealed), opaque=opaque), negated
    if base in ("ipaddress", "notipaddress"):
        return _ranged("address", texts, ranges.addresses, "in"), base == "notipaddress"
    if base == "bool":
        return _ranged("truth", texts, ranges.truth, "is"), False
    for prefix, family in _FAMILIES.items():
        relation = base.removeprefix(prefix)
        if relation != base and relation in _RELATIONS:
            negated = relation == "notequals"
            return _ranged(
                family, texts, partial(_related, family, "equals" if negated else relation), relation
            ), negated
    return None


def _related(family: Family, relation: str, text: str) -> ranges.Ranges | None:
    point = ranges.number(text) if family == "number" else ranges.moment(text)
    return None if point is None else ranges.related(point, relation)


def _ranged(
    family: Family, texts: tuple[str, ...], read: Callable[[str], ranges.Ranges | None], how: str
) -> Values:
    found: list[tuple[ranges.Cut, ranges.Cut]] = []
    opaque: set[tuple[str, str]] = set()
    for text in texts:
        points = read(text)
        if points is None:
            opaque.add((how, text))
        else:
            found += points
    return Values(family, ranges=ranges.union(found), opaque=frozenset(opaque))
