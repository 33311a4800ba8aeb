"""Numbers, dates, addresses and truth values as ranges."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.policy import ranges

points = st.integers(-3, 3).map(Fraction)
some = st.lists(
    st.tuples(
        points, st.sampled_from(["equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals"])
    ),
    max_size=4,
).map(lambda each: ranges.union(one for point, how in each for one in ranges.related(point, how)))
PROBES = [Fraction(n, 2) for n in range(-9, 10)]


def inside(point: Fraction, where: ranges.Ranges) -> bool:
    return any(low <= (point, 0) and (point, 1) <= high for low, high in where)


@given(some, some)
def test_the_algebra_of_sets(one: ranges.Ranges, other: ranges.Ranges) -> None:
    for point in PROBES:
        held = inside(point, one), inside(point, other)
        assert inside(point, ranges.union([*one, *other])) is any(held)
        assert inside(point, ranges.common(one, other)) is all(held)
        assert inside(point, ranges.without(one, other)) is (held == (True, False))
        assert inside(point, ranges.LINE)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("-1.5", Fraction(-3, 2)), ("+2", 2), ("1e3", 1000), ("", None), ("x", None), ("1_0", None),
     ("1e999", None), ("٣", None), ("1" * 41, None)],
)  # fmt: skip
def test_numbers(text: str, value: Fraction | None) -> None:
    assert ranges.number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02", 86400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.500Z", Fraction(1, 2)),
        ("86400", 86400),
        ("2024", None),
        ("1969-12-31T23:59:59Z", -1),
        ("soon", None),
    ],
)
def test_dates(text: str, value: Fraction | None) -> None:
    assert ranges.moment(text) == value


def test_addresses() -> None:
    def block(text: str) -> ranges.Ranges:
        found = ranges.addresses(text)
        assert found is not None
        return found

    halves = ranges.union([*block("10.0.0.0/9"), *block("10.128.0.0/9")])
    assert halves == block("10.0.0.0/8") == block("10.1.2.3/8")
    assert ranges.common(block("0.0.0.0/0"), block("::/0")) == ()
    assert ranges.union([*block("0.0.0.0/0"), *block("::/0")]) == ranges.union(ranges.ADDRESSES)
    assert block("10.1.2.3") == block("10.1.2.3/32")
    assert ranges.addresses("nowhere") is None


def test_truth_and_reading() -> None:
    assert ranges.truth("TRUE") == ranges.read("truth", "true")
    assert ranges.truth("perhaps") is None
    assert ranges.read("number", "5") == ranges.related(Fraction(5), "equals")
    assert ranges.read("date", "1970-01-01") == ranges.related(Fraction(0), "equals")
    assert ranges.read("number", "x") is None
    assert ranges.read("address", "10.0.0.1") == ranges.addresses("10.0.0.1")
