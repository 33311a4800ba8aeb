"""Looks: what was not looked at is not known to be unchanged."""

import gc
from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.dumping import dump
from tests.archive.making import NOON, READ_ONLY, SUPPORT, a_look, a_snapshot, an_archive
from tracker.archive.archive import Archive
from tracker.model.history import Look
from tracker.model.identity import PolicyArn

CHINA = PolicyArn("aws-cn", "ReadOnlyAccess")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = an_archive(tmp_path)
    archive.record_look(a_look("r1", 1, SUPPORT, READ_ONLY))
    archive.record_look(a_look("r2", 2, SUPPORT, READ_ONLY, failed=(READ_ONLY,)))
    archive.record_look(a_look("r3", 3))
    archive.record_look(a_look("r4", 4, CHINA, SUPPORT))
    return archive


def runs(looks: tuple[Look, ...]) -> list[str]:
    return [look.run for look in looks]


def test_each_policy_has_the_looks_that_read_it(archive: Archive) -> None:
    assert runs(archive.looks(SUPPORT)) == ["r1", "r2", "r3", "r4"]
    assert runs(archive.looks(READ_ONLY)) == ["r1", "r3"]
    assert runs(archive.looks(CHINA)) == ["r4"]
    assert archive.looks(PolicyArn("aws-us-gov", "X")) == ()


def test_the_newest_look_and_the_newest_try(archive: Archive) -> None:
    for arn, looked, tried in ((SUPPORT, "r4", "r4"), (READ_ONLY, "r3", "r3"), (CHINA, "r4", "r4")):
        look, trial = archive.last_look(arn), archive.last_try(arn)
        assert look is not None
        assert trial is not None
        assert (look.run, trial.run) == (looked, tried)
    archive.record_look(a_look("r5", 5, READ_ONLY, failed=(READ_ONLY,)))
    assert archive.last_look(READ_ONLY) == a_look("r3", 3)
    assert archive.last_try(READ_ONLY) == a_look("r5", 5, READ_ONLY, failed=(READ_ONLY,))


def test_a_period_has_the_looks_that_began_in_it(archive: Archive) -> None:
    hour = timedelta(hours=1)
    assert runs(archive.looks(SUPPORT, since=NOON + 2 * hour)) == ["r2", "r3", "r4"]
    assert runs(archive.looks(SUPPORT, until=NOON + 3 * hour)) == ["r1", "r2"]
    assert runs(archive.looks(SUPPORT, NOON + 2 * hour, NOON + 4 * hour)) == ["r2", "r3"]


def test_a_process_that_goes_on_looking_holds_no_look_of_before(archive: Archive) -> None:
    def held() -> int:
        gc.collect()
        return sum(isinstance(one, Look) and one.run == "kept" for one in gc.get_objects())

    archive.record_look(a_look("kept", 8, SUPPORT))
    assert any(one.run == "kept" for one in archive.looks(SUPPORT))
    assert held() == 1
    archive.record_look(a_look("next", 9, SUPPORT))
    assert held() == 0


def test_each_partition_has_its_own_file(archive: Archive, tmp_path: Path) -> None:
    lines = {
        path.parent.name: path.read_text().splitlines() for path in tmp_path.glob("snapshots/*/looks.jsonl")
    }
    assert {partition: len(found) for partition, found in lines.items()} == {"aws": 4, "aws-cn": 1}
    assert str(SUPPORT) not in lines["aws-cn"][0]
    assert archive.looks(CHINA)[0].policies == (str(CHINA),)
    archive.record_look(a_look("r6", 6), partition="aws-cn")
    assert runs(archive.looks(CHINA)) == ["r4", "r6"]
    assert runs(archive.looks(SUPPORT))[-1] == "r4"


def test_a_policy_archived_without_its_path_was_looked_at_all_the_same(archive: Archive) -> None:
    assert runs(archive.looks(PolicyArn("aws", SUPPORT.name))) == ["r1", "r2", "r3", "r4"]
    assert runs(archive.looks(PolicyArn("aws", "Policy"))) == ["r3"]


def test_looks_are_read_from_the_file_where_the_index_has_not_seen_it(
    archive: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "snapshots" / "aws" / "looks.jsonl"
    raw = path.read_bytes()
    path.write_bytes(raw + b'{"run": "r9", "st')  # a round that was killed
    assert runs(archive.looks(SUPPORT)) == ["r1", "r2", "r3", "r4"]
    assert archive.last_look(SUPPORT) == a_look("r4", 4, SUPPORT)
    archive.record_look(a_look("r9", 9, SUPPORT))
    assert runs(archive.looks(SUPPORT)) == ["r1", "r2", "r3", "r4", "r9"]

    path.write_bytes(b"".join(raw.splitlines(keepends=True)[1:]))  # changed by hand, or by git
    assert runs(archive.looks(SUPPORT)) == ["r2", "r3", "r4"]
    archive.record_look(a_look("r10", 10, SUPPORT))
    assert runs(archive.looks(SUPPORT)) == ["r2", "r3", "r4", "r10"]
    index = dump(archive.database)
    archive.keep(a_snapshot(1))
    path.write_bytes(b"no look\n" + path.read_bytes())
    assert runs(archive.looks(SUPPORT)) == ["r2", "r3", "r4", "r10"]
    archive.record_look(a_look("r11", 11, SUPPORT))
    assert runs(archive.looks(SUPPORT)) == ["r2", "r3", "r4", "r10", "r11"]
    assert dump(archive.database) != index
    with archive.database.transaction() as db:
        archive.index(db, SUPPORT)
    index = dump(archive.database)
    archive.rebuild(lambda _: [])
    assert dump(archive.database) == index


def test_a_round_that_nobody_was_asked_in(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.record_look(Look("r1", NOON, NOON, (), ()))
    assert not archive.root.exists()
