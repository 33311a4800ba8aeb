"""Who can't be reached is left alone: refusals in a row, reports by mail that prove themselves, reports by SNS that AWS signed."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.delivery.conftest import NOW, Clock, FakeChannel
from tracker.delivery.deliver import deliver
from tracker.delivery.intake import Intake, Taken
from tracker.delivery.mail import message_id
from tracker.delivery.outbox import Outbox
from tracker.delivery.reports import of_mail
from tracker.delivery.sns_signature import confirmation, verified
from tracker.delivery.subscribers import Subscribers
from tracker.errors import InputError, RefusedError
from tracker.store.database import Database

Queue = Callable[..., list[str]]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    built = built.serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    signed = built.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC)).sign(KEY, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


PEM = pem()


def dsn(
    recipient: str, returned: str, *, action: str = "failed", status: str = "5.1.1", own: str = "<dsn-1@mx>"
) -> bytes:
    """A delivery status notification as Postfix writes it."""
    return f"""\
From: MAILER-DAEMON@mx.example.org
To: operator@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: {own}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: User unknown

--b
Content-Type: text/rfc822-headers

From: policy-tracker@example.org
To: {recipient}
Message-ID: {returned}

--b--
""".replace("\n", "\r\n").encode()


def sns(
    event: Any, number: str = "1", *, version: str = "2", kind: str = "Notification", **changed: str
) -> bytes:
    """A message of SNS's, signed by KEY."""
    envelope = {
        "Type": kind,
        "MessageId": number,
        "TopicArn": TOPIC,
        "Message": event if isinstance(event, str) else json.dumps(event),
        "Timestamp": "2026-08-19T18:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **changed,
    }
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    hashing = hashes.SHA1() if version == "1" else hashes.SHA256()
    envelope["Signature"] = base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), hashing)).decode()
    return json.dumps(envelope).encode()


def bounce_of(*recipients: str, kind: str = "Permanent") -> dict[str, Any]:
    people = [{"emailAddress": one, "diagnosticCode": "smtp; 550 5.1.1 user unknown"} for one in recipients]
    return {"notificationType": "Bounce", "bounce": {"bounceType": kind, "bouncedRecipients": people}}


def fetch(url: str) -> bytes:
    assert url == CERTIFICATE
    return PEM


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database, "example.org", [TOPIC], fetch, after=2)


def state(subscribers: Subscribers, address: str) -> str:
    return subscribers.get(address).state


def test_refusals_in_a_row_end_a_subscription(
    queue: Queue, clock: Clock, subscribers: Subscribers, database: Database
) -> None:
    queue("anna", "bert", changelogs=("1", "2", "3", "4"))
    box = Outbox(database, bounced_after=3)
    channel = FakeChannel(always={"anna@example.org": RefusedError("550 user unknown", permanent=True)})
    done = deliver(box, channel, clock, "w", operator="operator@example.org")
    assert (done.sent, done.failed) == (4 + 2, 3), "bert's four, and two notices to the operator"
    assert state(subscribers, "anna@example.org") == "bounced"
    assert state(subscribers, "bert@example.org") == "active"
    assert [row.answer for row in box.list(["cancelled"])] == ["bounced"]
    notices = [one.message for one in channel.parcels if one.message.changelog.startswith("operator/bounced")]
    assert len(notices) == 1
    assert "anna@example.org" in notices[0].text
    assert "550 user unknown" in notices[0].text


def test_a_mail_that_was_sent_begins_the_count_anew(
    queue: Queue, clock: Clock, subscribers: Subscribers, database: Database
) -> None:
    queue("anna", changelogs=("1", "2", "3", "4"))
    refused: Exception = RefusedError("550", permanent=True)
    channel = FakeChannel()
    box = Outbox(database, bounced_after=2)
    for answers in ([refused], [], [refused], []):
        channel.answers = {"anna@example.org": answers}
        deliver(box, channel, clock, f"w{id(answers)}{clock()}", limit=1)
    assert state(subscribers, "anna@example.org") == "active"


def test_what_a_channel_only_puts_off_is_not_counted(
    queue: Queue, clock: Clock, subscribers: Subscribers, database: Database
) -> None:
    queue("anna", changelogs=("1", "2"))
    channel = FakeChannel(always={"anna@example.org": RefusedError("450 busy", permanent=False)})
    box = Outbox(database, bounced_after=1)
    for _ in range(60):
        deliver(box, channel, clock, f"w{clock()}")
        clock.tick(hours=4)
    assert {row.state for row in box.list(["failed", "waiting"])} == {"failed"}
    assert state(subscribers, "anna@example.org") == "active"


def test_a_report_by_mail_counts_where_it_gives_back_our_mail(
    queue: Queue, clock: Clock, outbox: Outbox, subscribers: Subscribers, intake: Intake
) -> None:
    queue("anna", "bert", changelogs=("1", "2"))
    deliver(outbox, FakeChannel(), clock, "w")
    first, second = (message_id(one, "anna@example.org", "example.org") for one in "12")
    forged = dsn("anna@example.org", message_id("1", "bert@example.org", "example.org"), own="<f@x>")
    assert intake.take(forged, NOW) == Taken(ignored=1), "the id of another's mail proves nothing"
    assert intake.take(dsn("anna@example.org", "<made@up>", own="<g@x>"), NOW).ignored == 1
    assert (
        intake.take(
            dsn("anna@example.org", first, action="delayed", status="4.2.2", own="<h@x>"), NOW
        ).ignored
        == 1
    )
    assert intake.take(dsn("ANNA@example.org", first), NOW) == Taken(counted=1)
    assert intake.take(dsn("ANNA@example.org", first), NOW) == Taken(ignored=1), "the same report comes twice"
    assert intake.take(dsn("anna@example.org", second, own="<dsn-2@mx>"), NOW) == Taken(counted=1, bounced=1)
    assert state(subscribers, "anna@example.org") == "bounced"
    assert state(subscribers, "bert@example.org") == "active"
    assert outbox.due(NOW), "the operator is to be told"


def test_a_report_reads_as_it_is_written() -> None:
    (one,) = of_mail(dsn("anna@example.org", "<x@example.org>"))
    assert (one.recipient, one.kind, one.message_id) == ("anna@example.org", "permanent", "<x@example.org>")
    assert "550 5.1.1" in one.answer


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: hello\r\n\r\nOut of office",
        b"\xff\xfe\x00",
        b"Content-Type: multipart/report\r\n\r\n--",
        b"{",
        b"{}",
        b"[1]",
        b'{"Type": ["Notification"]}',
        b'{"Type": {}}',
    ],
)
def test_what_is_no_report_is_refused_in_words(intake: Intake, raw: bytes) -> None:
    with pytest.raises(InputError):
        intake.take(raw, NOW)


def test_a_header_or_a_nesting_that_parsers_choke_on_is_no_crash() -> None:
    hostile = dsn("anna@example.org", "<1@example.org>", own="(" * 5000 + ")" * 5000)
    assert [one.recipient for one in of_mail(hostile)] == ["anna@example.org"]
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
    )
    with pytest.raises(InputError, match="nested deeper"):
        of_mail(deep)


def test_a_certificate_of_another_kind_is_refused() -> None:
    key = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"  # the name of RSA in the certificate
    der = base64.b64decode(b"".join(PEM.splitlines()[1:-1])).replace(key, key[:-1] + b"\x7f", 1)
    foreign = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    with pytest.raises(InputError, match="does not fit"):
        verified(sns(bounce_of("anna@example.org")), [TOPIC], lambda url: foreign)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_bounce_counts_once(
    queue: Queue, subscribers: Subscribers, intake: Intake, version: str
) -> None:
    queue("anna", "bert")
    event = bounce_of("Anna <anna@example.org>", "stranger@example.org")
    assert intake.take(sns(event, version=version), NOW) == Taken(counted=1, ignored=1)
    assert intake.take(sns(event, version=version), NOW) == Taken(ignored=2)
    assert intake.take(sns(bounce_of("anna@example.org", kind="Transient"), "2"), NOW) == Taken(ignored=1)
    assert intake.take(sns(event, "3"), NOW) == Taken(counted=1, bounced=1, ignored=1)
    assert state(subscribers, "anna@example.org") == "bounced"


def test_one_complaint_is_enough(queue: Queue, subscribers: Subscribers, intake: Intake) -> None:
    queue("anna")
    event = {
        "eventType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": "anna@example.org"}]},
    }
    assert intake.take(sns(event), NOW) == Taken(bounced=1)
    assert state(subscribers, "anna@example.org") == "bounced"


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": json.dumps(bounce_of("bert@example.org"))},
        {"MessageId": "other"},
        {"Signature": base64.b64encode(b"x" * 256).decode()},
        {"Signature": "not base64!"},
        {"SignatureVersion": "3"},
        {"TopicArn": "arn:aws:sns:eu-west-1:666666666666:mine"},
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"},
        {"Type": "Other"},
        {"Timestamp": None},
    ],
)  # fmt: skip
def test_what_aws_did_not_sign_is_refused(
    queue: Queue, subscribers: Subscribers, intake: Intake, changed: dict[str, Any]
) -> None:
    queue("anna", "bert")
    envelope = {**json.loads(sns(bounce_of("anna@example.org"))), **changed}
    with pytest.raises(InputError):
        intake.take(json.dumps(envelope).encode(), NOW)
    assert {state(subscribers, f"{name}@example.org") for name in ("anna", "bert")} == {"active"}


def test_a_topic_of_anybody_elses_is_refused_though_aws_signed_it() -> None:
    with pytest.raises(InputError, match="not listened to"):
        verified(sns(bounce_of("anna@example.org")), ["arn:aws:sns:eu-west-1:123456789012:another"], fetch)


def test_a_subscription_is_confirmed_at_aws_and_nowhere_else(database: Database) -> None:
    asked: list[str] = []

    def fetched(url: str) -> bytes:
        asked.append(url)
        return PEM

    intake = Intake(database, "example.org", [TOPIC], fetched)
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=y"
    raw = sns("You have chosen", kind="SubscriptionConfirmation", SubscribeURL=url, Token="y")
    assert intake.take(raw, NOW) == Taken(confirmed=TOPIC)
    assert asked == [CERTIFICATE, url]
    evil = sns(
        "You",
        kind="SubscriptionConfirmation",
        SubscribeURL="https://evil.example/?Action=ConfirmSubscription&x",
        Token="y",
    )
    assert confirmation(verified(evil, [TOPIC], fetch)) == ""


def test_what_bounced_while_a_worker_had_it_in_hand_is_not_tried_again(
    queue: Queue, clock: Clock, outbox: Outbox, database: Database
) -> None:
    queue("anna")
    assert outbox.claim("dead", clock()) is not None
    with database.writing() as connection:
        connection.execute("UPDATE subscribers SET state = 'bounced'")
    clock.now += timedelta(hours=1)
    assert outbox.claim("other", clock()) is None
    assert [row.answer for row in outbox.list(["cancelled"])] == ["bounced"]


def test_an_address_that_is_erased_leaves_nothing_in_the_counts(
    queue: Queue, subscribers: Subscribers, intake: Intake, database: Database
) -> None:
    queue("anna", "bert")
    intake.take(sns(bounce_of("anna@example.org")), NOW)
    intake.take(
        sns(
            {
                "notificationType": "Complaint",
                "complaint": {"complainedRecipients": [{"emailAddress": "bert@example.org"}]},
            },
            "2",
        ),
        NOW,
    )
    for name in ("anna", "bert"):
        subscribers.erase(f"{name}@example.org", NOW)
    with database.reading() as connection:
        for table in ("bounces", "bounce_reports", "meta", "outbox", "subscribers"):
            kept = str([tuple(row) for row in connection.execute(f"SELECT * FROM {table}")])
            assert "anna" not in kept, table
            assert "bert" not in kept, table
