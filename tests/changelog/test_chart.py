"""The growth of a policy as a line."""

from dataclasses import replace

from tests.changelog.making import instant
from tracker.changelog.chart import Point, chart

UNTIL = instant("2026-01-01 00:00")


def point(day: str, actions: int | None, version: str, kind: str = "updated", lasted: str = "") -> Point:
    return Point(instant(f"{day} 00:00"), actions, version, kind, lasted=lasted)


FIRST = point("2020-01-01", 10, "v1", "")


def test_there_is_nothing_to_draw_of_what_was_never_visible() -> None:
    assert chart((), UNTIL, 600, 200) is None
    assert chart((point("2020-01-01", None, "", "removed"),), UNTIL, 600, 200) is None


def test_the_line_ends_where_a_policy_is_gone_and_begins_again_where_it_is_back() -> None:
    gone, back = point("2022-01-01", None, "", "removed"), point("2024-01-01", 20, "v1", "reappeared")
    found = chart((FIRST, gone, back), UNTIL, 600, 200)
    assert found is not None
    assert [one.title for one in found.marks] == ["v1, 2020-01-01: 10 actions", "v1, 2024-01-01: 20 actions"]
    assert ["V" in one.path for one in found.strokes] == [False, False]


def test_where_versions_were_never_seen_the_line_says_so() -> None:
    found = chart((FIRST, replace(point("2023-01-01", 20, "v4"), gap=2)), UNTIL, 600, 200)
    assert found is not None
    assert [(one.seen, "V" in one.path) for one in found.strokes] == [(False, True), (True, False)]


def test_what_came_and_went_is_named_before_its_neighbour() -> None:
    points = (
        FIRST,
        point("2023-01-01", 15, "v2"),
        point("2023-01-10", 99, "v3"),
        point("2023-01-11", 15, "v2", "rolled-back", "10 h"),
    )
    found = chart(points, UNTIL, 600, 200)
    assert found is not None
    assert [(one.label, one.passing) for one in found.marks] == [
        ("v1", False), ("", False), ("v3", True), ("", False),
    ]  # fmt: skip
    assert found.marks[2].title == "v3, 2023-01-10: 99 actions; in force for 10 h"


def test_years_are_left_out_where_there_is_no_room() -> None:
    wide, narrow = chart((FIRST,), UNTIL, 600, 200), chart((FIRST,), UNTIL, 200, 150)
    assert wide is not None
    assert narrow is not None
    assert [one.label for one in wide.years] == ["2021", "2022", "2023", "2024", "2025"]
    assert [one.label for one in narrow.years] == ["2021", "2023", "2025"]
