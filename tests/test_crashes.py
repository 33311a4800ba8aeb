"""A process may end at any step between two writes: the next start completes its work, and nobody is mailed twice."""

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import crash
from tests.support.children import CHILDREN
from tests.support.world import START, SUPPORT, Clock, World, allowing, make_world
from tracker import service

MADE = datetime(2021, 11, 11, 23, 1, tzinfo=UTC)
TEAMS = ("audit@example.org", "security@example.org")


def seen_v19(folder: Path) -> World:
    """A tracker that has seen v19; v20 and v21 are published since, and the process that finds them will be ended."""
    world = make_world(folder)
    world.aws.publish(SUPPORT, "v19", MADE, allowing("s3:ListBucket"))
    for team in TEAMS:
        world.subscribe(team)
    service.check(world.tracker, [SUPPORT])
    world.mailbox.path.unlink()  # what is watched from now on: the first look's one mail
    world.aws.publish(SUPPORT, "v20", START + timedelta(days=20), allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.publish(
        SUPPORT, "v21", START + timedelta(days=21), allowing("s3:ListBucket", "ec2:DescribeVpcs")
    )
    return world


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    seen_v19(folder)
    return folder


def crash_and_go_on(before: Path, folder: Path, step: int) -> str:
    """End a check at a step, start another, and hold what must be there; the name of the step."""
    shutil.copytree(before, folder)
    child = CHILDREN.Process(target=crash.check, args=(folder, step))
    child.start()
    child.join(120)
    assert child.exitcode == crash.CRASHED, step
    name = (folder / "crashed-at").read_text()
    again = make_world(folder, Clock(START + timedelta(days=30, hours=1)))  # a claim's lease has run out
    service.check(again.tracker, [SUPPORT])
    archive = again.tracker.archive
    assert [str(version) for version, _ in archive.identities(SUPPORT)] == ["v19", "v20", "v21"], name
    assert [str(one.version) for one in archive.observations(SUPPORT)] == ["v19", "v21"], name
    (row,) = archive.changes(SUPPORT)
    assert (str(row.from_version), str(row.to_version)) == ("v19", "v21"), name
    assert archive.open_runs() == (), name
    assert archive.verify() == (), name
    assert archive.behind() == (), name
    assert {path.name for path in again.tracker.changelogs.of(SUPPORT).iterdir()} == {
        "v19-v21.html", "v19-v21.json", "v19-v21.md"
    }, name  # fmt: skip
    mails = Counter(recipient for recipient, _, _ in again.mailbox.mails())
    assert set(mails) == set(TEAMS), name
    twice = [recipient for recipient, times in mails.items() if times > 1]
    assert len(twice) == 0 or (len(twice) == 1 and mails[twice[0]] == 2 and after_data(folder, twice[0])), (
        name,
        mails,
    )
    return name


def after_data(folder: Path, recipient: str) -> bool:
    """Whether the ended process had handed over this recipient's mail and not yet recorded it."""
    return (folder / "crashed-at").read_text() in ("after-data", "transaction-begun", "transaction-done")


def test_a_check_ended_at_any_step_is_completed_by_the_next(before: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "whole")
    steps = crash.check(tmp_path / "whole", 0)
    assert steps > 20
    names = {crash_and_go_on(before, tmp_path / str(step), step) for step in range(1, steps + 1)}
    assert {
        "snapshot-renamed",
        "timeline-half",
        "transaction-done",
        "before-data",
        "after-data",
        "look-half",
    } <= names
    shutil.rmtree(tmp_path)
