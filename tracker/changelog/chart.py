"""The growth of a policy as a step line: coordinates for a template to draw. Nothing here is drawn by a script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import floor, log10

_LETTER, _GAP = 7.0, 8.0  # units that a letter of a label takes at most, and that lie between two labels


@dataclass(frozen=True, slots=True)
class Point:
    """From `moment` on, a policy's default allowed so many actions, as far as anybody knows."""

    moment: datetime  # UTC
    actions: int | None  # None: not visible from then on
    version: str
    kind: str  # of the transition that led here; '' for the first
    gap: int = 0  # versions between this one and the one before that nobody ever saw
    lasted: str = ""  # for what was rolled back: how long it was in force


@dataclass(frozen=True, slots=True)
class Mark:
    """A version on the line."""

    x: float
    y: float
    label: str  # 'v20', possibly empty where there is no room
    anchor: str  # of the label: 'start', 'middle', 'end'
    title: str
    passing: bool  # it came and went


@dataclass(frozen=True, slots=True)
class Stroke:
    """A piece of the line."""

    path: str
    seen: bool  # False: versions in between were never seen, so where it rose is not known


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing in its own units, a unit a pixel at full size."""

    width: int
    height: int
    left: float  # the plot begins here
    right: float
    top: float
    bottom: float
    years: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    strokes: tuple[Stroke, ...]
    marks: tuple[Mark, ...]


def _steps(highest: int, most: int) -> list[int]:
    """Round figures from 0 to at least the highest, at most so many of them."""
    raw = max(highest, 1) / most
    base = 10 ** floor(log10(raw)) if raw >= 1 else 1
    step = int(
        next((base * one for one in (1, 2, 2.5, 5, 10) if base * one >= raw and (base * one) % 1 == 0), 1)
    )
    return list(range(0, (-(-max(highest, 1) // step) + 1) * step, step))


def chart(points: Sequence[Point], until: datetime, width: int, height: int) -> Chart | None:
    """Lay the points out, oldest first, the last one lasting until `until`. None where there is nothing to draw."""
    shown = [one for one in points if one.actions is not None]
    if not shown:
        return None
    left, right, top, bottom = 44.0, width - 12.0, 22.0, height - 24.0
    first = points[0].moment
    span = max((until - first).total_seconds(), 86_400.0)
    levels = _steps(max(one.actions or 0 for one in shown), 4 if height > 190 else 3)

    def x(moment: datetime) -> float:
        return round(left + (moment - first).total_seconds() / span * (right - left), 1)

    def y(actions: int) -> float:
        return round(bottom - actions / levels[-1] * (bottom - top), 1)

    strokes: list[Stroke] = []
    marks: list[Mark] = []
    for number, one in enumerate(points):
        following = points[number + 1] if number + 1 < len(points) else None
        if one.actions is None:
            continue
        end = x(following.moment) if following else right
        path = f"M{x(one.moment)} {y(one.actions)}H{end}"
        if following and following.actions is not None:
            path += f"V{y(following.actions)}"
        strokes.append(Stroke(path, seen=not (following and following.gap)))
        passing = bool(following and following.lasted)
        at = x(one.moment)
        marks.append(
            Mark(
                at,
                y(one.actions),
                one.version,
                "start" if at < left + 16 else "end" if at > right - 16 else "middle",
                f"{one.version}, {one.moment:%Y-%m-%d}: {one.actions:,} actions"
                + (f"; in force for {following.lasted}" if passing and following else ""),
                passing,
            )
        )
    return Chart(
        width, height, left, right, top, bottom,
        years=_years(first, until, x, 40 if width > 500 else 34, right),
        levels=tuple(Tick(y(level), f"{level:,}") for level in levels),
        strokes=tuple(strokes),
        marks=_named(marks),
    )  # fmt: skip


def _named(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks, named where there is room: what came and went first, then the newest, then the rest from the left."""
    taken: list[tuple[float, float]] = []
    named = set()
    last = len(marks) - 1
    for number in sorted(range(len(marks)), key=lambda one: (not marks[one].passing, one != last, one)):
        mark = marks[number]
        wide = _LETTER * len(mark.label) + _GAP
        begins = mark.x - {"start": 0.0, "middle": wide / 2, "end": wide}[mark.anchor]
        if all(begins >= end or begins + wide <= start for start, end in taken):
            taken.append((begins, begins + wide))
            named.add(number)
    return tuple(one if number in named else replace(one, label="") for number, one in enumerate(marks))


def _years(
    first: datetime, until: datetime, x: Callable[[datetime], float], room: float, right: float
) -> tuple[Tick, ...]:
    found: list[Tick] = []
    for year in range(first.year + 1, until.year + 1):
        at = x(datetime(year, 1, 1, tzinfo=UTC))
        if (not found or at - found[-1].at >= room) and at <= right - 10:
            found.append(Tick(at, str(year)))
    return tuple(found)
