"""Whether anything was committed to the database, without asking what: one number, in a few microseconds."""

import sqlite3
from threading import Lock
from weakref import finalize

from tracker.store.database import Database


class Pulse:
    """Watches a database file. Safe in several threads; where there is no file yet there is no beat."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._open: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode: a restored database is another file

    def beat(self) -> tuple[object, ...]:
        """Another value whenever any process has committed since (https://www.sqlite.org/pragma.html#pragma_data_version).

        Raises LockedError, SetupError.
        """
        try:
            at = self._database.path.stat()
        except OSError:
            return ()
        file = (at.st_dev, at.st_ino)
        with self._lock, self._database.told():
            if self._open is None or self._file != file:
                self._reopen(file)
            assert self._open is not None  # noqa: S101 -- just opened
            return (*file, self._open.execute("PRAGMA data_version").fetchone()[0])

    def _reopen(self, file: tuple[int, int]) -> None:
        if self._open is not None:
            self._open.close()
        with self._database.reading():
            pass  # it is ours, and of our schema
        self._open = sqlite3.connect(self._database.path, check_same_thread=False, isolation_level=None)
        finalize(self, self._open.close)
        self._open.execute("PRAGMA query_only=ON")
        self._file = file
