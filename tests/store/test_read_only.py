"""A tracker's folder that may only be read: an auditor's copy, a mount, another user's."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tracker.errors import LockedError, SetupError
from tracker.store.database import Database

NOBODY = 65534
ROOT = os.geteuid() == 0


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere: be somebody else for a while."""
    if not ROOT:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="policy-tracker-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_what_may_only_be_read_is_read(place: Path) -> None:
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    database.path.chmod(0o444)
    place.chmod(0o555)
    with as_nobody():
        assert database.get_meta("a") == "1"
        with pytest.raises(SetupError, match="can't be written"):
            database.set_meta("a", "2")
    assert [one.name for one in place.iterdir()] == ["tracker.db"]


def test_what_is_written_meanwhile_is_said(place: Path) -> None:
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    database.path.chmod(0o444)
    place.chmod(0o555)

    def read() -> None:
        with database.reading():
            if not ROOT:  # its owner is we, who may not write it but may date it
                os.utime(database.path, ns=(1, 1))
                return
            os.seteuid(0)
            database.set_meta("a", "2")
            os.seteuid(NOBODY)

    with as_nobody(), pytest.raises(LockedError, match="while it was read"):
        read()


def test_what_may_be_written_is_opened_as_ever(place: Path) -> None:
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    with database.held():
        database.set_meta("a", "2")
        assert database.get_meta("a") == "2"


def test_a_log_left_read_only_is_freed(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    place.chmod(0o777)
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    if ROOT:
        os.chown(database.path, NOBODY, NOBODY)
    with as_nobody():
        database.path.chmod(0o444)
        with closing(sqlite3.connect(database.path)) as bare, pytest.raises(sqlite3.OperationalError):
            bare.execute("DELETE FROM meta")  # SQLite's way: the log it makes is read-only, too, and stays
        database.path.chmod(0o600)
        left = [one.name for one in place.iterdir() if not os.access(one, os.W_OK, effective_ids=True)]
        assert "tracker.db-shm" in left
        database.set_meta("a", "2")
        assert database.get_meta("a") == "2"
    assert "tracker.db-shm was read-only" in caplog.text
    assert [one.name for one in place.iterdir()] == ["tracker.db"]


def test_what_is_in_the_way_is_named_with_what_to_do(place: Path) -> None:
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    (place / "tracker.db-wal").touch(0o444)
    with as_nobody(), pytest.raises(SetupError, match=r"tracker\.db(-wal)? can't be written") as raised:
        database.must_be_writable()
    if ROOT:
        assert str(raised.value).endswith("by nobody: it is root's, mode 0600")
        os.chown(database.path, NOBODY, NOBODY)
        with as_nobody(), pytest.raises(SetupError, match=r"tracker\.db-wal can't be written") as raised:
            database.set_meta("a", "2")
        assert "run policy-tracker as root" in raised.value.advice
    database.path.chmod(0o400)
    with as_nobody(), pytest.raises(SetupError, match="mode 0400") as raised:
        database.set_meta("a", "2")
    assert raised.value.advice == f"chmod u+w {database.path}"


def test_on_a_full_disk_all_can_be_read_and_what_can_not_be_written_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(place / "tracker.db")
    database.set_meta("a", "1")
    (place / "tracker.db-wal").touch()  # what SQLite leaves that could not begin
    left = SimpleNamespace(f_frsize=1024, f_bavail=3, f_bfree=3, f_flag=0)
    monkeypatch.setattr("os.statvfs", lambda _: left)
    assert database.get_meta("a") == "1"
    assert not (place / "tracker.db-shm").exists()  # SQLite has no room for it
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    with pytest.raises(SetupError, match="its disk is full, 3 KB are left") as raised, database.told():
        raise error
    assert raised.value.advice.startswith("make room")
