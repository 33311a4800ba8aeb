"""Digests: due once, of what each subscription asks for, without a seam."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.world import READ_ONLY, START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.delivery.wish import read_wish
from tracker.model.identity import PolicyArn

V1 = allowing("s3:ListBucket", "ec2:DescribeInstances")
V2 = allowing("s3:ListBucket", "s3:GetObject", "ec2:DescribeInstances", "ec2:DescribeVpcs")
MONDAY = datetime(2021, 12, 6, 7, 0, tzinfo=UTC)
BOTH = (SUPPORT, READ_ONLY)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker that watches two policies and has seen both once."""
    world = make_world(tmp_path)
    for arn in BOTH:
        world.aws.publish(arn, "v1", START - timedelta(days=9), V1)
    service.check(world.tracker, BOTH)
    return world


def ask(world: World, name: str, **wish: object) -> str:
    address = f"{name}@example.org"
    world.tracker.subscribers.put(address, read_wish(wish), world.clock(), f"token-{name}")
    return address


def tick(world: World, moment: datetime) -> None:
    world.clock.moment = moment
    service.run_due(world.tracker, BOTH)


def changed(world: World, *arns: PolicyArn, version: str = "v2", document: object = V2) -> None:
    for arn in arns:
        world.aws.publish(arn, version, world.clock.moment, document)
    service.check(world.tracker, BOTH)


def subjects(world: World, addresses: Sequence[str]) -> dict[str, list[str]]:
    return {one.partition("@")[0]: world.mailbox.subjects(one) for one in addresses}


def test_each_frequency_has_its_hour(world: World) -> None:
    people = [
        ask(world, "daily", frequency="daily", hour=8),
        ask(world, "weekly", frequency="weekly", hour=7),
        ask(world, "monthly", frequency="monthly", hour=9, heartbeat="no"),
        ask(world, "instant"),
    ]
    tick(world, datetime(2021, 12, 3, 7, 59, tzinfo=UTC))
    changed(world, SUPPORT)
    assert {name for name, got in subjects(world, people).items() if got} == {"instant"}
    tick(world, datetime(2021, 12, 3, 8, 1, tzinfo=UTC))
    assert {name for name, got in subjects(world, people).items() if got} == {"instant", "daily"}
    for minute in range(-1, 3):
        tick(world, MONDAY + timedelta(minutes=minute))
    assert {name for name, got in subjects(world, people).items() if got} == {"instant", "daily", "weekly"}
    tick(world, datetime(2022, 1, 1, 9, 1, tzinfo=UTC))
    told = subjects(world, people)
    assert {name: len(got) for name, got in told.items()} == dict.fromkeys(told, 1)  # and no news, no mail
    assert all("read S3 objects" in got[0] for got in told.values())


def test_several_policies_are_one_mail_and_republished_ones_a_line_of_it(world: World) -> None:
    all_of_them = ask(world, "all", frequency="weekly", hour=7)
    tick(world, datetime(2021, 12, 3, 7, 59, tzinfo=UTC))
    changed(world, SUPPORT)
    changed(world, READ_ONLY, document=allowing("ec2:DescribeInstances", "s3:ListBucket"))
    tick(world, MONDAY)
    (subject,) = world.mailbox.subjects(all_of_them)
    assert "read S3 objects" in subject
    with world.tracker.database.read() as db:
        (text,) = [row["text"] for row in db.query("SELECT text FROM messages WHERE thread = 'digest'")]
    assert "1 policy was republished with the same access." in " ".join(text.split())
    assert "1 of 2 policies changed" in text


def test_a_filter_decides_and_cuts(world: World) -> None:
    people = [
        ask(world, "ec2", services="ec2"),
        ask(world, "sqs", services="sqs"),
        ask(world, "writes", level="Write"),
        ask(world, "listed", watch="customer-data"),
        ask(world, "support", policies="AWSSupport*"),
        ask(world, "ec2-weekly", services="ec2", frequency="weekly", hour=7),
        ask(world, "sqs-weekly", services="sqs", frequency="weekly", hour=7),
        ask(world, "sqs-alive", services="sqs", frequency="weekly", hour=7, heartbeat="yes"),
    ]
    tick(world, datetime(2021, 12, 3, 7, 59, tzinfo=UTC))
    changed(world, READ_ONLY)
    tick(world, MONDAY)
    told = subjects(world, people)
    assert {name for name, got in told.items() if got} == {"ec2", "listed", "ec2-weekly", "sqs-alive"}
    assert "S3" not in told["ec2"][0]
    assert "+1 action" in told["ec2"][0]
    assert "S3" not in told["ec2-weekly"][0]
    with world.tracker.database.read() as db:
        texts = [row["text"] for row in db.query("SELECT text FROM messages")]
    assert any("About ec2 alone" in text for text in texts)
    assert any(
        "1 policy changed in ways that this subscription does not ask for." in " ".join(t.split())
        for t in texts
    )


def test_instant_when_watchlisted_else_monthly(world: World) -> None:
    one = ask(world, "one", frequency="watchlisted")
    tick(world, datetime(2021, 12, 2, 7, 0, tzinfo=UTC))
    changed(world, SUPPORT, document=allowing("s3:ListBucket", "ec2:DescribeInstances", "ec2:DescribeVpcs"))
    assert world.mailbox.subjects(one) == []
    tick(world, datetime(2022, 1, 1, 6, 17, tzinfo=UTC))
    assert len(world.mailbox.subjects(one)) == 1  # the month
    changed(world, SUPPORT, version="v3")
    assert len(world.mailbox.subjects(one)) == 2  # at once: S3 objects
    tick(world, datetime(2022, 2, 1, 6, 17, tzinfo=UTC))
    assert len(world.mailbox.subjects(one)) == 2  # nothing else to tell of January


def test_a_pause_holds_back_and_loses_nothing(world: World) -> None:
    instant, weekly = ask(world, "instant"), ask(world, "weekly", frequency="weekly", hour=7)
    subscribers = world.tracker.subscribers
    for one in (instant, weekly):
        subscribers.pause(one, world.clock())
    tick(world, datetime(2021, 12, 3, 7, 59, tzinfo=UTC))
    changed(world, SUPPORT)
    tick(world, MONDAY)
    assert world.mailbox.subjects(instant) == world.mailbox.subjects(weekly) == []
    assert subscribers.resume(instant, world.clock()) == 1
    subscribers.resume(weekly, world.clock())
    tick(world, MONDAY + timedelta(days=7))
    assert len(world.mailbox.subjects(instant)) == len(world.mailbox.subjects(weekly)) == 1


def test_a_policy_that_can_not_be_read_holds_digests_up_for_a_day(world: World) -> None:
    one = ask(world, "one", frequency="daily", hour=8)
    changed(world, SUPPORT)
    world.aws.out_of_order("no")
    tick(world, START + timedelta(days=1, hours=3))
    tick(world, START + timedelta(days=2, hours=3))
    assert world.mailbox.subjects(one) == []  # nothing was read at all: it waits
    world.aws.out_of_order()
    tick(world, START + timedelta(days=2, hours=4))
    assert len(world.mailbox.subjects(one)) == 1


def test_two_processes_make_each_digest_once(world: World, tmp_path: Path) -> None:
    people = [ask(world, f"n{number}", frequency="weekly", hour=7) for number in range(3)]
    changed(world, SUPPORT)
    other = make_world(tmp_path, world.clock, ids="other")
    tick(world, MONDAY)
    tick(other, MONDAY + timedelta(minutes=1))
    assert [len(world.mailbox.subjects(one)) for one in people] == [1, 1, 1]
    with world.tracker.database.read() as db:
        assert db.execute(
            "SELECT count(DISTINCT message) FROM outbox WHERE recipient LIKE 'n%'"
        ).fetchone() == (1,)
