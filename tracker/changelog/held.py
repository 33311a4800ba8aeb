"""All actions of a service with who may do each, in one page: those that the same policies allow stand together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.changelog.places import quote

_MOST = 40  # rows of a group: the index of the search has them all


@dataclass(frozen=True, slots=True)
class Stretch:
    """A policy, and the days between which it allowed."""

    policy: str  # its folder
    path: str
    since: str  # '2021-12-21'
    until: str  # likewise; empty: it does today


@dataclass(frozen=True, slots=True)
class HeldAlike:
    """Actions of which exactly the same is to be said."""

    actions: tuple[str, ...]  # 'GetObject', in the order of the list
    now: int  # policies that allow them today
    once: int  # stretches that are over
    rows: tuple[Stretch, ...]  # today's first
    left: int  # rows that are not shown


def actions_place(service: str) -> str:
    """The page of all actions of a service; each has its place there, by its name in lower case."""
    return f"actions/{quote(service)}/index.html"


def held_alike(rows: Iterable[tuple[str, Sequence[tuple[str, str, str]]]]) -> tuple[HeldAlike, ...]:
    """Rows of the search's index (action, [[policy, since, until]]) by what they say, in the order in which they come; those of nobody last."""
    groups: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
    for action, who in rows:
        groups.setdefault(tuple(who), []).append(action)
    found = []
    for who, actions in groups.items():
        today = [one for one in who if not one[2]]
        over = [one for one in who if one[2]]
        shown = tuple(
            Stretch(one[0], f"{quote(one[0])}/index.html", one[1], one[2]) for one in (*today, *over)[:_MOST]
        )
        left = len(who) - len(shown)
        found.append(HeldAlike(tuple(actions), len(today), len(over), shown, left))
    return tuple(sorted(found, key=lambda one: not one.rows))
