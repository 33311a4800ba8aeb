"""Durations in words: an upper bound is never too small, a lower one never too large."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.instants import duration, parse_instant

_UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def _seconds(text: str) -> int:
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+) (d|h|min|s)\b", text))


@pytest.mark.parametrize(
    ("seconds", "most", "least"),
    [
        (45, "45 s", "45 s"),
        (59.5, "1 min", "59 s"),
        (61, "2 min", "1 min"),
        (37482, "10 h 25 min", "10 h 24 min"),
        (86399, "1 d", "23 h 59 min"),
        (86401, "1 d 1 h", "1 d"),
        (96 * 86400 + 14 * 3600 + 60, "96 d 15 h", "96 d 14 h"),
        (96 * 86400 + 23 * 3600 + 60, "97 d", "96 d 23 h"),
    ],
)
def test_a_duration_is_rounded_to_the_side_that_stays_true(seconds: float, most: str, least: str) -> None:
    assert (duration(seconds), duration(seconds, down=True)) == (most, least)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2021-02-30", "x" * 9000]
)
def test_what_is_no_instant_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="not a date or time") as told:
        parse_instant(text)
    assert len(str(told.value)) < 200


@given(st.floats(min_value=0, max_value=1e9))
def test_the_truth_lies_between_both_and_they_are_one_unit_apart_at_most(seconds: float) -> None:
    least, most = _seconds(duration(seconds, down=True)), _seconds(duration(seconds))
    assert least <= seconds <= most
    assert most - least <= (3600 if seconds >= 86400 - 60 else 60)
