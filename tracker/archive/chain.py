"""The hash chain of files that only grow: each line says what stood before it. Pure.

`previous`, the last key of a line, is the sha256 of the bytes before the line, back to and including the last line that
has a `previous` too; where none has, back to the file's beginning. So a line holds the one before it, and the first that
is chained in an older file holds everything older. What that can prove, and what not: docs/archive.md.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PREVIOUS = "previous"
_LINKED = re.compile(
    rb'"previous": "([0-9a-f]{64})"\}\Z'
)  # a quote inside a text would have a backslash before it


@dataclass(frozen=True, slots=True)
class Break:
    """A line that does not hold what stands before it."""

    line: int  # from 1
    since: int  # the first of the lines before it that it speaks of; equal to `line` where none stands there
    loose: bool = False  # it has no `previous`, though lines before it do


@dataclass(frozen=True, slots=True)
class Links:
    """How far the lines of a file are chained."""

    chained: int = 0  # lines with a `previous`
    unchained: int = 0  # lines written before there was a chain, which the first chained one holds together
    breaks: tuple[Break, ...] = ()


def linked(before: bytes, lines: Sequence[str]) -> list[bytes]:
    """The lines as they are added to a file, each with its newline; `before` is the file, whole lines alone.

    Each line is the text of one JSON object that has a key.
    """
    since = before[_since(before) :]
    made = []
    for line in lines:
        digest = hashlib.sha256(since).hexdigest()
        since = f'{line[:-1]}, "{PREVIOUS}": "{digest}"}}\n'.encode()
        made.append(since)
    return made


def check(lines: Sequence[bytes]) -> Links:
    """Where the lines of a file, without their newlines, are not chained as they were written."""
    breaks: list[Break] = []
    chained = since = 0
    for number, line in enumerate(lines, start=1):
        found = _LINKED.search(line)
        if found is None:
            if chained:
                breaks.append(Break(number, number, loose=True))
            continue
        held = b"".join(one + b"\n" for one in lines[since : number - 1])
        if hashlib.sha256(held).hexdigest() != found[1].decode():
            breaks.append(Break(number, since + 1))
        chained += 1
        since = number - 1
    return Links(chained, len(lines) - chained, tuple(breaks))


def _since(raw: bytes) -> int:
    """Where the last line with a `previous` begins; 0 where none has."""
    for start, end in _backwards(raw):
        if _LINKED.search(raw, start, end):
            return start
    return 0


def _backwards(raw: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each line from the last to the first, the newline not in it."""
    end = len(raw) - 1
    while end > 0:
        start = raw.rfind(b"\n", 0, end) + 1
        yield start, end
        end = start - 1
