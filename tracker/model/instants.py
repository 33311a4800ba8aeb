"""Instants: aware UTC datetimes, and the few spellings they have on disk and in print."""

import re
from datetime import UTC, datetime, timedelta

# What is on record later than this from now was written while the clock was ahead: it holds up nothing that is due.
AHEAD = timedelta(days=1)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?)?\Z"
)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date or date and time as an aware UTC datetime; no zone means UTC, no time means midnight.

    Raises ValueError for anything else.
    """
    found = _ISO.match(text.strip())
    if not found:
        raise ValueError(f"not a date or time: {text!r:.60} (wanted: 2021-12-21 or 2021-12-21T23:48:04Z)")
    day, time, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").astimezone(UTC)
    except (
        ValueError,
        OverflowError,
    ) as error:  # 30 February; the first and last hours that there are, in another zone
        raise ValueError(f"not a date or time: {text!r:.60} ({error})") from error


def utc(moment: datetime) -> datetime:
    """`moment` in UTC. Raises ValueError for a naive datetime: nobody knows what it means."""
    if moment.tzinfo is None:
        raise ValueError(f"a naive datetime reached the core: {moment!r}")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """`2026-08-19T17:37:19Z`, with microseconds only where there are any."""
    moment = utc(moment)
    spec = "microseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def stamp(moment: datetime) -> str:
    """`2026-08-19T173719Z`: an instant in a file name (no colon), to the second."""
    return utc(moment).strftime("%Y-%m-%dT%H%M%SZ")


def words(moment: datetime) -> str:
    """`2026-08-19 17:37 UTC`: an instant for a reader."""
    return utc(moment).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: float, *, down: bool = False) -> str:
    """Seconds for a reader, in the two largest units: `10 h 25 min`, `3 d 4 h`, `45 s`.

    Rounds up in the smaller unit, so that 'at most' before it is true; `down` rounds down, for 'at least'.
    """

    def whole(value: float, unit: int) -> int:
        return int(value // unit if down else -(-value // unit))

    if (rounded := whole(seconds, 1)) < 60:
        return f"{rounded} s"
    minutes = whole(seconds, 60)
    if minutes >= 24 * 60:
        days, hours = divmod(whole(seconds, 3600), 24)
        return f"{days} d {hours} h" if hours else f"{days} d"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"
