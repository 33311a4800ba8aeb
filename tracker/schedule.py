"""When work is due: five-field cron expressions and intervals, always UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from cronsim import CronSim, CronSimError

from tracker.model.instants import utc

EXAMPLES = "'daily', 'monthly', an interval like '6h', '30m' or '1d', or five cron fields like '17 6 * * 1-5'"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_LEAP_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
_INTERVAL = re.compile(r"(\d{1,5})\s*(m|min|h|d|w)\Z")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31, or L for the last"),
    ("month", "1-12 or JAN-DEC"),
    ("weekday", "0-7 or SUN-SAT, where 0 and 7 are Sunday"),
)
_WORDS = {
    "hourly": "{minute} * * * *",
    "daily": "{minute} {hour} * * *",
    "weekly": "{minute} {hour} * * 1",
    "monthly": "{minute} {hour} 1 * *",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A series of instants without beginning or end. `parse` makes it; every instant is UTC, to the second."""

    text: str  # as the settings have it: 'daily', '6h', '17 6 1 * *'
    cron: str  # the five fields; empty for an interval
    every: timedelta | None  # the interval; None for cron
    anchor: datetime  # an instant of the interval's series

    @classmethod
    def parse(cls, text: str, at: time = time(0, 0)) -> "Schedule":
        """Read a word, an interval or a cron expression. Raises ValueError saying what would be right.

        `at` is the installation's own hour and minute: the words take both from it and intervals count from it,
        so that two trackers do not ask at the same moment. A cron expression says its time itself.
        Weekday 0 and 7 are Sunday; day of month and weekday are alternatives unless one begins with `*`, which is
        how cron reads them (https://man7.org/linux/man-pages/man5/crontab.5.html).
        """
        wanted = " ".join(text.split())
        anchor = _EPOCH.replace(hour=at.hour, minute=at.minute)
        if wanted.lower() in _WORDS:
            cron = _WORDS[wanted.lower()].format(minute=at.minute, hour=at.hour)
            return cls(wanted.lower(), cron, None, anchor)
        if found := _INTERVAL.match(wanted.lower()):
            every = timedelta(**{_UNITS[found[2]]: int(found[1])})
            if not timedelta(minutes=1) <= every <= timedelta(days=366):
                raise ValueError("an interval is between 1m (a minute) and 366d (a year)")
            return cls(wanted.lower(), "", every, anchor)
        _check_cron(wanted)
        return cls(wanted, wanted, None, anchor)

    def next(self, after: datetime) -> datetime:
        """The first instant later than `after`."""
        if self.every is not None:
            return self.previous(after) + self.every
        return next(CronSim(self.cron, utc(after)))

    def previous(self, before: datetime) -> datetime:
        """The last instant that is not later than `before`: `before` itself where the series has it."""
        if self.every is not None:
            return self.anchor + (utc(before) - self.anchor) // self.every * self.every
        whole = utc(before).replace(microsecond=0)  # the series has whole seconds only
        return next(CronSim(self.cron, whole + timedelta(seconds=1), reverse=True))

    def __str__(self) -> str:
        """`daily (17 6 * * *, UTC)`: as a person set it, and what that means."""
        if self.every is not None:
            return f"every {self.text} (counted from {self.anchor:%H:%M} UTC)"
        return f"{self.text} ({self.cron}, UTC)" if self.text != self.cron else f"{self.cron} (UTC)"


def _check_cron(text: str) -> None:
    """Raise ValueError unless `text` is five cron fields that some day fulfils."""
    fields = text.split(" ")
    if text.startswith("@"):
        near = text[1:].lower()
        raise ValueError(
            f"{text!r:.60} is no schedule; wanted: {near!r}"
            if near in _WORDS
            else f"no schedule; wanted: {EXAMPLES}"
        )
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{len(fields)} field{'s' * (len(fields) != 1)}, not five; wanted: {EXAMPLES}")
    for position, (name, right) in enumerate(_FIELDS):
        alone = ["*"] * 5
        alone[position] = fields[position]
        if not _reads(" ".join(alone)) and not (position == 2 and _reads(f"* * {fields[position]} * 1")):
            raise ValueError(
                f"{name} {fields[position]!r:.60} is impossible; wanted: {right}, lists, ranges and steps of these"
            )
    if not _reads(text) or not _ever_comes(text):
        raise ValueError(f"no date ever fulfils day {fields[2]} of month {fields[3]}, weekday {fields[4]}")


def _reads(cron: str) -> bool:
    try:
        CronSim(cron, _A_LEAP_YEAR)
    except (CronSimError, AssertionError, ValueError):
        return False
    return True


def _ever_comes(cron: str) -> bool:
    try:
        next(CronSim(cron, _A_LEAP_YEAR))
    except StopIteration:
        return False
    return True
