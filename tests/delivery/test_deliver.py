"""The loop: what is due goes out, what can't is put off or given up, and the operator hears of it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.delivery.conftest import NOW, Clock, FakeChannel, message, parcel, plain
from tests.support.smtp_sink import DROP, Sink
from tracker.delivery.deliver import GIVE_UP_AFTER, Delivery, deliver, next_try, send_test
from tracker.delivery.outbox import Outbox
from tracker.delivery.rows import Claim
from tracker.delivery.smtp import SmtpChannel
from tracker.delivery.subscribers import Subscribers
from tracker.errors import ChannelDownError, LockedError, RefusedError, SetupError
from tracker.store.database import Database

Queue = Callable[..., list[str]]
OPERATOR = "operator@example.org"


def later(text: str = "450 later") -> RefusedError:
    return RefusedError(text, permanent=False)


def never(text: str = "550 no such user") -> RefusedError:
    return RefusedError(text, permanent=True)


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def go(outbox: Outbox, channel: FakeChannel, clock: Clock) -> Callable[[], Delivery]:
    """One round of delivery, with jitter in the middle."""
    return lambda: deliver(outbox, channel, clock, "w1", operator=OPERATOR, jitter=lambda: 0.5, limit=500)


def test_nothing_to_send_asks_nobody(go: Callable[[], Delivery], channel: FakeChannel) -> None:
    assert go() == Delivery()
    assert channel.tried == []


def test_everything_due_is_sent_on_one_connection(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox
) -> None:
    queue("anna", "bert", changelogs=("one", "two"))
    assert go() == Delivery(sent=4)
    assert channel.sent == [
        ("anna@example.org", "one"),
        ("bert@example.org", "one"),
        ("anna@example.org", "two"),
        ("bert@example.org", "two"),
    ]
    assert channel.closed == 1
    assert [row.answer for row in outbox.list(["sent"])] == ["250 OK 1", "250 OK 2", "250 OK 3", "250 OK 4"]
    assert go() == Delivery()


def test_no_transaction_is_open_while_a_mail_is_sent(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, database: Database
) -> None:
    queue("anna")
    channel.before = lambda _: database.set_meta("written", "while a mail was under way")
    assert go().sent == 1
    assert database.get_meta("written")


def test_a_bad_address_holds_up_nobody(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox
) -> None:
    queue("gone", "busy", "anna")
    channel.always = {"gone@example.org": never(), "busy@example.org": later()}
    assert go() == Delivery(sent=2, retried=1, failed=1)  # one of the sent is the operator's notice
    assert ("anna@example.org", "8d7c5f0e") in channel.sent
    assert {row.recipient: row.state for row in outbox.list()} == {
        "gone@example.org": "failed",
        "busy@example.org": "waiting",
    }


def test_a_refusal_for_good_stops_that_mail_only(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel
) -> None:
    queue("anna", changelogs=("one", "two"))
    channel.answers = {"anna@example.org": [never("552 too large")]}
    go()
    assert ("anna@example.org", "two") in channel.sent
    assert ("anna@example.org", "one") not in channel.sent


def test_put_off_mails_are_tried_ever_more_rarely_for_three_days(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
) -> None:
    queue("busy")
    channel.always = {"busy@example.org": later()}
    tries: list[timedelta] = []
    while outbox.counts().get("waiting") and len(tries) < 100:
        row = next(row for row in outbox.list() if row.recipient == "busy@example.org")
        clock.now = max(clock.now, row.not_before)
        before = len(channel.tried)
        go()
        tries += [clock.now - NOW] * channel.tried[before:].count("busy@example.org")
    minutes = [int(after.total_seconds() / 60) for after in tries]
    assert minutes[:9] == [0, 1, 3, 7, 15, 31, 63, 127, 255]
    assert tries[-1] == GIVE_UP_AFTER
    assert len(tries) == 26
    [failed] = outbox.list(["failed"])
    assert (failed.recipient, failed.attempts, failed.answer) == ("busy@example.org", 26, "450 later")


def test_a_mail_that_waited_for_a_week_unseen_has_its_three_days_all_the_same(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, clock: Clock, outbox: Outbox
) -> None:
    queue("anna")
    clock.tick(days=7)  # the machine was off
    channel.answers = {"anna@example.org": [later("451 greylisted")]}
    assert go() == Delivery(retried=1)
    clock.tick(minutes=2)
    assert go() == Delivery(sent=1)


def test_of_one_recipient_the_order_is_kept_through_retries(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, clock: Clock
) -> None:
    queue("anna", "bert", changelogs=("one", "two"))
    channel.answers = {"anna@example.org": [later(), later()]}
    for _ in range(3):
        go()
        clock.tick(minutes=5)
    assert [what for who, what in channel.sent if who == "anna@example.org"] == ["one", "two"]
    assert [what for who, what in channel.sent if who == "bert@example.org"] == ["one", "two"]


def test_a_server_that_can_not_be_reached_ends_the_round(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
) -> None:
    queue("anna", "bert", "carl")
    down = ChannelDownError("can't reach mail.example.org:25", reached=False)
    channel.always = {"anna@example.org": down}
    assert go() == Delivery(retried=1, stopped=down)
    assert channel.tried == ["anna@example.org"]
    assert [row.attempts for row in outbox.list()] == [1, 0, 0]
    channel.always.clear()
    clock.tick(minutes=2)
    assert go() == Delivery(sent=3)


def test_one_mail_that_makes_the_server_hang_up_does_not_stop_the_others(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel
) -> None:
    queue("anna", "bert", "carl")
    channel.always = {"anna@example.org": ChannelDownError("lost the line", reached=True)}
    assert go() == Delivery(sent=2, retried=1)


def test_three_lost_lines_in_a_row_end_the_round(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel
) -> None:
    addresses = queue("anna", "bert", "carl", "dora")
    lost = ChannelDownError("lost the line", reached=True)
    channel.always = dict.fromkeys(addresses, lost)
    assert go() == Delivery(retried=3, stopped=lost)
    assert go() == Delivery(retried=1)  # the next round goes on with the next mail


def test_what_a_person_must_set_right_costs_no_mail_an_attempt(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
) -> None:
    queue("anna", "bert")
    refused = SetupError("login refused", advice="set the password right")
    channel.always = {"anna@example.org": refused}
    for _ in range(5):
        assert go() == Delivery(stopped=refused)
        clock.tick(days=1)
    rows = outbox.list()
    assert [(row.state, row.attempts) for row in rows] == [("waiting", 0), ("waiting", 0)]
    assert rows[0].answer == "login refused"
    channel.always.clear()
    assert go() == Delivery(sent=2)


def test_a_fault_of_ours_holds_up_nobody_and_is_not_hidden(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox
) -> None:
    queue("anna", "bert")
    channel.answers = {"anna@example.org": [ZeroDivisionError("a fault")]}
    with pytest.raises(ZeroDivisionError):
        go()
    assert channel.sent == [("bert@example.org", "8d7c5f0e")]
    [row] = outbox.list()
    assert (row.state, row.answer) == ("waiting", "a fault of ours: ZeroDivisionError: a fault")
    assert channel.closed == 1


def test_ctrl_c_leaves_the_mail_in_hand_to_its_lease(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
) -> None:
    queue("anna")

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    channel.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        go()
    assert outbox.counts() == {"claimed": 1}
    assert channel.closed == 1
    channel.before = lambda _: None
    assert go() == Delivery()
    clock.tick(minutes=15)
    assert go() == Delivery(sent=1)


def test_a_lease_that_ends_while_sending_is_said_and_the_mail_counts_as_sent(
    go: Callable[[], Delivery],
    queue: Queue,
    channel: FakeChannel,
    outbox: Outbox,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue("anna")

    def slow(_: object) -> None:
        clock.tick(minutes=20)
        assert outbox.claim("another", clock()) is not None

    channel.before = slow
    assert go() == Delivery(sent=1)
    assert outbox.counts() == {"sent": 1}
    assert "the lease had ended" in caplog.text


def test_a_limit_and_a_stop_between_two_mails(
    outbox: Outbox, channel: FakeChannel, clock: Clock, queue: Queue
) -> None:
    queue("anna", "bert", "carl")
    assert deliver(outbox, channel, clock, "w1", limit=1) == Delivery(sent=1)
    assert deliver(outbox, channel, clock, "w1", stop=lambda: len(channel.sent) == 2) == Delivery(sent=1)
    assert deliver(outbox, channel, clock, "w1", stop=lambda: True) == Delivery()
    assert outbox.counts() == {"sent": 2, "waiting": 1}


def test_a_database_that_is_locked_while_settling_is_asked_again(
    database: Database, channel: FakeChannel, clock: Clock, queue: Queue
) -> None:
    class Busy(Outbox):
        refusals = 2

        def settle(self, *given: Any) -> bool:
            if self.refusals:
                self.refusals -= 1
                raise LockedError("tracker.db is locked")
            return super().settle(*given)

    queue("anna")
    busy = Busy(database)
    assert deliver(busy, channel, clock, "w1") == Delivery(sent=1)
    queue("bert")
    busy.refusals = 3
    with pytest.raises(LockedError):
        deliver(busy, channel, clock, "w1")


class TestTheOperatorIsTold:
    """Of what failed and of what is stuck: once, in one mail a round, and never of that mail itself."""

    def test_one_mail_for_all_that_failed(
        self, go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, clock: Clock
    ) -> None:
        queue("gone1", "gone2", "anna")
        channel.always = {"gone1@example.org": never(), "gone2@example.org": never("550 5.1.1 <x> unknown")}
        assert go() == Delivery(sent=2, failed=2)
        assert go() == Delivery()
        [told] = [one for one in channel.parcels if one.recipient == OPERATOR]
        assert told.message.subject == "policy-tracker: 2 mails failed"
        for words in ("gone1@example.org", "gone2@example.org", "550 no such user", "outbox retry"):
            assert words in told.message.text
        assert "550 5.1.1 &lt;x&gt; unknown" in told.message.html
        assert told.token == ""

    def test_its_own_failure_is_told_to_nobody(
        self, go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
    ) -> None:
        queue("gone")
        channel.always = {"gone@example.org": never(), OPERATOR: never("550 nobody here")}
        assert go() == Delivery(failed=2)
        for _ in range(3):
            clock.tick(days=1)
            assert go() == Delivery()
        assert [row.recipient for row in outbox.list(["failed"])] == ["gone@example.org", OPERATOR]

    def test_a_notice_that_is_put_off_for_days_is_no_trouble_to_tell_of(
        self, go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, outbox: Outbox, clock: Clock
    ) -> None:
        queue("gone")
        channel.always = {"gone@example.org": never(), OPERATOR: later()}
        for _ in range(20):
            go()
            clock.tick(hours=5)
        assert len(outbox.list()) == 2

    def test_of_a_mail_that_is_stuck_for_a_day_once_and_when_it_is_given_up(
        self, go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, clock: Clock
    ) -> None:
        queue("busy")
        channel.always = {"busy@example.org": later()}
        for _ in range(80):
            go()
            clock.tick(hours=1)
        subjects = [one.message.subject for one in channel.parcels]
        assert subjects == ["policy-tracker: 1 mail stuck", "policy-tracker: 1 mail failed"]
        assert "Put off for more than a day, and still tried" in channel.parcels[0].message.text

    def test_a_mail_that_arrived_meanwhile_is_not_told_of(
        self, outbox: Outbox, queue: Queue, channel: FakeChannel, clock: Clock
    ) -> None:
        queue("busy")
        channel.always = {"busy@example.org": later()}
        for _ in range(30):
            deliver(outbox, channel, clock, "w1", operator="")  # nobody to tell yet
            clock.tick(hours=1)
        channel.always.clear()
        outbox.retry(clock())
        assert deliver(outbox, channel, clock, "w1", operator=OPERATOR) == Delivery(sent=1)

    def test_who_dies_before_telling_leaves_it_to_the_next(
        self, go: Callable[[], Delivery], outbox: Outbox, queue: Queue, channel: FakeChannel, clock: Clock
    ) -> None:
        queue("gone")
        channel.always = {"gone@example.org": never()}
        deliver(outbox, channel, clock, "w1", operator=OPERATOR, limit=1)
        assert outbox.counts() == {
            "failed": 1,
            "waiting": 1,
        }  # told at the end of the round, sent in the next
        assert go() == Delivery(sent=1)

    def test_a_long_list_is_cut_and_says_so(
        self, go: Callable[[], Delivery], queue: Queue, channel: FakeChannel
    ) -> None:
        channel.always = dict.fromkeys(queue(*(f"n{number}" for number in range(120))), never("x" * 500))
        assert go() == Delivery(sent=1, failed=120)
        [told] = channel.parcels
        assert "120 mails failed" in told.message.subject
        assert "... and 20 more" in told.message.text

    def test_the_notice_is_a_mail_that_fits(
        self, outbox: Outbox, queue: Queue, clock: Clock, sink: Sink
    ) -> None:
        addresses = queue(*(f"n{number}" for number in range(120)))
        for address in addresses:
            sink.always("RCPT", "550 5.1.1 " + "x" * 300, recipient=address)
        with SmtpChannel(plain(sink.port)) as channel:
            assert deliver(outbox, channel, clock, "w1", operator=OPERATOR) == Delivery(sent=1, failed=120)
        [mail] = sink.mails
        assert mail.recipient == OPERATOR
        assert len(mail.data) < 100_000
        assert b"List-Unsubscribe" not in mail.data


@given(st.integers(1, 200), st.timedeltas(timedelta(0), timedelta(days=4)), st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
def test_the_next_try_is_later_bounded_and_never_after_the_deadline(
    attempt: int, age: timedelta, jitter: float
) -> None:
    claim = Claim(1, parcel(), "w1", NOW + timedelta(minutes=15), attempt, NOW)
    again = next_try(claim, NOW + age, jitter)
    if age >= GIVE_UP_AFTER:
        assert again is None
        return
    assert again is not None
    assert NOW + age < again <= NOW + GIVE_UP_AFTER
    assert again - (NOW + age) <= timedelta(hours=5)
    spread = next_try(claim, NOW + age, 0.0), next_try(claim, NOW + age, 0.999)
    assert spread[0] is not None
    assert spread[1] is not None
    assert spread[0] <= again <= spread[1] or jitter > 0.999


def test_a_test_mail(sink: Sink) -> None:
    answer = send_test(SmtpChannel(plain(sink.port)), "anna@example.org", "tracker@example.org", NOW, "f00d")
    assert answer.startswith("250")
    [mail] = sink.mails
    assert b"Subject: policy-tracker: a test mail, delivery works" in mail.data
    sink.next("RCPT", "550 5.1.1 unknown")
    with pytest.raises(RefusedError, match="unknown"):
        send_test(SmtpChannel(plain(sink.port)), "anna@example.org", "tracker@example.org", NOW, "f00e")


def test_a_round_against_a_server_that_misbehaves_by_turns(
    outbox: Outbox, queue: Queue, clock: Clock, sink: Sink
) -> None:
    addresses = queue(*(f"n{number}" for number in range(12)), changelogs=("one", "two"))
    sink.next("RCPT", "421 4.3.2 busy", "450 4.2.1 later", "550 5.1.1 gone")
    sink.next("DATA", "451 4.3.0 later", DROP, "552 5.3.4 too large")
    total = Delivery()
    with SmtpChannel(plain(sink.port)) as channel:
        for _ in range(4):
            one = deliver(outbox, channel, clock, "w1", operator=OPERATOR)
            total = Delivery(total.sent + one.sent, total.retried + one.retried, total.failed + one.failed)
            clock.tick(minutes=10)
    assert (total.retried, total.failed) == (4, 2)
    assert total.sent == 24 - 2 + 1  # and the notice
    failed = {(row.recipient, row.message) for row in outbox.list(["failed"])}
    sent = {(row.recipient, row.message) for row in outbox.list(["sent"]) if row.recipient != OPERATOR}
    assert sent | failed == {(who, what) for who in addresses for what in ("one", "two")}
    got = [mail.recipient for mail in sink.mails]
    twice = {who for who in addresses if got.count(who) > sum(1 for one in sent if one[0] == who)}
    assert len(twice) == 1  # only the one whose answer was lost after DATA


def test_the_log_of_a_round_shows_no_address(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tracker")
    queue("anna", "bert", "carl", "dora")
    channel.answers = {
        "anna@example.org": [never("550 <anna@example.org> unknown")],
        "bert@example.org": [later("450 <bert@example.org> busy")],
        "carl@example.org": [ValueError("carl@example.org")],
        "dora@example.org": [ChannelDownError("can't reach dora@example.org", reached=False)],
    }
    with pytest.raises(ValueError, match="carl"):
        go()
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert said.count("***@example.org") >= 4
    for name in ("anna", "bert", "carl", "dora", "token-of"):
        assert name not in said


def test_a_message_is_the_same_whoever_gets_it(
    go: Callable[[], Delivery], queue: Queue, channel: FakeChannel, subscribers: Subscribers
) -> None:
    queue("anna", "bert")
    go()
    assert {one.message for one in channel.parcels} == {message()}
    assert [one.token for one in channel.parcels] == [
        "token-of-anna@example.org",
        "token-of-bert@example.org",
    ]
