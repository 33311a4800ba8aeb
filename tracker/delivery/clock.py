"""What was written of mails and digests while the clock was ahead: once it is right again it would wait for years."""

from datetime import datetime, timedelta

from tracker.model.instants import AHEAD
from tracker.store.database import Database
from tracker.store.instants import sortable

# Nothing is put off for longer: a mail is given up three days after its first try.
_LONGEST = timedelta(days=4)
_AHEAD = """
SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_open WHERE state IN ('waiting', 'claimed')
               AND CASE state WHEN 'waiting' THEN not_before ELSE claimed_until END > :longest)
    OR EXISTS (SELECT 1 FROM subscribers WHERE max(coalesce(told_until, ''), coalesce(confirmed, ''), created) > :ahead)
"""
_SET_RIGHT = (
    "UPDATE outbox SET not_before = :now, first_tried = min(first_tried, :now) WHERE state = 'waiting' AND not_before > :longest",
    "UPDATE outbox SET claimed_until = :now WHERE state = 'claimed' AND claimed_until > :longest",
    "UPDATE subscribers SET told_until = NULL WHERE told_until > :ahead",
    "UPDATE subscribers SET confirmed = :now WHERE confirmed > :ahead",
    "UPDATE subscribers SET created = :now WHERE created > :ahead",
)


def set_right(database: Database, now: datetime) -> bool:
    """Make due now what waits for a time that a clock ahead of this one has drawn; whether there was anything."""
    moments = {
        "now": sortable(now),
        "ahead": sortable(now + AHEAD),
        "longest": sortable(now + _LONGEST),
    }
    with database.reading() as connection:
        if not connection.execute(_AHEAD, moments).fetchone()[0]:
            return False
    with database.writing() as connection:
        for statement in _SET_RIGHT:
            connection.execute(statement, moments)
    return True
