"""A month as a page's name has it: `2021-12`."""

import re
from datetime import UTC, datetime

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")


def month_of(stem: str) -> tuple[datetime, datetime] | None:
    """[first, next first) of a stem `2021-12`; None for any other."""
    found = _MONTH.match(stem)
    if not found or not 2000 <= int(found[1]) <= 2999:
        return None
    first = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
