"""A process that backs a folder up, or restores one, and dies at its n-th step: python -m tests.backup.crashing WHAT FROM TO N."""

import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tracker.backup.making import make_backup
from tracker.backup.restoring import restore_backup


def main() -> None:
    what, source, target, last = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    steps = count(1)

    def step(name: str) -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "backup":
        make_backup(
            source, target, now=datetime(2026, 1, 1, tzinfo=UTC), version="1", lock_wait_s=5, step=step
        )
    else:
        restore_backup(source, target, step=step)


if __name__ == "__main__":
    main()
