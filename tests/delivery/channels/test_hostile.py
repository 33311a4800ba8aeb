"""A hostile document by every channel: HTML, Markdown, a chat's markup, terminal escapes, line breaks in what it names."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.changelog import cases
from tests.changelog.making import CATALOGUE
from tests.delivery.channels.test_probe import options
from tests.delivery.conftest import NOW, plain
from tests.support.http_receiver import HttpReceiver
from tracker.changelog.render import Renderer
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.registry import Channels
from tracker.delivery.channels.wiring import all_channels
from tracker.delivery.mail import letter
from tracker.demo.aws import EmbeddedAws

MESSAGE = Renderer(CATALOGUE).message(cases.hostile())
TOKEN = "t0ken"
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@pytest.fixture
def channels() -> Iterator[Channels]:
    made = all_channels(options())
    yield made
    made.close()


def parcel(channel: str, address: str) -> Parcel:
    return Parcel(MESSAGE, address, NOW, TOKEN, channel)


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """(type of the block, text) of everything that a chat shows."""
    if isinstance(value, dict):
        for key in ("text", "title", "value"):
            if isinstance(value.get(key), str):
                yield str(value.get("type", "")), value[key]
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def harmless(text: str) -> bool:
    """Nothing that a terminal, or a reader that lays text out, would act on."""
    return not CONTROLS.search(text.replace("\r\n", "\n"))


def test_mail_and_its_every_part() -> None:
    data = letter(parcel("mail", "anna@example.org"), plain(25)).data
    parsed = message_from_bytes(data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert all(harmless(str(value)) for value in parsed.values())
    assert parsed["Bcc"] is None
    names = ["date", "from", "to", "subject", "message-id"]
    assert [len(parsed.get_all(name, [])) for name in names] == [1] * 5
    for part in parsed.walk():
        if not part.is_multipart():
            assert harmless(part.get_content()), part.get_content_type()
    page = parsed.get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()
    assert "<img" not in page.get_content()


@pytest.mark.parametrize("name", ["slack", "teams"])
def test_chats_show_it_letter_by_letter(channels: Channels, name: str) -> None:
    with HttpReceiver() as receiver:
        channels.send(parcel(name, receiver.url("/x")))
    body = json.loads(receiver.got[0].body)
    assert all(harmless(text) for _, text in texts(body))
    assert not any(kind in ("mrkdwn", "TextBlock") for kind, _ in texts(body))
    said = receiver.got[0].body.decode()
    assert "<!channel>" not in said.replace("\\u003c", "<")
    assert '"<at>' not in said


def test_a_webhook_gets_valid_json_that_says_what_the_document_says(channels: Channels) -> None:
    with HttpReceiver() as receiver:
        channels.send(parcel("webhook", receiver.url("/x")))
    [got] = receiver.got
    assert b"\x1b" not in got.body
    assert not CONTROLS.search(got.body.decode())
    record = json.loads(got.body)
    assert record["actions_added"][0]["action"] == cases.HOSTILE
    assert all(harmless(value) for value in got.headers.values())


def test_a_commit_has_one_trailer_and_stays_in_its_folder(channels: Channels, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(tree)], check=True)
    channels.send(parcel("git", str(tree)))
    log = subprocess.run(
        ["git", "-C", str(tree), "log", "--format=%B"], check=True, capture_output=True, text=True
    ).stdout
    assert harmless(log)
    assert log.count("Changelog-Id:") == 1
    files = [path for path in tree.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert {path.suffix for path in files} == {".md", ".json"}
    assert all(harmless(path.read_text()) for path in files)


def test_aws_channels(channels: Channels, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedAws() as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        import boto3

        sns, sqs, events, ses = (
            boto3.client(name, region_name="us-east-1") for name in ("sns", "sqs", "events", "sesv2")
        )
        topic = sns.create_topic(Name="policies")["TopicArn"]
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q",
            Attributes={"RawMessageDelivery": "false"},
        )  # fmt: skip
        assert channels.send(parcel("sns", topic)).startswith("SNS took it")
        [got] = sqs.receive_message(QueueUrl=queue)["Messages"]
        told = json.loads(got["Body"])
        assert harmless(told["Message"])
        assert told["Subject"].isascii()
        assert told["Subject"].isprintable()
        bus = events.create_event_bus(Name="policies")["EventBusArn"]
        channels.send(parcel("eventbridge", bus))
        ses.create_email_identity(EmailIdentity="policy-tracker@example.org")
        channels.send(parcel("ses", "anna@example.org"))
        [mail] = json.loads(
            urllib.request.urlopen(f"{aws.environment()['AWS_ENDPOINT_URL']}/moto-api/data.json").read()
        )["ses"]["RawMessage"]
        assert "Bcc:" not in str(mail)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own imports are old
def test_apprise(channels: Channels) -> None:
    with HttpReceiver() as receiver:
        channels.send(parcel("apprise", receiver.url("/x").replace("http://", "json://")))
    told = json.loads(receiver.got[0].body)
    assert harmless(told["message"])
    assert harmless(told["title"])
