"""Who is subscribed."""

import threading
from collections.abc import Callable

import pytest

from tests.delivery.conftest import Clock, message
from tracker.delivery.outbox import Outbox
from tracker.delivery.subscribers import Subscribers, recipients
from tracker.errors import InputError, SetupError
from tracker.store.database import Database


def test_add_and_get(subscribers: Subscribers, clock: Clock) -> None:
    added = subscribers.add("Anna@Example.org", ["ReadOnlyAccess", "AWSSupport*"], "monthly", clock(), "t1")
    assert (added.address, added.policies, added.frequency, added.state, added.created, added.token) == (
        "Anna@example.org",
        ("AWSSupport*", "ReadOnlyAccess"),
        "monthly",
        "active",
        clock(),
        "t1",
    )
    assert subscribers.get("aNNa@EXAMPLE.org") == added
    assert subscribers.list() == (added,)
    assert subscribers.count() == 1
    assert "t1" not in repr(added)


def test_no_policies_means_all(subscribers: Subscribers, clock: Clock) -> None:
    assert subscribers.add("anna@example.org", [], "instant", clock(), "t1").policies == ("*",)


@pytest.mark.parametrize("sql", ["policies = '{'", "filter = '['", "created = '2026-13'"])
def test_a_damaged_row_is_said_with_what_to_do(
    subscribers: Subscribers, database: Database, clock: Clock, sql: str
) -> None:
    added = subscribers.add("anna@example.org", [], "instant", clock(), "t1")
    with database.writing() as connection:
        connection.execute(f"UPDATE subscribers SET {sql}")
    with pytest.raises(SetupError, match=f"subscriber {added.id}'s row in the database is damaged") as raised:
        subscribers.list()
    assert "backup" in raised.value.advice


def test_the_list_is_sorted_by_address(subscribers: Subscribers, clock: Clock) -> None:
    for name in ("carl", "anna", "bert"):
        subscribers.add(f"{name}@example.org", [], "instant", clock(), f"t-{name}")
    assert [one.address[:4] for one in subscribers.list()] == ["anna", "bert", "carl"]


@pytest.mark.parametrize(
    "again", ["anna@example.org", "ANNA@EXAMPLE.ORG", " anna@example.org", "Jürgen@BÜCHER.example"]
)
def test_an_address_is_subscribed_once_whatever_its_case(
    subscribers: Subscribers, clock: Clock, again: str
) -> None:
    subscribers.add("anna@example.org", [], "instant", clock(), "t1")
    subscribers.add("jürgen@bücher.example", [], "instant", clock(), "t2")
    with pytest.raises(InputError, match="is subscribed already") as refused:
        subscribers.add(again, [], "monthly", clock(), "t3")
    assert "remove" in refused.value.advice
    assert subscribers.count() == 2


def test_two_sign_ups_at_once_are_one(database: Database, clock: Clock) -> None:
    refused: list[InputError] = []

    def sign_up(number: int) -> None:
        try:
            Subscribers(database).add("anna@example.org", [], "instant", clock(), f"t{number}")
        except InputError as error:
            refused.append(error)

    threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert Subscribers(database).count() == 1


@pytest.mark.parametrize(
    ("address", "policies", "frequency", "says"),
    [
        ("anna", [], "instant", "not a mail address"),
        ("anna@example.org\r\nBcc: x@y.org", [], "instant", "not a mail address"),
        ("anna@example.org", ["../secret"], "instant", "not a policy's name"),
        ("anna@example.org", [""], "instant", "not a policy's name"),
        ("anna@example.org", ["a b"], "instant", "not a policy's name"),
        ("anna@example.org", [], "hourly", "not a frequency: 'hourly'"),
    ],
)
def test_what_is_refused_leaves_nothing(
    subscribers: Subscribers, clock: Clock, address: str, policies: list[str], frequency: str, says: str
) -> None:
    with pytest.raises(InputError, match=says) as refused:
        subscribers.add(address, policies, frequency, clock(), "t1")
    assert refused.value.advice
    assert subscribers.list() == ()


@pytest.mark.parametrize("token", ["", "a b", "tök", "a\nb"])
def test_a_token_that_would_not_survive_a_header_is_a_fault_of_the_caller(
    subscribers: Subscribers, clock: Clock, token: str
) -> None:
    with pytest.raises(ValueError, match="token"):
        subscribers.add("anna@example.org", [], "instant", clock(), token)


def test_who_leaves_gets_nothing_more(
    subscribers: Subscribers,
    outbox: Outbox,
    database: Database,
    clock: Clock,
    queue: Callable[..., list[str]],
) -> None:
    queue("anna", "bert", changelogs=("one", "two"))
    assert subscribers.remove("ANNA@example.org", clock()) == 2
    assert {(row.recipient, row.answer) for row in outbox.list(["cancelled"])} == {
        ("anna@example.org", "unsubscribed")
    }
    with database.transaction() as db:
        assert outbox.enqueue(db, message("three"), "instant", clock()) == 1
    assert [row.recipient for row in outbox.list()] == ["bert@example.org"] * 3
    for call in (subscribers.get, lambda who: subscribers.remove(who, clock())):
        with pytest.raises(InputError, match="is not subscribed"):
            call("anna@example.org")


def test_who_comes_back_is_the_same_with_another_token(subscribers: Subscribers, clock: Clock) -> None:
    before = subscribers.add("anna@example.org", ["ReadOnlyAccess"], "instant", clock(), "t1")
    subscribers.remove("anna@example.org", clock())
    after = subscribers.add("Anna@example.org", [], "monthly", clock(), "t2")
    assert after.id == before.id
    assert (after.policies, after.frequency, after.token, after.state) == (("*",), "monthly", "t2", "active")


def test_whom_a_mail_is_due(subscribers: Subscribers, database: Database, clock: Clock) -> None:
    for name, policies, frequency in (
        ("all", ["*"], "instant"),
        ("support", ["AWSSupport*"], "instant"),
        ("exact", ["ReadOnlyAccess", "SecurityAudit"], "instant"),
        ("month", ["*"], "monthly"),
        ("case", ["readonlyaccess"], "instant"),
    ):
        subscribers.add(f"{name}@example.org", policies, frequency, clock(), f"t-{name}")
    with database.reading() as connection:
        due = [one.address.split("@")[0] for one in recipients(connection, "ReadOnlyAccess", "instant")]
        monthly = [one.address.split("@")[0] for one in recipients(connection, "ReadOnlyAccess", "monthly")]
    assert due == ["all", "exact"]  # names are IAM's, and case matters there
    assert monthly == ["month"]


def test_the_token_of_an_unsubscribe_mail_says_who_it_is(subscribers: Subscribers, clock: Clock) -> None:
    added = subscribers.add("anna@example.org", [], "instant", clock(), "t0ken")
    assert subscribers.get(" t0ken ") == added
    subscribers.remove("t0ken", clock())
    assert subscribers.list() == ()
    for nobody in ("t0ken", "other", ""):
        with pytest.raises(InputError, match="is not subscribed"):
            subscribers.get(nobody)
