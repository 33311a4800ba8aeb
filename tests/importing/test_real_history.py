"""Six years of 69 real policies imported: counted by a script of its own, compared anew, made again from the files."""

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.archive.dumping import dump
from tests.importing.telling import everything
from tests.support import count_transitions, history
from tests.support.world import World, make_world
from tracker import service
from tracker.changelog.record import change_record
from tracker.model.history import Kind
from tracker.model.imported import Imported
from tracker.model.instants import parse_instant
from tracker.sources.history import Selection


@pytest.fixture(autouse=True)
def _needs_the_history() -> None:
    if why := history.missing():
        history.need(why)


def brought(folder: Path, path: Path, **selection: Any) -> tuple[World, Imported]:
    world = make_world(folder)
    return world, service.import_history(world.tracker, path, Selection(**selection))


def test_it_is_all_there_and_agrees_with_what_others_count(tmp_path: Path) -> None:
    world, done = brought(tmp_path, history.BUNDLE)
    tracker = world.tracker
    assert (done.policies, done.files, done.conflicts, done.failed) == (69, 727, (), ())
    assert dict(done.transitions) == count_transitions.count(str(history.clone()))
    assert Counter(row.kind for row in tracker.archive.changes()) == done.transitions
    unread = [
        (name, at.commit[:12]) for name in history.policies() for at, raw in history.raw(name) if not raw
    ]
    assert [(one.policy, one.where.rpartition(" ")[2]) for one in done.refused] == unread
    assert done.stale == sum(
        not answer["IsDefaultVersion"] for name in history.policies() for _, answer in history.answers(name)
    )
    for name in history.policies():
        arn = tracker.archive.resolve(name)
        assert {one.identity for one in tracker.archive.snapshots(arn)} == history.snapshots(name).keys()
        ours = [(one.observed_at, one.identity) for one in tracker.archive.observations(arn)]
        assert ours == [(one.observed_at, one.identity) for one in history.observations(name)]
    assert tracker.archive.verify() == ()
    before = dump(tracker.database)
    _every_row_is_what_diff_says(world)
    service.reindex(tracker)
    assert dump(tracker.database) == before


def _every_row_is_what_diff_says(world: World) -> None:
    """Each recorded change against a direct comparison of the two versions, which knows nothing of the import.

    What `log` and the changelogs make of it, field by field, for every third policy whose history is not the longest.
    """
    tracker = world.tracker
    for number, name in enumerate(history.policies()):
        arn = tracker.archive.resolve(name)
        reading, rows = tracker.reading(arn), tracker.archive.changes(arn)
        seen = pairwise(one.identity for one in reading.observations if one.identity)
        direct = []
        for row, (before, after) in zip(rows, seen, strict=True):
            directly = reading.compared(before, after, tracker.clock())
            direct.append(change_record(directly))
            assert row.summary == direct[-1]["summary"]
            assert (row.from_version, row.to_version) == (before[0], after[0])
            assert (row.kind is Kind.REPUBLISHED) <= directly.difference.equal_language
        if number % 3 or len(rows) > 30:
            continue
        for row, change, other in zip(rows, service.changes_of(tracker, arn), direct, strict=True):
            mine = change_record(change)
            apart = {"id", "kind", "from", "to", "gap", "versions_filled", "rollback", "headline", "severity"}
            assert {key: mine[key] for key in mine.keys() - apart} == {
                key: other[key] for key in other.keys() - apart
            }
            assert (row.id, row.kind) == (change.id, change.kind)
            assert (row.headline, row.severity) == (mine["headline"], mine["severity"])


def test_in_halves_of_time_and_of_policies_in_any_order_it_is_the_same(tmp_path: Path) -> None:
    """Of some policies, the odd ones among them, for time's sake; tests/importing/test_import.py cuts at every commit."""
    names = ["CloudFormationStackSetsOrgAdminServiceRolePolicy", "AWS_ConfigRole", "AWSDenyAll", "PowerUserAccess",
             "AWSTrustedAdvisorServiceRolePolicy", "AmazonRDSCustomPreviewServiceRolePolicy", "AdministratorAccess"]  # fmt: skip
    some = [name for name in names if name in history.policies()]
    whole, _ = brought(tmp_path / "whole", history.clone(), wanted=lambda name: name in some)
    chance = random.Random(4)
    for number in range(2):
        order = chance.sample(some, len(some))
        world = make_world(tmp_path / str(number))
        for name in order:
            for since in (parse_instant(f"202{chance.randrange(1, 4)}-0{chance.randrange(1, 9)}-01"), None):
                service.import_history(world.tracker, history.clone(), Selection(name.__eq__, since))
        assert everything(world.tracker) == everything(whole.tracker)


def test_history_brought_under_what_ships_gives_what_the_files_give(tmp_path: Path) -> None:
    from tracker.archive.shipped import copy_shipped

    world = make_world(tmp_path)
    copy_shipped(world.tracker.archive)
    service.reindex(world.tracker)
    arn = history.arn(history.SUPPORT)
    sparse = len(world.tracker.archive.changes(arn))
    selection = Selection(wanted=lambda name: name == history.SUPPORT)
    done = service.import_history(world.tracker, history.clone(), selection)
    assert done.conflicts == ()
    assert world.tracker.archive.resolve(history.SUPPORT) == arn
    assert len(world.tracker.archive.changes(arn)) > 2 * sparse
    assert world.tracker.archive.verify() == ()
    before = dump(world.tracker.database)
    service.reindex(world.tracker)
    assert dump(world.tracker.database) == before
