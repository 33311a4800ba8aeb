"""A policy that came by name alone, under '/', and that AWS keeps under another path: the first look learns it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.archive.dumping import dump
from tests.importing.telling import changes
from tests.sources.worlds import ARN, V19, V20, document, fetched, known
from tests.support.fake_iam import FakeIam
from tests.support.git_archives import Commit, repository
from tests.support.world import World, make_world
from tracker import service
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso, parse_instant
from tracker.sources.history import Selection
from tracker.sources.iam import IamSource

BY_NAME = replace(ARN, path="/")
MINE = replace(ARN, name="NobodyKnowsItsPath")


def test_a_policy_under_another_path_is_looked_at_there_and_not_taken_for_removed(
    iam: FakeIam, source: IamSource
) -> None:
    answer = source.look(BY_NAME, known(V19))
    assert (answer.arn, answer.default) == (ARN, V19)
    assert fetched(answer) == ["v19"]  # although it is archived: the archive learns the path with it
    assert {one.arn for one in answer.snapshots} == {ARN}
    assert iam.actions == ["GetPolicy", "ListPolicies", "GetPolicy", "GetPolicyVersion"]


def test_what_moved_meanwhile_is_seen_too(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", document("s3:ListBucket", "s3:GetObject"), V20[1])
    answer = source.look(BY_NAME, known(V19))
    assert (answer.arn, answer.default) == (ARN, V20)
    assert "v20" in fetched(answer)


@pytest.fixture
def world(iam: FakeIam, source: IamSource, tmp_path: Path) -> World:
    """A tracker that imported two versions of a policy by name, and that asks the fake AWS, where it has a path."""
    made = [V19, V20]
    documents = [document("s3:ListBucket"), document("s3:ListBucket", "s3:GetObject")]
    commits = []
    for (version, create_date), content in zip(made, documents, strict=True):
        iam.put(MINE, str(version), content, create_date)
        about = {"VersionId": str(version), "CreateDate": iso(create_date), "IsDefaultVersion": True}
        answer = {"PolicyVersion": {**about, "Document": content}}
        commits.append(Commit(iso(create_date), {f"policies/{MINE.name}": answer}))
    world = make_world(tmp_path / "world")
    object.__setattr__(world.tracker, "source", source)
    service.import_history(world.tracker, repository(tmp_path / "git", commits), Selection())
    world.clock.moment = parse_instant("2022-06-01")
    return world


def test_the_first_look_teaches_the_archive_and_every_change_its_right_words(
    world: World, iam: FakeIam
) -> None:
    tracker = world.tracker
    (before,) = changes(tracker)
    assert str(before["headline"]).startswith(f"Anyone who holds {MINE.name}")
    world.subscribe("team@example.org")
    done = service.check(tracker, [tracker.archive.resolve(MINE.name)])
    assert done.failed == ()
    assert tracker.archive.resolve(MINE.name) == MINE
    (after,) = changes(tracker)
    assert after["id"] == before["id"]
    assert str(after["headline"]).startswith(f"The AWS service behind {MINE.name}")
    assert [subject[:8] for _, subject, _ in world.mailbox.mails()] == ["Watching"]  # nothing of the past
    assert tracker.archive.verify() == ()
    rows = dump(tracker.database)
    service.reindex(tracker)
    assert dump(tracker.database) == rows
    iam.forget_calls()
    service.check(tracker, [tracker.archive.resolve(MINE.name)])
    assert iam.actions == ["GetPolicy"]  # from now on a look costs what it costs


def test_a_policy_that_is_under_no_path_any_more_is_removed(world: World, iam: FakeIam) -> None:
    iam.remove(MINE)
    tracker = world.tracker
    service.check(tracker, [PolicyArn("aws", MINE.name)])
    assert {row["kind"] for row in changes(tracker)} == {"removed", "updated"}
