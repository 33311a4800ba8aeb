"""Sets of strings described by patterns, and the one question asked of them: is there a string in all of these
unions and in none of those patterns?

Five ways to read a text: `exact` (as it stands), `fold` (without regard to case), `glob` (`*` and `?`), `arn` (`*` and
`?` that stay within the first five colon-separated parts, as ArnLike matches) and `action` (`*` and `?` that stay
within the service, before the first colon). The search runs over the
product of the patterns' automata and is exact. It follows few characters: those that a wanted pattern names next,
and one that no pattern names, since among all other characters that one is accepted by the fewest patterns.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from tracker.policy.patterns import STEPS, literal_prefix, matches

Alternative = tuple[str, str]  # (how to read it, text): ('glob', 'arn:aws:s3:::a*')
Union = frozenset[Alternative]
ANYTHING: Alternative = ("glob", "*")

_WITH_WILDCARDS = ("glob", "arn", "action")
_KEPT_APART = {"arn": 5, "action": 1}  # colons that a wildcard does not reach across
_FRESH = ""  # the character that no pattern names
_ANY = frozenset({"any"})
_NOT_COLON = frozenset({"any but a colon"})
Sign = frozenset[str]  # the characters that move on from a position, or _ANY, or _NOT_COLON


@dataclass(frozen=True, slots=True)
class _Automaton:
    """One pattern: at each position what moves on, and what stays. The last position accepts."""

    moves: tuple[Sign, ...]  # one shorter than stays
    stays: tuple[Sign | None, ...]


@lru_cache(maxsize=4096)
def _automaton(alternative: Alternative) -> _Automaton:
    mode, text = alternative
    moves: list[Sign] = []
    stays: list[Sign | None] = [None]
    colons = 0
    for char in text:
        wild = _NOT_COLON if colons < _KEPT_APART.get(mode, 0) else _ANY
        colons += char == ":"
        if char == "*" and mode in _WITH_WILDCARDS:
            stays[-1] = wild
            continue
        if char == "?" and mode in _WITH_WILDCARDS:
            # `*?` and `?*` are one language; with the loop before the step its tokens meet those of `?*`
            moves.append(wild)
        else:
            moves.append(_one(char) if mode != "fold" else _both_cases(char))
        stays.append(None)
    return _Automaton(tuple(moves), tuple(stays))


@cache
def _one(char: str) -> Sign:
    return frozenset(char)


@cache
def _both_cases(char: str) -> Sign:
    return frozenset(one for one in (char, char.lower(), char.upper()) if len(one) == 1)


def _admits(sign: Sign | None, char: str) -> bool:
    if sign is None:
        return False
    return sign is _ANY or (sign is _NOT_COLON and char != ":") or char in sign


class _Unwanted:
    """A union of patterns as one automaton; a set of its positions is the bits of one number."""

    def __init__(self, union: Iterable[Alternative]) -> None:
        self.start = self.accepting = 0
        self._moves: dict[str, int] = {}
        self._move_any = self._move_not_colon = self._stay_any = self._stay_not_colon = 0
        self.minds_colons = False
        bit = 1
        for alternative in sorted(union):
            automaton = _automaton(alternative)
            self.start |= bit
            for position, stay in enumerate(automaton.stays):
                self._stay(stay, bit)
                if position < len(automaton.moves):
                    self._move(automaton.moves[position], bit)
                else:
                    self.accepting |= bit
                bit <<= 1

    def _stay(self, sign: Sign | None, bit: int) -> None:
        if sign is _ANY:
            self._stay_any |= bit
        elif sign is _NOT_COLON:
            self._stay_not_colon |= bit
            self.minds_colons = True

    def _move(self, sign: Sign, bit: int) -> None:
        if sign is _ANY:
            self._move_any |= bit
        elif sign is _NOT_COLON:
            self._move_not_colon |= bit
            self.minds_colons = True
        else:
            for char in sign:
                self._moves[char] = self._moves.get(char, 0) | bit

    def step(self, positions: int, char: str) -> int:
        """The positions after one more character."""
        move = self._move_any | self._moves.get(char, 0)
        stay = self._stay_any
        if char != ":":
            move |= self._move_not_colon
            stay |= self._stay_not_colon
        return (positions & move) << 1 | positions & stay


@lru_cache(maxsize=512)
def _unwanted(union: Union) -> _Unwanted:
    return _Unwanted(union)


def accepts(alternative: Alternative, text: str) -> bool:
    """True where the alternative matches a text."""
    mode, pattern = alternative
    if mode == "glob":
        return matches(pattern, text)
    if mode == "exact":
        return pattern == text
    unwanted = _unwanted(frozenset({alternative}))
    positions = unwanted.start
    for char in text:
        positions = unwanted.step(positions, char)
    return bool(positions & unwanted.accepting)


def meet(wanted: Sequence[Union], unwanted: Union) -> bool | None:
    """True where some string is in every union of `wanted` and matched by nothing of `unwanted`.

    None where the search was given up after STEPS.
    """
    if ANYTHING in unwanted:
        return False
    needed = [_without(union, unwanted) for union in wanted if ANYTHING not in union]
    if not all(needed):
        return False
    left = STEPS
    for chosen in _choices(sorted(needed, key=len)):
        found, steps = _search(chosen, unwanted, left)
        left -= steps + 1
        if found or left < 0:
            return True if found else None
    return False


def _without(union: Union, unwanted: Union) -> list[Alternative]:
    return sorted(union - unwanted)


def _choices(unions: list[list[Alternative]]) -> Iterator[tuple[Alternative, ...]]:
    """One alternative of each union, leaving out those that cannot meet by how they begin."""
    if not unions:
        yield (ANYTHING,)
        return
    yield from _extend((), "", unions)


def _extend(
    chosen: tuple[Alternative, ...], prefix: str, unions: list[list[Alternative]]
) -> Iterator[tuple[Alternative, ...]]:
    if len(chosen) == len(unions):
        yield chosen
        return
    for alternative in unions[len(chosen)]:
        start = _begins(alternative)
        if alternative in chosen:
            yield from _extend((*chosen, alternative), prefix, unions)
        elif start.startswith(prefix):
            yield from _extend((*chosen, alternative), start, unions)
        elif prefix.startswith(start):
            yield from _extend((*chosen, alternative), prefix, unions)


def _begins(alternative: Alternative) -> str:
    """The characters that every match begins with, as far as one can tell without regard to case."""
    mode, text = alternative
    if mode == "fold":
        return ""
    return text if mode == "exact" else literal_prefix(text)


def _search(chosen: tuple[Alternative, ...], unwanted: Union, limit: int) -> tuple[bool, int]:
    """As `meet`, for one alternative of each union; and how many states were visited, more than `limit`: given up."""
    wanted = sorted(set(chosen))
    fixed = [
        text for mode, text in wanted if mode != "fold" and (mode == "exact" or literal_prefix(text) == text)
    ]
    if fixed:
        text = fixed[0]
        inside = all(accepts(one, text) for one in wanted)
        return inside and not any(accepts(one, text) for one in unwanted), 1
    prefix = max((_begins(one) for one in wanted), key=len)
    near = frozenset(one for one in unwanted if _may_meet(_begins(one), prefix))
    if not near and len(wanted) == 1:
        return True, 1
    return _product([_automaton(one) for one in wanted], _unwanted(near), limit)


def _may_meet(start: str, prefix: str) -> bool:
    return start.startswith(prefix) or prefix.startswith(start)


def _product(wanted: Sequence[_Automaton], unwanted: _Unwanted, limit: int) -> tuple[bool, int]:
    colons = unwanted.minds_colons or any(_NOT_COLON in (*one.moves, *one.stays) for one in wanted)
    ends = tuple(len(one.moves) for one in wanted)
    start = (0,) * len(wanted)
    ahead = [(start, unwanted.start)]
    seen: dict[tuple[int, ...], list[int]] = {start: [unwanted.start]}
    steps = 0
    while ahead and steps <= limit:
        places, positions = ahead.pop()
        if places == ends and not positions & unwanted.accepting:
            return True, steps
        for char in _next_characters(wanted, places, colons):
            left = unwanted.step(positions, char)
            reached = list(_reached(wanted, places, char))
            steps += 1 + len(reached)
            ahead += [(one, left) for one in reached if _is_new(seen.setdefault(one, []), left)]
    return False, steps


def _next_characters(wanted: Sequence[_Automaton], places: tuple[int, ...], colons: bool) -> list[str]:
    named = {
        char
        for one, place in zip(wanted, places, strict=True)
        if place < len(one.moves) and one.moves[place] is not _ANY and one.moves[place] is not _NOT_COLON
        for char in one.moves[place]
    }
    if colons:
        named.add(":")
    return [*sorted(named), _FRESH]


def _reached(wanted: Sequence[_Automaton], places: tuple[int, ...], char: str) -> Iterator[tuple[int, ...]]:
    options = []
    for one, place in zip(wanted, places, strict=True):
        here = [place] if _admits(one.stays[place], char) else []
        if place < len(one.moves) and _admits(one.moves[place], char):
            here.append(place + 1)
        options.append(here)
    yield from product(*options)


def _is_new(known: list[int], positions: int) -> bool:
    """False where a set of positions holds one that was met here: it is accepted from at least as often."""
    for one in known:
        if one & positions == one:
            return False
    known[:] = [one for one in known if one & positions != positions]
    known.append(positions)
    return True
