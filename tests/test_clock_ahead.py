"""A clock that was years ahead for a while: once it is right nothing waits for that time to come again."""

from datetime import timedelta
from pathlib import Path

from tests.support.world import SUPPORT, World, allowing, make_world
from tracker import service

AHEAD = timedelta(days=3653)


def _world(folder: Path) -> World:
    world = make_world(folder)
    world.aws.publish(SUPPORT, "v1", world.clock() - timedelta(days=9), allowing("s3:ListBucket"))
    service.run_due(world.tracker, [SUPPORT])
    world.subscribe("daily@example.org", frequency="daily")
    world.subscribe("team@example.org")
    return world


def test_looks_reports_and_digests_go_on(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.clock.moment += AHEAD
    assert service.run_due(world.tracker, [SUPPORT]).look is not None
    world.clock.moment -= AHEAD
    world.clock.forward(days=2)
    world.aws.publish(SUPPORT, "v2", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    due = service.run_due(world.tracker, [SUPPORT])
    assert due.look is not None
    assert due.look.changes
    assert due.reports  # December has begun
    assert len(world.mailbox.subjects("team@example.org")) == 1
    before = len(world.mailbox.subjects("daily@example.org"))
    world.clock.forward(days=1)
    service.run_due(world.tracker, [SUPPORT])
    assert len(world.mailbox.subjects("daily@example.org")) > before


def test_a_look_that_failed_then_is_tried_again(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.clock.moment += AHEAD
    world.aws.out_of_order("AWS refuses the time of the signature")
    service.run_due(world.tracker, [SUPPORT])
    world.clock.moment -= AHEAD
    world.aws.out_of_order()
    world.clock.forward(days=1)
    due = service.run_due(world.tracker, [SUPPORT])
    assert due.look is not None
    assert not due.look.failed


def test_an_observation_from_then_is_said_and_nothing_is_recorded_before_it(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.clock.moment += AHEAD
    world.aws.publish(SUPPORT, "v2", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    service.run_due(world.tracker, [SUPPORT])
    world.clock.moment -= AHEAD
    world.clock.forward(days=1)
    world.aws.publish(SUPPORT, "v3", world.clock() + AHEAD, allowing("s3:ListBucket", "sns:Publish"))
    (failed,) = service.check(world.tracker, [SUPPORT]).failed
    assert "one of the two is wrong" in failed.error
    assert failed.exit_code == 4
    assert [str(one.version) for one in world.tracker.archive.observations(SUPPORT)] == ["v1", "v2"]
