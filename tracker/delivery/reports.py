"""What others report of mails that were taken: delivery status notifications, complaints, and SES's events of both.

A report is believed where it proves itself: a mail must give back the Message-ID of a mail that we sent to that very
address; what comes through SNS must bear AWS's signature and name a topic that the operator listed (sns_signature.py).
"""

import json
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import compat32
from typing import Any, Literal

from tracker.delivery.addresses import readable_answer
from tracker.errors import InputError

_LONGEST = 10_000_000  # bytes of a report; a returned mail is in it


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one mail to one recipient."""

    id: str  # of the report and recipient: the same where it comes twice
    recipient: str
    kind: Literal["permanent", "transient", "complaint"]
    answer: str  # one line
    message_id: str = ""  # that a report by mail gives back: '<hash@domain>'; empty: proved another way


def of_mail(raw: bytes) -> tuple[Report, ...]:
    """The reports in a mail (RFC 3464, RFC 5965); none where it is some other mail.

    Raises InputError where it is too large, or its parts are nested without end.
    """
    if len(raw) > _LONGEST:
        raise InputError(f"a report of {len(raw)} bytes is too large")
    try:
        return _of_mail(raw)
    except RecursionError as error:
        raise InputError("a mail whose parts are nested deeper than any report's") from error


def _of_mail(raw: bytes) -> tuple[Report, ...]:
    # compat32 leaves the values of headers as they came; the newer policies parse each by a grammar, which takes seconds,
    # and fails, where somebody wants it to.
    mail = message_from_bytes(raw, policy=compat32)
    ours = _returned_id(mail)
    identity = str(mail.get("Message-ID", "")).strip() or ours
    found: list[Report] = []
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            found += _statuses(part, identity, ours)
        elif part.get_content_type() == "message/feedback-report":
            found += _complaint(mail, part, identity, ours)
    return tuple(found)


def _statuses(part: Mail, identity: str, ours: str) -> list[Report]:
    blocks: Any = part.get_payload()
    found = []
    for block in blocks if isinstance(blocks, list) else ():
        action = str(block.get("Action", "")).strip().lower()
        recipient = _recipient(block.get("Original-Recipient")) or _recipient(block.get("Final-Recipient"))
        if not recipient or action not in ("failed", "delayed"):
            continue
        status = str(block.get("Status", "")).strip()
        said = readable_answer(f"{status} {block.get('Diagnostic-Code', '')}".strip())
        kind: Literal["permanent", "transient"] = (
            "permanent" if action == "failed" and not status.startswith("4") else "transient"
        )
        found.append(Report(f"{identity} {recipient}", recipient, kind, said, ours))
    return found


def _complaint(mail: Mail, part: Mail, identity: str, ours: str) -> list[Report]:
    text: Any = part.get_payload()
    block = (
        text[0]
        if isinstance(text, list) and text
        else message_from_bytes(str(text).encode(), policy=compat32)
    )
    recipient = _recipient(block.get("Original-Rcpt-To")) or _to_of_returned(mail)
    kind = str(block.get("Feedback-Type", "abuse"))
    return (
        [
            Report(
                f"{identity} {recipient}", recipient, "complaint", readable_answer(f"complaint: {kind}"), ours
            )
        ]
        if recipient
        else []
    )


def _recipient(field: object) -> str:
    """`rfc822; anna@example.org` or `<anna@example.org>` as the address alone."""
    text = str(field or "").rpartition(";")[2].strip().strip("<>")
    return text if "@" in text else ""


def _returned(mail: Mail) -> Mail | None:
    """The mail, or its headers, that a report gives back."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822":
            inner: Any = part.get_payload()
            return inner[0] if isinstance(inner, list) and inner else None
        if part.get_content_type() == "text/rfc822-headers":
            data = part.get_payload(decode=True)
            return message_from_bytes(data if isinstance(data, bytes) else b"", policy=compat32)
    return None


def _returned_id(mail: Mail) -> str:
    returned = _returned(mail)
    return str(returned.get("Message-ID", "")).strip() if returned else ""


def _to_of_returned(mail: Mail) -> str:
    returned = _returned(mail)
    return _recipient(returned.get("To")) if returned else ""


def of_ses(envelope: dict[str, Any]) -> tuple[Report, ...]:
    """The reports in an SNS notification of SES's, whose signature was verified. None where it is about something else.

    https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (and event publishing, which says `eventType`).
    """
    try:
        event = json.loads(envelope["Message"])
        kind = event.get("eventType") or event.get("notificationType")
        if kind == "Bounce":
            bounce = event["bounce"]
            permanent = bounce.get("bounceType") == "Permanent"
            return tuple(
                Report(
                    f"{envelope['MessageId']} {one['emailAddress']}",
                    _bare(one["emailAddress"]),
                    "permanent" if permanent else "transient",
                    readable_answer(one.get("diagnosticCode") or str(bounce.get("bounceSubType", "bounce"))),
                )
                for one in bounce["bouncedRecipients"]
            )
        if kind == "Complaint":
            complaint = event["complaint"]
            said = readable_answer(f"complaint: {complaint.get('complaintFeedbackType') or 'abuse'}")
            return tuple(
                Report(
                    f"{envelope['MessageId']} {one['emailAddress']}",
                    _bare(one["emailAddress"]),
                    "complaint",
                    said,
                )
                for one in complaint["complainedRecipients"]
            )
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(f"not a notification of SES: {type(error).__name__}") from error
    return ()


def _bare(address: str) -> str:
    """`Anna <anna@example.org>` as the address alone."""
    found = re.search(r"<([^<>]+)>", address)
    return (found[1] if found else address.partition("\n")[0]).strip()
