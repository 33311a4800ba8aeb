"""From what a source hands over (JSON text, URL-encoded JSON text, an object) to plain JSON values, with bounds.

Nothing here knows what a policy is. Every refusal is a DocumentError that names the document.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Never

from tracker.errors import DocumentError

# The largest document that AWS is known to publish has 152 KB. 100,000 actions in one document have 3 MB.
MAX_CHARACTERS = 4_000_000  # of JSON text, after URL-decoding
MAX_DEPTH = 32  # objects and lists inside one another; a policy needs 6
MAX_VALUES = 500_000  # keys, list items and values of a document that is handed over as an object

MAX_DIGITS = 40

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ADVICE = "fetch it again; what was kept before stays as it is"


def refuse(what: str, problem: str, place: str = "") -> Never:
    """Raise the DocumentError for `problem` at `place` ('Statement[2].Action') of the document named `what`."""
    raise DocumentError(f"{what}: {place + ': ' if place else ''}{problem}", advice=_ADVICE)


def read_json(raw: str | Mapping[str, object], what: str) -> dict[str, object]:
    """The outermost object of a document. Raises DocumentError for anything that is no JSON object.

    Text may be URL-encoded as GetPolicyVersion sends it (RFC 3986: a plus sign is a plus sign).
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html
    """
    if not isinstance(raw, str):
        return _plain_object(raw, what)
    if len(raw) > 3 * MAX_CHARACTERS:
        refuse(what, f"{len(raw):,} characters of text, more than any policy has")
    text = raw.strip(" \t\r\n")
    if not text:
        refuse(what, "the document is empty")
    if text.startswith("%"):
        text = _url_decoded(text, what)
    if len(text) > MAX_CHARACTERS:
        refuse(what, f"{len(text):,} characters of JSON, where {MAX_CHARACTERS:,} are the limit")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except json.JSONDecodeError as error:
        ends = error.pos >= len(text) or error.msg.startswith("Unterminated string")
        cut = "the JSON is cut off" if ends else "not JSON"
        refuse(what, f"{cut}: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        refuse(what, f"nested deeper than {MAX_DEPTH} levels")
    except ValueError as error:  # a key twice, NaN, a number of thousands of digits
        refuse(what, str(error))
    if not isinstance(value, dict):
        refuse(what, f"JSON, but not an object: {_kind(value)}")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:80]!r} twice in one object: nobody knows which one holds")
    return made


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON value")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text) if len(text) <= MAX_DIGITS else math.inf
    if math.isinf(value):
        raise ValueError(f"a number out of bounds: {text[:40]}")
    return value


def _url_decoded(text: str, what: str) -> str:
    try:
        return _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8"), text)
    except UnicodeDecodeError:
        refuse(what, "URL-encoded, but not as UTF-8")


def _kind(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null" if value is None else type(value).__name__)


def _plain_object(raw: Mapping[str, object], what: str) -> dict[str, object]:
    """A copy in plain dicts and lists, so that nothing shared or odd goes further."""
    if not isinstance(raw, Mapping):
        refuse(what, f"neither JSON text nor an object: {_kind(raw)}")
    left = MAX_VALUES

    def plain(value: object, depth: int) -> object:
        nonlocal left
        left -= 1
        if depth > MAX_DEPTH:
            refuse(what, f"nested deeper than {MAX_DEPTH} levels")
        if left < 0:
            refuse(what, f"more than {MAX_VALUES:,} values")
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, Mapping):
            return {key: plain(inner, depth + 1) for key, inner in value.items() if _is_key(key, what)}
        if isinstance(value, list | tuple):
            return [plain(inner, depth + 1) for inner in value]
        return refuse(what, f"no JSON value: {type(value).__name__}")

    return {key: plain(inner, 1) for key, inner in raw.items() if _is_key(key, what)}


def _is_key(key: object, what: str) -> bool:
    if not isinstance(key, str):
        refuse(what, f"a key that is no string: {key!r:.80}")
    return True
