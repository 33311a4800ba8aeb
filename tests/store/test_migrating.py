"""A database of an older release keeps its subscribers and its outbox."""

import sqlite3
from pathlib import Path

import sqlite_utils

from tracker.delivery.outbox import Outbox
from tracker.delivery.subscribers import Subscribers
from tracker.model.instants import parse_instant
from tracker.store.database import Database
from tracker.store.migrations import migrations
from tracker.store.schema import APPLICATION_ID


def test_subscribers_of_an_older_release_stay_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    migrations.apply(sqlite_utils.Database(connection), stop_before="m004_subscriptions")
    connection.executescript(
        f"""
        PRAGMA application_id={APPLICATION_ID};
        PRAGMA user_version=3;
        INSERT INTO subscribers VALUES (7, 'a@example.org', 'mail', '["X*"]', 'monthly', 'active', '2026-01-01T00:00:00.000000Z', 't7');
        INSERT INTO subscribers VALUES (9, 'b@example.org', 'mail', '*', 'instant', 'gone', '2026-01-02T00:00:00.000000Z', 't9');
        INSERT INTO reports VALUES ('p', '1', '2026-01-01T00:00:00.000000Z', '2026-02-01T06:17:03.000000Z', '');
        INSERT INTO messages VALUES ('m', 't', 'p', 'v', 's', 't', 'h', '[]', 0, '2026-01-03T00:00:00.000000Z');
        INSERT INTO outbox (id, message, subscriber, recipient, state, not_before, created)
            VALUES (5, 'm', 7, 'a@example.org', 'waiting', '2026-01-03T00:00:00.000000Z', '2026-01-03T00:00:00.000000Z');
        """
    )
    connection.close()
    database = Database(path)
    (one,) = Subscribers(database).list()
    assert (one.id, one.policies, one.frequency, one.token, one.wish.heartbeat) == (
        7,
        ("X*",),
        "monthly",
        "t7",
        True,
    )
    assert one.confirmed == one.created == parse_instant("2026-01-01")
    assert one.told_until == parse_instant(
        "2026-02-01T06:17:03Z"
    )  # its next digest begins where its last report ended
    assert [(row.id, row.recipient, row.state) for row in Outbox(database).list()] == [
        (5, "a@example.org", "waiting")
    ]
    with database.read() as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT state FROM subscribers WHERE id = 9").fetchone() == ("gone",)
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'outbox'").fetchone()
        assert db.execute("SELECT channel FROM outbox").fetchone() == ("mail",)
    assert "subscriptions" not in sql  # the reference followed the new name
