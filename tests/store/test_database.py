"""tracker.db: whole transactions, plain words for its faults, nothing of a newer or foreign file touched."""

import gc
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker.errors import LockedError, SetupError, TryLaterError
from tracker.store.database import LONGEST_READING_S, Database
from tracker.store.migrations import migrations
from tracker.store.schema import (
    APPLICATION_ID,
    GRANT_TABLES,
    INDEX_TABLES,
    MIGRATION_SET,
    SCHEMA,
    STATE_TABLES,
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "tracker.db", busy_s=0.2)


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    with database.transaction() as db:
        db.table("meta").insert({"key": "a", "value": "1"})
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as db:
        db.table("meta").insert_all(
            [{"key": "b", "value": "2"}, {"key": "a", "value": "again"}], batch_size=1
        )
    with database.read() as db:
        assert [row["key"] for row in db.table("meta").rows] == ["a"]


def test_meta_is_remembered(database: Database) -> None:
    assert database.get_meta("minute") is None
    database.set_meta("minute", "17")
    database.set_meta("minute", "18")
    assert database.get_meta("minute") == "18"


def test_nothing_is_written_through_a_reader(database: Database) -> None:
    with pytest.raises(SetupError, match="readonly"), database.read() as db:
        db.table("meta").insert({"key": "a", "value": "1"})


def test_a_reader_sees_one_moment(database: Database) -> None:
    database.set_meta("a", "1")
    with database.reading() as db:
        before = db.execute("SELECT count(*) FROM meta").fetchone()
        writer = threading.Thread(target=database.set_meta, args=("b", "2"))
        writer.start()
        writer.join()
        assert db.execute("SELECT count(*) FROM meta").fetchone() == before
    assert database.get_meta("b") == "2"


def test_tables_are_strict_and_foreign_keys_hold(database: Database) -> None:
    with database.transaction() as db:
        tables = {table.name: table.strict for table in db.tables if not table.name.startswith("_")}
    assert tables == dict.fromkeys((*INDEX_TABLES, *GRANT_TABLES, *STATE_TABLES), True)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), database.transaction() as db:
        db.table("observations").insert(
            {"policy": "aws/X", "line": 1, "observed_at": "", "source": "", "run": "", "basis": "look"}
        )
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"), database.transaction() as db:
        db.table("look_files").insert({"partition": "aws", "bytes": "many"})


def test_the_file_is_ours_in_wal_mode_and_private(database: Database) -> None:
    database.set_meta("a", "1")
    connection = sqlite3.connect(database.path)
    pragma = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in
              ("journal_mode", "application_id", "user_version")}  # fmt: skip
    connection.close()
    assert pragma == {"journal_mode": "wal", "application_id": APPLICATION_ID, "user_version": SCHEMA}
    assert database.path.stat().st_mode & 0o777 == 0o600


def test_the_schema_number_is_the_number_of_migrations(database: Database) -> None:
    with database.transaction() as db:
        applied = [one.name for one in migrations.applied(db)]
        assert migrations.pending(db) == []
        assert db.execute("SELECT DISTINCT migration_set FROM _sqlite_migrations").fetchall() == [
            (MIGRATION_SET,)
        ]
    assert len(applied) == SCHEMA


def test_a_write_inside_a_write_is_our_own_fault(database: Database) -> None:
    with pytest.raises(RuntimeError, match="open already"), database.transaction():
        database.set_meta("a", "1")
    database.set_meta("a", "1")  # and the thread is free again


def test_another_process_holding_it_is_locked_not_broken(database: Database) -> None:
    database.set_meta("a", "1")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockedError, match=r"locked by another process for more than 0\.2 s") as told:
        database.set_meta("a", "2")
    assert told.value.exit_code == 75
    assert told.value.advice
    assert database.get_meta("a") == "1"  # readers never wait for a writer
    other.close()


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_database_that_another_process_is_making_is_locked(database: Database, lock: str) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute(lock)
    with pytest.raises(LockedError):
        database.set_meta("a", "1")
    other.execute("ROLLBACK")
    database.set_meta("a", "1")
    other.close()


def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    connection = sqlite3.connect(database.path)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute("CREATE TABLE outbox (x)")  # in the way of the second migration
    connection.close()
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        database.set_meta("a", "1")
    connection = sqlite3.connect(database.path)
    assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [
        ("outbox",)
    ]
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    database.set_meta("a", "1")
    connection = sqlite3.connect(database.path)
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    with pytest.raises(
        SetupError, match=f"newer policy-tracker .schema {SCHEMA + 1}, this one knows {SCHEMA}"
    ):
        database.get_meta("a")
    with pytest.raises(SetupError, match="newer"):
        database.set_meta("a", "2")


def test_an_older_schema_is_brought_up_to_date(database: Database) -> None:
    database.set_meta("a", "1")
    connection = sqlite3.connect(database.path, isolation_level=None)
    for table in STATE_TABLES[:-1]:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(f"DROP TABLE {table}")
    connection.execute("DROP TABLE meta")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m002_state', 'm004_subscriptions')")
    connection.execute("PRAGMA user_version=1")
    connection.close()
    assert database.get_meta("a") is None
    database.set_meta("a", "2")


def test_a_database_of_something_else_is_refused(database: Database) -> None:
    connection = sqlite3.connect(database.path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    with pytest.raises(SetupError, match="something else"):
        database.get_meta("a")


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one" * 50, b"SQLite format 3\0" + b"\xff" * 2000]
)
def test_a_file_that_is_no_database_is_told(database: Database, content: bytes) -> None:
    database.path.write_bytes(content)
    with pytest.raises(SetupError, match="damaged, or no database") as told:
        database.get_meta("a")
    assert "reindex" in told.value.advice
    assert database.path.read_bytes() == content


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't make the database") as told:
        Database(tmp_path / "nowhere" / "tracker.db").set_meta("a", "1")
    assert "init" in told.value.advice


def test_a_folder_in_its_place_is_told(database: Database) -> None:
    database.path.mkdir()
    with pytest.raises(SetupError, match="can't be used"):
        database.get_meta("a")


def test_many_writers_that_read_first_all_get_through(tmp_path: Path) -> None:
    database = Database(tmp_path / "tracker.db", busy_s=30)

    def count_up(_: int) -> None:
        for _ in range(25):
            with database.transaction() as db:
                row = db.execute("SELECT value FROM meta WHERE key = 'n'").fetchone()
                db.table("meta").insert(
                    {"key": "n", "value": str(int(row[0]) + 1 if row else 1)}, replace=True
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))
    assert database.get_meta("n") == "100"


def test_processes_that_make_the_database_at_once_make_one(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from tracker.store.database import Database\n"
    script += "Database(Path(sys.argv[1]), busy_s=30).set_meta(sys.argv[2], 'x')"
    path = tmp_path / "tracker.db"
    children = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(4)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    database = Database(path)
    assert [database.get_meta(str(n)) for n in range(4)] == ["x"] * 4


def test_a_look_at_a_made_database_does_not_import_sqlite_utils(database: Database) -> None:
    database.set_meta("a", "1")
    script = "import sys; from pathlib import Path; from tracker.store.database import Database\n"
    script += "db = Database(Path(sys.argv[1])); db.set_meta('b', db.get_meta('a'))\n"
    script += "sys.exit('sqlite_utils' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script, str(database.path)], check=False).returncode == 0
    assert database.get_meta("b") == "1"


def test_a_file_that_is_held_open_keeps_its_log(database: Database) -> None:
    log = database.path.with_name("tracker.db-wal")
    with database.held():
        database.set_meta("a", "1")
        assert log.stat().st_size > 0
        database.set_meta("b", "2")
        assert database.get_meta("a") == "1"
    assert not log.exists()
    assert database.get_meta("b") == "2"


def test_steps_of_a_transaction_are_named(tmp_path: Path) -> None:
    steps: list[str] = []
    Database(tmp_path / "tracker.db", step=steps.append).set_meta("a", "1")
    assert steps == ["transaction-begun", "transaction-done", "transaction-committed"]


def test_what_a_thread_kept_may_be_closed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread's connections go with the last reference to their database, and that may be anybody's."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    has_read, may_end = threading.Event(), threading.Event()
    open_here = {"database": Database(tmp_path / "tracker.db")}
    open_here["database"].set_meta("a", "1")
    open_here["database"].reuse()

    def read() -> None:
        open_here["database"].get_meta("a")
        has_read.set()
        may_end.wait(30)

    reader = threading.Thread(target=read)
    reader.start()
    assert has_read.wait(30)
    open_here.clear()
    gc.collect()
    may_end.set()
    reader.join()
    assert said == []


def test_a_reading_that_takes_too_long_is_stopped_and_the_next_is_not(database: Database) -> None:
    database.set_meta("a", "1")
    database.reuse()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    before = LONGEST_READING_S.set(0.05)
    try:
        with pytest.raises(TryLaterError, match=r"stopped after 0\.05 s"), database.reading() as connection:
            connection.execute(endless).fetchone()
        assert database.get_meta("a") == "1"
    finally:
        LONGEST_READING_S.reset(before)
