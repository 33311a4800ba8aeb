"""The recorded changes are held against the timelines, and a damaged value of the index is said and mended."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import SUPPORT, World, allowing, make_world
from tracker import service
from tracker.errors import SetupError
from tracker.verifying import verified

SEEN = "changes of the index are not what the timeline of AWSSupportServiceRolePolicy tells: "


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two versions, a rollback, a removal, and what came back."""
    world = make_world(tmp_path)
    for number, actions in (
        (1, ("s3:GetObject",)),
        (2, ("s3:GetObject", "ec2:RunInstances")),
        (1, ()),
        (0, ()),
        (3, ("iam:PassRole",)),
    ):
        now = world.clock.forward(days=1)
        if not number:
            world.aws.take_away(SUPPORT)
        elif actions:
            world.aws.publish(SUPPORT, f"v{number}", now - timedelta(minutes=5), allowing(*actions))
        else:
            world.aws.set_default(SUPPORT, f"v{number}")
        service.check(world.tracker, [SUPPORT])
    return world


def wrong(world: World) -> list[str]:
    return [one.wrong for one in verified(world.tracker).findings]


def edit(world: World, sql: str) -> None:
    """As a hand or the disk does it: no constraint is asked."""
    with closing(sqlite3.connect(world.tracker.database.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        assert connection.execute(sql).rowcount


def test_changes_that_were_edited_taken_out_or_put_in_are_seen_and_mended(world: World) -> None:
    assert [row.kind for row in world.tracker.archive.changes()] == [
        "updated",
        "rolled-back",
        "removed",
        "reappeared",
    ]
    assert wrong(world) == []
    newest = "WHERE kind = 'updated'"
    for sql, said in (
        (f"DELETE FROM changes {newest}", "v1 to v2 is not there"),
        (f"UPDATE changes SET to_version = 'v9' {newest}", "v1 to v2 is not there"),
        (f"UPDATE changes SET kind = 'catalogue-growth' {newest}", "v1 to v2 is not there"),
        (f"UPDATE changes SET name = 'Another' {newest}", "v1 to v2 is not there"),
        (f"UPDATE changes SET observed_at = '2031-01-01T00:00:00.000000Z' {newest}", "v1 to v2 is not there"),
        (f"INSERT INTO changes SELECT 'x', policy, arn, name, 'updated', observed_at, 'v2', 'v7', severity, headline, summary, run FROM changes {newest}", "v2 to v7 is there"),
    ):  # fmt: skip
        edit(world, sql)
        assert wrong(world) == [SEEN + said], sql
        service.reindex(world.tracker)
        assert wrong(world) == [], sql


def test_a_value_that_can_not_be_read_is_said_and_mended(world: World) -> None:
    for sql in (
        "UPDATE changes SET summary = '{'",
        "UPDATE changes SET from_version = 'w1' WHERE from_version IS NOT NULL",
        "UPDATE policies SET arn = 'brn:aws'",
        "UPDATE snapshots SET version = 'w1'",
        "UPDATE observations SET policy = 'aws/Another'",
        "UPDATE look_files SET partition = 'awt'",
        "UPDATE patterns SET service = 's4' WHERE service = 's3'",
        "UPDATE patterns SET spelling = 's3:GetObjecu' WHERE service = 's3'",
        "UPDATE changes SET kind = 'upsated'",
    ):
        edit(world, sql)
        findings = verified(world.tracker).findings
        assert findings, sql
        assert all(one.advice for one in findings)
        if "changes" in sql:
            with pytest.raises(SetupError, match="a value in it can't be read") as raised:
                world.tracker.archive.changes()
            assert "reindex" in raised.value.advice
        service.reindex(world.tracker)
        assert wrong(world) == [], sql
    assert len(world.tracker.archive.changes()) == 4
