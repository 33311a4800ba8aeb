"""Several senders: never more than asked for, none sends another's row, order kept; a channel that is down stops alone."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.delivery.conftest import Clock, FakeChannel
from tracker.delivery.channel import Channel, Parcel
from tracker.delivery.deliver import deliver
from tracker.delivery.outbox import Outbox
from tracker.delivery.pace import Pace, rates
from tracker.delivery.parallel import deliver_by
from tracker.errors import ChannelDownError, RefusedError, SetupError
from tracker.store.database import Database

Queue = Callable[..., list[str]]


class Slow(FakeChannel):
    """Takes 30 ms a message, and counts how many are under way."""

    busy = 0
    most = 0
    lock = threading.Lock()

    def send(self, parcel: Parcel) -> str:
        """Take it, slowly."""
        with Slow.lock:
            Slow.busy += 1
            Slow.most = max(Slow.most, Slow.busy)
        time.sleep(0.03)
        try:
            return super().send(parcel)
        finally:
            with Slow.lock:
                Slow.busy -= 1


def test_four_at_once_send_each_once_and_in_order(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue(*"abcdefgh", changelogs=("one", "two", "three"))
    made: list[Slow] = []
    names: list[str] = []

    def channel() -> Channel:
        made.append(Slow())
        return made[-1]

    def worker() -> str:
        names.append(f"w{len(names)}")
        return names[-1]

    done = deliver_by(4, outbox, channel, clock, worker)
    assert (done.sent, done.failed, done.stopped) == (24, 0, None)
    sent = Counter(pair for one in made for pair in one.sent)
    assert set(sent.values()) == {1}
    assert len(made) == 4
    assert 2 <= Slow.most <= 4
    for one in made:
        assert one.closed == 1
    order = {row.recipient: [] for row in outbox.list(["sent"])}  # type: dict[str, list[str]]
    for row in sorted(outbox.list(["sent"]), key=lambda row: row.id):
        order[row.recipient].append(row.message)
    assert set(map(tuple, order.values())) == {("one", "two", "three")}


def _by(database: Database, channel: str, *addresses: str) -> None:
    with database.writing() as connection:
        for address in addresses:
            connection.execute("UPDATE subscribers SET channel = ? WHERE address = ?", (channel, address))
            connection.execute("UPDATE outbox SET channel = ? WHERE recipient = ?", (channel, address))


class TwoKinds(FakeChannel):
    """One kind of channel works, the other does not."""

    error: Exception = SetupError("no mail server is set")

    def send(self, parcel: Parcel) -> str:
        """As the channel of the parcel."""
        self.tried.append(parcel.channel)
        if parcel.channel == "mail":
            raise self.error
        return super().send(parcel)


def test_a_channel_that_is_down_stops_no_other(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    people = queue("a", "b", "c", "d")
    _by(database, "ses", people[1], people[3])
    for error in (SetupError("no mail server is set"), ChannelDownError("gone", reached=False)):
        channel = TwoKinds()
        channel.error = error
        done = deliver(outbox, channel, clock, f"w-{error}", operator="operator@example.org")
        assert done.stopped is error
        assert channel.tried.count("mail") == 1
        clock.tick(minutes=5)
    assert [row.recipient for row in outbox.list(["sent"])] == [people[1], people[3]]
    assert [row.recipient for row in outbox.list(["waiting"])] == [people[0], people[2]]


def test_a_parcel_for_another_channel_brings_its_forms(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    from tests.delivery.conftest import message
    from tracker.delivery.subscribers import Subscribers
    from tracker.model.message import Form

    people = queue("a", "b")
    _by(database, "slack", people[0])
    with database.transaction() as db:
        both = [Subscribers(database).get(one) for one in people[1:]]
        formed = message("formed", forms=(Form("json", "{}"), Form("slack", '{"blocks": []}')))
        outbox.enqueue(db, formed, both, clock())
        db.conn.execute(
            "INSERT INTO outbox (message, subscriber, channel, recipient, state, not_before, created) "
            "SELECT 'formed', id, channel, address, 'waiting', ?, ? FROM subscribers WHERE channel = 'slack'",
            ("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"),
        )
    channel = FakeChannel()
    deliver(outbox, channel, clock, "w")
    got = {
        (one.channel, one.message.form("slack"))
        for one in channel.parcels
        if one.message.changelog == "formed"
    }
    assert got == {("slack", '{"blocks": []}'), ("mail", "")}


def test_what_a_server_asks_for_is_heeded_within_bounds(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("a", "b", "c")
    channel = FakeChannel(
        always={
            "a@example.org": RefusedError("busy", permanent=False, retry_after_s=600),
            "b@example.org": RefusedError("busy", permanent=False, retry_after_s=10**6),
            "c@example.org": RefusedError("busy", permanent=False, retry_after_s=1),
        }
    )
    deliver(outbox, channel, clock, "w", jitter=lambda: 0.5)
    assert [(row.not_before - clock()).total_seconds() for row in outbox.list()] == [600, 4 * 3600, 60]


def test_a_rate_is_kept_by_all_threads_together() -> None:
    slept: list[float] = []
    pace = Pace(rates(("slack=2", "mail=10")), clock=lambda: 100.0, sleep=slept.append)
    for _ in range(3):
        pace("slack")
    pace("mail")
    pace("webhook")
    assert slept == [0.5, 1.0]


def test_the_loop_asks_for_its_turn(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("a", "b")
    turns: list[str] = []
    deliver(outbox, FakeChannel(), clock, "w", pace=turns.append)
    assert turns == ["mail", "mail"]
