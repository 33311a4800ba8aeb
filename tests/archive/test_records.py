"""Records on disk and back, and every record that is none refused with what is wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.making import NOON, READ_ONLY, SUPPORT, a_look, a_snapshot, made, seen
from tests.archive.test_layout import MOMENTS, VERSIONS
from tracker.archive.records import (
    RecordError,
    SourceLine,
    canonical,
    look_line,
    observation_line,
    read_look,
    read_observation,
    read_snapshot,
    read_source,
    snapshot_text,
    source_line,
)
from tracker.model.history import Look, Observation
from tracker.model.identity import PolicyArn, VersionId

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
ARNS = st.sampled_from([str(SUPPORT), str(READ_ONLY), "arn:aws-cn:iam::aws:policy/X"])


@given(MOMENTS, st.one_of(st.none(), st.tuples(VERSIONS, MOMENTS)), TEXTS, TEXTS)
@settings(deadline=None)
def test_an_observation_survives(
    at: datetime, default: tuple[VersionId, datetime] | None, source: str, run: str
) -> None:
    version, create_date = default or (None, None)
    observation = Observation(at, version, create_date, source, run, "commit")
    line = observation_line(observation)
    assert "\n" not in line
    assert read_observation(line.encode()) == observation


@given(TEXTS, MOMENTS, MOMENTS, st.one_of(st.none(), st.lists(ARNS)), st.lists(ARNS))
@settings(deadline=None)
def test_a_look_survives(
    run: str, start: datetime, end: datetime, policies: list[str] | None, failed: list[str]
) -> None:
    look = Look(run, start, end, None if policies is None else tuple(sorted(policies)), tuple(sorted(failed)))
    line = look_line(look)
    assert "\n" not in line
    assert read_look(line.encode()) == look


@given(VERSIONS, MOMENTS, TEXTS, st.one_of(st.none(), st.just(SUPPORT)))
@settings(deadline=None)
def test_a_second_source_survives(
    version: VersionId, at: datetime, source: str, arn: PolicyArn | None
) -> None:
    line = SourceLine(version, at, "0" * 64, source, arn)
    assert read_source(source_line(line).encode()) == line


@given(st.lists(st.from_regex(r"s3:[A-Za-z*?]{1,20}", fullmatch=True), min_size=1, max_size=4), TEXTS)
@settings(deadline=None)
def test_a_snapshot_survives(actions: list[str], source: str) -> None:
    snapshot = a_snapshot(7, *actions, source=source)
    text = snapshot_text(snapshot)
    assert read_snapshot(text.encode()) == snapshot
    assert text == canonical(json.loads(text))


def test_the_lines_as_documented() -> None:
    assert observation_line(seen(20)) == (
        '{"observed_at": "2022-01-01T12:00:00Z", "version": "v20", "create_date": "2021-01-21T00:00:00Z", '
        '"source": "iam", "run": "r1", "basis": "look", "sha256": null}'
    )
    assert observation_line(seen(20), "ab").endswith(', "basis": "look", "sha256": "ab"}')
    assert observation_line(seen(None)) == (
        '{"observed_at": "2022-01-01T12:00:00Z", "version": null, "create_date": null, '
        '"source": "iam", "run": "r1", "basis": "look", "sha256": null}'
    )
    assert look_line(a_look("r1", 0, READ_ONLY, failed=(READ_ONLY,))) == (
        '{"run": "r1", "start": "2022-01-01T12:00:00Z", "end": "2022-01-01T12:00:02Z", '
        '"policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "failed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}'
    )
    assert '"policies": "all"' in look_line(a_look("r1", 0))
    assert source_line(SourceLine(VersionId(1), made(1), "ab", "git 0123", None)) == (
        '{"version": "v1", "create_date": "2021-01-02T00:00:00Z", "sha256": "ab", "source": "git 0123"}'
    )


def _snapshot(**changes: object) -> bytes:
    record = json.loads(snapshot_text(a_snapshot(1)))
    record.update(changes)
    return json.dumps({key: value for key, value in record.items() if value != "LEAVE OUT"}).encode()


def _observation(**changes: object) -> bytes:
    record = json.loads(observation_line(seen(1)))
    record.update(changes)
    return json.dumps({key: value for key, value in record.items() if value != "LEAVE OUT"}).encode()


def _look(**changes: object) -> bytes:
    return json.dumps(json.loads(look_line(a_look("r", 0, SUPPORT))) | changes).encode()


WRONG: list[tuple[Callable[[bytes], object], bytes, str]] = [
    (read_snapshot, b"", "it is not JSON"),
    (read_snapshot, b"\xff\xfe", "not UTF-8 (byte 0)"),
    (read_snapshot, b"[1]", "no object"),
    (read_snapshot, b"[" * 100_000, "too many levels"),
    (read_snapshot, b"<html>", "it is not JSON"),
    (read_snapshot, _snapshot()[:-20], "it is not JSON"),
    (read_snapshot, _snapshot(sha256="LEAVE OUT", source="LEAVE OUT"), "it lacks sha256, source"),
    (read_snapshot, _snapshot(extra=1), "it has 'extra', which nobody knows"),
    (read_snapshot, _snapshot(schema=2), "its schema is 2, not 1"),
    (read_snapshot, _snapshot(version="59"), "not a policy version: '59'"),
    (read_snapshot, _snapshot(version="v" * 100_000), "not a policy version: 'vvvv"),
    (read_snapshot, _snapshot(**{"x" * 100_000: 1}), "it has 'xxxx"),
    (read_snapshot, _snapshot(version=59), "its version is no text: 59"),
    (read_snapshot, _snapshot(arn="arn:aws:s3:::x"), "not the ARN of an IAM policy"),
    (read_snapshot, _snapshot(create_date="2021-02-30T00:00:00Z"), "its create_date is not written as"),
    (read_snapshot, _snapshot(create_date="2021-01-02"), "its create_date is not written as"),
    (read_snapshot, _snapshot(sha256="0" * 64), "but the file says 0000"),
    (read_snapshot, _snapshot(document={"Version": "\ud800"}), "can't be written as UTF-8"),
    (
        read_observation,
        _observation(basis="guess"),
        "its basis is 'guess', not one of look, commit, create_date",
    ),
    (read_observation, _observation(version=None), "a version or a create_date, but not both"),
    (read_observation, _observation(run="LEAVE OUT"), "it lacks run"),
    (read_observation, _observation(run=7), "its run is no text"),
    (read_observation, _observation(observed_at="yesterday"), "its observed_at is not written as"),
    (
        read_observation,
        _observation(observed_at="0001-01-01T00:00:00+23:00"),
        "its observed_at is not written as",
    ),
    (read_observation, _observation(basis="\ud800"), "its basis is '\\ud800'"),
    (read_observation, _observation(sha256="ab"), "its sha256 is no sha256"),
    (read_observation, _observation(previous=7), "its previous is no sha256"),
    (read_observation, _observation(more=1), "it has 'more'"),
    (read_look, _look(previous="x"), "its previous is no sha256"),
    (read_look, _look(policies="some"), "its policies is no list of texts"),
    (read_look, _look(failed=[1]), "its failed is no list of texts"),
    (read_look, _look(more=1), "it has 'more'"),
    (read_source, b'{"version": "v1"}', "it lacks create_date, sha256, source"),
]


@pytest.mark.parametrize(("read", "raw", "wrong"), WRONG, ids=[wrong for *_, wrong in WRONG])
def test_what_is_no_record_says_why(read: Callable[[bytes], object], raw: bytes, wrong: str) -> None:
    with pytest.raises(RecordError) as told:
        read(raw)
    assert wrong in str(told.value)
    assert len(str(told.value)) < 600


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_break_a_reader(raw: bytes) -> None:
    for read in (read_snapshot, read_observation, read_look, read_source):
        with pytest.raises(RecordError):
            read(raw)


def test_instants_on_disk_are_utc() -> None:
    assert (
        read_observation(observation_line(seen(1)).encode()).observed_at
        == NOON
        == datetime(2022, 1, 1, 12, tzinfo=UTC)
    )
