"""What the disk lost of files that only grow, the index gives back; what somebody put in their place stays as it is."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.dumping import dump
from tests.support.world import START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.archive.layout import LOOKS, TIMELINE, policy_folder
from tracker.archive.rescue import bring_back


@pytest.fixture
def world(tmp_path: Path) -> World:
    """v1 was seen, then v2, of which one team was told."""
    world = make_world(tmp_path, ids="r")
    for number, actions in ((1, ("s3:ListBucket",)), (2, ("s3:ListBucket", "s3:GetObject"))):
        world.aws.publish(SUPPORT, f"v{number}", START + timedelta(days=number), allowing(*actions))
        world.clock.forward(days=2)
        service.check(world.tracker, [SUPPORT])
        if number == 1:
            world.subscribe("team@example.org")
    return world


def _place(world: World) -> Path:
    return policy_folder(world.tracker.home / "snapshots", SUPPORT)


@pytest.mark.parametrize("kept", [0, 1, 200, -30])
def test_lines_of_a_timeline_are_written_again_byte_for_byte(
    world: World, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = _place(world) / TIMELINE
    before, rows = path.read_bytes(), dump(world.tracker.database, ("observations", "changes"))
    path.write_bytes(before[:kept])
    with caplog.at_level(logging.WARNING):
        world.clock.forward(days=1)
        service.check(world.tracker, [SUPPORT])
    assert path.read_bytes() == before
    assert dump(world.tracker.database, ("observations", "changes")) == rows
    assert "lost, and written" in caplog.text
    assert world.tracker.archive.verify() == ()
    assert len(world.mailbox.subjects("team@example.org")) == 1  # nobody is told anything twice


def test_looks_are_written_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    path = _place(world).parent / LOOKS
    before = path.read_bytes()
    path.unlink()
    with caplog.at_level(logging.WARNING):
        world.clock.forward(days=1)
        service.check(world.tracker, [SUPPORT])
    assert path.read_bytes().startswith(before)
    assert "2 lines of" in caplog.text
    assert world.tracker.archive.verify() == ()
    assert len(world.tracker.archive.looks(SUPPORT)) == 3


def test_a_folder_that_was_brought_to_an_earlier_state_stays_there(world: World) -> None:
    path = _place(world) / TIMELINE
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    for one in _place(world).glob("*_v2.json"):
        one.unlink()  # the snapshot went with its line: that was no disk
    assert bring_back(world.tracker.archive.root, world.tracker.database, [SUPPORT]) == []
    assert len(path.read_text().splitlines()) == 1


def test_a_timeline_that_says_something_else_is_left_alone(world: World) -> None:
    path = _place(world) / TIMELINE
    path.write_text(path.read_text().replace('"source": "iam"', '"source": "git"', 1).splitlines()[0] + "\n")
    assert bring_back(world.tracker.archive.root, world.tracker.database, [SUPPORT]) == []
