"""Threads that wait for the disk share its syncs, and each waits for one that began after it came."""

import os
import threading
from pathlib import Path

from tracker.store.syncing import GroupSync


def test_threads_that_come_during_a_sync_share_the_next(tmp_path: Path) -> None:
    (tmp_path / "wal").write_bytes(b"x")
    begun, go = threading.Event(), threading.Event()
    syncs: list[int] = []

    def slow(handle: int) -> None:
        syncs.append(handle)
        begun.set()
        assert go.wait(30)
        os.fsync(handle)

    sync = GroupSync(tmp_path / "wal", slow)
    first = threading.Thread(target=sync)
    first.start()
    assert begun.wait(30)
    others = [threading.Thread(target=sync) for _ in range(5)]
    for one in others:
        one.start()
    while sync._count < 6:
        pass  # each has come before the first sync ends
    go.set()
    for one in (first, *others):
        one.join(30)
    assert len(syncs) == 2  # the first one's, begun before the others came, and theirs


def test_a_log_that_is_gone_is_no_matter_and_the_next_one_is_synced(tmp_path: Path) -> None:
    syncs: list[int] = []
    sync = GroupSync(tmp_path / "wal", syncs.append)
    sync()
    assert syncs == []
    (tmp_path / "wal").write_bytes(b"x")
    sync()
    sync()
    assert len(syncs) == 2
