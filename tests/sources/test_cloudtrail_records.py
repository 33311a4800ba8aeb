"""Records of a log file: every one of them, whatever stands in it and however it is cut, and never one that is none."""

import gzip
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.trails import event, text_of
from tracker.sources.cloudtrail_records import LIMITS, Limits, Unreadable, records


def ids(text: bytes, *, packed: bool = False, limits: Limits = LIMITS) -> list[str | None]:
    return [one.eventID for batch in records(io.BytesIO(text), packed=packed, limits=limits) for one in batch]


def packed_ids(text: bytes, limits: Limits = LIMITS) -> list[str | None]:
    return ids(gzip.compress(text, 1), packed=True, limits=limits)


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    return [event(number=number, **more) for number in range(count)]


def repeated(count: int) -> bytes:
    """A file with the same record over and over."""
    return b'{"Records":[' + b",".join([text_of(many(1, userAgent="x" * 1_200))[12:-2]] * count) + b"]}"


LONG = many(3_000, userAgent="agent " * 40)


def test_all_records_of_a_file_that_is_read_in_pieces() -> None:
    text = text_of(LONG)
    assert len(text) > 4 * LIMITS.chunk
    assert packed_ids(text) == ids(text) == [one["eventID"] for one in LONG]


def test_members_of_one_gzip_file_are_one_text() -> None:
    text = text_of(LONG)
    cut = len(text) // 3
    whole = gzip.compress(text[:cut]) + gzip.compress(text[cut:])
    assert ids(whole, packed=True) == [one["eventID"] for one in LONG]


def test_text_inside_a_record_never_passes_for_a_record() -> None:
    forged = [{"a": 1}, event("DeleteTrail", number="forged"), {"eventVersion": "1.11"}]
    events = many(400, requestParameters={"items": forged, "note": '},{"eventVersion":"1"'})
    events += many(600, userAgent="x" * 900)
    assert len(text_of(events)) > 2 * LIMITS.chunk
    assert packed_ids(text_of(events)) == [one["eventID"] for one in events]


@pytest.mark.parametrize(
    "write",
    [
        lambda found: json.dumps({"Records": found}, indent=2),
        lambda found: json.dumps({"Records": found, "more": {"a": [1]}}),
        lambda found: json.dumps({"before": 1, "Records": found}),
        lambda found: json.dumps({"Records": [dict(reversed(one.items())) for one in found]}),
    ],
    ids=["indented", "more-after", "more-before", "another-order"],
)
def test_other_writers_files_are_read_as_well(write: Any) -> None:
    assert packed_ids(write(LONG).encode()) == [one["eventID"] for one in LONG]


def test_no_records_are_no_fault() -> None:
    assert packed_ids(b'{"Records":[]}') == []


@pytest.mark.parametrize(
    "text",
    [
        b"", b"  ", b"no json", b"[]", b"{}", b'{"Records":{}}', b'{"Records":[{}]', b'{"Records":[{"eventID":"a"},]}', b'{"Records":[]} x',
        text_of(LONG)[:-2], text_of(LONG)[:-200], text_of(LONG).replace(b'"eventName"', b'eventName', 1),
    ],
)  # fmt: skip
def test_what_is_no_log_file_or_half_of_one_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable):
        packed_ids(text)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-9],
        lambda b: b[: len(b) // 2],
        lambda b: b[:200] + b"\0" * 9 + b[209:],
        lambda b: b + b"x",
    ],
)
def test_a_damaged_gzip_file_is_refused(damage: Any) -> None:
    with pytest.raises(Unreadable, match=r"cut off|damaged"):
        ids(damage(gzip.compress(text_of(LONG))), packed=True)


def test_an_empty_gzip_file_is_refused() -> None:
    with pytest.raises(Unreadable, match="empty"):
        ids(b"", packed=True)


def test_a_record_that_is_none_does_not_take_the_others_with_it() -> None:
    strange: list[Any] = [
        event(number=1),
        {**event(number=2), "eventName": 7},
        "text",
        5,
        None,
        event(number=3),
    ]
    found = packed_ids(text_of(strange))
    assert found == [strange[0]["eventID"], None, None, None, None, strange[5]["eventID"]]


def test_half_a_surrogate_pair_that_a_caller_brought_is_no_fault_of_the_file() -> None:
    text = text_of([event(number=1), event(number=2, userAgent="MARK"), event(number=3)])
    assert len(packed_ids(text.replace(b"MARK", rb"\ud83d"))) == 3


def test_nesting_without_end_is_refused() -> None:
    deep = b'{"Records":[{"eventVersion":"1","requestParameters":' + b"[" * 200_000 + b"]" * 200_000 + b"}]}"
    with pytest.raises(Unreadable):
        packed_ids(deep)


def test_a_file_that_unpacks_to_far_too_much_is_refused_long_before_it_is_unpacked() -> None:
    small = Limits(piece=2 << 20, file=8 << 20)
    blanks = gzip.compress(b'{"Records":[' + b" " * (24 << 20) + b"]}", 1)
    events = gzip.compress(repeated(10_000), 1)
    for bomb, said in ((blanks, "without the end"), (events, "unpacks to more than 8 MB")):
        tracemalloc.start()
        with pytest.raises(Unreadable, match=said):
            ids(bomb, packed=True, limits=small)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 24 << 20


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for count in (1_000, 8_000):
        packed = gzip.compress(repeated(count), 1)
        tracemalloc.start()
        assert sum(len(batch) for batch in records(io.BytesIO(packed), packed=True)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(['},{"eventVersion"', "]}", '"', "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.just("eventVersion"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(_VALUES, max_size=12), st.integers(20, 900))
def test_pieces_of_any_size_come_to_what_the_whole_is(values: list[Any], chunk: int) -> None:
    events = [event(number=number, requestParameters=value) for number, value in enumerate(values)]
    assert packed_ids(text_of(events), Limits(chunk=chunk)) == [one["eventID"] for one in events]
