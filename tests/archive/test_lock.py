"""One round at a time, across processes; a lock that ends with its process."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracker.archive.lock import LOCK, round_lock
from tracker.errors import LockedError, SetupError

HOLD = """
import sys
from pathlib import Path
from tracker.archive.lock import round_lock
with round_lock(Path(sys.argv[1]), 10):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(home: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_another_process_waits_in_vain_and_is_told_for_whom(tmp_path: Path) -> None:
    with holder(tmp_path) as child:
        start = time.monotonic()
        with (
            pytest.raises(LockedError, match=rf"running in .* \(process {child.pid}\)") as told,
            round_lock(tmp_path, 0.2),
        ):
            pass
        assert 0.2 <= time.monotonic() - start < 5
        assert told.value.exit_code == 75
        child.communicate("\n")
    with round_lock(tmp_path, 0):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    with holder(tmp_path) as child:
        child.kill()
        child.communicate()
        with round_lock(tmp_path, 5):
            assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


def test_who_waits_long_enough_gets_it(tmp_path: Path) -> None:
    with holder(tmp_path) as child:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
        with round_lock(tmp_path, 30):
            pass
        child.communicate()


def test_it_is_let_go_of_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), round_lock(tmp_path, 0):
        _ = 1 / 0
    with round_lock(tmp_path, 0), pytest.raises(LockedError), round_lock(tmp_path, 0):
        pass


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't lock") as told, round_lock(tmp_path / "none", 0):
        pass
    assert "init" in told.value.advice


def test_a_lock_that_can_not_be_opened_as_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "tracker.lock").mkdir()
    with pytest.raises(SetupError, match="can't lock") as told, round_lock(tmp_path, 0):
        pass
    assert told.value.advice.startswith(f"move {tmp_path}/tracker.lock away")


def test_a_lock_in_which_nothing_can_be_written_locks_all_the_same(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
    with (
        round_lock(tmp_path, 0),
        pytest.raises(LockedError, match=r"running in \S+$"),
        round_lock(tmp_path, 0),
    ):
        pass
