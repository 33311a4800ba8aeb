"""A process may end at any step between two writes: the next start completes its work, and nobody is mailed twice."""

import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.crash import CRASHED
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


def run(folder: Path, step: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.support.crash", str(folder), str(step)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder = tmp_path_factory.mktemp("whole")
    seen_v19(folder)
    whole = run(folder, 0)
    assert whole.returncode == 0, whole.stderr
    return int(whole.stdout)


def crash_and_go_on(folder: Path, step: int) -> str:
    """End a check at a step, start another, and hold what must be there; the name of the step."""
    seen_v19(folder)
    crashed = run(folder, step)
    assert crashed.returncode == CRASHED, (step, crashed.stderr)
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


def test_a_check_ended_at_any_step_is_completed_by_the_next(steps: int, tmp_path: Path) -> None:
    assert steps > 20
    with ThreadPoolExecutor(2) as pool:
        folders = [tmp_path / str(step) for step in range(1, steps + 1)]
        names = list(pool.map(crash_and_go_on, folders, range(1, steps + 1)))
    assert {
        "snapshot-renamed",
        "timeline-half",
        "transaction-done",
        "before-data",
        "after-data",
        "look-half",
    } <= set(names)
    shutil.rmtree(tmp_path)
