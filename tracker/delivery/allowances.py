"""How many sign-ups there may be: of one address, from one origin, and in all. The arithmetic is pure."""

import ipaddress
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.model.instants import parse_instant
from tracker.store.instants import sortable


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and as many again spread over `per`."""

    many: int
    per: timedelta

    def left(self, before: tuple[float, datetime] | None, now: datetime) -> float:
        """How many are free now, of (how many were left, at that moment); None: it was never asked for."""
        if before is None:
            return float(self.many)
        left, at = before
        return min(float(self.many), left + self.many * (max(now - at, timedelta()) / self.per))


LIMITS: Mapping[str, Limit] = {
    "origin": Limit(20, timedelta(hours=1)),
    "preview": Limit(60, timedelta(hours=1)),  # by origin too: a year told anew is work
    "all": Limit(500, timedelta(hours=1)),
    "address": Limit(3, timedelta(days=1)),
}
_FORGET = timedelta(days=2)  # by then every limit is whole again


def take(
    connection: sqlite3.Connection,
    keys: Mapping[str, str],
    now: datetime,
    limits: Mapping[str, Limit] = LIMITS,
) -> str:
    """Take one of each of these allowances (by the names of `limits`), in the caller's transaction.

    Which one was used up; then nothing is taken and nothing written, so that a flood leaves no rows. Empty: taken.
    """
    connection.execute("DELETE FROM allowances WHERE at < ?", (sortable(now - _FORGET),))
    left = {}
    for name, key in keys.items():
        row = connection.execute("SELECT left_over, at FROM allowances WHERE key = ?", (key,)).fetchone()
        left[name] = limits[name].left((row[0], parse_instant(row[1])) if row else None, now)
        if left[name] < 1:
            return name
    for name, key in keys.items():
        connection.execute(
            "INSERT OR REPLACE INTO allowances (key, left_over, at) VALUES (?, ?, ?)",
            (key, left[name] - 1, sortable(now)),
        )
    return ""


def origin_of(address: str) -> str:
    """The network that a client's address stands for: one IPv4 address, or the 64 bits that a site of IPv6 has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
