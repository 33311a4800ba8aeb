"""One sync of the disk for all threads that wait for one: whoever comes while it runs shares the next."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

_SYNC: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # not every system tells them apart


class GroupSync:
    """Syncs a file for many threads. What was written before `__call__` is on the disk when it returns."""

    def __init__(self, path: Path, sync: Callable[[int], None] = _SYNC) -> None:
        self._path, self._sync = path, sync
        self._count, self._counting = 0, Lock()
        self._done, self._syncing = 0, Lock()

    def __call__(self) -> None:
        """Wait for a sync that began after this call; make it where nobody else does. A file that is gone is no matter."""
        with self._counting:
            self._count += 1
            mine = self._count
        with self._syncing:
            if self._done >= mine:
                return
            upto = self._count
            try:
                handle = os.open(self._path, os.O_RDWR)
            except FileNotFoundError:
                pass  # SQLite has moved all of it to the database, synced that, and removed the log
            else:
                try:
                    self._sync(handle)
                finally:
                    os.close(handle)
            self._done = upto
