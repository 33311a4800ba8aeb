"""An import into a tracker: what it records, silently; again, in parts, in any order, and beside what is there."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.archive.dumping import dump, dump_state
from tests.importing.telling import changes, everything, observations
from tests.support.git_archives import Commit, Content, answer, document, made, raw, repository
from tests.support.world import SUPPORT, World, make_world
from tracker import service
from tracker.archive.shipped import copy_shipped
from tracker.errors import InputError
from tracker.model.history import Look
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.imported import Imported
from tracker.model.instants import parse_instant
from tracker.sources.history import Selection

ROLE = PolicyArn("aws", "AWSBackupServiceLinkedRolePolicyForBackup", "/aws-service-role/")
HISTORY = [
    Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1), f"policies/{ROLE.name}": answer(1, "backup:A")}),
    Commit("2024-01-02T06:00:00Z", {"policies/X": answer(2, "s3:GetObject", "s3:PutObject")}),
    Commit("2024-01-03T06:00:00Z", {"policies/X": b""}),
    Commit("2024-01-04T06:00:00Z", {"policies/X": answer(1)}),
    Commit("2024-01-05T06:00:00Z", {"policies/X": answer(2, "s3:GetObject", "s3:PutObject")}),
    Commit("2024-01-06T06:00:00Z", {"policies/X": answer(5, "s3:GetObject", "s3:PutObject")}),
    Commit("2024-01-07T06:00:00Z", {f"policies/{ROLE.name}": answer(2, "backup:A", "backup:B")}),
    Commit("2024-01-08T06:00:00Z", {"policies/X": None}),
    Commit("2024-01-09T06:00:00Z", {"policies/X": answer(5, "s3:GetObject", "s3:PutObject")}),
    Commit("2024-01-10T06:00:00Z", {"policies/X": answer(1, "sqs:SendMessage", date="2024-01-09T20:00:00Z")}),
    Commit("2024-01-11T06:00:00Z", {"policies/Y.json": answer(1, "sns:Publish")}),
]
KINDS = {"reappeared": 1, "recreated": 1, "removed": 1, "republished": 1, "rolled-back": 1, "updated": 3}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "git", HISTORY)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world")


def bring_in(world: World, path: Path, **selection: Any) -> Imported:
    return service.import_history(world.tracker, path, Selection(**selection))


def agrees(world: World) -> None:
    """Nothing is wrong in the archive, and the index is what the files alone would give."""
    assert world.tracker.archive.verify() == ()
    before = dump(world.tracker.database)
    service.reindex(world.tracker)
    assert dump(world.tracker.database) == before


def answers(place: Path, files: Mapping[str, Content]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(raw(content))
    return place


def test_everything_is_recorded_and_the_report_says_what(world: World, source: Path) -> None:
    done = bring_in(world, source)
    assert (done.policies, done.new_policies, done.files) == (3, 3, 12)
    assert (done.versions, done.new_versions) == (7, 7)
    assert (done.observations, done.new_observations) == (11, 11)
    assert (done.transitions, done.rollbacks, done.gaps, done.stale) == (KINDS, 1, 2, 0)
    assert (done.first, done.last) == (parse_instant("2024-01-01T06:00Z"), parse_instant("2024-01-11T06:00Z"))
    assert [(one.policy, one.reason) for one in done.refused] == [("X", "the document is empty")]
    assert (done.failed, done.conflicts, done.changed) == ((), (), True)
    assert [row["kind"] for row in changes(world.tracker)].count("rolled-back") == 1
    agrees(world)


def test_nobody_is_mailed_about_the_past_nor_by_the_round_after_it(world: World, source: Path) -> None:
    world.subscribe("team@example.org")
    bring_in(world, source)
    assert world.mailbox.mails() == []
    x = PolicyArn("aws", "X")
    world.aws.publish(x, "v1", parse_instant("2024-01-09T20:00:00Z"), document("sqs:SendMessage"))
    service.check(world.tracker, [x])
    assert [subject for _, subject, _ in world.mailbox.mails()] == ["Watching X: v1, 1 action, 0 flagged"]
    world.clock.moment = parse_instant("2024-02-01T06:00:00Z")
    world.aws.publish(x, "v2", parse_instant("2024-01-31T20:00:00Z"), document("sqs:SendMessage", "sqs:A"))
    service.check(world.tracker, [x])
    assert len(world.mailbox.mails()) == 2  # what AWS did after the import


def test_no_changelog_is_written_of_the_past_and_every_command_tells_it(world: World, source: Path) -> None:
    bring_in(world, source)
    assert not list(world.tracker.changelogs.folder.rglob("*.md"))
    told = service.changes_of(world.tracker, PolicyArn("aws", "X"))
    assert [str(one.transition.kind) for one in told] == [
        "updated", "rolled-back", "updated", "republished", "removed", "reappeared", "recreated",
    ]  # fmt: skip


def test_again_it_changes_nothing(world: World, source: Path) -> None:
    bring_in(world, source)
    files = {path: path.stat().st_mtime_ns for path in (world.tracker.home / "snapshots").rglob("*")}
    before = dump(world.tracker.database)
    done = bring_in(world, source)
    assert (done.new_versions, done.new_observations, done.new_policies, done.changed) == (0, 0, 0, False)
    assert (done.versions, done.transitions, done.gaps) == (7, KINDS, 2)
    assert {path: path.stat().st_mtime_ns for path in (world.tracker.home / "snapshots").rglob("*")} == files
    assert dump(world.tracker.database) == before


@pytest.mark.parametrize("cut", range(1, len(HISTORY)))
def test_the_first_half_and_then_all_is_the_same_as_all_at_once(
    tmp_path: Path, source: Path, cut: int
) -> None:
    whole, halves = make_world(tmp_path / "whole"), make_world(tmp_path / "halves")
    bring_in(whole, source)
    bring_in(halves, repository(tmp_path / "half", HISTORY[:cut]))
    bring_in(halves, source)
    assert everything(halves.tracker) == everything(whole.tracker)
    agrees(halves)


@pytest.mark.parametrize("day", range(4, 12, 3))
def test_what_is_new_first_and_then_all_is_the_same_as_all_at_once(
    tmp_path: Path, source: Path, day: int
) -> None:
    whole, halves = make_world(tmp_path / "whole"), make_world(tmp_path / "halves")
    bring_in(whole, source)
    bring_in(halves, source, since=parse_instant(f"2024-01-{day:02}"))
    assert len(observations(halves.tracker)) < len(observations(whole.tracker))
    bring_in(halves, source)
    assert everything(halves.tracker) == everything(whole.tracker)
    agrees(halves)


def test_policy_by_policy_in_any_order_is_the_same_as_all_at_once(tmp_path: Path, source: Path) -> None:
    whole, parts = make_world(tmp_path / "whole"), make_world(tmp_path / "parts")
    bring_in(whole, source)
    for name in ("Y", "X", ROLE.name):
        bring_in(parts, source, wanted=lambda one, name=name: one == name)
    assert everything(parts.tracker) == everything(whole.tracker)


def test_a_gap_that_a_later_import_fills_is_told_anew(world: World, source: Path, tmp_path: Path) -> None:
    bring_in(world, source)
    files = {"X@v3.json": answer(3, "s3:A", default=False), "X@v4.json": answer(4, "s3:B", default=False)}
    done = bring_in(world, answers(tmp_path / "more", files))
    assert (done.new_versions, done.new_observations, done.gaps, done.stale) == (2, 0, 0, 2)
    agrees(world)
    (told,) = [
        one.transition
        for one in service.changes_of(world.tracker, PolicyArn("aws", "X"))
        if one.transition.kind == "republished"
    ]
    assert told.filled == (VersionId(3), VersionId(4))


def test_older_history_under_what_is_there_replaces_the_steps_it_takes_apart(tmp_path: Path) -> None:
    """The shipped v4 to v14 is one step of years; with v5 to v13 it is ten, and the one is no change any more."""
    world = make_world(tmp_path / "world")
    copy_shipped(world.tracker.archive)
    service.reindex(world.tracker)
    before = {str(row["id"]) for row in changes(world.tracker)}
    files = {
        f"{SUPPORT.name}@v{number}.json": answer(
            number, f"s3:Get{number}", date=f"2019-{number:02}-20T00:00:00Z"
        )
        for number in range(5, 13)
    }
    done = bring_in(world, answers(tmp_path / "more", files))
    assert done.new_versions == 8
    assert before - {str(row["id"]) for row in changes(world.tracker)}
    agrees(world)


def test_where_import_and_archive_disagree_both_are_kept_and_said(world: World, tmp_path: Path) -> None:
    bring_in(world, answers(tmp_path / "one", {"X.json": answer(1, "s3:A")}))
    done = bring_in(world, answers(tmp_path / "two", {"X.json": answer(1, "s3:B")}))
    (kept,) = done.conflicts
    assert kept.startswith("snapshots/aws/X/2020-01-05T120007Z_v1.json.conflict-")
    assert done.new_versions == 0
    assert "s3:A" in world.tracker.archive.snapshot(PolicyArn("aws", "X"), VersionId(1)).document
    (finding,) = world.tracker.archive.verify()
    assert finding.path == kept
    assert bring_in(world, tmp_path / "two").conflicts == done.conflicts  # said each time


def test_a_source_that_contradicts_itself_keeps_the_first_and_says_so(world: World, tmp_path: Path) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1, "s3:Z")}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": answer(1, "s3:A")}),
    ]
    done = bring_in(world, repository(tmp_path / "git", told))
    assert len(done.conflicts) == 1
    assert "s3:Z" in world.tracker.archive.snapshot(PolicyArn("aws", "X"), VersionId(1)).document
    before = dump(world.tracker.database)
    service.reindex(world.tracker)
    assert dump(world.tracker.database) == before


def test_a_second_source_of_the_same_versions_is_noted_and_nothing_else(
    world: World, source: Path, tmp_path: Path
) -> None:
    bring_in(world, source)
    before = changes(world.tracker)
    done = bring_in(world, answers(tmp_path / "more", {"Y.json": answer(1, "sns:Publish", default=False)}))
    assert (done.new_versions, done.new_observations) == (0, 0)
    assert changes(world.tracker) == before
    (line,) = (world.tracker.archive.root / "aws" / "Y" / "sources.jsonl").read_text().splitlines()
    assert json.loads(line)["source"] == "file Y.json"
    agrees(world)


def test_the_path_of_a_policy_is_known_by_its_name_or_from_the_archive(world: World, source: Path) -> None:
    bring_in(world, source)
    assert world.tracker.archive.resolve(ROLE.name) == ROLE
    assert world.tracker.archive.resolve("X") == PolicyArn("aws", "X", "/")


def test_a_path_that_a_later_source_tells_is_believed_and_the_words_follow(
    world: World, tmp_path: Path
) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1)}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": answer(2, "s3:GetObject", "s3:PutObject")}),
    ]
    bring_in(world, repository(tmp_path / "git", told))
    assert changes(world.tracker)[0]["headline"].startswith("Anyone who holds X")
    whole = {"Policy": {"Arn": "arn:aws:iam::aws:policy/aws-service-role/X"}}
    files = {"X@v3.json": {**whole, **answer(3, "s3:A", default=False, date="2019-01-01T00:00:00Z")}}
    bring_in(world, answers(tmp_path / "more", files))
    (change,) = changes(world.tracker)
    assert str(change["headline"]).startswith("The AWS service behind X")
    assert change["arn"] == "arn:aws:iam::aws:policy/aws-service-role/X"
    agrees(world)


def test_another_partition_has_policies_of_its_own(world: World, source: Path) -> None:
    bring_in(world, source)
    done = service.import_history(world.tracker, source, Selection(), partition="aws-us-gov")
    assert done.new_policies == 3
    assert len(world.tracker.archive.policies()) == 6
    assert world.tracker.archive.resolve("X", "aws-us-gov").partition == "aws-us-gov"
    agrees(world)


def test_the_tree_of_another_tracker_comes_with_its_looks_as_it_saw_them(
    tmp_path: Path, source: Path
) -> None:
    there, here = make_world(tmp_path / "there"), make_world(tmp_path / "here")
    bring_in(there, source)
    world_x = PolicyArn("aws", "X")
    there.aws.publish(world_x, "v1", parse_instant("2024-01-09T20:00:00Z"), document("sqs:SendMessage"))
    service.check(there.tracker, [world_x])
    for path in (there.tracker.home, there.tracker.home / "snapshots"):
        done = bring_in(here, path)
    assert done.what.startswith("another tracker's ")
    assert (done.versions, done.new_versions) == (7, 0)
    assert observations(here.tracker) == observations(there.tracker)
    assert changes(here.tracker) == changes(there.tracker)
    assert here.tracker.archive.last_look(world_x) is None  # it was the other one that asked
    assert here.tracker.archive.known(world_x) == there.tracker.archive.known(world_x)
    agrees(here)


def test_a_damaged_snapshot_of_another_tracker_is_refused_with_what_was_seen_of_it(
    tmp_path: Path, source: Path
) -> None:
    there, here = make_world(tmp_path / "there"), make_world(tmp_path / "here")
    bring_in(there, source)
    (damaged,) = (there.tracker.archive.root / "aws" / "X").glob("*_v2.json")
    damaged.write_bytes(damaged.read_bytes().replace(b"s3:PutObject", b"s3:PutObjecT"))
    done = bring_in(here, there.tracker.home)
    assert [(one.policy, "sha256" in one.reason) for one in done.refused] == [("X", True)]
    assert (done.versions, here.tracker.archive.verify()) == (6, ())


@pytest.mark.parametrize("indexed", [True, False])
def test_a_snapshot_that_was_lost_is_brought_back_by_the_same_import(
    world: World, source: Path, indexed: bool
) -> None:
    bring_in(world, source)
    before = everything(world.tracker)
    (lost,) = (world.tracker.archive.root / "aws" / "X").glob("*_v2.json")
    content = lost.read_bytes()
    lost.unlink()
    if not indexed:
        world.tracker.database.path.unlink()
    assert bring_in(world, source).new_versions == 1
    assert lost.read_bytes() == content
    assert everything(world.tracker) == before
    agrees(world)


def test_a_damaged_snapshot_that_the_index_lacks_is_mended(world: World, source: Path) -> None:
    bring_in(world, source)
    before = everything(world.tracker)
    (damaged,) = (world.tracker.archive.root / "aws" / "X").glob("*_v2.json")
    content = damaged.read_bytes()
    damaged.write_bytes(content[:100])
    world.tracker.database.path.unlink()
    bring_in(world, source)
    assert damaged.read_bytes() == content
    assert everything(world.tracker) == before
    (aside,) = world.tracker.archive.verify()
    assert ".damaged-" in aside.path


def test_a_policy_whose_timeline_is_broken_fails_and_stops_no_other(world: World, source: Path) -> None:
    bring_in(world, source, wanted=lambda name: name == "X")
    timeline = world.tracker.archive.root / "aws" / "X" / "timeline.jsonl"
    timeline.write_text('{"observed_at": "yesterday"}\n' + timeline.read_text())
    done = bring_in(world, source)
    assert [(one.policy.name, "no line of a timeline" in one.error) for one in done.failed] == [("X", True)]
    assert (done.policies, done.new_policies) == (3, 2)


def test_a_look_that_came_before_tells_that_a_policy_was_made_since(world: World, source: Path) -> None:
    """Who looked for all policies and did not find X in 2023 knows that X was created."""
    moment = parse_instant("2023-06-01")
    world.tracker.archive.record_look(Look("r0", moment, moment, None, ()), "aws")
    done = bring_in(world, source)
    assert done.transitions["created"] == 3
    agrees(world)


def test_since_alone_is_a_whole_with_what_was_in_force_then(world: World, source: Path) -> None:
    done = bring_in(world, source, since=parse_instant("2024-01-06T12:00:00Z"))
    assert (done.versions, done.refused) == (5, ())
    assert observations(world.tracker)[0][1] == "2024-01-01T06:00:00.000000Z"  # the role's v1
    agrees(world)


def test_progress_counts_to_the_end(world: World, source: Path) -> None:
    told: list[tuple[int, int]] = []
    service.import_history(
        world.tracker, source, Selection(), progress=lambda done, of: told.append((done, of))
    )
    assert (told[0], told[-1]) == ((0, 12), (12, 12))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_is_written_together_does_not_show(tmp_path: Path, source: Path) -> None:
    """A batch is a matter of speed alone."""
    whole = make_world(tmp_path / "whole")
    bring_in(whole, source)
    single = make_world(tmp_path / "single")
    service.import_history(single.tracker, source, Selection(), batch=1)
    assert everything(single.tracker) == everything(whole.tracker)


def test_state_is_left_alone(world: World, source: Path) -> None:
    world.subscribe("team@example.org")
    bring_in(world, source)
    before = dump_state(world.tracker.database)
    bring_in(world, source)
    now = dump_state(world.tracker.database)
    assert set(before.splitlines()) < set(now.splitlines())  # the row of the round, and nothing else
    assert len(now.splitlines()) == len(before.splitlines()) + 1


def test_a_tracker_that_was_never_used_takes_history(tmp_path: Path, source: Path) -> None:
    world = make_world(tmp_path / "world")
    world.tracker.database.path.unlink(missing_ok=True)
    assert bring_in(world, source).new_policies == 3


def test_nothing_is_imported_from_what_is_no_source(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no"):
        bring_in(world, tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert bring_in(world, empty).policies == 0
    assert world.tracker.archive.open_runs() == ()


def test_made_dates_are_those_of_the_answers(world: World, source: Path) -> None:
    bring_in(world, source)
    found = world.tracker.archive.identities(PolicyArn("aws", "Y"))
    assert found == ((VersionId(1), made(1)),)
    assert replace(PolicyArn("aws", "Y"), path="/") in world.tracker.archive.policies()


def test_the_index_of_changelogs_lists_what_was_written_alone(world: World, source: Path) -> None:
    bring_in(world, source)
    x = PolicyArn("aws", "X")
    made_v1 = parse_instant("2024-01-09T20:00:00Z")
    world.aws.publish(x, "v1", made_v1, document("sqs:SendMessage"))
    service.check(world.tracker, [x])
    world.aws.publish(x, "v2", parse_instant("2024-01-31T20:00:00Z"), document("sqs:SendMessage", "sqs:A"))
    world.clock.moment = parse_instant("2024-02-01T06:00:00Z")
    service.check(world.tracker, [x])
    folder = world.tracker.changelogs.folder
    page = (folder / "index.html").read_text()
    linked = {text.partition('"')[0] for text in page.split('href="./')[1:]}
    assert "X/v1-v2_2024-02-01T060000Z.html" in linked  # a v1 to v2 there was before
    assert all((folder / one).is_file() for one in linked)
