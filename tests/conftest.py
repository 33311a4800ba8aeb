"""What holds for all tests. Where they write: in memory where there is enough of it. Waiting for a disk to sync is two thirds of the suite's time.

What is synced before what is held by the names of the steps (tests/archive/test_crashes.py), which no disk would tell.
What is compiled is kept, whatever the environment says: else each of some thousand commands compiles the product anew.
"""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.memory import MEMORY

ENOUGH_BYTES = 4 << 30  # a container's is often 64 MB


def _there() -> Path | None:
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ENOUGH_BYTES:
        return None
    folder = MEMORY / f"tests-{os.getuid()}"  # short: a path in it may be a socket's
    folder.mkdir(mode=0o711, exist_ok=True)  # a test may become another user
    at = folder.lstat()
    return folder if at.st_uid == os.getuid() and not folder.is_symlink() else None


if folder := _there():
    # Before anything asks for a place; the processes that tests start, the workers among them, inherit it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Neither asks for speed: how long an input takes to make or to judge says how busy a machine is, not what is right.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: a seventh of the time a test waits for a process, a server or a page."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not walk over it again and again, which is a fifteenth of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
