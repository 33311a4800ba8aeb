"""SmtpChannel against real servers that answer everything a mail server may answer."""

import logging
import socket
from email import message_from_bytes, policy

import pytest

from tests.delivery.conftest import parcel, plain
from tests.support.smtp_sink import DROP, HANG, Script, Sink
from tracker.delivery.smtp import SmtpChannel, SmtpSettings
from tracker.errors import ChannelDownError, RefusedError, SetupError

GREETING, EHLO, OK = "220 mx.example ESMTP", b"250-mx.example\r\n250 SIZE 1000000\r\n", "250 OK"


def test_a_mail_arrives_and_the_answer_comes_back(sink: Sink) -> None:
    with SmtpChannel(plain(sink.port)) as channel:
        assert channel.send(parcel()) == "250 2.0.0 OK queued as 1"
    [mail] = sink.mails
    assert (mail.sender, mail.recipient) == ("operator@example.org", "anna@example.org")  # bounces go there
    assert any(option.startswith("SIZE=") for option in mail.options)
    parsed = message_from_bytes(mail.data, policy=policy.default)
    assert parsed["From"] == "Policy tracker <policy-tracker@example.org>"
    assert parsed["To"] == "anna@example.org"


def test_one_connection_serves_a_batch(sink: Sink) -> None:
    with SmtpChannel(plain(sink.port)) as channel:
        for name in ("anna", "bert", "carl"):
            channel.send(parcel(f"{name}@example.org"))
    assert sink.connections == 1
    assert [mail.recipient for mail in sink.mails] == [
        "anna@example.org",
        "bert@example.org",
        "carl@example.org",
    ]


@pytest.mark.parametrize(
    ("step", "reply", "permanent"),
    [
        ("MAIL", "451 4.3.0 later", False),
        ("MAIL", "452 4.2.2 disk full", False),
        ("MAIL", "552 5.3.4 message too large", True),
        ("RCPT", "450 4.2.1 mailbox busy", False),
        ("RCPT", "451 4.7.1 greylisted", False),
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "551 5.1.6 moved away", True),
        ("RCPT", "552 5.2.2 mailbox full", True),
        ("DATA", "451 4.3.0 later", False),
        ("DATA", "452 4.2.2 disk full", False),
        ("DATA", "550 5.7.1 spam", True),
        ("DATA", "552 5.3.4 too large", True),
        ("DATA", "554 5.6.0 not wanted", True),
    ],
)
def test_an_answer_is_for_one_recipient_and_the_line_stays_open(
    sink: Sink, step: str, reply: str, permanent: bool
) -> None:
    sink.next(step, reply)
    with SmtpChannel(plain(sink.port)) as channel:
        with pytest.raises(RefusedError, match=reply) as refused:
            channel.send(parcel("anna@example.org"))
        assert refused.value.permanent is permanent
        channel.send(parcel("bert@example.org"))
    assert [mail.recipient for mail in sink.mails] == ["bert@example.org"]
    assert sink.connections == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_421_means_later_for_everybody_and_the_next_mail_gets_a_new_line(sink: Sink, step: str) -> None:
    sink.next(step, "421 4.3.2 shutting down")
    with SmtpChannel(plain(sink.port)) as channel:
        with pytest.raises(ChannelDownError, match="shutting down") as down:
            channel.send(parcel())
        assert down.value.reached
        channel.send(parcel("bert@example.org"))
    assert sink.connections == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_drops_is_told_and_the_next_mail_gets_a_new_one(sink: Sink, step: str) -> None:
    sink.next(step, DROP)
    with SmtpChannel(plain(sink.port)) as channel:
        with pytest.raises(ChannelDownError, match="lost the line") as down:
            channel.send(parcel())
        assert down.value.reached
        channel.send(parcel("bert@example.org"))
    assert sink.mails[-1].recipient == "bert@example.org"


@pytest.mark.parametrize("reply", [DROP, "421 4.4.2 idle for too long"])
def test_a_kept_line_that_the_server_ended_is_no_failure(sink: Sink, reply: str) -> None:
    with SmtpChannel(plain(sink.port)) as channel:
        channel.send(parcel("anna@example.org"))
        sink.next("MAIL", reply)
        channel.send(parcel("bert@example.org"))
    assert [mail.recipient for mail in sink.mails] == ["anna@example.org", "bert@example.org"]
    assert sink.connections == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent_costs_no_more_than_the_time_out(sink: Sink, step: str) -> None:
    sink.next(step, HANG)
    with (
        SmtpChannel(plain(sink.port, timeout_s=0.2)) as channel,
        pytest.raises(ChannelDownError, match="timed out"),
    ):
        channel.send(parcel())


def test_after_the_last_dot_nobody_knows_and_the_mail_counts_as_not_sent(sink: Sink) -> None:
    """The one window in which a mail comes twice: the server has it, its answer is lost."""
    sink.next("DATA", DROP)
    with SmtpChannel(plain(sink.port)) as channel:
        with pytest.raises(ChannelDownError):
            channel.send(parcel())
        channel.send(parcel())
    first, second = sink.mails
    assert first.data == second.data  # byte for byte, so that it can be told


@pytest.mark.parametrize(
    ("replies", "error", "says"),
    [
        (["421 4.3.2 too many connections"], ChannelDownError, "421 4.3.2 too many connections"),
        (["450 come back"], ChannelDownError, "450 come back"),
        (["554 no SMTP service here"], SetupError, "554 no SMTP service here"),
        ([DROP], ChannelDownError, "can't reach the mail server"),
        ([HANG], ChannelDownError, "timed out"),
        (["SSH-2.0-OpenSSH_9.2"], ChannelDownError, "-1"),
        ([b"220 " + b"x" * 9000 + b"\r\n"], SetupError, "Line too long"),
        ([GREETING, "502 unknown", "421 gone"], ChannelDownError, "421 gone"),
        ([GREETING, "502 unknown", "502 unknown too"], SetupError, "502 unknown too"),
        ([GREETING, EHLO, "530 5.7.0 authentication required"], SetupError, "530 5.7.0"),
        ([GREETING, EHLO, "553 5.1.8 sender rejected"], SetupError, "553 5.1.8 sender rejected"),
        ([GREETING, EHLO, OK, "530 5.7.0 authentication required"], SetupError, "530 5.7.0"),
        ([GREETING, EHLO, OK, "354 what?"], ChannelDownError, "354 what?"),
        ([GREETING, EHLO, OK, OK, "451 no room"], RefusedError, "451 no room"),
        ([GREETING, EHLO, OK, OK, "554 no valid recipients"], RefusedError, "554 no valid recipients"),
        ([GREETING, EHLO, OK, OK, "250 go on?"], ChannelDownError, "250 go on?"),
        ([GREETING, EHLO, OK, OK, "354 go on", "\x1b[31mred"], ChannelDownError, "lost the line|-1"),
    ],
    ids=lambda value: str(value[-1])[:40] if isinstance(value, list) else None,
)
def test_what_a_server_says_out_of_turn(
    replies: list[str | bytes], error: type[Exception], says: str
) -> None:
    with (
        Script(replies) as server,
        SmtpChannel(plain(server.port, timeout_s=0.5)) as channel,
        pytest.raises(error, match=says) as raised,
    ):
        channel.send(parcel())
    assert "\x1b" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_server_of_before_esmtp_is_spoken_to_in_its_words() -> None:
    with Script([GREETING, "502 EHLO?", OK, OK, OK, "354 go on", "250 thanks", "221 bye"]) as server:
        with SmtpChannel(plain(server.port)) as channel:
            assert channel.send(parcel()) == "250 thanks"
        assert server.heard[2].lower() == b"mail from:<operator@example.org>\r\n"  # no SIZE
        assert b"List-Id:" in b"".join(server.heard)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ChannelDownError, match="refused") as down:
        SmtpChannel(plain(port)).send(parcel())
    assert not down.value.reached
    assert "wait" in down.value.advice


@pytest.mark.parametrize("host", ["mail.invalid", "no host", "x" * 70])
def test_a_host_that_does_not_exist(host: str) -> None:
    with pytest.raises((ChannelDownError, SetupError)) as raised:
        SmtpChannel(plain(25, host=host)).send(parcel())
    assert host in str(raised.value)


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(sink: Sink) -> None:
    with SmtpChannel(plain(sink.port)) as channel:
        channel.send(parcel("jürgen@bücher.example"))
    [mail] = sink.mails
    assert mail.recipient == "jürgen@bücher.example"
    assert "SMTPUTF8" in mail.options
    assert message_from_bytes(mail.data, policy=policy.default)["To"] == "jürgen@bücher.example"
    with (
        Sink(smtputf8=False) as old,
        SmtpChannel(plain(old.port)) as channel,
        pytest.raises(RefusedError, match="SMTPUTF8") as refused,
    ):
        channel.send(parcel("jürgen@bücher.example"))
    assert refused.value.permanent


def test_a_domain_beyond_ascii_goes_to_any_server() -> None:
    with Sink(smtputf8=False) as old, SmtpChannel(plain(old.port)) as channel:
        channel.send(parcel("anna@bücher.example"))
        assert old.mails[0].recipient == "anna@xn--bcher-kva.example"


def test_a_mail_larger_than_the_server_takes_is_refused_for_good() -> None:
    with (
        Sink(size=500) as small,
        SmtpChannel(plain(small.port)) as channel,
        pytest.raises(RefusedError, match="552") as refused,
    ):
        channel.send(parcel())
    assert refused.value.permanent


def test_a_line_that_begins_with_a_dot_arrives_whole(sink: Sink) -> None:
    with SmtpChannel(plain(sink.port)) as channel:
        channel.send(parcel(text=".\n..\n.hidden\n"))
    body = message_from_bytes(sink.mails[0].data, policy=policy.default).get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:3] == [".", "..", ".hidden"]


def test_the_log_holds_no_whole_address_and_no_token(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tracker")
    sink.next("RCPT", "550 5.1.1 <anna@example.org> unknown")
    with SmtpChannel(plain(sink.port)) as channel:
        with pytest.raises(RefusedError):
            channel.send(parcel(token="s3cret-token"))
        channel.send(parcel("bert@example.org", token="s3cret-token"))
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("tracker"))
    assert "b***@example.org" in said
    assert "anna@" not in said
    assert "bert@" not in said
    assert "s3cret" not in said


def test_the_password_shows_in_no_repr() -> None:
    assert "hunter2" not in repr(SmtpSettings(password="hunter2"))


def test_close_is_harmless_at_any_time(sink: Sink) -> None:
    channel = SmtpChannel(plain(sink.port))
    channel.close()
    channel.send(parcel())
    sink.stop()
    channel.close()
    channel.close()
