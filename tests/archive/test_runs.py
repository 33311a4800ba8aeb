"""Rounds begun and ended; a report that is made once."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.making import NOON, an_archive
from tracker.model.recorded import RunRow

CLAIM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tracker.archive.archive import Archive
from tracker.store.database import Database
home = Path(sys.argv[1])
archive = Archive(home, Database(home / "tracker.db", busy_s=30))
now = datetime(2022, 1, 1, tzinfo=UTC)
print(sum(archive.report_once("p", f"month {n}", now, now, now) for n in range(20)))
"""


def test_two_processes_at_once_make_each_report_once(tmp_path: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", CLAIM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    won = [int(child.communicate(timeout=60)[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sum(won) == 20


def test_a_report_is_due_again_where_its_transaction_failed(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    later = NOON + timedelta(days=31)

    def made() -> bool:
        with archive.database.transaction() as db:
            return archive.report_once("p", "2022-01", NOON, later, later, db)

    def failed() -> None:
        with archive.database.transaction() as db:
            assert archive.report_once("p", "2022-01", NOON, later, later, db)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        failed()
    assert not archive.reported("p", "2022-01")
    assert archive.reported_until("p") is None
    assert made()
    assert not made()
    assert archive.reported("p", "2022-01")
    assert not archive.reported("p", "2022-02")
    assert not archive.reported("q", "2022-01")
    assert archive.report_once("p", "2021-12", NOON - timedelta(days=31), NOON, later)
    assert archive.reported_until("p") == later


def test_a_round_is_open_until_it_ends(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.start_run("r2", "import", NOON + timedelta(hours=1))
    archive.start_run("r1", "check", NOON)
    assert archive.open_runs() == (
        RunRow("r1", "check", NOON, None, ""),
        RunRow("r2", "import", NOON + timedelta(hours=1), None, ""),
    )
    archive.finish_run("r1", NOON, "done")
    with archive.database.writing() as connection:
        archive.finish_run("r2", NOON, "done", connection)
    assert archive.open_runs() == ()
    with archive.database.reading() as db:
        assert db.execute("SELECT id, outcome FROM runs ORDER BY id").fetchall() == [
            ("r1", "done"),
            ("r2", "done"),
        ]
