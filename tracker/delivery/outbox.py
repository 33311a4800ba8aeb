"""The outbox: a row for each message and recipient, from the transaction that records the change until it is sent.

A worker claims a row for a time (the lease), sends with no transaction open, and settles what came of it. A worker that
dies leaves its claim to run out. Of one recipient's rows only the oldest open one can be claimed, so their order holds
through every retry.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tracker.delivery import bouncing, trouble
from tracker.delivery.channel import Parcel
from tracker.delivery.notices import bounce_notice, notice
from tracker.delivery.rows import Claim, Outcome, Row, RowState
from tracker.delivery.subscribers import Frequency, Subscriber, recipients
from tracker.errors import InputError
from tracker.model.instants import parse_instant
from tracker.model.message import Attachment, Form, Message
from tracker.store.counts import count
from tracker.store.database import Database
from tracker.store.instants import sortable

if TYPE_CHECKING:
    import sqlite_utils

# More than a server can take over one mail: some ten steps of the channel's time-out each.
LEASE = timedelta(minutes=15)

_ROW = (
    "SELECT outbox.id, message, subject, recipient, state, attempts, not_before, answer, outbox.created, finished "
    "FROM outbox JOIN messages ON messages.id = message"
)
# The oldest row that is due and is not behind another open row of its recipient.
_NEXT = """
SELECT one.id, subscribers.state FROM outbox AS one INDEXED BY outbox_open
LEFT JOIN subscribers ON subscribers.id = one.subscriber
WHERE one.state IN ('waiting', 'claimed')
  AND CASE one.state WHEN 'waiting' THEN one.not_before ELSE one.claimed_until END <= ?
  AND NOT EXISTS (SELECT 1 FROM outbox AS earlier INDEXED BY outbox_open_of
      WHERE earlier.recipient = one.recipient AND earlier.channel = one.channel AND earlier.id < one.id AND earlier.state IN ('waiting', 'claimed'))
  AND instr(?, ',' || one.channel || ',') = 0
ORDER BY one.id LIMIT 1
"""
_CANCEL = "UPDATE outbox SET state = 'cancelled', answer = ?, finished = ? WHERE id = ?"
_NOT_NOW = {
    "gone": "unsubscribed",
    "paused": "paused",
    "bounced": "bounced",
}  # the state of a subscription: why its mail is not sent


@dataclass(frozen=True, slots=True)
class Stuck:
    """Messages of one channel that have waited for more than a day."""

    count: int
    since: datetime  # UTC, when the oldest was queued
    answer: str  # what the oldest was answered last


class Outbox:
    """The outbox in the database."""

    def __init__(self, database: Database, *, bounced_after: int = bouncing.BOUNCED_AFTER) -> None:
        self._database = database
        self._bounced_after = bounced_after  # permanent refusals in a row

    def enqueue(
        self,
        db: "sqlite_utils.Database",
        message: Message,
        to: Frequency | Iterable[Subscriber],
        now: datetime,
    ) -> int:
        """Queue a message, in the caller's transaction; how many rows are new.

        `to` is a frequency (every active subscriber of it who wants the message's policy) or the subscribers
        themselves. A message and a recipient are queued once, however often this is called. For one that is paused
        by now the row is held back, and not counted; for one that left there is none.
        """
        people = recipients(db.conn, message.policy, to) if isinstance(to, str) else tuple(to)
        states = _states(db.conn, [one.id for one in people])
        found = [(one.id, one.channel, one.address) for one in people if states.get(one.id) == "active"]
        held = [(one.id, one.channel, one.address) for one in people if states.get(one.id) == "paused"]
        _queue(db.conn, message, held, now, held_back=True)
        return _queue(db.conn, message, found, now)

    def write_to(
        self,
        db: "sqlite_utils.Database",
        message: Message,
        address: str,
        now: datetime,
        channel: str = "mail",
    ) -> int:
        """Queue a mail to an address, subscribed or not, in the caller's transaction: for what is no changelog."""
        return _queue(db.conn, message, [(None, channel, address)], now)

    def batch(self) -> AbstractContextManager[None]:
        """Around many claims and settlements: they cost less then."""
        return self._database.held()

    def due(self, now: datetime) -> bool:
        """Whether there is anything to do now: a row to claim, or trouble that the operator was not told of yet."""
        with self._database.reading() as connection:
            found = connection.execute(_NEXT, (sortable(now), ",")).fetchone()
            return found is not None or trouble.untold(connection) or bouncing.untold(connection)

    def claim(
        self, worker: str, now: datetime, lease: timedelta = LEASE, without: Collection[str] = ()
    ) -> Claim | None:
        """Take the oldest row that is due for `lease`; None where there is none.

        `worker` names this process and thread and nobody else; `without` are channels that can't be used just now.
        """
        asked = (sortable(now), f",{','.join(without)},")
        # A claim that a loss of power undoes is a row that waits: nothing was sent for it.
        with self._database.writing(durable=False) as connection:
            while (found := connection.execute(_NEXT, asked).fetchone()) is not None:
                identity, subscriber = found
                if subscriber not in _NOT_NOW:
                    return _claimed(connection, identity, worker, now, now + lease)
                # Left, or paused, while a worker that died had the mail in hand.
                connection.execute(_CANCEL, (_NOT_NOW[subscriber], sortable(now), identity))
        return None

    def settle(self, claim: Claim, outcome: Outcome, now: datetime) -> bool:
        """Record what came of a claim; False where its lease had ended and another worker has had the row.

        That a mail was sent is recorded even then.
        """
        finished = sortable(now) if outcome.state != "waiting" else None
        not_before = sortable(outcome.not_before) if outcome.not_before else None
        # On disk before the same worker sends its next mail; workers share the syncs.
        with self._database.writing(durable=False) as connection:
            held = connection.execute(
                "UPDATE outbox SET state = ?, answer = ?, finished = ?, not_before = coalesce(?, not_before), "
                "attempts = attempts - ?, claimed_by = NULL, claimed_until = NULL "
                "WHERE id = ? AND state = 'claimed' AND claimed_by = ? AND claimed_until = ?",
                (
                    *(outcome.state, outcome.answer, finished, not_before, 0 if outcome.tried else 1),
                    *(claim.id, claim.worker, sortable(claim.until)),
                ),
            ).rowcount
            if not held and outcome.state == "sent":
                connection.execute(
                    "UPDATE outbox SET state = 'sent', answer = ?, finished = ?, claimed_by = NULL, claimed_until = NULL "
                    "WHERE id = ? AND state <> 'sent'",
                    (outcome.answer, finished, claim.id),
                )
            if held and outcome.state == "waiting" and (left := _left(connection, claim.id)):
                connection.execute(_CANCEL, (left, sortable(now), claim.id))
            elif held and outcome.tried:
                trouble.note(connection, claim, outcome, now)
            if outcome.tried:
                said = "sent" if outcome.state == "sent" else "refused" if outcome.refused else "put_off"
                count(connection, "sends", said)
            if held and (outcome.state == "sent" or outcome.refused):
                answer = outcome.answer if outcome.refused else None
                bouncing.note(connection, _subscriber(connection, claim.id), answer, now, self._bounced_after)
        self._database.sync()
        return bool(held)

    def tell(self, operator: str, now: datetime) -> int:
        """Queue one message to the operator about every mail that failed or is stuck and was not told of; how many.

        Such a message is a row like any other, but its own failure is told to nobody: it shows in `list`.
        """
        if not operator:
            return 0
        with self._database.writing() as connection:
            rows = [_row(connection, identity) for identity in trouble.take(connection)]
            if rows:
                _queue(connection, notice(rows, now), [(None, "mail", operator)], now)
            if gone := bouncing.take(connection):
                _queue(connection, bounce_notice(gone, now), [(None, "mail", operator)], now)
        return len(rows) + len(gone)

    def list(self, states: Collection[RowState] = ("waiting", "claimed", "failed")) -> tuple[Row, ...]:
        """Rows in these states, oldest first; by default those that are not done with."""
        with self._database.reading() as connection:
            marks = ", ".join("?" for _ in states)
            found = connection.execute(f"{_ROW} WHERE state IN ({marks}) ORDER BY outbox.id", sorted(states))
            return tuple(map(_as_row, found))

    def stuck(self, now: datetime) -> dict[str, Stuck]:
        """What has been waiting for a day, by channel; channels without such messages are left out."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT channel, count(*), min(created), answer FROM outbox "
                "WHERE state IN ('waiting', 'claimed') AND created <= ? GROUP BY 1 ORDER BY 1",
                (sortable(now - trouble.STUCK_AFTER),),
            ).fetchall()
        return {name: Stuck(count, parse_instant(since), answer) for name, count, since, answer in found}

    def counts(self) -> dict[RowState, int]:
        """How many rows are in each state; states without rows are left out."""
        with self._database.reading() as connection:
            return dict(
                connection.execute(
                    "SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state"
                ).fetchall()
            )

    def oldest(self) -> datetime | None:
        """When the oldest message that still waits was queued; None where none does."""
        with self._database.reading() as connection:
            sql = "SELECT min(created) FROM outbox WHERE state IN ('waiting', 'claimed')"
            found = connection.execute(sql).fetchone()[0]
        return parse_instant(found) if found else None

    def retry(self, now: datetime, ids: Iterable[int] | None = None) -> int:
        """Make failed and waiting rows due now, with three days before them again; how many. No ids means all.

        Raises InputError for an id that is no row, or a row that was sent, cancelled or is just being sent: then
        nothing is changed.
        """
        with self._database.writing() as connection:
            if ids is None:
                found = connection.execute("SELECT id FROM outbox WHERE state IN ('failed', 'waiting')")
                ids = [identity for (identity,) in found]
            ids = sorted(set(ids))
            for identity in ids:
                row = _row(connection, identity)
                if row.state not in ("failed", "waiting"):
                    raise InputError(
                        f"mail {identity} can't be tried again: it is {row.state}",
                        advice="'policy-tracker outbox list' shows what failed or waits",
                    )
                connection.execute(
                    "UPDATE outbox SET state = 'waiting', attempts = 0, not_before = ?, finished = NULL WHERE id = ?",
                    (sortable(now), identity),
                )
        return len(ids)


def _queue(
    connection: sqlite3.Connection,
    message: Message,
    people: Sequence[tuple[int | None, str, str]],
    now: datetime,
    *,
    held_back: bool = False,
) -> int:
    """Rows for (subscriber, channel, recipient); `held_back`: as rows that wait for the end of a pause."""
    if not people:
        return 0
    created = sortable(now)
    attachments = [
        {"filename": one.filename, "media_type": one.media_type, "text": one.text}
        for one in message.attachments
    ]
    connection.execute(
        "INSERT OR IGNORE INTO messages (id, thread, policy, versions, subject, text, html, attachments, urgent, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(message.changelog, message.thread, message.policy, message.versions, message.subject),
            *(message.text, message.html, json.dumps(attachments), int(message.urgent), created),
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO forms (message, name, text) VALUES (?, ?, ?)",
        [(message.changelog, one.name, one.text) for one in message.forms],
    )
    fate = ("cancelled", "paused", created) if held_back else ("waiting", "", None)
    return sum(
        connection.execute(
            "INSERT OR IGNORE INTO outbox (message, subscriber, channel, recipient, not_before, created, state, answer, finished) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (message.changelog, subscriber, channel, address, created, created, *fate),
        ).rowcount
        for subscriber, channel, address in people
    )


def _claimed(
    connection: sqlite3.Connection, identity: int, worker: str, now: datetime, until: datetime
) -> Claim:
    connection.execute(
        "UPDATE outbox SET state = 'claimed', claimed_by = ?, claimed_until = ?, "
        "first_tried = CASE attempts WHEN 0 THEN ? ELSE first_tried END, attempts = attempts + 1 WHERE id = ?",
        (worker, sortable(until), sortable(now), identity),
    )
    channel, recipient, created, attempts, first_tried, token, *message = connection.execute(
        "SELECT outbox.channel, recipient, outbox.created, attempts, first_tried, coalesce(token, ''), "
        "messages.id, thread, policy, versions, subject, text, html, attachments, urgent "
        "FROM outbox JOIN messages ON messages.id = message "
        "LEFT JOIN subscribers ON subscribers.id = subscriber WHERE outbox.id = ?",
        (identity,),
    ).fetchone()
    forms = _forms(connection, message[0]) if channel not in ("mail", "ses") else ()  # mails do without
    parcel = Parcel(_message(message, forms), recipient, parse_instant(created), token, channel)
    return Claim(identity, parcel, worker, until, attempts, parse_instant(first_tried))


def _forms(connection: sqlite3.Connection, message: str) -> tuple[Form, ...]:
    found = connection.execute("SELECT name, text FROM forms WHERE message = ? ORDER BY name", (message,))
    return tuple(Form(*row) for row in found)


def _message(columns: Sequence[Any], forms: tuple[Form, ...]) -> Message:
    changelog, thread, policy, versions, subject, text, page, attachments, urgent = columns
    files = tuple(Attachment(**one) for one in json.loads(attachments))
    return Message(changelog, thread, policy, versions, subject, text, page, files, bool(urgent), forms)


def _states(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str]:
    found = connection.execute(
        "SELECT id, state FROM subscribers WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )
    return dict(found.fetchall())


def _left(connection: sqlite3.Connection, identity: int) -> str:
    """Why a mail is not tried again: its subscription ended or is paused; empty where it is."""
    found = connection.execute(
        "SELECT subscribers.state FROM outbox JOIN subscribers ON subscribers.id = subscriber WHERE outbox.id = ?",
        (identity,),
    ).fetchone()
    return _NOT_NOW.get(found[0], "") if found else ""


def _subscriber(connection: sqlite3.Connection, identity: int) -> int | None:
    found: int | None = connection.execute(
        "SELECT subscriber FROM outbox WHERE id = ?", (identity,)
    ).fetchone()[0]
    return found


def _row(connection: sqlite3.Connection, identity: int) -> Row:
    found = connection.execute(f"{_ROW} WHERE outbox.id = ?", (identity,)).fetchone()
    if found is None:
        raise InputError(
            f"no mail has the number {identity}", advice="'policy-tracker outbox list' shows their numbers"
        )
    return _as_row(found)


def _as_row(found: Sequence[Any]) -> Row:
    identity, message, subject, recipient, state, attempts, not_before, answer, created, finished = found
    return Row(
        id=identity,
        message=message,
        subject=subject,
        recipient=recipient,
        state=state,
        attempts=attempts,
        not_before=parse_instant(not_before),
        answer=answer,
        created=parse_instant(created),
        finished=parse_instant(finished) if finished else None,
    )
