"""The outbox: once, in order, one worker at a time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.delivery.conftest import NOW, Clock, message
from tracker.delivery.outbox import Outbox
from tracker.delivery.rows import Claim, Outcome
from tracker.delivery.subscribers import Subscribers
from tracker.delivery.wish import Wish
from tracker.errors import InputError
from tracker.store.database import Database

Queue = Callable[..., list[str]]
LEASE = timedelta(minutes=15)


def claimed(outbox: Outbox, clock: Clock, worker: str = "w1") -> Claim:
    """A claim that must be there."""
    claim = outbox.claim(worker, clock())
    assert claim is not None
    return claim


def test_a_message_comes_out_as_it_went_in(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    queue("anna")
    claim = claimed(outbox, clock)
    assert claim.parcel.message == message()
    assert (claim.parcel.recipient, claim.parcel.token, claim.parcel.queued) == (
        "anna@example.org",
        "token-of-anna@example.org",
        NOW,
    )
    assert (claim.attempt, claim.first_tried, claim.until) == (1, NOW, NOW + LEASE)


def test_a_message_is_queued_once_for_each_recipient(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    queue("anna", "bert")
    with database.transaction() as db:
        assert outbox.enqueue(db, message(), "instant", clock()) == 0
        assert outbox.enqueue(db, message("other"), "instant", clock()) == 2
    assert len(outbox.list()) == 4


def test_one_address_by_two_channels_has_two_rows_and_neither_waits_for_the_other(
    outbox: Outbox, clock: Clock, database: Database, subscribers: Subscribers
) -> None:
    for channel in ("mail", "ses"):
        subscribers.put("anna@example.org", Wish(), clock(), f"token-{channel}", channel=channel)
    with database.transaction() as db:
        assert outbox.enqueue(db, message(), "instant", clock()) == 2
        assert outbox.enqueue(db, message(), "instant", clock()) == 0
    found = {claimed(outbox, clock, worker).parcel.channel for worker in ("w1", "w2")}
    assert found == {"mail", "ses"}


def test_what_is_queued_is_of_the_callers_transaction(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database, subscribers: Subscribers
) -> None:
    subscribers.add("anna@example.org", [], "instant", clock(), "t")

    def record() -> None:
        with database.transaction() as db:
            assert outbox.enqueue(db, message(), "instant", clock()) == 1
            raise RuntimeError("the change could not be recorded")

    with pytest.raises(RuntimeError, match="could not be recorded"):
        record()
    assert outbox.list() == ()
    assert not outbox.due(clock())


def test_nobody_to_tell_leaves_nothing(outbox: Outbox, clock: Clock, database: Database) -> None:
    with database.transaction() as db:
        assert outbox.enqueue(db, message(), "instant", clock()) == 0
    with database.read() as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (0,)


def test_claims_go_by_age_and_none_twice(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("carl", "anna", "bert")
    taken = [claimed(outbox, clock, worker).parcel.recipient[:4] for worker in ("w1", "w2", "w3")]
    assert taken == ["carl", "anna", "bert"]
    assert outbox.claim("w4", clock()) is None
    assert not outbox.due(clock())


def test_of_one_recipient_the_earlier_mail_goes_first(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna", "bert", changelogs=("one", "two"))
    first = claimed(outbox, clock)
    assert (first.parcel.recipient, first.parcel.message.changelog) == ("anna@example.org", "one")
    assert claimed(outbox, clock, "w2").parcel.recipient == "bert@example.org"
    assert outbox.claim("w3", clock()) is None  # both second mails are behind
    outbox.settle(first, Outcome("waiting", "451 later", NOW + timedelta(hours=1)), clock())
    assert outbox.claim("w3", clock()) is None  # and still are while the first is put off
    clock.tick(hours=1)
    assert claimed(outbox, clock, "w3").parcel.message.changelog == "one"


@pytest.mark.parametrize("outcome", [Outcome("sent", "250"), Outcome("failed", "550")])
def test_after_it_was_sent_or_failed_the_next_one_goes(
    outbox: Outbox, queue: Queue, clock: Clock, outcome: Outcome
) -> None:
    queue("anna", changelogs=("one", "two"))
    outbox.settle(claimed(outbox, clock), outcome, clock())
    assert claimed(outbox, clock).parcel.message.changelog == "two"


def test_a_lease_that_ended_is_claimed_again(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna")
    claimed(outbox, clock)
    clock.tick(minutes=14, seconds=59)
    assert outbox.claim("w2", clock()) is None
    clock.tick(seconds=1)
    again = claimed(outbox, clock, "w2")
    assert (again.attempt, again.first_tried) == (2, NOW)


def test_who_lost_the_lease_settles_nothing(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna")
    slow = claimed(outbox, clock, "slow")
    clock.tick(minutes=15)
    quick = claimed(outbox, clock, "quick")
    assert not outbox.settle(slow, Outcome("failed", "550"), clock())
    assert outbox.counts() == {"claimed": 1}
    assert outbox.settle(quick, Outcome("sent", "250 OK"), clock())
    assert outbox.counts() == {"sent": 1}


def test_a_mail_that_went_out_is_recorded_even_after_the_lease(
    outbox: Outbox, queue: Queue, clock: Clock
) -> None:
    queue("anna")
    slow = claimed(outbox, clock, "slow")
    clock.tick(minutes=15)
    quick = claimed(outbox, clock, "quick")
    assert not outbox.settle(slow, Outcome("sent", "250 by slow"), clock())
    assert not outbox.settle(quick, Outcome("waiting", "451", NOW), clock())
    [row] = outbox.list(["sent"])
    assert row.answer == "250 by slow"


def test_the_same_worker_can_not_settle_with_an_old_claim(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna")
    old = claimed(outbox, clock, "w1")
    clock.tick(minutes=15)
    claimed(outbox, clock, "w1")
    assert not outbox.settle(old, Outcome("failed", "550"), clock())


def test_a_claim_given_back_untried_counts_no_attempt(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna")
    outbox.settle(claimed(outbox, clock), Outcome("waiting", "login refused", tried=False), clock())
    clock.tick(days=5)
    [row] = outbox.list()
    assert (row.attempts, row.answer, row.not_before) == (0, "login refused", NOW)
    assert claimed(outbox, clock).first_tried == clock()  # the three days begin now


def test_who_leaves_while_a_mail_is_in_hand_gets_no_second_try(
    outbox: Outbox, queue: Queue, clock: Clock, subscribers: Subscribers
) -> None:
    queue("anna", "bert")
    first, second = claimed(outbox, clock), claimed(outbox, clock)
    subscribers.remove("anna@example.org", clock())
    subscribers.remove("bert@example.org", clock())
    outbox.settle(first, Outcome("waiting", "451", clock() + timedelta(minutes=1)), clock())
    assert [row.recipient for row in outbox.list(["cancelled"])] == ["anna@example.org"]
    assert outbox.list(["claimed"])[0].id == second.id  # its worker dies
    clock.tick(minutes=15)
    assert outbox.claim("w2", clock()) is None
    assert outbox.counts() == {"cancelled": 2}


def test_the_list_says_what_waits_and_why(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna", "bert")
    outbox.settle(claimed(outbox, clock), Outcome("failed", "550 no such user"), clock())
    clock.tick(hours=1)
    failed, waiting = outbox.list()
    assert (failed.state, failed.answer, failed.attempts, failed.finished) == (
        "failed",
        "550 no such user",
        1,
        NOW,
    )
    assert (waiting.state, waiting.recipient, waiting.created, waiting.finished) == (
        "waiting",
        "bert@example.org",
        NOW,
        None,
    )
    assert waiting.subject == message().subject


def test_retry_makes_failed_and_waiting_mails_due(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna", "bert", "carl")
    outbox.settle(claimed(outbox, clock), Outcome("failed", "550"), clock())
    outbox.settle(claimed(outbox, clock), Outcome("waiting", "451", clock() + timedelta(hours=4)), clock())
    outbox.settle(claimed(outbox, clock), Outcome("sent", "250"), clock())
    clock.tick(days=4)
    assert outbox.retry(clock()) == 2
    assert [row.state for row in outbox.list()] == ["waiting", "waiting"]
    again = claimed(outbox, clock)
    assert (again.attempt, again.first_tried) == (1, clock())


def test_retry_of_one(outbox: Outbox, queue: Queue, clock: Clock) -> None:
    queue("anna", "bert")
    for _ in range(2):
        outbox.settle(claimed(outbox, clock), Outcome("failed", "550"), clock())
    first, second = outbox.list()
    assert outbox.retry(clock(), [second.id]) == 1
    assert [row.state for row in outbox.list()] == ["failed", "waiting"]
    outbox.settle(claimed(outbox, clock), Outcome("sent", "250"), clock())
    for identity, says in ((second.id, "it is sent"), (999, "no mail has the number 999")):
        with pytest.raises(InputError, match=says):
            outbox.retry(clock(), [first.id, identity])
    assert [row.state for row in outbox.list()] == ["failed"]


def test_a_batch_folds_the_write_ahead_log_in_once(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    queue("anna", "bert")
    log = database.path.with_name("tracker.db-wal")
    with outbox.batch():
        for _ in range(2):
            outbox.settle(claimed(outbox, clock), Outcome("sent", "250"), clock())
            assert log.exists()
    assert not log.exists()
    assert outbox.counts() == {"sent": 2}


def test_threads_never_claim_the_same_row(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    queue(*(f"n{number:02}" for number in range(40)))
    taken: list[int] = []

    def work(worker: str) -> None:
        while (claim := Outbox(database).claim(worker, clock())) is not None:
            taken.append(claim.id)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert len(set(taken)) == 40


def test_years_of_sent_mail_do_not_slow_a_claim(
    outbox: Outbox, queue: Queue, clock: Clock, database: Database
) -> None:
    """The plan is read, not the clock: every table access of the claim is by an index of open rows or by a key."""
    from tracker.delivery.outbox import _NEXT

    queue("anna")
    with database.reading() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_NEXT}", ("2026", ","))]
    assert any("USING INDEX outbox_open" in step for step in plan)
    assert any("outbox_open_of" in step for step in plan)
    assert all("USING" in step or "SUBQUERY" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


class Workers(RuleBasedStateMachine):
    """Any interleaving of two workers, a clock, sign-offs and retries: order and 'once' hold."""

    folder: Callable[[], Database]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        database = type(self).folder()
        self.database, self.outbox, self.subscribers = database, Outbox(database), Subscribers(database)
        self.queued: list[tuple[str, str]] = []  # (recipient, changelog) in order
        self.done: dict[tuple[str, str], str] = {}
        self.held: list[Claim] = []
        for name in ("anna", "bert"):
            self.subscribers.add(f"{name}@example.org", [], "instant", self.clock(), f"t-{name}")

    @rule()
    def enqueue(self) -> None:
        changelog = f"c{len(self.queued)}"
        with self.database.transaction() as db:
            self.outbox.enqueue(db, message(changelog), "instant", self.clock())
        self.queued += [(f"{name}@example.org", changelog) for name in ("anna", "bert")]

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def claim(self, worker: str) -> None:
        claim = self.outbox.claim(worker, self.clock())
        if claim is None:
            return
        key = (claim.parcel.recipient, claim.parcel.message.changelog)
        assert key not in self.done
        assert not any(one.id == claim.id and one.until > self.clock() for one in self.held)
        earlier = [one for one in self.queued[: self.queued.index(key)] if one[0] == key[0]]
        assert all(one in self.done for one in earlier), "an earlier mail of this recipient is still open"
        self.held.append(claim)

    @rule(outcome=st.sampled_from(["sent", "failed", "waiting"]), data=st.data())
    def settle(self, outcome: Literal["sent", "failed", "waiting"], data: st.DataObject) -> None:
        if not self.held:
            return
        claim = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        key = (claim.parcel.recipient, claim.parcel.message.changelog)
        later = self.clock() + timedelta(minutes=5) if outcome == "waiting" else None
        held = self.outbox.settle(claim, Outcome(outcome, "x", later), self.clock())
        if outcome == "sent" or (held and outcome == "failed"):
            self.done[key] = "sent" if outcome == "sent" else self.done.get(key, outcome)

    @rule(minutes=st.sampled_from([1, 5, 15]))
    def wait(self, minutes: int) -> None:
        self.clock.tick(minutes=minutes)

    @invariant()
    def every_mail_is_accounted_for(self) -> None:
        rows = self.outbox.list(["waiting", "claimed", "sent", "failed", "cancelled"])
        assert sorted((row.recipient, row.message) for row in rows) == sorted(self.queued)
        finished = {(row.recipient, row.message): row.state for row in rows if row.finished}
        assert finished == self.done


def test_any_interleaving_of_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    class Here(Workers):
        folder = staticmethod(lambda: Database(tmp_path_factory.mktemp("outbox") / "tracker.db"))

    Here.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
    Here.TestCase("runTest").runTest()
