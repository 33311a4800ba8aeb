"""SES, SNS and EventBridge against moto's server, and against a server that answers with AWS's own errors."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.delivery.conftest import ARN, NOW, message
from tests.support.http_receiver import HttpReceiver
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.aws import AwsAccess
from tracker.delivery.channels.eventbridge import EventBridgeChannel, fitting
from tracker.delivery.channels.ses import SesChannel
from tracker.delivery.channels.sns import SnsChannel, cut
from tracker.delivery.mail import letter
from tracker.delivery.smtp_settings import SmtpSettings
from tracker.demo.aws import EmbeddedAws
from tracker.errors import (
    ChannelDownError,
    CredentialsError,
    PermissionDeniedError,
    RefusedError,
    SetupError,
    TrackerError,
)
from tracker.model.message import Form

LETTERS = SmtpSettings(
    sender="Policy tracker <policy-tracker@example.org>",
    operator="operator@example.org",
    base_url="https://x.example",
)
RECORD = json.dumps({"schema": 1, "type": "change", "headline": "AWS Support can now"})
ACCESS = AwsAccess(region="us-east-1", connect_timeout_s=2, read_timeout_s=5)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as server:
        yield server


@pytest.fixture
def aws(embedded: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes boto3 clients of moto's server; our channels reach it by the same variables."""
    import boto3

    for name, value in embedded.environment().items():
        monkeypatch.setenv(name, value)
    return boto3.client


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpReceiver]:
    """An AWS that answers as it is told."""
    with HttpReceiver() as receiver:
        for name, value in {
            "AWS_ENDPOINT_URL": receiver.url(""),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }.items():
            monkeypatch.setenv(name, value)
        yield receiver


def parcel(recipient: str, channel: str, **changed: Any) -> Parcel:
    return Parcel(message(forms=(Form("json", RECORD),), **changed), recipient, NOW, "t0ken", channel)


def queue(aws: Any, name: str) -> tuple[str, str]:
    """(URL, ARN) of a new queue."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(aws: Any, url: str) -> list[dict[str, Any]]:
    found = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [json.loads(one["Body"]) for one in found.get("Messages", [])]


def test_ses_takes_the_very_bytes_of_the_mail(aws: Any, embedded: EmbeddedAws) -> None:
    aws("sesv2").create_email_identity(EmailIdentity="policy-tracker@example.org")
    channel, one = SesChannel(LETTERS, ACCESS), parcel("anna@example.org", "ses")
    assert channel.send(one).startswith("SES took it: ")
    channel.send(parcel("bert@example.org", "ses"))
    channel.close()
    with urllib.request.urlopen(f"{embedded.endpoint}/moto-api/data.json") as answer:
        kept = [mail for mail in json.load(answer)["ses"]["RawMessage"] if "anna@" in mail["destinations"][0]]
    assert kept[0]["raw_data"].encode() == letter(one, LETTERS).data
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in kept[0]["raw_data"]


def test_sns_publishes_text_and_attributes(aws: Any) -> None:
    url, arn = queue(aws, "from-sns")
    topic = aws("sns").create_topic(Name="policies")["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    channel = SnsChannel(ACCESS)
    assert channel.send(
        parcel(topic, "sns", urgent=True, subject="AWS Support: −14 actions " + "x" * 200)
    ).startswith("SNS took it")
    channel.close()
    (got,) = received(aws, url)
    assert got["Message"] == message().text
    assert got["Subject"].startswith("AWS Support: ?14 actions")
    assert len(got["Subject"]) < 100
    assert {name: one["Value"] for name, one in got["MessageAttributes"].items()} == {
        "policy": "AWSSupportServiceRolePolicy", "versions": "v57..v59", "changelog": "8d7c5f0e", "urgent": "true",
    }  # fmt: skip


def test_sns_keeps_the_order_of_a_fifo_topic_and_drops_what_comes_twice(aws: Any) -> None:
    topic = aws("sns").create_topic(Name="policies.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert SnsChannel(ACCESS).send(parcel(topic, "sns")).startswith("SNS took it")


def test_sns_refuses_a_topic_that_is_not_there(aws: Any) -> None:
    with pytest.raises(RefusedError, match="NotFound") as refused:
        SnsChannel(ACCESS).send(parcel("arn:aws:sns:us-east-1:123456789012:nobody", "sns"))
    assert refused.value.permanent


def test_eventbridge_puts_the_record(aws: Any) -> None:
    url, arn = queue(aws, "from-events")
    events = aws("events")
    bus = events.create_event_bus(Name="policies")["EventBusArn"]
    pattern = {"source": ["policy-tracker"], "detail-type": ["change"]}
    events.put_rule(Name="all", EventBusName="policies", EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule="all", EventBusName="policies", Targets=[{"Id": "1", "Arn": arn}])
    channel = EventBridgeChannel(ACCESS)
    assert channel.send(parcel(bus, "eventbridge")).startswith("EventBridge took it")
    channel.close()
    (got,) = received(aws, url)
    assert got["detail"] == json.loads(RECORD)
    assert got["resources"] == [ARN]
    assert got["source"] == "policy-tracker"


def test_eventbridge_reads_the_refusal_inside_an_accepted_call(down: HttpReceiver) -> None:
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/b"
    for code, permanent in (
        ("ThrottlingException", False),
        ("InternalFailure", False),
        ("MalformedDetail", True),
    ):
        body = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "because"}]}
        down.answers.append((200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()))
        with pytest.raises(RefusedError, match=f"{code}: because") as refused:
            EventBridgeChannel(ACCESS).send(parcel(bus, "eventbridge"))
        assert refused.value.permanent is permanent


@pytest.mark.parametrize(
    ("status", "code", "said", "kind", "words"),
    [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", RefusedError, "later"),
        (400, "LimitExceededException", "Daily message quota exceeded.", ChannelDownError, ""),
        (400, "MessageRejected", "Email address is not verified. The following identities failed the check in region US-EAST-1: anna@example.org", RefusedError, "sandbox"),
        (400, "MessageRejected", "Email address is not verified. The following identities failed the check in region US-EAST-1: policy-tracker@example.org", SetupError, "verify mail.sender"),
        (400, "AccountSuspendedException", "suspended", SetupError, "SES console"),
        (400, "SendingPausedException", "paused", SetupError, "paused"),
        (400, "MailFromDomainNotVerifiedException", "no", SetupError, "verify"),
        (404, "NotFoundException", "Configuration set <x> does not exist.", SetupError, "configuration"),
        (403, "AccessDeniedException", "User is not authorized", PermissionDeniedError, "ses:SendRawEmail"),
        (403, "ExpiredTokenException", "expired", CredentialsError, ""),
        (400, "BadRequestException", "Invalid address", RefusedError, "never"),
        (500, "InternalFailure", "oops", RefusedError, "later"),
    ],
)  # fmt: skip
def test_what_ses_answers_is_understood(
    down: HttpReceiver, status: int, code: str, said: str, kind: type[TrackerError], words: str
) -> None:
    headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
    down.answers.append((status, headers, json.dumps({"message": said}).encode()))
    with pytest.raises(kind) as raised:
        SesChannel(LETTERS, ACCESS, "a-set").send(parcel("anna@example.org", "ses"))
    error = raised.value
    assert type(error) is kind
    assert "anna@example.org" not in str(error), "addresses are masked"
    if isinstance(error, RefusedError):
        assert error.permanent is (words != "later")
    if words not in ("later", "never", ""):
        assert words in f"{error} {error.advice}"
    assert len(down.got) == 1, "trying again is the outbox's"
    sent = json.loads(down.got[0].body)
    assert sent["ConfigurationSetName"] == "a-set"
    assert sent["Destination"] == {"ToAddresses": ["anna@example.org"]}


@pytest.mark.parametrize("how", ["drop", "garbage"])
def test_an_aws_that_does_not_answer_is_down(down: HttpReceiver, how: str) -> None:
    down.answers.append(how)
    with pytest.raises(ChannelDownError, match="Amazon SES can't be reached"):
        SesChannel(LETTERS, ACCESS).send(parcel("anna@example.org", "ses"))


def test_no_credentials_is_a_persons_to_set_right(
    monkeypatch: pytest.MonkeyPatch, down: HttpReceiver
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(CredentialsError):
        SnsChannel(ACCESS).send(parcel("arn:aws:sns:us-east-1:123456789012:x", "sns"))
    with pytest.raises(SetupError, match="can't make a client"):
        AwsAccess(profile="nobody").client("sns")


def test_ses_takes_no_address_beyond_ascii(down: HttpReceiver) -> None:
    with pytest.raises(RefusedError, match="beyond ASCII"):
        SesChannel(LETTERS, ACCESS).send(parcel("ænna@example.org", "ses"))
    assert not down.got


def test_a_record_too_large_for_an_event_says_what_was_cut() -> None:
    record = json.dumps(
        {
            "type": "change",
            "summary": {"actions_added": 5_000},
            "actions_added": ["é" * 90] * 5_000,
            "attention": ["x"],
        }
    )
    small = fitting(record, 20_000)
    assert len(small.encode()) <= 20_000
    assert json.loads(small) == {
        "type": "change", "summary": {"actions_added": 5_000}, "attention": ["x"], "cut": ["actions_added"],
    }  # fmt: skip
    assert fitting(RECORD, 20_000) == RECORD


def test_a_text_is_cut_between_letters() -> None:
    assert cut("short", 200) == "short"
    said = cut("é" * 1_000, 200)
    assert len(said.encode()) <= 200
    assert "2000 bytes; the rest stands in the tracker's folder" in said
