"""The dry form of each channel: all of sending but the message."""

import subprocess
from pathlib import Path

import pytest

from tests.delivery.conftest import Clock, plain
from tests.support.http_receiver import HttpReceiver
from tracker.delivery.channels.aws import AwsAccess
from tracker.delivery.channels.wiring import ChannelOptions, all_channels
from tracker.demo.aws import EmbeddedAws
from tracker.errors import CredentialsError, RefusedError, SettingsError


def options(secret: str = "s") -> ChannelOptions:
    return ChannelOptions(
        smtp=lambda: plain(1),
        letters=lambda: plain(1),
        webhook_secret=lambda: secret,
        aws=AwsAccess(
            region="us-east-1", connect_timeout_s=10, read_timeout_s=60
        ),  # its first answer loads much
        clock=Clock(),
        private_networks=("127.0.0.0/8",),
        timeout_s=1,
        sender="Policy tracker <policy-tracker@example.org>",
    )


@pytest.mark.parametrize("name", ["slack", "teams", "webhook"])
def test_a_web_address_is_connected_to_and_sent_nothing(name: str) -> None:
    channels = all_channels(options())
    with HttpReceiver() as receiver:
        assert channels.probe(name, receiver.url("/secret")) == "127.0.0.1 can be connected to, without TLS"
    assert receiver.got == []
    with pytest.raises(RefusedError, match="can't be connected to") as refused:
        channels.probe(name, receiver.url("/secret"))
    assert "secret" not in str(refused.value)
    with pytest.raises(RefusedError, match="inside a network"):
        channels.probe(name, "https://10.0.0.1/secret")
    channels.close()


def test_a_webhook_without_a_secret() -> None:
    with pytest.raises(SettingsError, match="no webhook secret"):
        all_channels(options("")).probe("webhook", "https://example.org/")


def test_aws_says_whose_credentials_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = all_channels(options())
    ways = {
        "ses": "anna@example.org",
        "sns": "arn:aws:sns:us-east-1:123456789012:x",
        "eventbridge": "arn:aws:events:us-east-1:123456789012:event-bus/x",
    }
    with EmbeddedAws() as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        for name, address in ways.items():
            assert channels.probe(name, address).endswith("are good, of account 123456789012")
    body = (
        b"<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>"
    )
    with HttpReceiver(answers=[(403, {"Content-Type": "text/xml"}, body)]) as receiver:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", receiver.url(""))
        with pytest.raises(CredentialsError, match="ExpiredToken"):
            channels.probe("sns", ways["sns"])


def test_git_would_push(tmp_path: Path) -> None:
    channels, tree, far = all_channels(options()), tmp_path / "tree", tmp_path / "far.git"
    with pytest.raises(RefusedError):
        channels.probe("git", str(tmp_path))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(tree)], check=True)
    assert "has no upstream" in channels.probe("git", str(tree))
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(far)], check=True)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "-C", str(tree), *who, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "-C", str(tree), "remote", "add", "origin", str(far)], check=True)
    subprocess.run(["git", "-C", str(tree), "push", "-q", "-u", "origin", "main"], check=True)
    assert channels.probe("git", str(tree)).endswith("its upstream would take a push")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_knows_an_address_or_not() -> None:
    assert all_channels(options()).probe("apprise", "json://localhost/secret") == "Apprise knows json://***"
    with pytest.raises(RefusedError, match="does not know"):
        all_channels(options()).probe("apprise", "nosuch://secret")


def test_mail_is_probed_by_doctors_own_look_at_the_server() -> None:
    with pytest.raises(TypeError, match="no dry form"):
        all_channels(options()).probe("mail", "anna@example.org")
