"""Certificates and logins: a line that can't be trusted carries no mail and no password."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.delivery.conftest import parcel, plain
from tests.support.certificates import Authority
from tests.support.smtp_sink import Script, Sink
from tracker.delivery.smtp import SmtpChannel, SmtpSettings, require_addresses, require_safe_login
from tracker.errors import ChannelDownError, SettingsError, SetupError

USERS = {"tracker": "hunter2"}


def test_starttls_with_an_authority_that_we_trust(authority: Authority) -> None:
    with (
        Sink(starttls=authority.server("127.0.0.1").context()) as sink,
        SmtpChannel(plain(sink.port, security="starttls", ca_file=authority.file)) as channel,
    ):
        channel.send(parcel())
        assert sink.mails[0].encrypted


def test_tls_from_the_start_with_an_authority_that_we_trust(authority: Authority) -> None:
    with (
        Sink(tls=authority.server("127.0.0.1").context()) as sink,
        SmtpChannel(plain(sink.port, security="tls", ca_file=authority.file)) as channel,
    ):
        channel.send(parcel())
        assert sink.mails[0].encrypted


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("shown", "trusted", "says"),
    [
        ("self-signed", False, "self-signed certificate"),
        ("self-signed", True, "self-signed certificate"),
        ("of an unknown authority", False, "unable to get local issuer certificate"),
        ("of another host", True, "mismatch"),
        ("expired", True, "expired"),
    ],
)
def test_a_certificate_that_can_not_be_trusted_gets_no_mail_and_no_password(
    authority: Authority, security: str, shown: str, trusted: bool, says: str
) -> None:
    certificate = {
        "self-signed": lambda: authority.self_signed("127.0.0.1"),
        "of an unknown authority": lambda: authority.server("127.0.0.1"),
        "of another host": lambda: authority.server("mail.example.org"),
        "expired": lambda: authority.server("127.0.0.1", days=-1),
    }[shown]()
    context = certificate.context()
    server = Sink(starttls=context, users=USERS) if security == "starttls" else Sink(tls=context, users=USERS)
    settings = plain(
        server.port,
        security=security,
        ca_file=authority.file if trusted else None,
        username="tracker",
        password="hunter2",
    )
    with server, pytest.raises(SetupError, match=says) as refused:
        SmtpChannel(settings).send(parcel())
    assert "ca_file" in refused.value.advice
    assert server.mails == []
    assert server.logins == []


def test_a_server_without_starttls_gets_nothing(sink: Sink) -> None:
    with pytest.raises(SetupError, match="offers no STARTTLS"):
        SmtpChannel(plain(sink.port, security="starttls")).send(parcel())
    assert sink.mails == []


@pytest.mark.parametrize(
    ("answer", "error"), [("454 4.7.0 not now", ChannelDownError), ("501 no", SetupError)]
)
def test_starttls_refused(answer: str, error: type[Exception]) -> None:
    with (
        Script(["220 mx", b"250-mx\r\n250 STARTTLS\r\n", answer]) as server,
        pytest.raises(error, match=answer.split()[-1]),
    ):
        SmtpChannel(plain(server.port, security="starttls")).send(parcel())


def test_tls_asked_of_a_port_that_speaks_plainly(sink: Sink) -> None:
    with pytest.raises(SetupError, match="does not speak TLS from the start") as refused:
        SmtpChannel(plain(sink.port, security="tls")).send(parcel())
    assert "starttls" in refused.value.advice


@pytest.mark.parametrize("text", [None, "no certificate at all"])
def test_a_ca_file_that_is_none(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "ca.pem"
    if text:
        file.write_text(text)
    with pytest.raises(SetupError, match=r"ca\.pem can't be used"):
        SmtpChannel(plain(1, security="tls", ca_file=file)).send(parcel())


def test_a_login_over_tls(authority: Authority) -> None:
    with (
        Sink(starttls=authority.server("127.0.0.1").context(), users=USERS) as sink,
        SmtpChannel(
            plain(
                sink.port,
                security="starttls",
                ca_file=authority.file,
                username="tracker",
                password="hunter2",
            )
        ) as channel,
    ):
        channel.send(parcel())
        channel.send(parcel())
        assert {mail.login for mail in sink.mails} == {"tracker"}
        assert sink.connections == 1


def test_a_login_without_tls_stays_on_this_machine() -> None:
    settings = plain(1, username="tracker", password="hunter2")
    with Sink(users=USERS) as sink, SmtpChannel(replace(settings, port=sink.port)) as channel:
        channel.send(parcel())
        assert sink.mails[0].login == "tracker"
    for host in ("localhost", "127.8.9.10", "::1", "[::1]"):
        require_safe_login(SmtpSettings(host=host, security="none", username="tracker"))
    for host in ("mail.example.org", "10.0.0.1", "localhost.example.org"):
        with pytest.raises(SettingsError, match="in clear"):
            SmtpChannel(plain(25, host=host, username="tracker")).send(parcel())


def test_a_wrong_password_is_the_operators_to_set_right() -> None:
    with (
        Sink(users=USERS) as sink,
        pytest.raises(SetupError, match="refused the login of tracker: 535") as refused,
    ):
        SmtpChannel(plain(sink.port, username="tracker", password="hunter3")).send(parcel())
    assert "hunter3" not in str(refused.value)
    assert sink.mails == []


def test_a_login_that_is_wanted_and_not_set() -> None:
    with Sink(users=USERS) as strict, pytest.raises(SetupError, match="Authentication required"):
        SmtpChannel(plain(strict.port)).send(parcel())


@pytest.mark.parametrize("offer", [b"250 mx\r\n", b"250-mx\r\n250 AUTH GSSAPI\r\n"])
def test_a_login_that_the_server_does_not_offer(offer: bytes) -> None:
    with (
        Script(["220 mx", offer, "250 OK"]) as server,
        pytest.raises(SetupError, match="can't log in"),
    ):
        SmtpChannel(plain(server.port, username="tracker", password="hunter2")).send(parcel())


def test_a_password_that_smtp_can_not_carry() -> None:
    with Sink(users=USERS) as sink, pytest.raises(SetupError, match="must be ASCII") as refused:
        SmtpChannel(plain(sink.port, username="tracker", password="jägerin")).send(parcel())
    assert "jägerin" not in str(refused.value)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["454 4.7.0 temporary authentication failure"], "454 4.7.0"),
        (["(hang up)"], "can't reach"),
    ],
)
def test_a_login_that_fails_for_now(answers: list[str], says: str) -> None:
    with (
        Script(["220 mx", b"250-mx\r\n250 AUTH PLAIN\r\n", *answers]) as server,
        pytest.raises(ChannelDownError, match=says),
    ):
        SmtpChannel(plain(server.port, username="tracker", password="hunter2")).send(parcel())


@pytest.mark.parametrize(
    ("sender", "operator", "says"),
    [
        ("", "operator@example.org", "mail.sender is not set, and 2 are subscribed"),
        ("tracker@example.org", "", "mail.operator is not set"),
        ("tracker", "operator@example.org", "mail.sender: not a mail address: 'tracker'"),
        ("tracker@example.org", "operator@example.org\nBcc: x@y.org", "mail.operator: not a mail address"),
    ],
)
def test_sender_and_operator_are_needed_as_soon_as_anybody_is_subscribed(
    sender: str, operator: str, says: str
) -> None:
    require_addresses(sender, operator, subscribed=0)
    require_addresses("Policy tracker <tracker@example.org>", "operator@example.org", subscribed=2)
    with pytest.raises(SettingsError, match=says):
        require_addresses(sender, operator, subscribed=2)
