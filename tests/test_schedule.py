"""When work is due: cron's own rules, intervals, the installation's drawn time, and what is refused."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.schedule import Schedule

moments = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants bounds without a zone
texts = st.sampled_from(
    ["hourly", "daily", "weekly", "monthly", "6h", "30m", "1d", "90m", "2w", "7m", "17 6 1 * *", "*/5 * * * *",
     "0 0 29 2 *", "0 12 13 * 5", "0 0 L * *", "5 4 * * 7", "5 4 * * SUN#2", "1,31 3-5 * JAN,JUL *"]
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "following"),
    [
        ("17 6 1 * *", "2026-11-24T10:00", ["2026-12-01T06:17", "2027-01-01T06:17"]),
        ("17 6 1 * *", "2026-12-01T06:17", ["2027-01-01T06:17"]),
        ("0 0 * * 0", "2026-11-24", ["2026-11-29", "2026-12-06"]),  # Sunday is 0 ...
        ("0 0 * * 7", "2026-11-24", ["2026-11-29", "2026-12-06"]),  # ... and 7
        ("0 0 * * 1", "2026-11-24", ["2026-11-30"]),  # Monday is 1
        (
            "0 0 13 * 5",
            "2026-11-24",
            ["2026-11-27", "2026-12-04", "2026-12-11", "2026-12-13"],
        ),  # either holds
        ("0 0 */2 * 5", "2026-11-24", ["2026-11-27", "2026-12-11"]),  # a star in front: both hold
        ("0 0 31 * *", "2026-11-24", ["2026-12-31", "2027-01-31", "2027-03-31"]),
        ("0 0 29 2 *", "2026-11-24", ["2028-02-29", "2032-02-29"]),
        ("0 0 L * *", "2027-02-01", ["2027-02-28", "2027-03-31"]),
        ("*/20 6 * jan MON", "2027-01-01", ["2027-01-04T06:00", "2027-01-04T06:20", "2027-01-04T06:40"]),
        (
            "30 1 * * *",
            "2026-10-24T12:00",
            ["2026-10-25T01:30", "2026-10-26T01:30"],
        ),  # once, summer time or not
    ],
)
def test_cron_expressions_mean_what_cron_means(text: str, after: str, following: list[str]) -> None:
    schedule, moment, found = Schedule.parse(text), at(after), []
    for _ in following:
        moment = schedule.next(moment)
        found.append(moment)
    assert found == [at(one) for one in following]


def test_day_of_month_or_weekday_agrees_with_a_plain_reading_of_the_manual() -> None:
    schedule, day = Schedule.parse("0 0 1,15 * 3"), at("2026-01-01")
    wanted = [day + timedelta(days=n) for n in range(400)]
    wanted = [one for one in wanted if one.day in (1, 15) or one.isoweekday() == 3]
    found = [schedule.previous(day)]
    while len(found) < len(wanted):
        found.append(schedule.next(found[-1]))
    assert found == wanted


@pytest.mark.parametrize(
    ("text", "after", "next_one"),
    [
        ("hourly", "2026-11-24T10:00", "2026-11-24T10:17"),
        ("daily", "2026-11-24T10:00", "2026-11-25T06:17"),
        ("Weekly", "2026-11-24T10:00", "2026-11-30T06:17"),
        ("monthly", "2026-11-24T10:00", "2026-12-01T06:17"),
        ("6h", "2026-11-24T10:00", "2026-11-24T12:17"),
        ("30m", "2026-11-24T10:00", "2026-11-24T10:17"),
        ("1d", "2026-11-24T10:00", "2026-11-25T06:17"),
    ],
)
def test_words_and_intervals_keep_to_the_hour_and_minute_that_were_drawn(
    text: str, after: str, next_one: str
) -> None:
    assert Schedule.parse(text, time(6, 17)).next(at(after)) == at(next_one)


def test_an_instant_of_the_series_is_its_own_previous_and_never_its_own_next() -> None:
    schedule = Schedule.parse("17 6 * * *")
    exact = at("2026-11-24T06:17")
    assert schedule.previous(exact) == exact
    assert schedule.next(exact) == exact + timedelta(days=1)
    assert schedule.previous(exact + timedelta(microseconds=300)) == exact
    assert schedule.previous(exact - timedelta(microseconds=1)) == exact - timedelta(days=1)
    assert schedule.next(exact - timedelta(microseconds=1)) == exact


@given(texts, moments)
def test_previous_and_next_enclose_every_moment_and_meet(text: str, moment: datetime) -> None:
    schedule = Schedule.parse(text, time(6, 17))
    before, after = schedule.previous(moment), schedule.next(moment)
    assert before <= moment < after
    assert schedule.next(before) == after
    assert schedule.previous(after) == after
    assert schedule.previous(after - timedelta(seconds=1)) == before
    assert before.tzinfo is UTC
    assert after.tzinfo is UTC
    assert before.microsecond == after.microsecond == 0


def test_a_moment_of_another_zone_is_read_as_the_instant_it_is() -> None:
    tokyo = datetime.fromisoformat("2026-11-25T09:00:00+09:00")  # midnight UTC
    assert Schedule.parse("0 0 * * *").previous(tokyo) == at("2026-11-25")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", "wanted: 'daily'"),
        ("soon", "1 field, not five; wanted: 'daily'"),
        ("0 6 * *", "4 fields, not five"),
        ("0 0 6 * * *", "6 fields, not five"),
        ("61 6 * * *", "minute '61' is impossible; wanted: 0-59"),
        ("0 24 * * *", "hour '24' is impossible; wanted: 0-23"),
        ("0 6 32 * *", "day of the month '32' is impossible; wanted: 1-31"),
        ("0 6 0 * *", "day of the month '0' is impossible"),
        ("0 6 * 13 *", "month '13' is impossible; wanted: 1-12"),
        ("0 6 * * 8", "weekday '8' is impossible; wanted: 0-7"),
        ("0 6 * * MOM", "weekday 'MOM' is impossible"),
        ("*/0 6 * * *", "minute '*/0' is impossible"),
        ("0 0 31 2 *", "no date ever fulfils day 31 of month 2"),
        ("0 0 31 4,6,9,11 *", "no date ever fulfils day 31 of month 4,6,9,11"),
        ("0 0 */31 * 1#5", "no date ever fulfils"),
        ("@monthly", "wanted: 'monthly'"),
        ("@reboot", "wanted: 'daily'"),
        ("0m", "between 1m"),
        ("400d", "between 1m"),
        ("10s", "1 field, not five"),
    ],
)
def test_what_is_impossible_is_refused_with_what_would_be_right(text: str, right: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 -- the message is what is tested
        Schedule.parse(text)
    assert right in str(refused.value)


def test_a_31st_that_may_be_a_weekday_instead_is_possible() -> None:
    assert Schedule.parse("0 0 31 2 1").next(at("2027-01-15")) == at("2027-02-01")


def test_a_schedule_says_what_it_is_and_that_it_is_utc() -> None:
    assert str(Schedule.parse("daily", time(6, 17))) == "daily (17 6 * * *, UTC)"
    assert str(Schedule.parse("6h", time(6, 17))) == "every 6h (counted from 06:17 UTC)"
    assert str(Schedule.parse("17  6 1 * *")) == "17 6 1 * * (UTC)"
