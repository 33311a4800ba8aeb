"""Statements about one value of a request (its resource, its action, a context key), and whether they can hold together.

Answers have three values: True (some request meets them all), False (none can, proved), None (not decided: a policy
variable is in play, a value of two types, a search given up). None is never taken for a proof.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tracker.policy import ranges
from tracker.policy.languages import ANYTHING, Alternative, Union, accepts, meet
from tracker.policy.ranges import Ranges

Family = Literal["string", "number", "date", "address", "truth"]
_DOMAIN: dict[Family, Ranges] = {
    "number": ranges.LINE,
    "date": ranges.LINE,
    "address": ranges.ADDRESSES,
    "truth": ranges.TRUTH,
}


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values. What is opaque (a `${variable}`, a text that is no number) is known to equal itself only."""

    family: Family
    strings: Union = frozenset()
    ranges: Ranges = ()
    opaque: frozenset[Alternative] = frozenset()


_VARIABLE = re.compile(r"\$\{[^}]*\}?")
Claim = tuple[Values, bool]  # the value is in the set, or is not


@dataclass(frozen=True, slots=True)
class Predicate:
    """Something that a request's key meets or not. For a single value, and for keys that hold several.

    one: the key's value is in the set. any, all: at least one, or every one, of its values is (all: also where the
    key is missing). present: the key is there. sealed: an operator that is not understood, equal to itself only.
    """

    kind: Literal["one", "any", "all", "present", "sealed"]
    values: Values | None = None
    absent: bool = False  # met where the key is missing
    seal: tuple[str, ...] = ()


Literal3 = tuple[str, Predicate, bool]  # variable, predicate, whether it must or must not hold
Met = bool | None

RESOURCE, PRINCIPAL, ACTION = "resource", "principal", "action"


def best(answers: Iterable[Met]) -> Met:
    """Any: True where one is, else None where one is undecided."""
    found: Met = False
    for answer in answers:
        if answer:
            return True
        if answer is None:
            found = None
    return found


def worst(answers: Iterable[Met]) -> Met:
    """All: False where one is, else None where one is undecided."""
    found: Met = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


@lru_cache(maxsize=16384)
def holds_together(variable: str, claims: frozenset[tuple[Predicate, bool]]) -> Met:
    """Whether some state of one variable of a request meets every claim."""
    if any((predicate, not must) in claims for predicate, must in claims if must):
        return False
    if not variable.startswith("key:"):
        return one_value([(p.values, must) for p, must in claims if p.values is not None])
    answer = best((_missing(claims), _present(claims)))
    sealed = any(predicate.kind == "sealed" for predicate, _ in claims)
    return None if sealed and answer else answer


def _missing(claims: Iterable[tuple[Predicate, bool]]) -> bool:
    return all(predicate.kind == "sealed" or predicate.absent == must for predicate, must in claims)


def _present(claims: Iterable[tuple[Predicate, bool]]) -> Met:
    ones: list[Claim] = []
    every: list[Claim] = []  # every value of the key
    some: list[Claim] = []  # at least one value of it
    for predicate, must in claims:
        if predicate.kind == "present" and not must:
            return False
        if predicate.values is None:
            continue
        if predicate.kind == "one":
            ones.append((predicate.values, must))
        elif (predicate.kind == "all") == must:
            every.append((predicate.values, must))
        else:
            some.append((predicate.values, must))
    single = one_value([*ones, *every, *some])
    if single or not (every or some):
        return single
    # several values: each need of `some` may be met by another one. What a plain operator makes of several is not
    # documented, so with one of them in play this shows at most that nothing is proved.
    several = worst([one_value(every), *(one_value([*every, need]) for need in some)])
    return best((single, None if several and ones else several))


def one_value(claims: Sequence[Claim]) -> Met:
    """Whether one value meets all claims."""
    families = {values.family for values, _ in claims}
    answers = [_in_family(family, [one for one in claims if one[0].family == family]) for family in families]
    answer = worst(answers)
    return _read_in_two_ways(claims) if answer and len(families) > 1 else answer


def _read_in_two_ways(claims: Sequence[Claim]) -> Met:
    """As `one_value`, for a key that is read as text here and as a number, a date, an address or a truth value there.

    Decided where there are few texts to try: those that are named, or true and false.
    """
    if any(values.opaque for values, _ in claims):
        return None
    if any(values.family == "truth" for values, _ in claims):
        texts = {"true", "false"}
    else:
        named = [values.strings for values, must in claims if must and values.family == "string"]
        exact = [strings for strings in named if all(mode == "exact" for mode, _ in strings)]
        if not exact:
            return None
        texts = {text for _, text in min(exact, key=len)}
    return best(worst(_is(text, *claim) for claim in claims) for text in sorted(texts))


def _is(text: str, values: Values, must: bool) -> Met:
    if values.family == "string":
        return any(accepts(one, text) for one in values.strings) == must
    points = ranges.read(values.family, text)
    if (
        points is None
    ):  # no number, where a number is asked for: what an operator makes of that is not documented
        return None
    return bool(ranges.common(points, values.ranges)) == must


def _in_family(family: Family, claims: Sequence[Claim]) -> Met:
    if _free(claims):
        return True
    wanted = [values for values, must in claims if must]
    unwanted = [values for values, must in claims if not must]
    excluded = frozenset[Alternative]().union(*(values.opaque for values in unwanted))
    certain = [values for values in wanted if not values.opaque - excluded]
    possible = _known(family, certain, unwanted)
    if possible is False:
        return False
    proved = possible if len(certain) == len(wanted) else _known(family, wanted, unwanted)
    if proved and excluded:
        # A value that is outside of whatever the variables may stand for is surely outside. Of everything there is
        # (nothing wanted in particular) that is not asked: what a variable leaves of everything is for review.
        beyond = Values(family, frozenset(map(_widest, excluded)))
        proved = family == "string" and bool(wanted) and _known(family, wanted, [*unwanted, beyond])
    return proved or None


def _free(claims: Sequence[Claim]) -> bool:
    """True where all that is asked of a value is to be, or not to be, what one variable stands for.

    Both happen, whatever else the request is: so a condition with a variable that is added narrows, like any other.
    """
    (values, _), *more = claims
    return (
        not more
        and not values.strings
        and len(values.opaque) == 1
        and all(mode in ("exact", "fold") and _VARIABLE.fullmatch(text) for mode, text in values.opaque)
    )


def _widest(alternative: Alternative) -> Alternative:
    """A pattern that matches at least what one with variables does."""
    mode, text = alternative
    return ("glob", _VARIABLE.sub("*", text)) if mode == "glob" else ANYTHING


def _known(family: Family, wanted: Sequence[Values], unwanted: Sequence[Values]) -> Met:
    """As `one_value`, leaving aside what is opaque."""
    if family == "string":
        none = frozenset[Alternative]().union(*(values.strings for values in unwanted))
        return meet([values.strings for values in wanted], none)
    left = _DOMAIN[family]
    for values in wanted:
        left = ranges.common(left, values.ranges)
    for values in unwanted:
        left = ranges.without(left, values.ranges)
    return bool(left)
