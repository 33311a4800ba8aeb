"""stats: figures of the real history that a plain script finds as well, and figures of a small world."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support import history
from tests.support.indexed import indexed_history
from tests.support.world import READ_ONLY, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.archive.archive import Archive
from tracker.figures import figures, growth, name_of
from tracker.model.identity import PolicyArn
from tracker.model.watch import Watch


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """The 69 policies of the bundle, indexed."""
    with indexed_history() as made:
        yield made


def named(text: str) -> set[str]:
    """The actions that a document's Allow statements name, in lower case, wildcards and all."""
    stated = json.loads(text)["Statement"]
    found: set[str] = set()
    for statement in stated if isinstance(stated, list) else [stated]:
        if statement["Effect"] == "Allow" and "Action" in statement:
            listed = statement["Action"]
            found |= {one.lower() for one in (listed if isinstance(listed, list) else [listed])}
    return found


def test_what_was_first_named_is_what_a_plain_script_finds(archive: Archive) -> None:
    """Go through all defaults of all policies by time: news is what no document before named, first documents aside."""
    sightings = []
    for name in history.policies():
        snapshots = history.snapshots(name)
        for number, one in enumerate(history.observations(name)):
            assert one.identity is not None
            sightings.append((one.observed_at, number > 0, name, named(snapshots[one.identity].document)))
    first: dict[str, tuple[datetime, bool]] = {}
    for at, news, _, actions in sorted(sightings, key=lambda one: (one[0], one[1])):
        for action in actions:
            first.setdefault(action, (at, news))
            first.setdefault(action.partition(":")[0], (at, news))
    wild = ("*", "?")
    expected = {
        name: at for name, (at, news) in first.items() if news and not any(sign in name for sign in wild)
    }
    found = figures(archive)
    told = {one.name.lower(): one.at for one in (*found.actions, *found.services)}
    assert told == expected
    assert len(found.actions) > 2_000
    assert [one.at for one in found.actions] == sorted((one.at for one in found.actions), reverse=True)
    assert (found.policies, found.versions) == (
        69,
        sum(len(history.snapshots(name)) for name in history.policies()),
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two policies watched together: one changes twice, one is republished, and one is created."""
    world = make_world(tmp_path)
    everything = Watch(listing="all", partitions=("aws",))
    world.aws.publish(SUPPORT, "v1", world.clock.moment, allowing("s3:ListBucket", "ec2:DescribeVpcs"))
    world.aws.publish(READ_ONLY, "v1", world.clock.moment, allowing("s3:Get*"))
    service.check(world.tracker, everything)
    for version, actions in (
        ("v2", ("s3:ListBucket", "foo:Bar")),
        ("v3", ("s3:ListBucket", "foo:Bar", "s3:GetObject")),
    ):
        world.clock.forward(days=20)
        world.aws.publish(SUPPORT, version, world.clock.moment, allowing(*actions))
        service.check(world.tracker, everything)
    world.aws.publish(READ_ONLY, "v2", world.clock.moment, allowing("s3:Get*"))
    world.aws.publish(
        PolicyArn("aws", "New"), "v1", world.clock.moment, allowing("bar:Baz", "ec2:DescribeVpcs")
    )
    world.clock.forward(hours=1)
    service.check(world.tracker, everything)
    return world


def test_the_busiest_policies_and_months(world: World) -> None:
    found = figures(world.tracker.archive)
    assert dict(found.kinds) == {"created": 1, "republished": 1, "updated": 2}
    assert [(name_of(one.name), one.changes, one.republished) for one in found.busiest_policies] == [
        ("AWSSupportServiceRolePolicy", 2, 0), ("New", 1, 0), ("ReadOnlyAccess", 0, 1)
    ]  # fmt: skip
    assert [(one.name, one.changes, one.republished, one.policies) for one in found.busiest_months] == [
        ("2022-01", 2, 1, 3), ("2021-12", 1, 0, 1)
    ]  # fmt: skip
    assert found.first == world.tracker.archive.observations(SUPPORT)[0].observed_at


def test_what_a_created_policy_names_is_news_and_what_was_there_at_first_is_not(world: World) -> None:
    found = figures(world.tracker.archive)
    assert [one.name for one in found.services] == ["bar", "foo"]
    assert [(one.name, name_of(str(one.arn)), str(one.version)) for one in found.actions] == [
        ("bar:Baz", "New", "v1"), ("s3:GetObject", "AWSSupportServiceRolePolicy", "v3"), ("foo:Bar", "AWSSupportServiceRolePolicy", "v2")
    ]  # fmt: skip


def test_a_policy_grows_and_shrinks(world: World) -> None:
    sizes = list(growth(world.tracker.reading(SUPPORT)))
    assert [(str(one.observation.version), one.services, one.actions, one.added, one.removed) for one in sizes] == [
        ("v1", 2, 2, 0, 0), ("v2", 2, 2, 1, 1), ("v3", 2, 3, 1, 0)
    ]  # fmt: skip
    world.aws.take_away(SUPPORT)
    world.clock.moment += timedelta(days=1)
    service.check(world.tracker, Watch(listing="all", partitions=("aws",)))
    assert len(list(growth(world.tracker.reading(SUPPORT)))) == 3


def test_an_empty_archive_has_figures_of_nothing(tmp_path: Path) -> None:
    found = figures(make_world(tmp_path).tracker.archive)
    assert (found.policies, found.versions, found.first, found.kinds, found.actions) == (0, 0, None, (), ())


def test_a_name_in_another_partition_carries_it() -> None:
    assert name_of("arn:aws-cn:iam::aws:policy/ReadOnlyAccess") == "aws-cn:ReadOnlyAccess"
