"""Where an action is allowed: the union of the scopes that allow it, less the union of those that deny it."""

from dataclasses import dataclass
from typing import Literal

from tracker.policy.access import Place, identity
from tracker.policy.patterns import covers

Verdict = Literal["nothing", "equal", "added", "removed", "widened", "narrowed", "rescoped"]


@dataclass(frozen=True, slots=True)
class Region:
    """Union of `allowed`, less union of `denied`."""

    allowed: tuple[Place, ...]
    denied: tuple[Place, ...] = ()


def is_empty(region: Region) -> bool:
    """True where nothing is allowed, proved."""
    return all(_inside(place, region.denied) for place in region.allowed)


def verdict(before: Region, after: Region) -> tuple[Verdict, bool]:
    """What became of a region, and whether that is proved."""
    was, now = not is_empty(before), not is_empty(after)
    if not was or not now:
        return ("removed" if was else "added" if now else "nothing"), True
    if {identity(p) for p in before.denied} != {identity(p) for p in after.denied}:
        return "rescoped", False
    kept = all(_inside(place, after.allowed) for place in before.allowed)
    held = all(_inside(place, before.allowed) for place in after.allowed)
    if kept:
        return ("equal" if held else "widened"), True
    return ("narrowed", True) if held else ("rescoped", False)


def _inside(place: Place, union: tuple[Place, ...]) -> bool:
    return any(_covers(one, place) for one in union)


def _covers(one: Place, other: Place) -> bool:
    a, b = one.scope, other.scope
    if identity(one) == identity(other):
        return True
    if a.principal != b.principal or a.not_principal != b.not_principal:
        return False
    if a.condition and a.condition != b.condition:
        return False
    if a.resources is not None and b.resources is not None:
        return all(covers(a.resources, pattern) for pattern in b.resources)
    return a.resources == ("*",)
