"""Requests on both sides of every boundary, as a grid: one axis for the resource, the principal, each context key.

A set of requests is one whole number with a bit for each point of the grid, so that a statement's scope, and what two
documents allow, are a few operations on numbers.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import combinations, product
from typing import Any

from tests.prove.evaluate import (
    Context,
    condition_matches,
    principal_matches,
    resource_matches,
)

LETTERS = "abqAB"  # q stands for whatever no pattern names
BASE = "arn:aws:s:::"
VARIABLE = "aws:username"


@lru_cache
def words(letters: str, longest: int) -> tuple[str, ...]:
    """Every word up to a length, the empty one too."""
    return tuple("".join(one) for n in range(longest + 1) for one in product(letters, repeat=n))


RESOURCES = (*(BASE + word for word in sorted({*words("abqA", 3), *(word for word in words("abqA", 4) if word.count("A") < 2)})), "arn:aws:t:::a",
             BASE + "${aws:username}", BASE + "${aws:username}b", BASE + "${aws:username}q", "zz")  # fmt: skip
PRINCIPALS: tuple[tuple[str, str], ...] = (
    ("AWS", "arn:aws:iam::111122223333:root"),
    ("AWS", "arn:aws:iam::111122223333:role/r"),
    ("AWS", "arn:aws:iam::111122223333:role/s"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r/x"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/s/x"),
    ("AWS", "arn:aws:iam::444455556666:user/u"),
    ("Service", "a.amazonaws.com"),
    ("Service", "b.amazonaws.com"),
    ("Federated", "cognito"),
)
ARNS = (
    *(
        f"arn:aws:{service}:{region}:{account}:{rest}"
        for service, region, account, rest in product(
            ("s", "t", "q"),
            ("r", "q", "rr", ""),
            ("1", "2", "3", "", "11"),
            ("", "a", "ab", "q", "ba", "b:a", "aqa"),
        )
    ),
    "zz",
    "arn:aws:s:r",
)
# a key's kind -> the values that are tried; None is a request without the key
SAMPLES: dict[str, tuple[Context, ...]] = {
    "string": (None, *sorted({*words(LETTERS, 3), *words("ab*?", 2), "${aws:username}"})),
    "arn": (None, *ARNS),
    "number": (None, "0", "1", "1.0", "1.5", "2", "3", "5", "6"),
    "date": (None, *(f"2024-01-0{day}T{hour}:00:00Z" for day in range(1, 8) for hour in ("00", "12"))),
    "address": (None, "9.255.255.255", "10.0.0.0", "10.1.2.3", "10.127.255.255", "10.128.0.0", "10.255.255.255",
                "11.0.0.0", "0.0.0.0", "255.255.255.255", "2001:db8::", "2001:db8:8000::", "2001:db9::", "::"),
    "truth": (None, "true", "false"),
    "several": (None, *(chosen for n in (1, 2, 3, 4) for chosen in combinations(("", "a", "b", "ab", "q", "aq"), n))),
}  # fmt: skip
KINDS = {"k:string": "string", "k:arn": "arn", "k:number": "number", "k:date": "date", "k:address": "address",
         "k:truth": "truth", "k:several": "several"}  # fmt: skip


Part = tuple[str, str, str]  # axis, element or operator, its value as JSON


class Axes:
    """The samples of each axis, and which of them a part of a statement matches."""

    def __init__(self, samples: Mapping[str, tuple[Any, ...]]) -> None:
        self.samples = samples
        self._rows: dict[tuple[Part, str | None], int] = {}

    def row(self, part: Part, name: str | None) -> int:
        """The samples that a part matches, as bits; `name` fills in the variable, None takes it literally."""
        key = (part, name)
        if key not in self._rows:
            self._rows[key] = self._row(part, name)
        return self._rows[key]

    def _row(self, part: Part, name: str | None) -> int:
        axis, how, text = part
        value = json.loads(text)
        holds: Callable[[Any], bool]
        if axis == "resource":
            holds = partial(resource_matches, {how: value}, name=name)
        elif axis == "principal":
            holds = partial(principal_matches, {how: value})
        else:
            holds = partial(condition_matches, how, value, name=name)
        return sum(1 << n for n, sample in enumerate(self.samples[axis]) if holds(sample))


SMALL = Axes(
    {
        "resource": RESOURCES,
        "principal": PRINCIPALS,
        VARIABLE: ("a", "b", "q"),
        **{key: SAMPLES[kind] for key, kind in KINDS.items()},
    }
)


def parts(statement: dict[str, Any]) -> Iterator[Part]:
    """The parts of a statement that bind a request, its action apart."""
    for key, axis in (("Resource", "resource"), ("NotResource", "resource"), ("Principal", "principal"),
                      ("NotPrincipal", "principal")):  # fmt: skip
        if key in statement:
            yield axis, key, json.dumps(statement[key])
    for operator, block in statement.get("Condition", {}).items():
        for key, values in block.items():
            yield key.lower(), operator, json.dumps(values)


class Grid:
    """The product of all axes that some statements speak of, each with one sample for every way to match them."""

    def __init__(self, statements: Iterable[dict[str, Any]], axes: Axes = SMALL) -> None:
        self._axes = axes
        self.names: tuple[str | None, ...] = (None,)
        named = [part for one in statements for part in parts(one)]
        if any("${" in part[2] for part in named):
            self.names = (None, *axes.samples[VARIABLE])
        rows: dict[str, list[int]] = {"resource": []}
        for part in sorted(set(named)):
            rows.setdefault(part[0], []).extend(axes.row(part, name) for name in self.names)
        self._samples = {axis: _told_apart(len(axes.samples[axis]), each) for axis, each in rows.items()}
        if len(self.names) > 1:
            self._samples[VARIABLE] = list(range(len(axes.samples[VARIABLE])))
        self.size = 1
        self._stride: dict[str, int] = {}
        for axis, samples in self._samples.items():
            self._stride[axis] = self.size
            self.size *= len(samples)
        self.everything = (1 << self.size) - 1
        self._masks: dict[tuple[str, int], int] = {}

    def scope(self, statement: dict[str, Any], live: bool) -> int:
        """The requests inside a statement's resource, principal and condition. `live`: variables are filled in."""
        mask = self.everything
        for part in parts(statement):
            if live and "${" in part[2]:
                mask &= self._filled_in(part)
            else:
                mask &= self._mask(part[0], self._axes.row(part, None))
        return mask

    def _filled_in(self, part: Part) -> int:
        found = 0
        for n, name in enumerate(self._axes.samples[VARIABLE]):
            found |= self._mask(VARIABLE, 1 << n) & self._mask(part[0], self._axes.row(part, name))
        return found

    def _mask(self, axis: str, row: int) -> int:
        key = (axis, row)
        if key not in self._masks:
            stride, samples = self._stride[axis], self._samples[axis]
            block = (1 << stride) - 1
            period = sum(block << (stride * n) for n, sample in enumerate(samples) if row >> sample & 1)
            repeat = self.everything // ((1 << (stride * len(samples))) - 1)
            self._masks[key] = period * repeat
        return self._masks[key]


def _told_apart(count: int, rows: list[int]) -> list[int]:
    """The first of each set of samples that no row tells apart."""
    groups = [(1 << count) - 1]
    for row in rows:
        groups = [part for group in groups for part in (group & row, group & ~row) if part]
    return sorted((group & -group).bit_length() - 1 for group in groups)
