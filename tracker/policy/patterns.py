"""Patterns of `*` (any run of characters, none too) and `?` (one character): what they match, cover and share.

Everything is decided on the languages of the patterns, exactly, over strings of any characters: `s3:Get*` covers
an action that AWS has yet to invent, and `?*` covers `*a`. Case is the caller's: fold actions before, not resources.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

STEPS = 10_000  # states that one question may visit before it is given up; real policies need a few hundred

_WILD = re.compile(r"[*?]")
_RUN = re.compile(r"[*?]{2,}")


def is_wild(pattern: str) -> bool:
    """True where the pattern may match more than one string."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=8192)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+|\?)", pattern)
    return re.compile(
        "".join(".*" if p[:1] == "*" else "." if p == "?" else re.escape(p) for p in parts), re.DOTALL
    )


def matches(pattern: str, text: str) -> bool:
    """True where the pattern matches the text, taken literally (its own `*` is just a character)."""
    if pattern == "*":
        return True
    wild = _WILD.search(pattern)
    if wild is None:
        return pattern == text
    if not text.startswith(pattern[: wild.start()]):
        return False
    return _regex(pattern).fullmatch(text) is not None


def literal_prefix(pattern: str) -> str:
    """The characters that every match begins with: all before the first wildcard."""
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[: wild.start()]


def canonical(pattern: str) -> str:
    """The pattern with runs of wildcards in one order (`*?*` and `?**` are `?*`): equal languages in equal words."""
    return _RUN.sub(lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def canonical_action(pattern: str) -> str:
    """As `canonical`, for an action string: a service and a name have at least one character each."""
    service, colon, name = canonical(pattern).partition(":")
    name = "*" if name == "?*" else name
    service = "*" if service == "?*" else service
    return "*" if service == "*" and name in ("*", "") else service + colon + name


def covers(patterns: Iterable[str], pattern: str) -> bool:
    """True where every string that `pattern` matches is matched by at least one of `patterns`.

    Exact, but for patterns made to be hard: past STEPS it is given up, and what is not proved is False.
    """
    known = patterns if isinstance(patterns, set | frozenset) else frozenset(patterns)
    if pattern in known or "*" in known:
        return True
    if not is_wild(pattern):
        return any(matches(one, pattern) for one in known)
    tokens = canonical(pattern)
    prefix = literal_prefix(pattern)
    near = [one for one in known if _may_share_prefix(one, prefix)]
    wild = [one for one in near if is_wild(one)]
    if not wild:  # names alone cover no pattern: its sign may stand for what none of them has
        return False
    names = [one for one in near if matches(pattern, one)] if len(wild) < len(near) else []
    return _Union(tuple(sorted({*wild, *names}))).covers(tokens)


def _may_share_prefix(pattern: str, prefix: str) -> bool:
    start = literal_prefix(pattern)
    return start.startswith(prefix) or prefix.startswith(start)


class _Union:
    """A union of patterns as one automaton whose sets of states are the bits of one number."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.start = self.accepting = self.loops = self.any_char = 0
        self.by_char: dict[str, int] = {}
        position = 0
        for pattern in patterns:
            self.start |= 1 << position
            for sign in canonical(pattern):
                if sign == "*":
                    self.loops |= 1 << position
                elif sign == "?":
                    self.any_char |= 1 << position
                    position += 1
                else:
                    self.by_char[sign] = self.by_char.get(sign, 0) | 1 << position
                    position += 1
            self.accepting |= 1 << position
            position += 1

    def step(self, states: int, char: str | None) -> int:
        """The states after one more character; None stands for a character that no pattern names."""
        moving = self.any_char | (self.by_char.get(char, 0) if char is not None else 0)
        return (states & moving) << 1 | states & self.loops

    def covers(self, tokens: str) -> bool:
        """True where every string of `tokens` is accepted.

        The hardest string for the union is the one whose wildcards are filled with a character that no pattern
        names: it reaches the fewest states. So only the lengths of the runs are left to try, and each run ends
        in a cycle.
        """
        frontier = {self.start}
        steps = 0
        for sign in tokens:
            if sign == "*":
                reached = set(frontier)
                while frontier and steps <= STEPS:
                    steps += len(frontier)
                    frontier = {self.step(states, None) for states in frontier} - reached
                    reached |= frontier
                frontier = _hardest(reached)
            else:
                steps += len(frontier)
                frontier = {self.step(states, None if sign == "?" else sign) for states in frontier}
            if 0 in frontier or steps > STEPS:
                return False
        return all(states & self.accepting for states in frontier)


def _hardest(states: set[int]) -> set[int]:
    """Only the sets that contain no other: what is accepted from a smaller set is accepted from a larger one."""
    kept: list[int] = []
    for one in sorted(states, key=lambda bits: (bits.bit_count(), bits)):
        if not any(one & other == other for other in kept):
            kept.append(one)
    return set(kept)


def overlap(one: str, other: str) -> bool:
    """True where at least one string is matched by both patterns."""
    if one == other or "*" in (one, other):
        return True
    if not is_wild(one):
        return matches(other, one)
    if not is_wild(other):
        return matches(one, other)
    if not _may_share_prefix(one, literal_prefix(other)):
        return False
    left, right = (*canonical(one), ""), (*canonical(other), "")
    seen: set[tuple[int, int]] = set()
    ahead = [(0, 0)]
    while ahead:
        i, j = place = ahead.pop()
        if left[i] == right[j] == "":
            return True
        if place not in seen:
            seen.add(place)
            ahead += _shared_steps(i, j, left[i], right[j])
    return False


def _shared_steps(i: int, j: int, a: str, b: str) -> list[tuple[int, int]]:
    """Where two patterns can go on from places i and j, at the tokens a and b ("" is the end)."""
    if a == "*":
        return [(i + 1, j), (i, j + 1)] if b else [(i + 1, j)]
    if b == "*":
        return [(i, j + 1), (i + 1, j)] if a else [(i, j + 1)]
    return [(i + 1, j + 1)] if a and b and (a == b or "?" in (a, b)) else []
