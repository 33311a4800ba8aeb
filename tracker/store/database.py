"""tracker.db: one connection a unit of work, every write a BEGIN IMMEDIATE, errors told as ours.

`transaction()` and `read()` hand out sqlite-utils' Database. Its import takes longer than a look at an unchanged policy
needs for all its I/O, so `writing()` and `reading()` hand out the same connection bare, for the few statements on that path.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import LockedError, SetupError
from tracker.store.copying import keep_before_migrating
from tracker.store.permits import free_beside, must_be_writable, stands_still
from tracker.store.schema import APPLICATION_ID, SCHEMA
from tracker.store.steps import Step, no_step
from tracker.store.syncing import GroupSync
from tracker.store.telling import BUSY, as_ours

if TYPE_CHECKING:
    import sqlite_utils

log = logging.getLogger(__name__)
# How long a reading of whoever is answered may take before it is stopped with TryLaterError; None: as long as it takes.
LONGEST_READING_S: ContextVar[float | None] = ContextVar("longest_reading_s", default=None)
_A_WHILE = 50_000  # instructions of SQLite's machine, some milliseconds: how often a slow statement looks at the clock


class Database:
    """The tracker's database file, made and migrated when first used.

    `busy_s` is how many seconds a write waits for another process's write. `step` is called at named places
    (`transaction-begun`, `transaction-done`, `transaction-committed`), at which a test may end the process.
    """

    def __init__(self, path: Path, *, busy_s: float = 10.0, step: Step = no_step) -> None:
        self.path = path
        self._busy_s = busy_s
        self._step = step
        self._open = threading.local()
        self._reuses = False
        self._sync = GroupSync(path.with_name(f"{path.name}-wal"))

    @property
    def exists(self) -> bool:
        """Whether the file is there; reading from a database that isn't makes it."""
        return self.path.exists()

    @contextmanager
    def transaction(self) -> "Iterator[sqlite_utils.Database]":
        """One write: all of it or none. Raises LockedError, SetupError; RuntimeError where this thread has one open."""
        with self.writing() as connection:
            yield _wrapped(connection)

    @contextmanager
    def read(self) -> "Iterator[sqlite_utils.Database]":
        """One consistent view, in which nothing can be written. Raises LockedError, SetupError."""
        with self.reading() as connection:
            yield _wrapped(connection)

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """`transaction()` on the bare connection.

        Not `durable`: all or nothing as ever, and safe when the process dies, but a loss of power may undo it, until
        `sync` has been called.
        """
        if getattr(self._open, "writes", False):
            raise RuntimeError(
                "this thread has a transaction open already: hand it on instead of opening another"
            )
        with self.told(), self._connected(writes=True) as connection:
            if not durable:
                connection.execute("PRAGMA synchronous=NORMAL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._open.writes = True
                self._step("transaction-begun")
                yield connection
                self._step("transaction-done")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._open.writes = False
                if not durable:
                    connection.execute("PRAGMA synchronous=FULL")  # SQLite's own default
        self._step("transaction-committed")

    def sync(self) -> None:
        """See to it that no loss of power undoes what this thread has committed. Threads that wait share one sync.

        A commit that is durable by itself syncs while it holds the write lock, and everybody waits for it in turn.
        """
        try:
            self._sync()
        except OSError as error:
            raise SetupError(
                f"{self.path} can't be written to the disk: {error.strerror}",
                advice="look at the folder's owner, its mode and the space left on the disk",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """`read()` on the bare connection."""
        with self.told(), self._way_to_read() as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            if (longest_s := LONGEST_READING_S.get()) is not None:
                ends = time.monotonic() + longest_s
                connection.set_progress_handler(lambda: time.monotonic() > ends, _A_WHILE)
            try:
                yield connection
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.execute("PRAGMA query_only=OFF")

    def _way_to_read(self) -> AbstractContextManager[sqlite3.Connection]:
        if self._reuses:
            return self._lent()
        return self._resting() if stands_still(self.path) else self._connected()

    @contextmanager
    def _resting(self) -> Iterator[sqlite3.Connection]:
        """The file as it lies there, of a folder that this user may only read. Raises LockedError if it was written meanwhile."""
        before = self._state()
        connection = self._opened(still=True)
        try:
            self._at_our_schema(connection)
            yield connection
        finally:
            connection.close()
        if before != self._state() or not stands_still(self.path):
            raise LockedError(
                f"{self.path} was written to while it was read", advice="try again; another process has it"
            )

    def must_be_writable(self) -> None:
        """Raise SetupError, with what to do, where this user can't write the file or what SQLite keeps beside it."""
        must_be_writable(self.path)

    def reuse(self) -> None:
        """From now on keep each thread's connection for its next reading: who reads all day need not open the file each time."""
        self._reuses = True

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread that is free, and of the file that is there now; else a new one, free afterwards."""
        free: _Free = self._open.__dict__.setdefault("free", _Free())
        connection = free.take(self._file())
        if connection is None:
            connection = self._opened(kept=True)
        try:
            self._at_our_schema(connection)
            yield connection
        except BaseException:
            connection.close()
            raise
        connection.row_factory = None
        free.give(self._file(), connection)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the file open over several units of work: each then costs one sync of the disk instead of five.

        SQLite empties and removes its write-ahead log whenever the last connection is closed. This thread's units of
        work take turns on the one connection, with what SQLite has prepared for them.
        """
        with self.told(), self._connected(writes=True) as connection:
            connection.execute("SELECT 1 FROM meta").fetchone()  # only who has read takes part
            before = getattr(self._open, "kept", None)
            self._open.kept = connection
            try:
                yield
            finally:
                self._open.kept = before

    def get_meta(self, key: str) -> str | None:
        """A remembered value, or None."""
        with self.reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a value, committed at once."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        kept: sqlite3.Connection | None = getattr(self._open, "kept", None)
        if kept is not None:
            self._open.kept = None  # what is opened inside this unit of work has a connection of its own
            try:
                yield kept
            finally:
                kept.row_factory = None
                self._open.kept = kept
            return
        connection = self._opened(writes=writes)
        try:
            self._at_our_schema(connection)
            yield connection
        finally:
            connection.close()

    def _opened(self, *, still: bool = False, kept: bool = False, writes: bool = False) -> sqlite3.Connection:
        if not self.path.exists():
            self._make_file()
        elif self.path.is_dir():
            raise SetupError(
                f"{self.path} can't be used: it is a folder",
                advice="move it away; the index is made again by 'policy-tracker reindex'",
            )
        if not still:
            free_beside(self.path)
        if writes:
            must_be_writable(self.path)
        name = f"{self.path.resolve().as_uri()}?immutable=1" if still else str(self.path)
        connection = sqlite3.connect(
            name,
            timeout=self._busy_s,
            isolation_level=None,
            uri=still,
            # Only its own thread uses it, but what a thread kept is closed by whichever thread collects the garbage.
            check_same_thread=not kept,
        )
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _state(self) -> tuple[int, int, int]:
        at = self.path.stat()
        return at.st_ino, at.st_size, at.st_mtime_ns

    def _file(self) -> tuple[int, int] | None:
        """Which file it is: one that was restored from a backup is another."""
        try:
            at = self.path.stat()
        except OSError:
            return None
        return at.st_dev, at.st_ino

    def _make_file(self) -> None:
        try:
            # Subscribers' addresses are nobody else's business; SQLite gives its -wal and -shm the same mode.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise SetupError(
                f"can't make the database {self.path}: {error.strerror}",
                advice="make the tracker's folder with 'policy-tracker init', or name another with --home",
            ) from error

    def _at_our_schema(self, connection: sqlite3.Connection) -> None:
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        if ours and schema == SCHEMA:
            return
        if ours and schema > SCHEMA:
            raise SetupError(
                f"{self.path} was written by a newer policy-tracker (schema {schema}, this one knows {SCHEMA})",
                advice="update policy-tracker; an older one would not understand what is in there",
            )
        if not ours and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise SetupError(
                f"{self.path} is a database of something else",
                advice="move it away; the index is made again by 'policy-tracker reindex'",
            )
        self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        # sqlite-utils is imported only where there is something to migrate.
        from tracker.store.migrations import migrations

        must_be_writable(self.path)
        self._to_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            before = connection.execute("PRAGMA user_version").fetchone()[0]
            if 0 < before < SCHEMA:
                # Nothing is written yet and nobody else can write: the copy is what this release found.
                kept = keep_before_migrating(self.path, before)
                log.warning(
                    "the database is brought from schema %d to %d", before, SCHEMA, extra={"kept": str(kept)}
                )
                self._step("migration-kept")
            migrations.apply(_wrapped(connection))  # nothing is pending where another process was first
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _to_wal(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                # SQLite does not always wait its busy_timeout when two processes change the mode at once.
                if error.sqlite_errorcode & 0xFF not in BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def told(self) -> Iterator[None]:
        """SQLite's errors as ours, but for those of a statement that is wrong: they are our own fault."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            ours = as_ours(error, self.path, self._busy_s, LONGEST_READING_S.get())
            if ours is None:
                raise
            raise ours from error


# https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
_FOREIGN: list[sqlite3.Connection] = []


class _Free:
    """The connections of one thread that wait for their next reading; closed when the thread is gone."""

    def __init__(self) -> None:
        self._free: list[tuple[tuple[int, int] | None, sqlite3.Connection]] = []
        self._process = os.getpid()

    def take(self, file: tuple[int, int] | None) -> sqlite3.Connection | None:
        """One that is of this file; those of another are closed."""
        if (
            self._process != os.getpid()
        ):  # forked: they are the other process's, neither to use here nor to close
            self._process = os.getpid()
            _FOREIGN.extend(connection for _, connection in self._free)
            self._free.clear()
        while self._free:
            of, connection = self._free.pop()
            if of == file:
                return connection
            connection.close()
        return None

    def give(self, file: tuple[int, int] | None, connection: sqlite3.Connection) -> None:
        """Keep it for later."""
        self._free.append((file, connection))

    def __del__(self) -> None:
        if self._process == os.getpid():
            for _, connection in self._free:
                connection.close()


def _wrapped(connection: sqlite3.Connection) -> "sqlite_utils.Database":
    import sqlite_utils  # 60 ms: see the head of this file

    return sqlite_utils.Database(connection, execute_plugins=False)
