"""What an operator does to the outbox beside sending: look at one mail, take some back, clear away old ones."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tracker.errors import InputError
from tracker.model.instants import iso, parse_instant
from tracker.store.database import Database
from tracker.store.instants import sortable

_COUNT = "SELECT count(*) FROM outbox WHERE state IN ('sent', 'cancelled') AND finished < ?"
_CLEAR = "DELETE FROM outbox WHERE state IN ('sent', 'cancelled') AND finished < ?"
_CLEAR_FORMS = (
    "DELETE FROM forms WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.message = forms.message)"
)
_CLEAR_MESSAGES = (
    "DELETE FROM messages WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.message = messages.id)"
)

_PURGED = "outbox.purged"  # in the table meta: when old rows were cleared away last


def text_of(database: Database, identity: int) -> tuple[str, str]:
    """(subject, text) of one row's message. Raises InputError where there is no such row."""
    with database.reading() as connection:
        found = connection.execute(
            "SELECT subject, text FROM outbox JOIN messages ON messages.id = message WHERE outbox.id = ?",
            (identity,),
        ).fetchone()
    if found is None:
        raise _unknown(identity)
    return str(found[0]), str(found[1])


def cancel(database: Database, ids: Iterable[int], now: datetime) -> int:
    """Take back rows that wait or failed; how many.

    Raises InputError for an id that is no row, or whose mail was sent or is just being sent: then nothing is changed.
    """
    wanted = sorted(set(ids))
    with database.writing() as connection:
        for identity in wanted:
            found = connection.execute("SELECT state FROM outbox WHERE id = ?", (identity,)).fetchone()
            if found is None:
                raise _unknown(identity)
            if found[0] not in ("waiting", "failed"):
                raise InputError(f"mail {identity} can't be taken back: it is {found[0]}")
            connection.execute(
                "UPDATE outbox SET state = 'cancelled', answer = 'cancelled by the operator', finished = ? WHERE id = ?",
                (sortable(now), identity),
            )
    return len(wanted)


def purge(database: Database, before: datetime, *, dry: bool = False) -> int:
    """Delete rows that were sent or cancelled before then, and messages that no row names any more; how many rows.

    What waits, is being sent, or failed stays, however old it is.
    """
    with database.writing() as connection:
        if dry:
            return int(connection.execute(_COUNT, (sortable(before),)).fetchone()[0])
        count = connection.execute(_CLEAR, (sortable(before),)).rowcount
        connection.execute(_CLEAR_FORMS)
        connection.execute(_CLEAR_MESSAGES)
        connection.execute("DELETE FROM bounce_reports WHERE seen < ?", (sortable(before),))
        return count


def purge_daily(database: Database, keep: timedelta, now: datetime) -> int:
    """`purge` of what is older than `keep`, unless that was done within a day; how many rows."""
    last = database.get_meta(_PURGED)
    if last is not None and abs(now - parse_instant(last)) < timedelta(days=1):
        return 0
    count = purge(database, now - keep)
    database.set_meta(_PURGED, iso(now))
    return count


def _unknown(identity: int) -> InputError:
    return InputError(
        f"no mail has the number {identity}", advice="'policy-tracker outbox list --all' shows their numbers"
    )
