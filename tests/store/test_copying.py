"""A database copied while it is in use, and the copy that is kept before a migration."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from tracker.errors import SetupError
from tracker.store.copying import KEPT, copies_before_migrating, copy_database, schema_in, wrong_in
from tracker.store.database import Database
from tracker.store.migrations import migrations
from tracker.store.schema import APPLICATION_ID, SCHEMA

# What a release of each schema may have left: rows of the tables that are nowhere else.
_ROWS = f"""
PRAGMA application_id={APPLICATION_ID};
INSERT INTO subscribers (id, address, policies, frequency, state, created, token)
    VALUES (7, 'a@example.org', '["X*"]', 'monthly', 'active', '2026-01-01T00:00:00.000000Z', 't7');
INSERT INTO messages (id, thread, policy, versions, subject, text, html, attachments, urgent, created)
    VALUES ('m', 't', 'p', 'v', 's', 't', 'h', '[]', 0, '2026-01-03T00:00:00.000000Z');
INSERT INTO runs (id, kind, started) VALUES ('r', 'check', '2026-01-03T00:00:00.000000Z');
INSERT INTO reports VALUES ('p', '1', '2026-01-01T00:00:00.000000Z', '2026-02-01T06:17:03.000000Z', '');
INSERT INTO meta VALUES ('links', 'key');
INSERT INTO policies VALUES ('aws/X', 'arn:aws:iam::aws:policy/X', 'aws', 'X', 0, 0);
"""
_OUTBOX = """
INSERT INTO outbox (id, message, subscriber, recipient, state, not_before, created{more})
    VALUES (5, 'm', 7, 'a@example.org', 'waiting', '2026-01-03T00:00:00.000000Z', '2026-01-03T00:00:00.000000Z'{value});
"""


def names() -> list[str]:
    return [one.name for one in migrations.pending(sqlite_utils.Database(memory=True))]


def released(path: Path, schema: int) -> None:
    """A database as a release of that schema left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        stop = names()[schema] if schema < SCHEMA else None
        migrations.apply(sqlite_utils.Database(connection), stop_before=stop)
        if schema > 1:
            by_channel = (
                {"more": ", channel", "value": ", 'mail'"}
                if schema >= 7
                else dict.fromkeys(("more", "value"), "")
            )
            connection.executescript(_ROWS + _OUTBOX.format(**by_channel))
        connection.executescript(f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={schema};")


def shape(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'"
        )
        return sorted(tuple(str(one) for one in row) for row in found)


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_every_older_schema_becomes_the_present_one_and_loses_nothing(tmp_path: Path, schema: int) -> None:
    path, fresh = tmp_path / "tracker.db", tmp_path / "fresh.db"
    released(path, schema)
    Database(fresh).set_meta("a", "1")
    Database(path).set_meta("a", "1")
    assert shape(path) == shape(fresh)
    assert schema_in(path) == (APPLICATION_ID, SCHEMA)
    assert wrong_in(path) == ""
    if schema > 1:
        with Database(path).reading() as connection:
            (row,) = connection.execute("SELECT recipient, channel, state, subscriber FROM outbox").fetchall()
            assert row == ("a@example.org", "mail", "waiting", 7)
            (who,) = connection.execute(
                "SELECT address, policies, frequency, token FROM subscribers"
            ).fetchall()
            assert who == ("a@example.org", '["X*"]', "monthly", "t7")
            counts = [
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("runs", "reports", "messages")
            ]
            assert counts == [1, 1, 1]
        assert Database(path).get_meta("links") == "key"


@pytest.mark.parametrize("schema", [1, SCHEMA - 1])
def test_what_stood_before_a_migration_is_kept_beside_it(
    tmp_path: Path, schema: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tracker.db"
    released(path, schema)
    before = shape(path)
    Database(path).set_meta("a", "1")
    (kept,) = copies_before_migrating(path)
    assert kept.name == f"tracker.db.schema-{schema}"
    assert schema_in(kept) == (APPLICATION_ID, schema)
    assert shape(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert f"from schema {schema} to {SCHEMA}" in caplog.text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tracker.db", kept.name]


def test_a_new_database_and_one_of_ours_keep_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "tracker.db")
    database.set_meta("a", "1")
    database.set_meta("a", "2")
    assert copies_before_migrating(database.path) == []


def test_the_newest_copies_stay(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    for schema in (1, 2, 3, 4, 5):
        path.unlink(missing_ok=True)
        released(path, schema)
        Database(path).set_meta("a", "1")
    (tmp_path / "tracker.db.schema-x").write_text("somebody's")
    assert [one.name for one in copies_before_migrating(path)] == [
        f"tracker.db.schema-{n}" for n in (3, 4, 5)
    ]
    assert KEPT == 3


def test_nothing_is_migrated_where_no_copy_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    released(path, SCHEMA - 1)
    (tmp_path / f"tracker.db.schema-{SCHEMA - 1}").mkdir()
    (tmp_path / f"tracker.db.schema-{SCHEMA - 1}" / "in the way").touch()
    with pytest.raises(SetupError, match="no copy of the database can be kept") as told:
        Database(path).set_meta("a", "1")
    assert "nothing was changed" in told.value.advice
    assert schema_in(path) == (APPLICATION_ID, SCHEMA - 1)


def test_a_process_that_died_while_it_copied_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    released(path, SCHEMA - 1)
    (tmp_path / f"tracker.db.schema-{SCHEMA - 1}.tmp").write_text("half a copy")
    Database(path).set_meta("a", "1")
    assert [wrong_in(one) for one in copies_before_migrating(path)] == [""]
    assert not list(tmp_path.glob("*.tmp"))


def test_a_copy_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "tracker.db", busy_s=30)
    database.set_meta("n", "0")
    stop = threading.Event()

    def write() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            with database.writing() as connection:  # both rows, or neither
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('n', ?)", (str(count),))
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('m', ?)", (str(count),))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            copy_database(database.path, tmp_path / f"copy-{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(10):
        copied = Database(tmp_path / f"copy-{number}.db")
        assert copied.get_meta("n") == (copied.get_meta("m") or "0")


def test_a_damaged_database_makes_no_copy(tmp_path: Path) -> None:
    database = Database(tmp_path / "tracker.db")
    with database.writing() as connection:
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [(str(n), "x" * 500) for n in range(200)])
    raw = bytearray(database.path.read_bytes())
    raw[-9000:-5000] = b"\xff" * 4000
    database.path.write_bytes(raw)
    with pytest.raises(SetupError, match="damaged, so no copy"):
        copy_database(database.path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_copy_stands_in_for_no_other_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "tracker.db")
    database.set_meta("a", "1")
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(SetupError, match="can be kept"):
        copy_database(database.path, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"
