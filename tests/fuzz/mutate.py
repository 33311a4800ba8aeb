"""Inputs that went wrong: bytes cut, flipped and spliced, values of JSON exchanged, and what formats are known to choke on."""

import json
import random
from collections.abc import Callable
from typing import Any

# What ends, begins, escapes or means something else in one of the formats that are read.
TOKENS = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "\x00", "\ud800", "\U0001f512", "\u202e", "\ufeff", "٣", "İ", "\\u0000", "\\ud800", "\\u", '"', "'", "\\", "\t", "\r\n",
        "\n", "\r\n.\r\n", "%", "%00", "%0d%0a", "%ff", "%C0%AF", "*", "?", "&", ";", "#", "..", "../../../../tmp/x", "/etc/passwd",
        "\\..\\", "~", "~root", "$(id)", "{{7*7}}", "{%", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<![CDATA[", "<![x[", "<!", "<?x", "&#xD800;",
        "&#99999999999;", "&lt;", "<script>", "]]>", "=?utf-8?q?=ff?=", "=?x?b?A?=", "=?utf-8?b?", "rfc822;", "@", "a@b@c", "[", "]",
        "[[", "{", "}", "null", "true", "NaN", "Infinity", "-1", "0", "1e999", "9" * 5000, "-0.0", "0x", "1979-05-27T07:32:00",
        "0000-00-00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "v0", "v99999999999999999999", "arn:aws:iam::aws:policy/",
        "inf", "١٢", "\x1b[2J", "\x7f", "\u2028", " ", ",", ":", "=", "'''", '"""', "true\nx", "a.b.c", "a." * 200,
    )
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 10**400, 1e308, [], {}, "", [[]], [None], {"a": 1}, "\x00", "\ud800", "x" * 5000,
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "../../x", "arn:aws:iam::aws:policy/a/../b", ["*", None],
)  # fmt: skip
LARGEST = 4_000_000  # bytes that a repetition may grow to


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """The seed after one to four mutations."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        seed = chance.choice(_MUTATIONS)(seed, chance)
    return seed


def _cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _flipped(raw: bytes, chance: random.Random) -> bytes:
    out = bytearray(raw or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8))):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _byte(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + bytes([chance.randrange(256)]) + raw[at + chance.randrange(2) :]


def _token(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.choice(TOKENS) + raw[at + chance.choice((0, 0, 1, 4, 20)) :]


def _word(raw: bytes, chance: random.Random) -> bytes:
    """A whole word or line put in another's place, so that what is wrong stands where something is read."""
    apart = chance.choice((b'"', b"\n", b" ", b"=", b":", b"/"))
    parts = raw.split(apart)
    parts[chance.randrange(len(parts))] = chance.choice((chance.choice(TOKENS), chance.choice(parts)))
    return apart.join(parts)


def _dropped(raw: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(raw) + 1), chance.randrange(len(raw) + 1)))
    return raw[:start] + raw[end if chance.random() < 0.3 else min(end, start + 40) :]


def _doubled(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    piece = raw[start : start + chance.choice((1, 5, 50, 1000))]
    return raw[:start] + piece * chance.choice((2, 2, 3, 50)) + raw[start:]


def _giant(raw: bytes, chance: random.Random) -> bytes:
    """Seldom, since it is dear: one piece again and again, or nesting without end."""
    if chance.random() < 0.9:
        return _doubled(raw, chance)
    piece = chance.choice(
        (b"[", b'{"a":', b"<a>", b"(", b"a", b"\n", b"a,", b"&amp;", b"<table><tr><td>", b"[a.b]\n", b"a@b,")
    )
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + piece * chance.choice((1_000, 20_000, min(100_000, LARGEST // len(piece)))) + raw[at:]


def _value(raw: bytes, chance: random.Random) -> bytes:
    """Of JSON, some value exchanged, dropped or put elsewhere."""
    try:
        whole = json.loads(raw)
    except (ValueError, RecursionError):
        return _token(raw, chance)
    holder, key = _somewhere(whole, chance)
    if holder is None:
        return json.dumps(chance.choice(VALUES)).encode()
    act = chance.randrange(4)
    if act == 0:
        del holder[key]
    elif act == 1:
        other, name = _somewhere(whole, chance)
        holder[key] = other[name] if other is not None and len(raw) < 100_000 else None
        if _holds_itself(whole):
            return raw
    else:
        holder[key] = chance.choice(VALUES)
    return json.dumps(whole).encode()


def _somewhere(whole: Any, chance: random.Random) -> tuple[Any, Any]:
    """(an object or list, a key or place in it) somewhere in a value."""
    found: tuple[Any, Any] = (None, None)
    while isinstance(whole, dict | list) and whole:
        key = chance.choice(sorted(whole)) if isinstance(whole, dict) else chance.randrange(len(whole))
        found = (whole, key)
        whole = whole[key]
        if chance.random() < 0.3:
            break
    return found


def _holds_itself(whole: Any) -> bool:
    try:
        json.dumps(whole)
    except (ValueError, RecursionError):
        return True
    return False


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _flipped, _byte, _token, _token, _word, _word, _dropped, _doubled, _giant, _value, _value, _value,
)  # fmt: skip
