"""Where in a file's text the statements of a policy document stand: lines and columns, for editors and reports."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

# A sign of JSON. The text has been read as JSON before, so whatever is none of these is white space.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_DOCUMENTS = (
    ("document",),
    ("Document",),
    ("PolicyVersion", "Document"),
)  # as snapshots and AWS's answers wrap one
_DEEP = 4  # PolicyVersion, Document, Statement, and the number of one


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text. Lines and columns count from 1, in characters; the end is the first that is outside."""

    line: int
    column: int
    end_line: int
    end_column: int


def statement_spans(text: str) -> tuple[Span, ...]:
    """The span of each statement, in order, of a text that is a policy document or wraps one in an object.

    Where the wrapped document is a string (URL-encoded, as GetPolicyVersion sends it) it is that string's, once. Empty
    where there is nothing of the kind. The text must be JSON.
    """
    values = dict(_values(text))
    root: tuple[str | int, ...] = ()
    if ("Statement",) not in values:
        root = next((path for path in _DOCUMENTS if path in values), ())
        if not root:
            return ()
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    listed = (*root, "Statement")
    if listed not in values:
        return (_span(starts, *values[root]),)
    begin, end = values[listed]
    if text[begin] == "{":
        return (_span(starts, begin, end),)
    found: list[Span] = []
    while (*listed, len(found)) in values:
        found.append(_span(starts, *values[*listed, len(found)]))
    return tuple(found)


def _span(starts: list[int], begin: int, end: int) -> Span:
    first, last = bisect_right(starts, begin), bisect_right(starts, end - 1)
    return Span(first, begin - starts[first - 1] + 1, last, end - starts[last - 1] + 1)


def _values(text: str) -> Iterator[tuple[tuple[str | int, ...], tuple[int, int]]]:
    """(path, (begin, end)) of every value down to the statements; deeper ones are passed over."""
    # Of each bracket that is open: its sign, where it begins, and the key or number of the value inside that is read.
    stack: list[tuple[str, int, list[str | int]]] = []
    key: str | None = None
    for found in _TOKEN.finditer(text):
        sign = found[0]
        if sign in ",:":
            if sign == "," and stack and stack[-1][0] == "[":
                stack[-1][2][0] = int(stack[-1][2][0]) + 1
            continue
        if sign in "}]":
            if not stack:
                return  # no JSON
            _, begin, _ = stack.pop()
            if len(stack) <= _DEEP:
                yield _path(stack), (begin, found.end())
            key = None
            continue
        if stack and stack[-1][0] == "{" and key is None:
            key = json.loads(sign)
            stack[-1][2][0] = key or ""
            continue
        key = None
        if sign in "{[":
            stack.append((sign, found.start(), [0]))
        elif len(stack) <= _DEEP:
            yield _path(stack), found.span()


def _path(stack: list[tuple[str, int, list[str | int]]]) -> tuple[str | int, ...]:
    return tuple(here[0] for _, _, here in stack)
