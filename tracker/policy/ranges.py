"""Numbers, dates, IP addresses and truth values as sets of points on a line: unions of ranges with exact ends.

A cut lies just before a point, (point, 0), or just after it, (point, 1); a range is two cuts. So `< 5` ends at (5, 0)
and `<= 5` at (5, 1), and everything else is comparing cuts.
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction

from tracker.model.instants import parse_instant

Cut = tuple[Fraction | float, int]
Ranges = tuple[tuple[Cut, Cut], ...]  # sorted, apart from one another

_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
_EPOCH = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?\Z", re.ASCII)
_V6 = 1 << 32  # IPv6 addresses lie behind the IPv4 ones

LINE: Ranges = (((float("-inf"), 0), (float("inf"), 1)),)
TRUTH: Ranges = (((0, 0), (2, 0)),)  # false is [0, 1), true [1, 2)
ADDRESSES: Ranges = (((0, 0), (_V6, 0)), ((_V6, 0), (_V6 + (1 << 128), 0)))


def union(ranges: Iterable[tuple[Cut, Cut]]) -> Ranges:
    """Any ranges, sorted and merged."""
    merged: list[tuple[Cut, Cut]] = []
    for low, high in sorted(ranges):
        if low >= high:
            continue
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def common(one: Ranges, other: Ranges) -> Ranges:
    """The points in both."""
    return union((max(a, c), min(b, d)) for a, b in one for c, d in other)


def without(one: Ranges, other: Ranges) -> Ranges:
    """The points of one that are not in the other."""
    left = list(one)
    for low, high in other:
        left = [
            piece for a, b in left for piece in ((a, min(b, low)), (max(a, high), b)) if piece[0] < piece[1]
        ]
    return union(left)


def number(text: str) -> Fraction | None:
    """A number as it is written in a condition; None for anything else (and for absurdly long ones)."""
    return Fraction(text) if _NUMBER.match(text) else None


def moment(text: str) -> Fraction | None:
    """Seconds since 1970 for an ISO 8601 date or a number of seconds; None for anything else."""
    if _EPOCH.match(text) and not re.match(r"\d{4}\Z", text):
        return Fraction(text)
    try:
        since = parse_instant(text) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return Fraction(since.days * 86400 + since.seconds) + Fraction(since.microseconds, 1_000_000)


def related(point: Fraction, relation: str) -> Ranges:
    """The points that are `equals`, `lessthan`, `lessthanequals`, `greaterthan` or `greaterthanequals` to one."""
    least, most = LINE[0]
    before, behind = (point, 0), (point, 1)
    return {
        "equals": ((before, behind),),
        "lessthan": ((least, before),),
        "lessthanequals": ((least, behind),),
        "greaterthan": ((behind, most),),
        "greaterthanequals": ((before, most),),
    }[relation]


def addresses(text: str) -> Ranges | None:
    """The addresses of a block ('10.0.0.0/8', '2001:db8::/32', or one address); None for anything else."""
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    start = int(block.network_address) + (_V6 if block.version == 6 else 0)
    return (((start, 0), (start + block.num_addresses, 0)),)


def read(family: str, text: str) -> Ranges | None:
    """The one point (of an address block: the points) that a text is as a number, date, address or truth value."""
    if family in ("address", "truth"):
        return addresses(text) if family == "address" else truth(text)
    point = number(text) if family == "number" else moment(text)
    return None if point is None else related(point, "equals")


def truth(text: str) -> Ranges | None:
    """true or false, in any case; None for anything else."""
    value = {"true": 1, "false": 0}.get(text.lower())
    return None if value is None else (((value, 0), (value + 1, 0)),)
