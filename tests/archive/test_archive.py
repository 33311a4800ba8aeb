"""What the archive keeps and hands out."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.making import (
    NOON,
    READ_ONLY,
    SUPPORT,
    a_change,
    a_look,
    a_snapshot,
    an_archive,
    made,
    record,
    seen,
)
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.identity import VersionId


def test_a_round_in_its_order(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.start_run("r1", "check", NOON)
    assert [run.id for run in archive.open_runs()] == ["r1"]
    record(archive, a_snapshot(1), seen(1))
    archive.record_look(a_look("r1", 0, SUPPORT))
    archive.finish_run("r1", NOON + timedelta(seconds=3), "done")

    assert archive.open_runs() == ()
    assert archive.policies() == (SUPPORT,)
    assert archive.resolve("AWSSupportServiceRolePolicy") == SUPPORT
    assert archive.snapshots(SUPPORT) == (a_snapshot(1),)
    assert archive.observations(SUPPORT) == (seen(1),)
    assert archive.changes() == archive.changes(SUPPORT) == (a_change(seen(1)),)
    assert archive.last_look(SUPPORT) == a_look("r1", 0, SUPPORT)
    assert archive.behind() == ()
    known = archive.known(SUPPORT)
    assert known.archived == {(VersionId(1), made(1))}
    assert known.default == (VersionId(1), made(1))
    assert known.seen
    assert known.newest == made(1)


def test_a_policy_that_nobody_ever_saw(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    known = archive.known(READ_ONLY)
    assert (known.archived, known.default, known.seen, known.newest) == (frozenset(), None, False, None)
    assert archive.policies() == ()
    assert archive.observations(READ_ONLY) == ()
    assert archive.at(READ_ONLY, NOON) is None
    assert archive.last_look(READ_ONLY) is None
    with pytest.raises(UnknownPolicyError, match="no policy ReadOnlyAccess"):
        archive.resolve("ReadOnlyAccess")


def test_nothing_is_observed_before_it_is_archived(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    with pytest.raises(InputError, match="before it is archived"):
        archive.observe(SUPPORT, seen(1))
    archive.keep(a_snapshot(1))
    with pytest.raises(InputError, match="v2 can't be observed"):
        archive.observe(SUPPORT, seen(2))
