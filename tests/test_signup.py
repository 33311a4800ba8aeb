"""Signing up on the pages: double opt-in, the same answer for everybody, links that do one thing, floods."""

import hmac
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.support.world import SUPPORT, World, allowing, make_world
from tracker import service, signup
from tracker.collaborators import Tracker
from tracker.delivery.tokens import Tokens, replace_key, tokens
from tracker.delivery.wish import read_wish
from tracker.errors import InputError, SettingsError, TryLaterError
from tracker.web.admin import Admin

BASE = "https://policies.example.org"
WISH = read_wish({"services": "s3"})


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker with pages."""
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock(), allowing("ec2:DescribeVpcs"))
    service.check(world.tracker, [SUPPORT])
    return replace(world, tracker=replace(world.tracker, link=BASE))


_NUMBERS = count()


def ask(world: World, address: str = "anna@example.org", origin: str = "192.0.2.1") -> None:
    signup.request(world.tracker, address, WISH, origin, lambda: f"token-of-somebody-{next(_NUMBERS)}")


def links(tracker: Tracker, purpose: str) -> list[str]:
    """The tokens of every link of a purpose that was queued, oldest first."""
    with tracker.database.read() as db:
        texts = [row["text"] for row in db.query("SELECT text FROM messages ORDER BY created, id")]
    return [
        found for text in texts for found in re.findall(rf"{BASE}/{purpose}/([\w.-]+)$", text, re.MULTILINE)
    ]


def state(world: World, address: str = "anna@example.org") -> str:
    return next(iter(one.state for one in world.tracker.subscribers.all_of(address)), "none")


def test_nothing_is_sent_before_the_address_says_yes(world: World) -> None:
    ask(world)
    assert state(world) == "pending"
    service.deliver(world.tracker)
    assert world.mailbox.subjects("anna@example.org") == ["Please confirm your subscription"]
    world.aws.publish(
        SUPPORT, "v2", world.clock.forward(hours=1), allowing("ec2:DescribeVpcs", "s3:GetObject")
    )
    service.check(world.tracker, [SUPPORT])
    assert len(world.mailbox.subjects("anna@example.org")) == 1
    (link,) = links(world.tracker, "confirm")
    assert signup.holder(world.tracker, "confirm", link).state == "pending"  # a GET changes nothing
    assert signup.confirm(world.tracker, link).state == "active"
    assert signup.confirm(world.tracker, link).state == "active"
    world.aws.publish(
        SUPPORT, "v3", world.clock.forward(hours=1), allowing("ec2:DescribeVpcs", "s3:PutObject")
    )
    service.check(world.tracker, [SUPPORT])
    assert len(world.mailbox.subjects("anna@example.org")) == 2


def test_known_and_unknown_are_answered_alike(world: World) -> None:
    world.subscribe("known@example.org")
    world.subscribe("paused@example.org")
    world.tracker.subscribers.pause("paused@example.org", world.clock())
    for address in ("known@example.org", "paused@example.org", "unknown@example.org"):
        before = len(world.tracker.outbox.list())
        ask(world, address)
        assert len(world.tracker.outbox.list()) == before + 1  # one mail each, to that address alone
    assert (state(world, "known@example.org"), state(world, "paused@example.org")) == ("active", "paused")
    assert len(links(world.tracker, "manage")) == 2
    assert (
        world.tracker.subscribers.get("known@example.org").wish.filter.services == ()
    )  # nothing was changed


def test_a_million_sign_ups_of_one_address_are_three_mails_a_day_and_few_rows(world: World) -> None:
    refused = 0
    for number in range(600):
        world.clock.forward(milliseconds=1)
        try:
            ask(world, origin=f"198.51.{number // 250}.{number % 250}")
        except TryLaterError:
            refused += 1
    assert refused == 100  # what all together may ask for within an hour
    assert len(world.tracker.outbox.list()) == 3
    with world.tracker.database.read() as db:
        assert db.execute("SELECT count(*) FROM allowances").fetchone()[0] <= 502
        assert "anna" not in str(db.execute("SELECT * FROM allowances").fetchall())
    world.clock.forward(days=3)
    ask(world)
    assert len(world.tracker.outbox.list()) == 4
    with world.tracker.database.read() as db:
        assert db.execute("SELECT count(*) FROM allowances").fetchone()[0] == 3


def test_one_origin_may_ask_for_twenty_an_hour(world: World) -> None:
    for number in range(20):
        ask(world, f"n{number}@example.org", origin=f"2001:db8::{number}")
    with pytest.raises(TryLaterError):
        ask(world, "next@example.org", origin="2001:db8::ffff:1")  # the same site of IPv6
    ask(world, "next@example.org", origin="192.0.2.9")
    world.clock.forward(minutes=4)
    ask(world, "last@example.org", origin="2001:db8::1")


def test_a_link_does_one_thing_once_to_one_life(world: World) -> None:
    ask(world)
    (link,) = links(world.tracker, "confirm")
    for wrong in (
        "",
        "x",
        link[:-1],
        link[1:],
        link + "A",
        link.swapcase(),
        link.replace(".", "", 1),
        "é" * 40,
        "A" * 9_999,
    ):
        with pytest.raises(InputError, match="not valid"):
            signup.confirm(world.tracker, wrong)
    for purpose in ("manage", "undo"):
        with pytest.raises(InputError, match="not valid"):
            signup.holder(world.tracker, purpose, link)
    world.clock.forward(days=3)
    assert signup.confirm(world.tracker, link).state == "active"
    world.clock.forward(seconds=1)
    with pytest.raises(InputError, match="has ended"):
        signup.confirm(world.tracker, link)
    ask(world)
    (manage,) = links(world.tracker, "manage")
    assert signup.manage(world.tracker, manage, read_wish({"least": 9})).wish.filter.least == 9
    assert signup.leave(world.tracker, manage) == 0
    assert state(world) == "none"
    ask(world)  # another life of the same row
    with pytest.raises(InputError, match="has ended"):
        signup.leave(world.tracker, manage)


def test_a_link_that_eight_open_at_once_does_what_it_does_once(tmp_path: Path) -> None:
    """Confirming, then leaving with one click: subscriptions and mails are those of one who clicks once."""

    def mails_after(folder: Path, times: int) -> tuple[str, str, int]:
        world = make_world(folder)
        world = replace(world, tracker=replace(world.tracker, link=BASE))
        ask(world)
        (link,) = links(world.tracker, "confirm")
        with ThreadPoolExecutor(times) as pool:
            assert {
                one.state for one in pool.map(lambda _: signup.confirm(world.tracker, link), range(times))
            } == {"active"}
        confirmed = state(world)
        (one,) = world.tracker.subscribers.all_of("anna@example.org")
        with ThreadPoolExecutor(times) as pool:
            list(pool.map(lambda _: signup.one_click(world.tracker, one.token), range(times)))
        return confirmed, state(world), len(world.tracker.outbox.list())

    assert mails_after(tmp_path / "eight", 8) == mails_after(tmp_path / "one", 1)


def test_secrets_are_compared_in_constant_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    plain = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append(len(one))
        return plain(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    assert not Admin("0123456789abcdef" * 2).fits("x")
    assert Admin("0123456789abcdef" * 2).fits("0123456789abcdef" * 2)
    assert compared == [32, 32], "digests of one length, whatever was given"
    ask(world)
    (link,) = links(world.tracker, "confirm")
    compared.clear()
    with pytest.raises(InputError, match="not valid"):
        signup.holder(world.tracker, "confirm", link[:-2] + "AA")
    assert compared, "the signature of a link, too"


def test_keys_are_replaced(world: World) -> None:
    ask(world)
    (link,) = links(world.tracker, "confirm")
    replace_key(world.tracker.database)
    assert signup.holder(world.tracker, "confirm", link)  # the key before still reads
    replace_key(world.tracker.database)
    with pytest.raises(InputError, match="not valid"):
        signup.holder(world.tracker, "confirm", link)
    with pytest.raises(ValueError, match="32 characters"):
        Tokens(["short"])
    assert "keys" in repr(tokens(world.tracker.database))


def test_one_click_pauses_tells_both_and_can_be_undone_for_a_week(world: World) -> None:
    world.subscribe("team@example.org")
    assert signup.leaver(world.tracker, "token-team").state == "active"  # a GET changes nothing
    assert state(world, "team@example.org") == "active"
    assert signup.one_click(world.tracker, "token-team").state == "paused"
    assert signup.one_click(world.tracker, "token-team").state == "paused"
    service.deliver(world.tracker)
    for address in ("team@example.org", "operator@example.org"):
        assert world.mailbox.subjects(address) == ["Paused: team@example.org"]
    world.aws.publish(
        SUPPORT, "v2", world.clock.forward(hours=1), allowing("ec2:DescribeVpcs", "s3:GetObject")
    )
    service.check(world.tracker, [SUPPORT])
    assert len(world.mailbox.subjects("team@example.org")) == 1
    (link,) = links(world.tracker, "undo")
    world.clock.forward(days=6)
    assert signup.undo(world.tracker, link) == 1
    assert signup.undo(world.tracker, link) == 0
    service.deliver(world.tracker)
    assert len(world.mailbox.subjects("team@example.org")) == 2
    world.clock.forward(days=2)
    with pytest.raises(InputError, match="has ended"):
        signup.undo(world.tracker, link)


@pytest.mark.parametrize("token", ["1", "team@example.org", "nobody", ""])
def test_an_unsubscribe_link_names_nobody_by_number_or_address(world: World, token: str) -> None:
    world.subscribe("team@example.org")
    with pytest.raises(InputError):
        signup.one_click(world.tracker, token)
    assert state(world, "team@example.org") == "active"


def test_what_was_never_confirmed_is_forgotten(world: World) -> None:
    ask(world)
    world.clock.forward(days=8)
    ask(world, "other@example.org")
    assert state(world) == "none"
    with world.tracker.database.read() as db:
        assert db.execute("SELECT count(*) FROM subscribers WHERE address LIKE 'anna%'").fetchone() == (0,)


def test_without_pages_and_without_an_address_nothing_is_asked(world: World) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        signup.request(replace(world.tracker, link=None), "a@example.org", WISH, "", lambda: "t")
    with pytest.raises(InputError, match="not a mail address"):
        ask(world, "a@example.org\nBcc: b@example.org")
