"""Text in the tables sorts as time does."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.model.instants import parse_instant
from tracker.store.instants import sortable

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(9998, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001 -- hypothesis wants naive bounds
)  # fmt: skip


@given(MOMENTS, MOMENTS)
@settings(deadline=None)
def test_text_sorts_as_time(one: datetime, other: datetime) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)
    assert parse_instant(sortable(one)) == one


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        sortable(datetime(2021, 1, 1))  # noqa: DTZ001 -- the point


def test_another_zone_is_told_in_utc() -> None:
    east = datetime(2021, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert sortable(east) == "2021-01-01T00:00:00.000000Z"
