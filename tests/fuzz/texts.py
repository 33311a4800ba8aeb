"""Parsers of bytes and texts that need no folder: what mail servers, AWS, files and archives say."""

import gzip
import io
import json
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote

from tests.delivery.test_bounces import CERTIFICATE, PEM, TOPIC, bounce_of, dsn, sns
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tests.sources.test_announcements import ATOM, NAME, PAGE, RSS
from tests.support.git_archives import answer, document
from tests.support.trails import ACCOUNT, event, text_of
from tracker.archive.catalogues import CatalogueLine, line_text, read_catalogue, read_line
from tracker.archive.chain import check, linked
from tracker.archive.records import (
    RecordError,
    SourceLine,
    look_line,
    observation_line,
    read_look,
    read_observation,
    read_signoff,
    read_snapshot,
    read_source,
    signoff_line,
    snapshot_text,
    source_line,
)
from tracker.archive.seal import Seal, Sealed, read_seal
from tracker.cli.documents import _read
from tracker.delivery.addresses import checked_address, masked, readable_answer
from tracker.delivery.reports import of_mail, of_ses
from tracker.delivery.rosters import read_csv, read_toml
from tracker.delivery.sns_signature import confirmation, verified
from tracker.delivery.subscription import Subscriber
from tracker.delivery.tokens import Purpose, Tokens
from tracker.delivery.wish import Wish
from tracker.errors import TrackerError
from tracker.model.history import Look, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.model.signoff import SignOff
from tracker.model.used import Role
from tracker.policy.parse import canonical_text, digest, parse_document
from tracker.policy.questions import question
from tracker.schedule import Schedule
from tracker.sources.announcements import read_announcements
from tracker.sources.answers import read_answer
from tracker.sources.cloudtrail_files import Reader
from tracker.sources.cloudtrail_records import record_of, records

WHEN = datetime(2026, 8, 19, 17, 37, 19, tzinfo=UTC)
ARN = PolicyArn("aws", NAME, "/aws-service-role/")
_HASH = "0" * 64


def _documents() -> Target:
    def read(raw: bytes) -> object:
        return parse_document(raw.decode("utf-8", "surrogateescape"), what="Fuzzed v1")

    whole = (Path(__file__).resolve().parents[2] / "snapshots").rglob("*_v*.json")
    real = [
        json.loads(path.read_text())["document"]
        for path in sorted(whole, key=lambda one: one.stat().st_size)[:3]
    ]
    odd = {
        "Version": "2012-10-17", "Id": "x", "Statement": [
            {"Sid": "a", "Effect": "Deny", "NotAction": "s3:*", "NotResource": ["arn:aws:s3:::${aws:username}/*"],
             "Condition": {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a*", "?"]}, "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                           "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}, "NumericLessThan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": "true"}}},
            {"Effect": "Allow", "Action": ["iam:PassRole", "ec2:Run*"], "Resource": "*", "Principal": {"AWS": "*", "Service": ["ec2.amazonaws.com"]}}]}  # fmt: skip
    return Target("documents", [json.dumps(one).encode() for one in (*real, odd, odd)], read)


def _answers() -> Target:
    def read(raw: bytes) -> object:
        told = read_answer(raw, "file.json")
        return canonical_text(told.document, what="file.json")

    seeds = [
        json.dumps(answer(3, "s3:Get*", "ec2:Run*")),
        json.dumps(answer(3, date="Thu, 14 Nov 2019 22:39:25 GMT")),
    ]
    encoded = {
        "VersionId": "v2",
        "CreateDate": 1573771165,
        "Document": quote(json.dumps(document())),
        "Arn": str(ARN),
    }
    return Target("answers", [one.encode() for one in (*seeds, json.dumps(encoded))], read)


def _files() -> Target:
    """What `diff FILE FILE`, `explain` and `gate` read."""

    def read(raw: bytes) -> object:
        return _read(Path("file.json"), raw.decode("utf-8", "replace"))

    return Target("files", [*_answers().seeds, *_snapshots().seeds, *_documents().seeds], read)


def _mails() -> Target:
    returned = "<0123@example.org>"
    plain = dsn("anna@example.org", returned)
    abuse = plain.replace(b"report-type=delivery-status", b"report-type=feedback-report").replace(
        b"message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n",
        b"message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nOriginal-Rcpt-To: <anna@example.org>",
    )
    whole = plain.replace(b"text/rfc822-headers", b"message/rfc822")
    encoded = plain.replace(
        b"message/delivery-status\r\n",
        b'message/delivery-status; charset="utf-7"\r\nContent-Transfer-Encoding: base64\r\n',
    )
    return Target(
        "mails",
        [
            plain,
            abuse,
            whole,
            encoded,
            plain.replace(b"Message-ID: <dsn-1@mx>", b"Message-ID: =?utf-8?q?a?="),
        ],
        of_mail,
    )


def _sns() -> Target:
    """The envelope, with its signature, and what SES says in it, as if AWS had signed that."""

    def read(raw: bytes) -> object:
        try:
            envelope = verified(raw, [TOPIC], lambda url: PEM)
        except TrackerError:
            return of_ses({"Message": raw.decode("utf-8", "surrogateescape"), "MessageId": "1"})
        return confirmation(envelope) or of_ses(envelope)

    link = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=a"
    complaint = {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": "Anna <a@b.example>"}],
            "complaintFeedbackType": "abuse",
        },
    }
    bounce = json.dumps(bounce_of("anna@example.org", "b@example.org"))
    signed = [
        sns(bounce_of("anna@example.org")),
        sns("x", kind="SubscriptionConfirmation", SubscribeURL=link, Token="a"),
    ]
    return Target("sns", [*signed, bounce.encode(), json.dumps(complaint).encode()], read)


def _certificates() -> Target:
    """What is fetched from AWS's address, should it be something else."""

    def read(raw: bytes) -> object:
        return verified(envelope, [TOPIC], lambda url: raw if url == CERTIFICATE else b"")

    envelope = sns(bounce_of("anna@example.org"))
    return Target("certificates", [PEM], read)


def _events() -> list[object]:
    resources = [{"ARN": "arn:aws:s3:::bucket/key", "type": "AWS::S3::Object"}]
    assumed = event(
        "AssumeRole",
        source="sts.amazonaws.com",
        identity={"type": "AWSService", "invokedBy": "support.amazonaws.com"},
        resources=resources,
    )
    return [event(), event(number=2, errorCode="AccessDenied", resources=resources), assumed]


def _trails() -> Target:
    reader = Reader(
        Role("AWSServiceRoleForSupport", f"arn:aws:iam::{ACCOUNT}:role/x", "support.amazonaws.com"),
        WHEN - timedelta(days=30),
        None,
    )

    def read(raw: bytes) -> object:
        found = [reader.pick(batch) for batch in records(io.BytesIO(raw), packed=raw[:2] == b"\x1f\x8b")]
        return found, reader.pick([record_of(raw[12:-2].decode("utf-8", "replace"))])

    plain = text_of(_events())
    return Target(
        "cloudtrail",
        [plain, plain, gzip.compress(plain, mtime=0), gzip.compress(bytes(3_000_000), mtime=0)],
        read,
        mutate=_packed,
    )


def _packed(raw: bytes, chance: random.Random) -> bytes:
    """What is inside a packed file went wrong, or the file itself."""
    if raw[:2] == b"\x1f\x8b" and len(raw) < 2_000 and chance.random() < 0.7:
        return gzip.compress(mutated(gzip.decompress(raw), chance), compresslevel=1, mtime=0)
    return mutated(raw, chance)


def _announcements() -> Target:
    def read(raw: bytes) -> object:
        return read_announcements(raw, NAME, "page.html")

    return Target("announcements", [one.encode() for one in (PAGE, RSS, ATOM)], read)


def _snapshots() -> Target:
    text = canonical_text(json.dumps(answer(3)["PolicyVersion"]["Document"]), what="a")
    snapshot = Snapshot(ARN, VersionId.parse("v3"), WHEN, text, digest(text), "iam")
    return Target("snapshots", [snapshot_text(snapshot).encode()], read_snapshot, (RecordError,))


def _lines() -> Target:
    """Every kind of line that the archive keeps, its chain among them."""

    def read(raw: bytes) -> object:
        check(raw.split(b"\n"))
        kind, _, line = raw.partition(b"|")
        return readers.get(kind, read_observation)(line)

    version = VersionId.parse("v3")
    seen = Observation(
        observed_at=WHEN, version=version, create_date=WHEN, source="iam", run="r1", basis="look"
    )
    signed = SignOff(
        signed_at=WHEN, change="c1", arn=ARN, from_version=None, to_version=version, sha256=_HASH, by="anna", ticket="T-1",
        note="read", items=("s3:GetObject",), out_of=2,
    )  # fmt: skip
    readers = {
        b"timeline": read_observation,
        b"look": read_look,
        b"source": read_source,
        b"signoff": read_signoff,
        b"catalogue": read_line,
    }
    told = {
        "timeline": observation_line(seen, _HASH), "look": look_line(Look("r1", WHEN, WHEN, ("a",), ())),
        "source": source_line(SourceLine(version, WHEN, _HASH, "moto 5.2.4", ARN)), "signoff": signoff_line(signed),
        "catalogue": line_text(CatalogueLine(WHEN, "0.1.20261027", _HASH, "r1")),
    }  # fmt: skip
    chained = ("timeline", "look", "signoff")
    seeds = [
        kind.encode() + b"|" + (linked(b"", [line])[0][:-1] if kind in chained else line.encode())
        for kind, line in told.items()
    ]
    return Target("lines", seeds, read, (RecordError, ValueError), mutate=_line)


def _line(raw: bytes, chance: random.Random) -> bytes:
    kind, _, line = raw.partition(b"|")
    return kind + b"|" + mutated(line, chance)


def _seals() -> Target:
    def read(raw: bytes) -> object:
        return read_seal(raw.decode("utf-8", "replace"), "seal")

    seal = Seal(tuple(Sealed.of(path, b"x") for path in ("signoffs.jsonl", "snapshots/aws/A/timeline.jsonl")))
    return Target("seals", [seal.text.encode()], read)


def _catalogues() -> Target:
    def read(raw: bytes) -> object:
        return read_catalogue(raw, "0.1")

    kept = {
        "schema": 1,
        "version": "0.1",
        "services": {"s3": {"name": "Amazon S3", "actions": {"GetObject": "Read"}}},
    }
    return Target("catalogues", [json.dumps(kept).encode()], read, (RecordError,))


def _tokens() -> Target:
    purposes: tuple[Purpose, ...] = ("confirm", "manage", "undo")
    tokens = Tokens(["k" * 40, "l" * 40])
    one = Subscriber(7, "anna@example.org", Wish(), "active", WHEN, "t" * 20)

    def read(raw: bytes) -> object:
        text, told = raw.decode("utf-8", "surrogateescape"), None
        for purpose in purposes:
            try:
                told = tokens.read(purpose, text, WHEN)
            except TrackerError as error:
                refused = error
                continue
            assert text.startswith(signed[purpose].rpartition(".")[0]), (
                f"somebody else's link was believed: {text!r}"
            )
        if told is None:
            raise refused
        return told

    signed = {purpose: tokens.sign(purpose, one, WHEN) for purpose in purposes}
    return Target("tokens", [token.encode() for _, token in sorted(signed.items())], read)


def _rosters() -> Target:
    def read(raw: bytes) -> object:
        text = raw.decode("utf-8", "replace")
        return read_csv(text) if b"[[" not in raw else read_toml(text)

    table = "address,channel,policies,services,level,watch,frequency,hour,name\r\n"
    rows = 'anna@example.org,mail,"A*,B",s3,Read,customer-data,daily,6,x\r\nhttps://hooks.slack.com/services/T0/B0/x,slack,,,,,instant,,\r\n'
    tables = '[[subscriber]]\naddress = "anna@example.org"\npolicies = ["A*"]\nhour = 6\nfrequency = "weekly"\ntripwires = true\n'
    return Target("rosters", [(table + rows).encode(), tables.encode()], read)


def _words() -> Target:
    """What is typed or comes as one word: instants, schedules, questions, addresses, ARNs, versions, and servers' answers."""

    def read(raw: bytes) -> object:
        text = raw.decode("utf-8", "surrogateescape")
        masked(readable_answer(raw))
        told = []
        for parse in (
            parse_instant,
            Schedule.parse,
            question,
            checked_address,
            PolicyArn.parse,
            VersionId.parse,
        ):
            try:
                told.append(parse(text))
            except (ValueError, TrackerError) as error:
                refused = error
        if not told:
            raise refused
        return told

    seeds = [
        "2026-08-19T17:37:19Z", "2026-08-19 17:37+02:00", "17 6 * * 1-5", "6h", "*/5 0-23 1,15 * *", "s3:Get*", "*:Decrypt",
        "anna@example.org", "a.b@bücher.example", str(ARN), "v57", "v1.2-a",
    ]  # fmt: skip
    return Target("words", [one.encode() for one in seeds], read, (TrackerError, ValueError))


@cache
def text_targets() -> tuple[Target, ...]:
    """All of them."""
    return tuple(
        make()
        for make in (
            _documents, _answers, _files, _mails, _sns, _certificates, _trails, _announcements, _snapshots, _lines, _seals, _catalogues,
            _tokens, _rosters, _words,
        )
    )  # fmt: skip
