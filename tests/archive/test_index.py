"""The index says what the files say, however it came to be."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.dumping import dump, dump_state
from tests.archive.making import (
    NOON,
    READ_ONLY,
    SUPPORT,
    a_change,
    a_look,
    a_snapshot,
    an_archive,
    from_files,
    record,
    seen,
)
from tracker.archive.archive import Archive
from tracker.archive.layout import TIMELINE, file_name, policy_folder
from tracker.archive.rebuild import Rebuilt
from tracker.errors import SetupError
from tracker.model.identity import PolicyArn

POLICIES = (SUPPORT, READ_ONLY, PolicyArn("aws-cn", "ReadOnlyAccess"))


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(POLICIES), st.integers(1, 6), st.integers(0, 50)),
        st.tuples(st.just("remove"), st.sampled_from(POLICIES), st.just(0), st.integers(0, 50)),
        st.tuples(st.just("keep"), st.sampled_from(POLICIES), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("conflict"), st.sampled_from(POLICIES), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("look"), st.sampled_from(POLICIES), st.integers(0, 2), st.integers(0, 50)),
    ),
    max_size=12,
)


def act(archive: Archive, what: str, arn: PolicyArn, number: int, hours: int) -> None:
    if what == "look":
        failed = (arn,) if number else ()
        archive.record_look(a_look(f"r{hours}", hours, *(POLICIES if number < 2 else (arn,)), failed=failed))
    elif what == "remove" and archive.known(arn).seen:
        record(archive, None, seen(None, hours, run=f"r{hours}"), arn)
    elif what == "record":
        record(archive, a_snapshot(number, arn=arn), seen(number, hours, run=f"r{hours}"), arn)
    elif what in ("keep", "conflict"):
        archive.keep(a_snapshot(number, *(["s3:PutObject"] if what == "conflict" else []), arn=arn))
        with archive.database.transaction() as db:
            archive.index(db, arn)


@given(ACTS)
@settings(max_examples=40, deadline=None)
def test_whatever_was_done_reindex_gives_the_same_bytes(acts: list[tuple[str, PolicyArn, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = an_archive(Path(folder))
        archive.start_run("r0", "check", NOON)
        archive.report_once("p", "2022-01", NOON, NOON, NOON)
        for one in acts:
            act(archive, *one)
        index, state = dump(archive.database), dump_state(archive.database)
        assert archive.behind() == ()
        from_files(archive)
        assert dump(archive.database) == index
        assert dump_state(archive.database) == state  # subscribers, outbox, runs: never touched
        archive.database.path.unlink()
        from_files(archive)
        assert dump(archive.database) == index


def a_filled_archive(home: Path) -> Archive:
    archive = an_archive(home)
    for number in (1, 2):
        for arn in (SUPPORT, READ_ONLY):
            record(archive, a_snapshot(number, arn=arn), seen(number, number, run=f"r{number}"), arn)
        archive.record_look(a_look(f"r{number}", number, SUPPORT, READ_ONLY))
    return archive


def test_reindex_counts_what_it_made(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    assert from_files(archive) == Rebuilt(
        policies=2, snapshots=4, observations=4, looks=2, changes=4, grants=2
    )


def test_without_its_index_the_archive_says_so(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    asked = (archive.policies(), archive.known(SUPPORT), archive.snapshots(SUPPORT), archive.observations(SUPPORT),
             archive.looks(SUPPORT), archive.last_look(SUPPORT), archive.resolve("ReadOnlyAccess"))  # fmt: skip
    changes = archive.changes()
    for path in tmp_path.glob("tracker.db*"):
        path.unlink()

    # What the files tell is told from the files, and no database is made for it.
    assert asked == (archive.policies(), archive.known(SUPPORT), archive.snapshots(SUPPORT), archive.observations(SUPPORT),
                     archive.looks(SUPPORT), archive.last_look(SUPPORT), archive.resolve("ReadOnlyAccess"))  # fmt: skip
    assert not archive.database.exists
    for arn in (None, SUPPORT):
        with pytest.raises(SetupError, match="does not have what the files have: aws/") as told:
            archive.changes(arn)
        assert "reindex" in told.value.advice
    (finding,) = archive.verify()
    assert finding.path == "tracker.db"
    assert "no subscriber" in finding.wrong
    assert archive.indexed(SUPPORT) == frozenset()
    assert archive.open_runs() == ()
    assert not archive.reported("p", "2022-01")
    assert archive.reported_until("p") is None

    from_files(archive)
    assert archive.changes() == changes
    assert archive.verify() == ()


def test_an_empty_archive_has_no_changes(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    assert archive.changes() == ()
    assert archive.verify() == ()
    assert from_files(archive) == Rebuilt(0, 0, 0, 0, 0, 0)
    assert archive.changes(SUPPORT) == ()


def test_files_that_a_pull_brought_are_not_passed_over(tmp_path: Path) -> None:
    archive, other = a_filled_archive(tmp_path / "here"), a_filled_archive(tmp_path / "there")
    record(other, a_snapshot(3), seen(3, 30))
    for name in (TIMELINE, file_name(a_snapshot(3).identity)):
        brought = policy_folder(other.root, SUPPORT) / name
        (policy_folder(archive.root, SUPPORT) / name).write_bytes(brought.read_bytes())
    assert archive.behind() == (SUPPORT,)
    assert archive.behind(SUPPORT) == (SUPPORT,)
    assert archive.behind(READ_ONLY) == ()
    with pytest.raises(SetupError, match="aws/AWSSupportServiceRolePolicy"):
        archive.changes()
    assert archive.changes(READ_ONLY)
    archive.start_run("r9", "check", NOON)  # a round is between a file and its row: no fault to report
    assert len(archive.changes()) == 4
    assert any("next 'policy-tracker check'" in finding.advice for finding in archive.verify())
    archive.finish_run("r9", NOON, "done")
    from_files(archive)
    assert archive.behind() == ()
    assert len(archive.changes(SUPPORT)) == 3


def test_a_policy_whose_folder_went_is_no_longer_indexed(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    policy_folder(archive.root, READ_ONLY).rename(tmp_path / "gone")
    assert archive.behind() == (READ_ONLY,)
    with archive.database.transaction() as db:
        archive.index(db, READ_ONLY)
    assert archive.behind() == ()
    assert {row.arn for row in archive.changes()} == {SUPPORT}
    index = dump(archive.database)
    from_files(archive)
    assert dump(archive.database) == index


def test_a_snapshot_that_went_is_no_longer_indexed(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    archive.keep(a_snapshot(3))
    with archive.database.transaction() as db:
        archive.index(db, SUPPORT)
    (policy_folder(archive.root, SUPPORT) / file_name(a_snapshot(3).identity)).unlink()
    assert archive.behind() == (SUPPORT,)
    with archive.database.transaction() as db:
        archive.index(db, SUPPORT)
    assert archive.indexed(SUPPORT) == {a_snapshot(1).identity, a_snapshot(2).identity}


def test_changes_are_told_oldest_first_and_by_time(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    times = [row.observed_at for row in archive.changes()]
    assert times == sorted(times)
    assert archive.changes(SUPPORT, since=seen(2, 2).observed_at) == (a_change(seen(2, 2, run="r2")),)
    assert archive.changes(SUPPORT, until=seen(2, 2).observed_at) == (a_change(seen(1, 1, run="r1")),)
    assert archive.changes(SUPPORT, since=seen(2, 2).observed_at, until=seen(2, 2).observed_at) == ()


def test_a_change_is_recorded_once(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    with archive.database.transaction() as db:
        archive.record_change(db, a_change(seen(2, 2, run="r2")))
    assert len(archive.changes(SUPPORT)) == 2


def test_a_damaged_snapshot_does_not_stop_reindex(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    path = policy_folder(archive.root, READ_ONLY) / file_name(a_snapshot(2).identity)
    path.write_bytes(path.read_bytes().replace(b"s3:GetObject", b"s3:PutObject"))
    assert from_files(archive).snapshots == 3
    assert [finding.path for finding in archive.verify()] == [str(path.relative_to(tmp_path))]


def test_counts_of_a_change_survive(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    (row, *_) = archive.changes(SUPPORT)
    assert json.dumps(dict(row.summary)) == '{"actions_added": 1, "actions_removed": 0}'
