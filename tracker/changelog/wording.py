"""Numbers, lists and dates as a reader expects them in plain English."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from tracker.model.instants import duration, utc

MINUS = "\u2212"  # a true minus sign: as wide as the plus, so that signed columns line up
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def number(value: int) -> str:
    """`1,122`: thousands told apart."""
    return f"{value:,}"


def count(value: int, noun: str, plural: str = "") -> str:
    """`1 action`, `2 actions`, `1,122 services`. Irregular plurals are handed in."""
    return f"{value:,} {noun_for(value, noun, plural)}"


def noun_for(value: int, noun: str, plural: str = "") -> str:
    """`action` for one, `actions` for any other number."""
    return noun if value == 1 else plural or noun + "s"


def was(value: int) -> str:
    """`was` for one, `were` for any other number."""
    return "was" if value == 1 else "were"


def listed(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, last = [part for part in parts if part] or [""]
    return f"{', '.join(head)} and {last}" if head else last


def some(parts: Sequence[str], most: int = 1_000_000) -> str:
    """The first `most` of the parts, then how many more there are: `a, b and 7 more`."""
    if len(parts) <= most:
        return listed(parts)
    return f"{', '.join(parts[:most])} and {number(len(parts) - most)} more"


def between(min_s: float, max_s: float) -> str:
    """How long something lasted as far as observations tell: `between 3 h and 9 h`, `at most 2 h`, `10 min`.

    The lower bound is rounded down and the upper one up: the sentence stays true.
    """
    most = duration(max_s)
    if min_s < 1:
        return f"at most {most}"
    if min_s == max_s:
        return most
    least = duration(min_s, down=True)
    return least if least == most else f"between {least} and {most}"


def day(moment: datetime) -> str:
    """`2021-12-21`, in UTC."""
    return utc(moment).strftime("%Y-%m-%d")


def _midnight(moment: datetime) -> bool:
    return utc(moment).time() == datetime(1970, 1, 1, tzinfo=UTC).time()


def stretch(since: datetime, until: datetime) -> str:
    """The name of a period: `December 2021`, `2021`, or `2021-12-01 to 2022-03-01`; `until` is exclusive."""
    since, until = utc(since), utc(until)
    if since.day == 1 and _midnight(since) and _midnight(until):
        if (since.month, until) == (1, since.replace(year=since.year + 1)):
            return str(since.year)
        if until == (since + timedelta(days=32)).replace(day=1):
            return f"{_MONTHS[since.month - 1]} {since.year}"
    if _midnight(since) and _midnight(until):
        return f"{day(since)} to {day(until)}"
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"


def file_part(name: str) -> str:
    """The name of a period as part of a file's name, which on some systems holds no colon."""
    return name.replace(" ", "-").replace(":", "")


def short(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
