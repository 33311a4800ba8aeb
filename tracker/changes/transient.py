"""What came and went inside a period: the same at both ends, otherwise for a while between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tracker.changes.sightings import Stint, in_force
from tracker.model.change import Difference, Transient

Direction = Literal["granted", "withdrawn", "widened", "narrowed", "re-scoped"]


@dataclass(slots=True)
class _Episode:
    """One action that was otherwise for a while, perhaps more than once."""

    spelling: str
    level: str
    places: set[int] = field(default_factory=set)  # the stints in which it was


def transients(
    base: Stint | None, later: Sequence[Stint], differences: Mapping[int, Difference]
) -> tuple[Transient, ...]:
    """Every action that was otherwise for a while, sorted, with the seconds that it was so, at least and at most.

    `base` is the default at the start (None: there was no policy), `later` are the visible ones after it, and
    `differences` tells by their place what each of them changed against the base; those equal to it are left out.
    What differs in the last is no transient but the net change.
    """
    net = differences.get(len(later) - 1, Difference())
    lasting = {action for action, *_ in moves(net)}
    episodes: dict[tuple[str, Direction], _Episode] = {}
    for place, difference in differences.items():
        for action, spelling, level, direction in moves(difference):
            if action not in lasting:
                episodes.setdefault((action, direction), _Episode(spelling, level)).places.add(place)
    bounds: dict[frozenset[int], tuple[float, float]] = {}
    found = []
    for (_, direction), episode in sorted(episodes.items()):
        places = frozenset(episode.places)
        if places not in bounds:
            bounds[places] = _lasted(base, later, places)
        found.append(Transient(episode.spelling, direction, *bounds[places], episode.level))
    return tuple(found)


def moves(difference: Difference) -> Iterator[tuple[str, str, str, Direction]]:
    """(action in lower case, as spelt, access level, direction) of every action that a difference moves."""
    for one in difference.actions_added:
        yield one.action.lower(), one.action, one.access_level, "granted"
    for one in difference.actions_removed:
        yield one.action.lower(), one.action, one.access_level, "withdrawn"
    for moved in difference.actions_widened:
        yield moved.action.lower(), moved.action, moved.access_level, "widened"
    for moved in difference.actions_narrowed:
        yield moved.action.lower(), moved.action, moved.access_level, "narrowed"
    for moved in difference.actions_rescoped:
        yield moved.action.lower(), moved.action, moved.access_level, "re-scoped"


def only(difference: Difference, transient: Sequence[Transient]) -> Difference:
    """Of a difference, what gave actions that did not last."""
    wanted = {one.action.lower() for one in transient}
    return replace(
        difference,
        actions_added=tuple(one for one in difference.actions_added if one.action.lower() in wanted),
        actions_widened=tuple(one for one in difference.actions_widened if one.action.lower() in wanted),
        actions_rescoped=tuple(one for one in difference.actions_rescoped if one.action.lower() in wanted),
        patterns_added=(),
        denies_removed=(),
        denies_narrowed=(),
    )


def _lasted(base: Stint | None, later: Sequence[Stint], places: frozenset[int]) -> tuple[float, float]:
    """(at least, at most) seconds of all runs of stints in a row, together.

    Each run has a stint after it, since what differs in the last one is no transient.
    """
    least = most = 0.0
    for first in sorted(place for place in places if place - 1 not in places):
        after = next(place for place in range(first, len(later)) if place not in places)
        low, high = in_force(later[first:after], later[first - 1] if first else base, later[after].first_seen)
        least, most = least + low, most + high
    return least, most
