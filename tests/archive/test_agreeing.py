"""Files and index compared again and again by one process: what moved since is not passed over."""

import os
import time
from pathlib import Path

import pytest

from tests.archive.making import a_snapshot, an_archive, record, seen
from tests.support.world import SUPPORT
from tracker.archive.archive import Archive
from tracker.archive.layout import TIMELINE, file_name, policy_folder
from tracker.errors import SetupError


def a_filled_archive(home: Path) -> Archive:
    archive = an_archive(home)
    record(archive, a_snapshot(1), seen(1, 10))
    record(archive, a_snapshot(2), seen(2, 20))
    return archive


def settled(folder: Path) -> None:
    """Nothing has happened in the folder for an hour: it is trusted from now on."""
    then = time.time() - 3600
    os.utime(folder, (then, then))


def test_what_is_put_in_place_after_they_agreed_is_noticed(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    place = policy_folder(archive.root, SUPPORT)
    settled(place)
    assert archive.behind() == archive.behind() == ()
    (place / file_name(a_snapshot(3).identity)).write_bytes(
        (place / file_name(a_snapshot(2).identity)).read_bytes()
    )
    assert archive.behind() == (SUPPORT,)
    with pytest.raises(SetupError, match="aws/AWSSupportServiceRolePolicy"):
        archive.must_agree()


def test_a_file_put_in_place_in_the_same_tick_is_noticed(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    place = policy_folder(archive.root, SUPPORT)
    assert archive.behind() == ()
    dated = place.stat().st_mtime_ns
    (place / file_name(a_snapshot(3).identity)).write_bytes(b"{}")
    os.utime(place, ns=(dated, dated))
    assert archive.behind() == (SUPPORT,)


def test_an_index_that_went_back_is_noticed(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    settled(policy_folder(archive.root, SUPPORT))
    assert archive.behind() == ()
    with archive.database.transaction() as db:
        db.execute("UPDATE policies SET timeline_bytes = -1 WHERE policy = 'aws/AWSSupportServiceRolePolicy'")
    assert archive.behind() == (SUPPORT,)


def test_another_process_sees_a_line_that_a_hand_added(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    settled(policy_folder(archive.root, SUPPORT))
    assert archive.behind() == ()
    timeline = policy_folder(archive.root, SUPPORT) / TIMELINE
    timeline.write_bytes(timeline.read_bytes() * 2)
    assert an_archive(tmp_path).behind() == (SUPPORT,)


def test_a_round_that_ended_agrees_again(tmp_path: Path) -> None:
    archive = a_filled_archive(tmp_path)
    settled(policy_folder(archive.root, SUPPORT))
    assert archive.behind() == ()
    record(archive, a_snapshot(3), seen(3, 30))
    assert archive.behind() == ()
