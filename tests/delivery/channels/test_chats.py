"""Slack, Teams and Apprise over a real connection; the registry picks each parcel's channel; addresses are checked."""

import json
import logging
from typing import Any

import pytest

from tests.delivery.conftest import NOW, FakeChannel, message
from tests.support.http_receiver import HttpReceiver
from tracker.delivery.channel import Channel, Parcel
from tracker.delivery.channels import CHANNELS, check_address
from tracker.delivery.channels.apprise import AppriseChannel
from tracker.delivery.channels.outgoing import Outgoing
from tracker.delivery.channels.registry import Channels
from tracker.delivery.channels.slack import SlackChannel
from tracker.delivery.channels.teams import TeamsChannel
from tracker.errors import InputError, RefusedError, SettingsError, SetupError
from tracker.model.message import Form

OUTGOING = Outgoing(["127.0.0.0/8"], timeout_s=2)


@pytest.mark.parametrize(
    ("name", "channel"), [("slack", SlackChannel(OUTGOING)), ("teams", TeamsChannel(OUTGOING))]
)
def test_a_chat_gets_its_form(name: str, channel: Channel) -> None:
    with HttpReceiver(answers=[200, 200, 404, 429, 202]) as receiver:
        formed = message(forms=(Form(name, '{"its": "form"}'),))
        assert channel.send(Parcel(formed, receiver.url("/T/secret"), NOW, channel=name)) == "200 ok"
        assert json.loads(receiver.got[0].body) == {"its": "form"}
        assert receiver.got[0].headers["content-type"] == "application/json"
        hostile = message(subject="<!channel> *x*", text="[a](https://evil.example) <@U1>\n")
        channel.send(Parcel(hostile, receiver.url("/T/secret"), NOW, channel=name))
        said = receiver.got[1].body.decode()
        assert '"mrkdwn"' not in said
        assert '"TextBlock"' not in said
        if name == "slack":
            assert json.loads(said)["text"] == "&lt;!channel&gt; *x*"
        for permanent in (True, False):
            with pytest.raises(RefusedError) as refused:
                channel.send(Parcel(formed, receiver.url("/T/secret"), NOW, channel=name))
            assert refused.value.permanent is permanent
            assert "secret" not in str(refused.value)
        assert channel.send(Parcel(formed, receiver.url(), NOW, channel=name)).startswith("202")
    channel.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own imports are old
def test_apprise_notifies(caplog: pytest.LogCaptureFixture) -> None:
    channel = AppriseChannel()
    with HttpReceiver(answers=[200, 500]) as receiver, caplog.at_level(logging.DEBUG, "tracker"):
        address = f"json://127.0.0.1:{receiver.port}/secret"
        assert (
            channel.send(Parcel(message(), address, NOW, channel="apprise")) == "Apprise notified json://***"
        )
        body = json.loads(receiver.got[0].body)
        assert body["title"] == message().subject
        assert body["message"].startswith("AWS Support can now")
        with pytest.raises(RefusedError, match=r"could not notify json://\*\*\*") as refused:
            channel.send(Parcel(message(), address, NOW, channel="apprise"))
        assert not refused.value.permanent
    with pytest.raises(RefusedError, match="does not know") as refused:
        channel.send(Parcel(message(), "nosuch://secret", NOW, channel="apprise"))
    assert refused.value.permanent
    assert "secret" not in str(refused.value) + caplog.text
    channel.close()


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(SetupError) as raised:
        AppriseChannel().send(Parcel(message(), "json://x", NOW, channel="apprise"))
    assert "policy-tracker[apprise]" in raised.value.advice


def test_the_registry_makes_a_channel_once_and_closes_all() -> None:
    mail, slack = FakeChannel(), FakeChannel()
    made: list[str] = []

    def maker(name: str, channel: FakeChannel) -> Any:
        def make() -> Channel:
            made.append(name)
            return channel

        return make

    channels = Channels({"mail": maker("mail", mail), "slack": maker("slack", slack)})
    channels.send(Parcel(message(), "anna@example.org", NOW))
    channels.send(Parcel(message(), "https://x.test/", NOW, channel="slack"))
    channels.send(Parcel(message(), "bert@example.org", NOW, channel="mail"))
    assert made == ["mail", "slack"]
    assert [one for one, _ in mail.sent] == ["anna@example.org", "bert@example.org"]
    channels.close()
    assert (mail.closed, slack.closed) == (1, 1)
    channels.send(Parcel(message(), "anna@example.org", NOW))
    assert made == ["mail", "slack", "mail"]
    with pytest.raises(SettingsError, match="no channel 'fax'"):
        channels.send(Parcel(message(), "1", NOW, channel="fax"))


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("mail", "anna@example.org"), ("ses", "anna@example.org"), ("slack", "https://hooks.slack.com/services/T/B/x"),
        ("teams", "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/y?sig=z"),
        ("webhook", "https://example.org/hook"), ("webhook", "http://10.0.0.1:8080/"),
        ("sns", "arn:aws:sns:eu-west-1:123456789012:policies"), ("sns", "arn:aws-cn:sns:cn-north-1:123456789012:p.fifo"),
        ("eventbridge", "arn:aws:events:eu-west-1:123456789012:event-bus/default"), ("git", "/srv/policies"),
        ("apprise", "ntfy://topic"),
    ],
)  # fmt: skip
def test_addresses_that_are_taken(channel: str, address: str) -> None:
    assert check_address(channel, f" {address} ") == address


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("mail", "https://example.org/"), ("ses", "no"), ("fax", "1"), ("slack", "anna@example.org"), ("slack", "https://"),
        ("webhook", "ftp://x.example/secret"), ("webhook", "file:///etc/secret"), ("webhook", "https://u:secret@x.example/"),
        ("webhook", "https://x.example/#secret"), ("webhook", "https://x.example:99999/secret"), ("webhook", "https://[::1/secret"),
        ("webhook", "https://x.example/sec ret"), ("webhook", "https://x.example/\r\nX: secret"), ("webhook", "https://ä.example/secret"),
        ("webhook", "https://x.example/" + "secret" * 400), ("teams", "gopher://x/"), ("sns", "arn:aws:sns:eu-west-1:1:x"),
        ("sns", "arn:aws:sqs:eu-west-1:123456789012:x"), ("eventbridge", "default"), ("git", "relative"), ("git", "/srv/../etc"),
        ("apprise", "ntfy"), ("apprise", "no scheme://x"),
    ],
)  # fmt: skip
def test_addresses_that_are_refused_without_repeating_a_secret(channel: str, address: str) -> None:
    with pytest.raises(InputError) as refused:
        check_address(channel, address)
    assert refused.value.advice
    assert "secret" not in str(refused.value)


def test_every_channel_has_a_page() -> None:
    from pathlib import Path

    folder = Path(__file__).resolve().parents[3] / "docs" / "channels"
    assert {path.stem for path in folder.glob("*.md")} >= {*CHANNELS} - {"mail"} | {"smtp"}
