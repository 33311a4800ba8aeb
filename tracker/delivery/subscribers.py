"""Who is subscribed: the rows of recipients, what each asked for, and what state it is in."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tracker.delivery import bouncing
from tracker.delivery.addresses import checked_address, same_mailbox
from tracker.delivery.channels import check_address
from tracker.delivery.subscription import SELECT, Origin, State, Subscriber, subscriber, wish_columns
from tracker.delivery.wish import FREQUENCIES, Frequency, Wish, read_wish
from tracker.errors import InputError
from tracker.model.instants import parse_instant
from tracker.store.database import Database
from tracker.store.instants import sortable

if TYPE_CHECKING:
    import sqlite_utils

__all__ = ["FREQUENCIES", "Frequency", "Subscriber", "Subscribers", "recipients"]

# Who paused, or was paused by somebody with a forwarded mail, finds what came meanwhile when it is undone within this.
UNDO = timedelta(days=7)

_PUT = (
    "UPDATE subscribers SET address = ?, channel = ?, name = ?, policies = ?, filter = ?, frequency = ?, hour = ?, "
    "heartbeat = ?, form = ?, origin = ?, state = ?, created = ?, confirmed = ?, token = ?, paused = NULL, "
    "told_until = NULL WHERE id = ?"
)
_PAUSED = "paused"  # the answer of a row that a pause holds back


class Subscribers:
    """The subscribers in the database.

    A subscription is named by its recipient's address, by its number, or by its token; by the address only where it is
    the recipient's only one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, address: str, policies: Sequence[str], frequency: str, now: datetime, token: str
    ) -> Subscriber:
        """Subscribe an address to everything about some policies; no policies means all. As `put` does it."""
        wish = read_wish({"policies": list(policies), "frequency": frequency or " "})
        return self.put(address, wish, now, token)

    def put(
        self,
        address: str,
        wish: Wish,
        now: datetime,
        token: str,
        *,
        channel: str = "mail",
        state: State = "active",
        origin: Origin = "command",
    ) -> Subscriber:
        """Subscribe a recipient. One that had left comes back under its old number, with this token.

        Raises InputError for what is no address, and for a recipient that has a subscription of this name already,
        whatever its case.
        """
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise ValueError("a token is printable ASCII without spaces")
        recipient = check_address(channel, address)
        confirmed = sortable(now) if state == "active" else None
        row = (recipient, channel, *wish_columns(wish), origin, state, sortable(now), confirmed, token)
        with self._database.writing() as connection:
            same = [
                one for one in _of_recipient(connection, recipient, channel) if one.wish.name == wish.name
            ]
            if not same:
                identity = connection.execute(
                    "INSERT INTO subscribers (address, channel, name, policies, filter, frequency, hour, heartbeat, "
                    "form, origin, state, created, confirmed, token) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                ).lastrowid
            elif (old := same[0]).state == "gone":
                identity = old.id
                connection.execute(_PUT, (*row, old.id))
            else:
                raise InputError(
                    f"{old.label} is subscribed already: {', '.join(old.policies)}, {old.frequency}, {old.state}",
                    advice=f"to change it: policy-tracker subscribers remove {old.address}, then add it again; "
                    "a second subscription of one recipient takes a name of its own",
                )
            return _one(connection, str(identity))

    def get(self, reference: str) -> Subscriber:
        """The subscription of this address, number or token. Raises InputError where there is none, or more than one."""
        with self._database.reading() as connection:
            return _one(connection, reference)

    def all_of(self, reference: str) -> tuple[Subscriber, ...]:
        """Every subscription of this address, or the one of this number or token; not those that ended."""
        with self._database.reading() as connection:
            return tuple(one for one in _named(connection, reference) if one.state != "gone")

    def list(self) -> tuple[Subscriber, ...]:
        """Everybody who is subscribed, by address; not those who left."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{SELECT} WHERE state <> 'gone' ORDER BY address, name, id")
            return tuple(map(subscriber, rows))

    def at_once(self, now: datetime) -> tuple[Subscriber, ...]:
        """Those who may hear of a single change: active, or paused so lately that it can be undone; by number."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE frequency IN ('instant', 'watchlisted') AND (state = 'active' OR "
                "(state = 'paused' AND paused >= ?)) ORDER BY id",
                (sortable(now - UNDO),),
            )
            return tuple(map(subscriber, rows))

    def digests(self) -> tuple[tuple[Frequency, int | None, datetime], ...]:
        """The (frequency, hour) of digests that anybody active gets, and until when the one who waits longest was told."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT frequency, hour, min(coalesce(told_until, confirmed, created)) FROM subscribers "
                "WHERE state = 'active' AND frequency <> 'instant' GROUP BY frequency, hour ORDER BY frequency, hour"
            )
            return tuple((frequency, hour, parse_instant(told)) for frequency, hour, told in rows)

    def waiting_for(
        self, frequency: Frequency, hour: int | None, planned: datetime
    ) -> tuple[Subscriber, ...]:
        """The active ones whose digest of this frequency and hour, planned then, is not made; by number."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE state = 'active' AND frequency = ? AND hour IS ? "
                "AND coalesce(told_until, confirmed, created) < ? ORDER BY id",
                (frequency, hour, sortable(planned)),
            )
            return tuple(map(subscriber, rows))

    def told(
        self, db: "sqlite_utils.Database", people: Iterable[Subscriber], planned: datetime, until: datetime
    ) -> tuple[Subscriber, ...]:
        """Record, in the caller's transaction, that these digests end at `until`; those of whom nobody had before."""
        return tuple(
            one
            for one in people
            if db.conn.execute(
                "UPDATE subscribers SET told_until = ? WHERE id = ? AND state = 'active' "
                "AND coalesce(told_until, confirmed, created) < ?",
                (sortable(until), one.id, sortable(planned)),
            ).rowcount
        )

    def count(self) -> int:
        """How many would get mail."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT count(*) FROM subscribers WHERE state = 'active'").fetchone()
        return int(row[0])

    def change(self, reference: str, wish: Wish) -> Subscriber:
        """Let a subscription ask for something else; its name stays. Raises InputError where there is none."""
        with self._database.writing() as connection:
            found = _one(connection, reference)
            columns = wish_columns(replace(wish, name=found.wish.name))
            connection.execute(
                "UPDATE subscribers SET name = ?, policies = ?, filter = ?, frequency = ?, hour = ?, heartbeat = ?, "
                "form = ? WHERE id = ?",
                (*columns, found.id),
            )
            return _one(connection, str(found.id))

    def ask(self, address: str, wish: Wish, now: datetime, token: str) -> Subscriber:
        """The subscription of an address without a name: as it is, or pending where there was none.

        One that waits for its confirmation asks for what was asked last.
        """
        found = [one for one in self.all_of(address) if one.channel == "mail" and not one.wish.name]
        if not found:
            with suppress(InputError):  # asked for twice at the same moment: the other one put it there
                return self.put(address, wish, now, token, state="pending", origin="page")
            return self.ask(address, wish, now, token)
        return self.change(str(found[0].id), wish) if found[0].state == "pending" else found[0]

    def forget_unconfirmed(self, before: datetime) -> int:
        """Delete what was asked for before then and never confirmed; how many."""
        with self._database.writing() as connection:
            return connection.execute(
                "DELETE FROM subscribers WHERE state = 'pending' AND created < ? "
                "AND NOT EXISTS (SELECT 1 FROM outbox WHERE subscriber = subscribers.id)",
                (sortable(before),),
            ).rowcount

    def confirm(self, identity: int, now: datetime) -> Subscriber:
        """A pending subscription becomes active; one that is active already stays so. InputError where it ended."""
        with self._database.writing() as connection:
            found = _one(connection, str(identity))
            connection.execute(
                "UPDATE subscribers SET state = 'active', confirmed = ? WHERE id = ? AND state = 'pending'",
                (sortable(now), found.id),
            )
            return _one(connection, str(found.id))

    def pause(self, reference: str, now: datetime) -> Subscriber:
        """Hold back what waits and what comes. Raises InputError where the subscription is not active or pending."""
        with self._database.writing() as connection:
            found = _in_state(connection, reference, ("active",), "can't be paused")
            connection.execute(
                "UPDATE subscribers SET state = 'paused', paused = ? WHERE id = ?", (sortable(now), found.id)
            )
            _cancel(connection, found.id, _PAUSED, now)
            return _one(connection, str(found.id))

    def resume(self, reference: str, now: datetime) -> int:
        """End a pause, or try a recipient again that bounced; how many mails that were held back now go out.

        Those of the last seven days are sent, older ones stay unsent. The next digest begins where the last one ended.
        Raises InputError for a subscription that is neither paused nor bounced.
        """
        with self._database.writing() as connection:
            found = _in_state(connection, reference, ("paused", "bounced"), "is not paused")
            connection.execute(
                "UPDATE subscribers SET state = 'active', paused = NULL WHERE id = ?", (found.id,)
            )
            return connection.execute(
                "UPDATE outbox SET state = 'waiting', answer = '', finished = NULL, not_before = ? "
                "WHERE subscriber = ? AND state = 'cancelled' AND answer = ? AND finished >= ?",
                (sortable(now), found.id, _PAUSED, sortable(now - UNDO)),
            ).rowcount

    def remove(self, reference: str, now: datetime) -> int:
        """Unsubscribe an address, a number or a token, and cancel what waits for it; how many mails that were.

        A mail that a worker has in hand at this moment still goes out. Raises InputError where nobody of this address
        is subscribed.
        """
        with self._database.writing() as connection:
            found = _one(connection, reference)
            connection.execute("UPDATE subscribers SET state = 'gone' WHERE id = ?", (found.id,))
            return _cancel(connection, found.id, "unsubscribed", now)

    def erase(self, address: str, now: datetime) -> int:
        """Forget an address: its subscriptions end, and every row that names it says 'erased' instead; how many rows.

        Raises InputError where nothing is known of it.
        """
        with self._database.writing() as connection:
            found = _named(connection, address)
            if not found:
                raise InputError(f"nothing is known of {address!r}")
            rows = 0
            for one in found:
                _cancel(connection, one.id, "unsubscribed", now)
                bouncing.forget(connection, one.id, one.address)
                nobody = f"erased-{one.id}"
                rows += connection.execute(
                    "UPDATE outbox SET recipient = ?, answer = '' WHERE subscriber = ?", (nobody, one.id)
                ).rowcount
                rows += connection.execute(
                    "UPDATE subscribers SET state = 'gone', address = ?, name = '', token = ? WHERE id = ?",
                    (nobody, nobody, one.id),
                ).rowcount
            return rows


def recipients(
    connection: sqlite3.Connection, policy: str, frequency: Frequency, states: Sequence[State] = ("active",)
) -> tuple[Subscriber, ...]:
    """The subscribers to whom a mail about this policy may be due, by id; in the caller's transaction."""
    marks = ", ".join("?" for _ in states)
    rows = connection.execute(
        f"{SELECT} WHERE state IN ({marks}) AND frequency = ? ORDER BY id", (*sorted(states), frequency)
    )
    return tuple(one for one in map(subscriber, rows) if one.wants(policy))


def _cancel(connection: sqlite3.Connection, identity: int, answer: str, now: datetime) -> int:
    return connection.execute(
        "UPDATE outbox SET state = 'cancelled', finished = ?, answer = ? WHERE subscriber = ? AND state = 'waiting'",
        (sortable(now), answer, identity),
    ).rowcount


def _in_state(
    connection: sqlite3.Connection, reference: str, states: Sequence[State], otherwise: str
) -> Subscriber:
    found = _one(connection, reference)
    if found.state not in states:
        raise InputError(f"{found.label} {otherwise}: it is {found.state}")
    return found


def _one(connection: sqlite3.Connection, reference: str) -> Subscriber:
    found = [one for one in _named(connection, reference) if one.state != "gone"]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{reference} has {len(found)} subscriptions",
            advice="name one by its number: "
            + "; ".join(f"{one.id} {one.wish.name or '(no name)'}" for one in found),
        )
    raise InputError(
        f"{reference!r} is not subscribed", advice="'policy-tracker subscribers list' shows who is"
    )


def _named(connection: sqlite3.Connection, reference: str) -> list[Subscriber]:
    """What an address, a number or a token names, those that ended included, by number."""
    text = reference.strip()
    if text.isascii() and text.isdigit():
        return [subscriber(row) for row in connection.execute(f"{SELECT} WHERE id = ?", (int(text),))]
    if "@" in text and "://" not in text:
        address = checked_address(reference)
        return [one for channel in ("mail", "ses") for one in _of_recipient(connection, address, channel)]
    # The token: what the subject of an unsubscribe mail names; or the recipient of another channel.
    rows = connection.execute(
        f"{SELECT} WHERE token = ? OR (channel NOT IN ('mail', 'ses') AND address = ?) ORDER BY id",
        (text, text),
    )
    return [subscriber(row) for row in rows]


def _of_recipient(connection: sqlite3.Connection, recipient: str, channel: str) -> list[Subscriber]:
    if channel not in ("mail", "ses"):
        rows = connection.execute(
            f"{SELECT} WHERE channel = ? AND address = ? ORDER BY id", (channel, recipient)
        )
        return [subscriber(row) for row in rows]
    key = same_mailbox(recipient)
    if key.isascii():
        rows = connection.execute(
            f"{SELECT} WHERE channel = ? AND lower(address) = ? ORDER BY id", (channel, key)
        )
    else:  # SQLite's lower() knows ASCII only
        rows = connection.execute(f"{SELECT} WHERE channel = ? ORDER BY id", (channel,))
    return [one for one in map(subscriber, rows) if same_mailbox(one.address) == key]
