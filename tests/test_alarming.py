"""Somebody notices: late looks and stuck messages are told by a channel that works, once a day; pings harm nobody."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.http_receiver import HttpReceiver
from tests.support.world import START, SUPPORT, World, allowing, make_world
from tracker.alarming import Alarm, watch_over
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.outgoing import Outgoing
from tracker.delivery.ping import Ping
from tracker.errors import ChannelDownError, SetupError
from tracker.service import check, deliver

ALARM = Alarm("slack", "https://hooks.slack.com/services/T/B/secret")


class Switchboard:
    """A channel of all channels; those in `down` don't work."""

    def __init__(self, *down: str) -> None:
        self.down = set(down)
        self.sent: list[tuple[str, str, str]] = []  # (channel, recipient, text)

    def send(self, parcel: Parcel) -> str:
        """Take it, or not."""
        if parcel.channel in self.down:
            raise ChannelDownError(f"{parcel.channel} is down", reached=False)
        self.sent.append((parcel.channel, parcel.recipient, parcel.message.text))
        return "ok"

    def close(self) -> None:
        """Nothing."""


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


@pytest.fixture
def world(tmp_path: Path, board: Switchboard) -> World:
    """A tracker that has looked once."""
    made = make_world(tmp_path)
    made.aws.publish(SUPPORT, "v19", START - timedelta(days=9), allowing("s3:ListBucket"))
    check(made.tracker, [SUPPORT])
    return replace(made, tracker=replace(made.tracker, channel=lambda: board))


def test_all_is_well(world: World, board: Switchboard) -> None:
    assert watch_over(world.tracker, ALARM) == ()
    world.clock.forward(days=1, hours=5)
    assert watch_over(world.tracker, ALARM) == (), "a day and less than the grace"
    assert board.sent == []


def test_a_look_that_is_late_is_told_of_once_a_day_until_it_is_made(world: World, board: Switchboard) -> None:
    world.clock.forward(days=1, hours=7)
    (said,) = watch_over(world.tracker, ALARM)
    assert "AWSSupportServiceRolePolicy was looked at last 2021-11-30 06:17 UTC" in said
    assert "planned 2021-12-01 06:17 UTC" in said
    assert [(name, who) for name, who, _ in board.sent] == [("slack", ALARM.address)]
    world.clock.forward(hours=23)
    assert watch_over(world.tracker, ALARM) == ()
    world.clock.forward(hours=2)
    assert len(watch_over(world.tracker, ALARM)) == 1
    check(world.tracker, [SUPPORT])
    assert watch_over(world.tracker, ALARM) == ()
    world.clock.forward(days=2, hours=7)
    assert len(watch_over(world.tracker, ALARM)) == 1, "new trouble is told of at once"


def test_where_everything_is_watched_one_policy_stands_for_all(world: World, board: Switchboard) -> None:
    tracker = replace(world.tracker, policies=("all",))
    assert watch_over(tracker, ALARM) == ()
    world.clock.forward(days=1, hours=7)
    assert len(watch_over(tracker, ALARM)) == 1


def test_a_look_that_fails_is_no_look(world: World, board: Switchboard) -> None:
    world.aws.out_of_order("AccessDenied")
    world.clock.forward(days=2)
    check(world.tracker, [SUPPORT])
    assert len(watch_over(world.tracker, ALARM)) == 1


def test_stuck_mail_is_told_of_by_another_channel(world: World, board: Switchboard) -> None:
    board.down.add("mail")
    world.subscribe("anna@example.org")
    world.aws.publish(SUPPORT, "v20", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    world.clock.forward(hours=1)
    check(world.tracker, [SUPPORT])
    assert watch_over(world.tracker, ALARM) == ()
    world.clock.forward(hours=25)
    check(world.tracker, [SUPPORT])
    (said,) = watch_over(world.tracker, ALARM)
    assert "for mail" in said
    assert "mail is down" in said
    assert [name for name, *_ in board.sent] == ["slack"]
    board.down.clear()
    world.clock.forward(hours=5)
    deliver(world.tracker)
    assert watch_over(world.tracker, ALARM) == ()


def test_without_another_channel_the_operator_is_mailed(world: World, board: Switchboard) -> None:
    world.clock.forward(days=3)
    watch_over(world.tracker, Alarm())
    assert [(name, who) for name, who, _ in board.sent] == [("mail", "operator@example.org")]


def test_where_the_alarms_channel_is_down_mail_is_tried_and_nothing_is_forgotten(
    world: World, board: Switchboard, caplog: pytest.LogCaptureFixture
) -> None:
    world.clock.forward(days=3)
    board.down = {"slack", "mail"}
    assert watch_over(world.tracker, ALARM) == ()
    assert "nobody could be told" in caplog.text
    assert "secret" not in caplog.text
    board.down = {"slack"}
    assert len(watch_over(world.tracker, ALARM)) == 1
    assert [name for name, *_ in board.sent] == ["mail"]


def test_a_channel_that_is_not_set_up_ends_no_round(world: World, board: Switchboard) -> None:
    class Broken(Switchboard):
        def send(self, parcel: Parcel) -> str:
            raise (SetupError("not set") if parcel.channel == "slack" else RuntimeError("our fault"))

    tracker = replace(world.tracker, channel=Broken)
    world.clock.forward(days=3)
    assert watch_over(tracker, ALARM) == ()


def test_pings_go_where_healthchecks_wants_them() -> None:
    with HttpReceiver() as receiver:
        ping = Ping(receiver.url("/uuid?rid=1"), Outgoing(["127.0.0.0/8"], timeout_s=2))
        ping.start()
        ping.end(0)
        ping.end(75)
        assert [one.path for one in receiver.got] == ["/uuid/start?rid=1", "/uuid?rid=1", "/uuid/75?rid=1"]
        assert {one.method for one in receiver.got} == {"GET"}


def test_a_ping_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with HttpReceiver(answers=[500, "drop", "garbage"]) as receiver, caplog.at_level(logging.DEBUG):
        ping = Ping(receiver.url("/secret"), Outgoing(["127.0.0.0/8"], timeout_s=1))
        for _ in range(3):
            ping.end(0)
        Ping("https://127.0.0.1:1/secret", Outgoing(timeout_s=1)).start()
        Ping("not an address/secret", Outgoing(timeout_s=1)).start()
        Ping("", Outgoing()).start()
    assert "secret" not in caplog.text
    assert json.dumps(caplog.text).count("dead man's switch") == 5
