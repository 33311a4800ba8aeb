"""Where an action is allowed: the union of the scopes that allow it, less the union of those that deny it.

Inclusion of one region in another is decided exactly as far as `values` decides: see docs/semantics.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tracker.model.change import Scope
from tracker.policy.conditions import literal_of
from tracker.policy.document import Place
from tracker.policy.logic import Clause, outside, satisfiable
from tracker.policy.principals import is_everybody, principals
from tracker.policy.values import PRINCIPAL, RESOURCE, Literal3, Met, Predicate, Values, best

Verdict = Literal["nothing", "equal", "added", "removed", "widened", "narrowed", "rescoped"]
Claims = tuple[Literal3, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """Union of `allowed`, less union of `denied`; each a conjunction of claims."""

    allowed: tuple[Claims, ...]
    denied: tuple[Claims, ...] = ()


@lru_cache(maxsize=4096)
def claims_of(place: Place) -> Claims | None:
    """A scope as claims on a request that hold together; None for a scope that no request meets."""
    scope = place.scope
    literals: list[Literal3] = []
    for one in (
        _resource(scope, place.literal_variables),
        _principal(scope),
        *(literal_of(entry, literal_variables=place.literal_variables) for entry in scope.condition),
    ):
        if one is False:
            return None
        if one is not True:
            literals.append(one)
    return tuple(literals)


def region(allowed: Iterable[Place], denied: Iterable[Place]) -> Region:
    """The region of an action that these scopes allow and those deny."""
    return Region(
        *(tuple(c for c in map(claims_of, places) if c is not None) for places in (allowed, denied))
    )


def _resource(scope: Scope, literal_variables: bool) -> Literal3 | bool:
    patterns = scope.not_resources if scope.resources is None else scope.resources
    wanted = scope.resources is not None
    if patterns is None or "*" in patterns:
        return wanted
    live = frozenset(("glob", text) for text in patterns if "${" in text and not literal_variables)
    known = frozenset(("glob", text) for text in patterns) - live
    return RESOURCE, Predicate("one", Values("string", known, opaque=live)), wanted


def _principal(scope: Scope) -> Literal3 | bool:
    if scope.principal is None:
        return True
    if is_everybody(scope.principal):
        return not scope.not_principal
    return PRINCIPAL, Predicate("one", principals(scope.principal)), not scope.not_principal


def is_empty(region: Region) -> bool:
    """True where nothing is allowed, proved."""
    return all(_escapes(claims, region.denied) is False for claims in region.allowed)


def _escapes(claims: Claims, *unions: Sequence[Claims]) -> Met:
    """Whether some request meets the claims and stays outside of every scope of the unions."""
    clauses: list[Clause] = [outside(scope) for union in unions for scope in union]
    if () in clauses:
        return False
    return satisfiable(claims, clauses)


@lru_cache(maxsize=4096)
def exceeds(one: Region, other: Region) -> Met:
    """True where some request is inside of one region and outside of the other; False where none can be, proved."""
    return best(
        answer
        for claims in one.allowed
        for answer in (
            _escapes(claims, one.denied, other.allowed),
            *(_escapes((*claims, *deny), one.denied) for deny in other.denied),
        )
    )


def verdict(before: Region, after: Region) -> tuple[Verdict, bool]:
    """What became of a region, and whether that is proved. What is not proved is 'rescoped'."""
    was, now = not is_empty(before), not is_empty(after)
    if not was or not now:
        return ("removed" if was else "added" if now else "nothing"), True
    lost, gained = exceeds(before, after), exceeds(after, before)
    if lost is None or gained is None:
        return "rescoped", False
    if lost:
        return ("rescoped" if gained else "narrowed"), True
    return ("widened" if gained else "equal"), True
