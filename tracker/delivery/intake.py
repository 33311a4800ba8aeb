"""Reports of bounces and complaints taken in: proved, counted once, and acted on."""

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from tracker.delivery import bouncing
from tracker.delivery.mail import message_id
from tracker.delivery.reports import Report, of_mail, of_ses
from tracker.delivery.sns_signature import confirmation, verified
from tracker.errors import InputError
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class Taken:
    """What one report led to."""

    counted: int = 0  # subscriptions whose count it raised
    bounced: int = 0  # subscriptions that get nothing more from here on
    ignored: int = 0  # of nobody subscribed, not for good, not proved, or counted before
    confirmed: str = ""  # the topic that was subscribed to by this


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in reports. `domain`: of the sender, which our Message-IDs end with."""

    database: Database
    domain: str
    topics: Collection[str]  # ARNs of SNS that are listened to
    fetch: Callable[[str], bytes]  # the bytes at an https address
    after: int = bouncing.BOUNCED_AFTER

    def take(self, raw: bytes, now: datetime) -> Taken:
        """A mail as it came, or a message of SNS as it was POSTed. Raises InputError where it is neither, or not proved to be AWS's."""
        if not raw.lstrip().startswith(b"{"):
            reports = of_mail(raw)
            if not reports:
                raise InputError(
                    "no report of a bounce or a complaint",
                    advice="wanted: a mail as RFC 3464 or RFC 5965 has it, or a message of Amazon SNS",
                )
            return self._count(reports, now, by_mail=True)
        envelope = verified(raw, self.topics, self.fetch)
        if url := confirmation(envelope):
            self.fetch(url)
            return Taken(confirmed=envelope["TopicArn"])
        return self._count(of_ses(envelope), now, by_mail=False)

    def _count(self, reports: Collection[Report], now: datetime, *, by_mail: bool) -> Taken:
        counted = bounced = ignored = 0
        with self.database.writing() as connection:
            for one in reports:
                people = bouncing.of_mailbox(connection, one.recipient)
                if (
                    one.kind == "transient"
                    or not people
                    or (by_mail and not self._ours(connection, one))
                    or not bouncing.first_time(connection, one.id, now)
                ):
                    ignored += 1
                elif one.kind == "complaint":
                    bounced += sum(bouncing.bounce(connection, who, one.answer, now) for who in people)
                else:
                    counted += len(people)
                    bounced += sum(
                        bouncing.note(connection, who, one.answer, now, self.after) for who in people
                    )
        return Taken(counted, bounced, ignored)

    def _ours(self, connection: sqlite3.Connection, report: Report) -> bool:
        """Whether the report gives back the Message-ID of a mail that went to that address: nobody else knows it."""
        rows = connection.execute(
            "SELECT message, recipient FROM outbox WHERE lower(recipient) = lower(?) AND state = 'sent'",
            (report.recipient,),
        )
        return report.message_id in {
            message_id(message, recipient, self.domain) for message, recipient in rows
        }
