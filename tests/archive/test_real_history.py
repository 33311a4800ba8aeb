"""Five years of 69 real policies, through the archive and back."""

from pathlib import Path

import pytest

from tests.archive.dumping import dump
from tests.archive.making import an_archive, from_files
from tests.support import history
from tracker.archive.records import snapshot_text
from tracker.model.identity import VersionId
from tracker.model.instants import parse_instant


@pytest.fixture(autouse=True)
def _needs_the_history() -> None:
    if reason := history.missing():
        history.need(reason)


def test_all_of_it_goes_in_and_comes_out_the_same(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    names = history.policies()
    kept = archive.keep_many(one for name in names for one in history.snapshots(name).values())
    assert (kept.same, kept.conflicts) == (0, ())
    for name in names:
        archive.observe_many(history.arn(name), history.observations(name))
    with archive.database.transaction() as db:
        for name in names:
            archive.index(db, history.arn(name))
    assert archive.verify() == ()
    assert archive.policies() == tuple(sorted(map(history.arn, names)))
    for name in names:
        arn = history.arn(name)
        assert set(archive.snapshots(arn)) == set(history.snapshots(name).values())
        assert archive.observations(arn) == history.observations(name)
        assert archive.known(arn).default == history.observations(name)[-1].identity
    index = dump(archive.database, ("policies", "snapshots", "observations"))
    assert from_files(archive).snapshots == kept.new
    assert dump(archive.database, ("policies", "snapshots", "observations")) == index


def test_the_ten_hours_of_v20_are_on_the_timeline(tmp_path: Path) -> None:
    """v20 was the default from 2021-12-21 23:48 at the earliest until 2021-12-22 10:12 at the latest, then v19 again."""
    archive = an_archive(tmp_path)
    arn = history.arn(history.SUPPORT)
    archive.keep_many(history.snapshots(history.SUPPORT).values())
    archive.observe_many(arn, history.observations(history.SUPPORT))
    moments = ("2021-12-22T00:11:55Z", "2021-12-22T00:11:56Z", "2021-12-22T10:12:45Z", "2021-12-22T10:12:46Z")
    found = [archive.at(arn, parse_instant(moment)) for moment in moments]
    assert [one and one.version for one in found] == [VersionId(number) for number in (19, 20, 20, 19)]


def test_the_same_document_from_two_sources_is_the_same_file_but_for_its_source(tmp_path: Path) -> None:
    """The shipped v39 came from a moto wheel, the archive's from a commit of somebody who asked AWS."""
    from tracker.archive.shipped import copy_shipped

    archive = an_archive(tmp_path)
    copy_shipped(archive)
    theirs = history.snapshots(history.SUPPORT)
    arn = history.arn(history.SUPPORT)
    both = archive.known(arn).archived & theirs.keys()
    assert VersionId(39) in {version for version, _ in both}
    for identity in both:
        ours = archive.snapshot(arn, *identity)
        assert ours.sha256 == theirs[identity].sha256
        assert snapshot_text(ours).replace(ours.source, "X") == snapshot_text(theirs[identity]).replace(
            theirs[identity].source, "X"
        )
    kept = archive.keep_many(theirs.values())
    assert (kept.same, kept.conflicts) == (len(both), ())
    assert archive.verify()[0].path == "tracker.db"  # there is no index yet
    from_files(archive)
    assert archive.verify() == ()
