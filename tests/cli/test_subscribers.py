"""subscribers and outbox: who is told, what waits, what failed; against a real SMTP server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command, settings
from tests.support.smtp_sink import Sink

SENDER = 'sender = "pt@example.com"\noperator = "op@example.com"'


@pytest.fixture
def sink(home: Path) -> Iterator[Sink]:
    """A mail server that the settings name."""
    with Sink() as sink:
        settings(home, f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\n{SENDER}')
        yield sink


def test_add_list_and_remove(sink: Sink, cli: Command) -> None:
    assert cli("subscribers", "list").out == "nobody is subscribed\n"
    done = cli(
        "subscribers",
        "add",
        "team@example.com",
        "--policy",
        "AWSSupport*",
        "--policy",
        "ReadOnlyAccess",
        "--frequency",
        "monthly",
    )
    assert (done.code, done.err) == (0, "")
    assert done.out == "team@example.com is subscribed: AWSSupport*, ReadOnlyAccess, monthly\n"
    (row,) = json.loads(cli("subscribers", "list", "--json").out)["items"]
    assert {"id", "address", "policies", "frequency", "state", "created"} < set(row)
    assert "token" not in row
    assert (row["address"], row["state"]) == ("team@example.com", "active")
    assert "team@example.com" in cli("subscribers", "list").out
    assert (
        cli("subscribers", "remove", "team@example.com").out == "team@example.com is no longer subscribed\n"
    )
    assert cli("subscribers", "list").out == "nobody is subscribed\n"
    cli("subscribers", "add", "team@example.com")
    record = json.loads(cli("subscribers", "remove", "team@example.com", "--json").out)
    assert (record["address"], record["taken_back"]) == ("team@example.com", 0)
    cli("subscribers", "add", "team@example.com")
    erased = json.loads(cli("subscribers", "remove", "team@example.com", "--erase", "--json").out)
    assert (erased["type"], erased["address"]) == ("erased", "team@example.com")
    assert erased["rows"] >= 1
    assert sink.mails == []


@pytest.mark.parametrize("missing", ["sender", "operator"])
def test_without_sender_and_operator_nobody_can_be_subscribed(home: Path, cli: Command, missing: str) -> None:
    settings(
        home, "[mail]\n" + "\n".join(line for line in SENDER.splitlines() if not line.startswith(missing))
    )
    done = cli("subscribers", "add", "team@example.com")
    assert done.code == 4
    assert f"mail.{missing} is not set: it is the address that" in done.err
    assert "not a mail address" in cli("subscribers", "add", "notanaddress").err
    assert cli("subscribers", "list").out == "nobody is subscribed\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-address",), "no-address"),
        (("a@example.com\nBcc: b@example.com",), "Bcc"),
        (("a@example.com", "--policy", "two words"), "two words"),
    ],
)
def test_what_is_no_address_or_no_policy_is_2(
    sink: Sink, cli: Command, arguments: tuple[str, ...], said: str
) -> None:
    done = cli("subscribers", "add", *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_twice_is_2_and_so_is_removing_a_stranger(sink: Sink, cli: Command) -> None:
    cli("subscribers", "add", "team@example.com")
    assert cli("subscribers", "add", "Team@example.com").code == 2
    assert cli("subscribers", "remove", "other@example.com").code == 2


def test_send_last_sends_the_newest_real_change_of_what_is_watched(sink: Sink, cli: Command) -> None:
    done = cli("subscribers", "add", "team@example.com", "--send-last")
    assert done.code == 0, done.err
    assert "1 sent, 0 put off, 0 refused" in done.out
    (mail,) = sink.mails
    assert mail.recipient == "team@example.com"
    assert b"v57 to v59" in mail.data


def test_send_last_sends_what_the_subscriber_names_watched_or_not(sink: Sink, cli: Command) -> None:
    cli(
        "subscribers",
        "add",
        "team@example.com",
        "--send-last",
        "--policy",
        "SecurityAudit",
        "--policy",
        "View*",
    )
    assert len(sink.mails) == 2


def test_without_a_mail_server_the_mail_waits_and_that_is_said(home: Path, cli: Command) -> None:
    settings(home, f"[mail]\n{SENDER}")
    done = cli("subscribers", "add", "team@example.com", "--send-last")
    assert done.code == 4
    assert "no mail server is set" in done.err
    (row,) = json.loads(cli("outbox", "list", "--json").out)["items"]
    assert (row["state"], row["attempts"]) == ("waiting", 0)


def test_a_test_mail_goes_to_the_operator_or_to_anybody_and_shows_the_answer(
    sink: Sink, cli: Command
) -> None:
    done = cli("subscribers", "test")
    assert done.code == 0, done.err
    assert done.out.startswith("op@example.com: 250")
    assert json.loads(cli("subscribers", "test", "new@example.com", "--json").out)["answer"].startswith("250")
    assert [mail.recipient for mail in sink.mails] == ["op@example.com", "new@example.com"]
    assert cli("outbox", "list", "--all").out == "there are no such rows\n"


def test_a_test_mail_that_is_refused_tells_why(sink: Sink, cli: Command) -> None:
    sink.next("RCPT", "550 5.7.1 not here", recipient="op@example.com")
    done = cli("subscribers", "test")
    assert done.code not in (0, 1, 70)
    assert "5.7.1 not here" in done.err


def test_a_test_mail_without_an_operator_is_4(home: Path, cli: Command) -> None:
    assert "mail.operator is not set" in cli("subscribers", "test").err
    assert cli("subscribers", "test").code == 4


def test_the_outbox_shows_what_waits_and_why_and_retries(sink: Sink, cli: Command) -> None:
    sink.next("DATA", "451 4.3.0 greylisted")
    assert cli("subscribers", "add", "team@example.com", "--send-last").code == 0
    text = cli("outbox", "list").out
    assert "451 4.3.0 greylisted" in text
    (row,) = json.loads(cli("outbox", "list", "--json").out)["items"]
    assert (row["state"], row["attempts"], row["recipient"]) == ("waiting", 1, "team@example.com")
    assert cli("outbox", "send").out == "0 sent, 0 put off, 0 refused\n"  # not due yet
    sink.next("DATA", "451 4.3.0 still greylisted")
    again = cli("outbox", "retry", str(row["id"]))
    assert again.code == 75
    assert again.out == "1 mail is tried again\n0 sent, 1 put off, 0 refused\n"
    assert cli("outbox", "retry").out.endswith("1 sent, 0 put off, 0 refused\n")
    assert len(sink.mails) == 1
    assert cli("outbox", "list").out == "nothing waits, and nothing failed\n"
    assert json.loads(cli("outbox", "list", "--state", "sent", "--json").out)["items"][0]["state"] == "sent"


def test_a_refused_recipient_is_3_and_can_be_tried_again(sink: Sink, cli: Command) -> None:
    sink.next("RCPT", "550 5.1.1 unknown", recipient="team@example.com")
    assert cli("subscribers", "add", "team@example.com", "--send-last").code == 3
    assert json.loads(cli("outbox", "list", "--json").out)["counts"]["failed"] == 1
    assert [mail.recipient for mail in sink.mails] == ["op@example.com"]  # who is told of it
    done = cli("outbox", "retry", "--json")
    assert done.code == 0
    assert json.loads(done.out) == {"schema": 1, "type": "delivery", "sent": 1, "put_off": 0, "refused": 0}
    assert sink.mails[1].recipient == "team@example.com"


def test_a_server_that_is_down_is_75(home: Path, cli: Command) -> None:
    with Sink() as sink:
        port = sink.port
    settings(home, f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n{SENDER}')
    assert cli("subscribers", "add", "team@example.com", "--send-last").code == 75


@pytest.mark.parametrize("ids", [("999",), ("0",)])
def test_a_row_that_is_not_there_is_2(sink: Sink, cli: Command, ids: tuple[str, ...]) -> None:
    done = cli("outbox", "retry", *ids)
    assert done.code == 2
    assert ids[0] in done.err
