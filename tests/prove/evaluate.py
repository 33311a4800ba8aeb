"""Whether a statement's parts match a request: the oracle's own reading of IAM's rules, written for no speed at all."""

import ipaddress
from datetime import UTC, datetime
from typing import Any

Context = str | tuple[str, ...] | None  # a key's value, its several values, or None where it is missing

NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}


def as_list(value: Any) -> list[Any]:
    """A JSON value that may stand for a list of one."""
    return value if isinstance(value, list) else [value]


def glob(pattern: str, text: str) -> bool:
    """`*` is any run of characters, `?` any one; by going back to the last star."""
    p = t = 0
    star, resume = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p += 1
            t += 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return set(pattern[p:]) <= {"*"}


def action_matches(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement speaks of an action ('s:ab', lower case)."""
    key = "Action" if "Action" in statement else "NotAction"
    hit = any(glob(one.lower(), action) for one in as_list(statement[key]))
    return hit == (key == "Action")


def resource_matches(statement: dict[str, Any], resource: str, name: str | None) -> bool:
    """Whether a statement speaks of a resource; `name` stands for ${aws:username}, None: taken literally."""
    key = "NotResource" if "NotResource" in statement else "Resource"
    if key not in statement:
        return True
    hit = any(glob(filled(one, name), resource) for one in as_list(statement[key]))
    return hit == (key == "Resource")


def filled(text: str, name: str | None) -> str:
    """A text with its variable filled in."""
    return text if name is None else text.replace("${aws:username}", name)


def principal_matches(statement: dict[str, Any], who: tuple[str, str]) -> bool:
    """Whether a statement speaks of a principal: ('AWS', arn) or ('Service', name)."""
    for key in ("Principal", "NotPrincipal"):
        if key in statement:
            named = statement[key]
            hit = named == "*" or any(
                _is_or_holds(kind, one, who) for kind, listed in named.items() for one in as_list(listed)
            )
            return hit == (key == "Principal")
    return True


def _is_or_holds(kind: str, name: str, who: tuple[str, str]) -> bool:
    if kind == "AWS" and name == "*":
        return True
    if kind != who[0]:
        return False
    if name == who[1]:
        return True
    if kind != "AWS":
        return False
    parts = who[1].split(":")
    account = name if name.isdigit() else name.split(":")[4] if name.endswith(":root") else None
    if account is not None:
        return parts[4] == account
    return ":role/" in name and who[1].startswith(
        f"arn:aws:sts::{name.split(':')[4]}:assumed-role/{name.rsplit('/', 1)[1]}/"
    )


def condition_matches(operator: str, values: Any, context: Context, name: str | None) -> bool:
    """Whether one operator with one key's values is met."""
    low = operator.lower()
    wanted = ["true" if one is True else "false" if one is False else str(one) for one in as_list(values)]
    if low == "null":
        return any((context is None) == (one.lower() == "true") for one in wanted)
    quantifier = ""
    for each in ("forallvalues:", "foranyvalue:"):
        if low.startswith(each):
            quantifier, low = each, low.removeprefix(each)
    if low.endswith("ifexists"):
        low = low.removesuffix("ifexists")
        if context is None:
            return True
    negated = low in NEGATED
    base = NEGATED.get(low, low)
    if context is None:
        return quantifier == "forallvalues:" or (not quantifier and negated)

    def met(value: str) -> bool:
        return any(one_matches(base, filled(one, name), value) for one in wanted) != negated

    if quantifier == "forallvalues:":
        return all(met(value) for value in as_tuple(context))
    if quantifier == "foranyvalue:":
        return any(met(value) for value in as_tuple(context))
    assert isinstance(context, str), "what a plain operator makes of several values is not documented"
    return met(context)


def as_tuple(context: str | tuple[str, ...]) -> tuple[str, ...]:
    """The values of a key that is there."""
    return (context,) if isinstance(context, str) else context


def one_matches(base: str, wanted: str, value: str) -> bool:
    """A positive operator on one value."""
    if base in ("stringequals", "binaryequals"):
        return wanted == value
    if base == "stringequalsignorecase":
        return wanted.lower() == value.lower()
    if base == "stringlike":
        return glob(wanted, value)
    if base in ("arnequals", "arnlike"):
        mine, theirs = wanted.split(":", 5), value.split(":", 5)
        return len(mine) == len(theirs) == 6 and all(map(glob, mine, theirs))
    if base == "bool":
        return wanted.lower() == value.lower()
    if base == "ipaddress":
        address = ipaddress.ip_address(value)
        block = ipaddress.ip_network(wanted, strict=False)
        return address.version == block.version and address in block
    family, left, right = ("numeric", float(value), float(wanted)) if base.startswith("numeric") else (
        "date", seconds(value), seconds(wanted)
    )  # fmt: skip
    return {
        "equals": left == right,
        "lessthan": left < right,
        "lessthanequals": left <= right,
        "greaterthan": left > right,
        "greaterthanequals": left >= right,
    }[base.removeprefix(family)]


def seconds(text: str) -> float:
    """A date as seconds."""
    if text.isdigit():
        return float(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=UTC).timestamp()
