"""A look at everything may end at any step between two writes: the next one completes it, and nobody is mailed twice."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.support import crash
from tests.support.children import CHILDREN
from tests.support.world import START, Clock, World, allowing, make_world
from tracker import service
from tracker.model.identity import PolicyArn
from tracker.model.watch import Watch

EVERYTHING = Watch(listing="all", partitions=("aws",))
ONE, TWO, THREE = (PolicyArn("aws", name) for name in ("One", "Two", "Three"))
MADE = START - timedelta(days=100)
STRIDE = 5  # steps that are tried; the others lie between them and write nothing of another kind


def first(folder: Path) -> World:
    """An AWS that nobody has looked at."""
    world = make_world(folder)
    for arn in (ONE, TWO):
        world.aws.publish(arn, "v1", MADE, allowing("s3:ListBucket"))
    world.subscribe("team@example.org")
    return world


def later(folder: Path) -> World:
    """The same after a first look: one policy moved since, one is new, one is gone."""
    world = first(folder)
    world.aws.publish(THREE, "v1", MADE, allowing("s3:ListBucket"))
    service.check(world.tracker, EVERYTHING)
    world.aws.publish(ONE, "v2", START + timedelta(days=20), allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.publish(PolicyArn("aws", "New"), "v1", START + timedelta(days=21), allowing("iam:PassRole"))
    world.aws.take_away(THREE)
    return world


def what_is_known(world: World) -> list[object]:
    """What must be the same however often a look was cut off."""
    archive = world.tracker.archive
    policies = [
        (arn, archive.identities(arn), [one.version for one in archive.observations(arn)])
        for arn in archive.policies()
    ]
    return [*policies, sorted((row.name, row.kind) for row in archive.changes())]


def tried_at_every_step(make: Callable[[Path], World], folder: Path) -> set[str]:
    """End a look at each step, start another, and hold what must be there; the names of the steps."""
    make(folder / "before")
    shutil.copytree(folder / "before", folder / "whole")
    steps = crash.check(folder / "whole", 0, everything=True)
    whole = make_world(folder / "whole")
    wanted, mails = what_is_known(whole), len(whole.mailbox.mails())

    def crash_and_go_on(step: int) -> str:
        place = folder / str(step)
        shutil.copytree(folder / "before", place)
        child = CHILDREN.Process(target=crash.check, args=(place, step, True))
        child.start()
        child.join(120)
        assert child.exitcode == crash.CRASHED, step
        name = (place / "crashed-at").read_text()
        again = make_world(place, Clock(START + timedelta(days=30, hours=1)))  # a claim's lease has run out
        found = service.check(again.tracker, EVERYTHING)
        assert found.failed == (), name
        assert what_is_known(again) == wanted, name
        archive = again.tracker.archive
        assert (archive.open_runs(), archive.verify(), archive.behind()) == ((), (), ()), name
        twice = 1 if name in ("after-data", "transaction-begun", "transaction-done") else 0
        assert mails <= len(again.mailbox.mails()) <= mails + twice, name
        shutil.rmtree(place)
        return name

    return {crash_and_go_on(step) for step in range(1, steps + 1, STRIDE)}


def test_a_first_look_at_everything_ended_at_any_step_is_completed(tmp_path: Path) -> None:
    assert {"snapshot-renamed", "timeline-written"} & tried_at_every_step(first, tmp_path)


def test_a_later_look_at_everything_ended_at_any_step_is_completed(tmp_path: Path) -> None:
    names = tried_at_every_step(later, tmp_path)
    assert len(names) > 5
