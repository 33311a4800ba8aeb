"""A backup is complete or not there, of one moment though everybody works, and comes back as what it was."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.dumping import dump, dump_state
from tests.support.world import START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.archive.lock import round_lock
from tracker.backup.making import Backup, make_backup
from tracker.backup.manifest import MANIFEST, _is_inside, hash_of, read_manifest
from tracker.backup.restoring import restore_backup
from tracker.errors import InputError, LockedError, PartialFailure, SetupError, TrackerError
from tracker.store.database import Database
from tracker.store.schema import SCHEMA

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
_ROOT = Path(__file__).resolve().parent.parent.parent


def looked(folder: Path) -> World:
    """A tracker with a subscriber, two versions, and a mail that waits."""
    world = make_world(folder, ids="r")
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), allowing("s3:ListBucket"))
    service.check(world.tracker, [SUPPORT])
    world.subscribe("team@example.org")
    world.clock.forward(days=1)
    world.aws.publish(SUPPORT, "v2", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    service.check(world.tracker, [SUPPORT])
    (world.tracker.home / "policy-tracker.toml").write_text("# settings\n")
    (world.tracker.home / "policy-tracker.toml").chmod(0o600)
    return world


def back_up(home: Path, target: Path, lock_wait_s: float = 30) -> Backup:
    return make_backup(home, target, now=NOW, version="1.2.3", lock_wait_s=lock_wait_s)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("tracker.db", "tracker.lock", MANIFEST))
    }


@pytest.fixture
def world(tmp_path: Path) -> World:
    return looked(tmp_path)


@pytest.fixture(scope="module")
def one_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("one")
    return back_up(looked(place).tracker.home, place / "backup").folder


@pytest.fixture
def backup(one_backup: Path, tmp_path: Path) -> Path:
    """A backup that a test may spoil."""
    return Path(shutil.copytree(one_backup, tmp_path / "backup"))


def test_what_is_restored_is_what_was_backed_up(world: World, tmp_path: Path) -> None:
    home = world.tracker.home
    for name in ("crashes", ".git"):
        (home / name).mkdir()
        (home / name / "x.txt").write_text("another's")
    (home / "snapshots" / ".half.json.tmp").write_text("{")
    (home / "elsewhere").symlink_to("/etc/passwd")
    made = back_up(home, tmp_path / "backups" / "one")
    assert made.left_out == ("elsewhere",)
    assert made.manifest.database_schema == SCHEMA
    assert (made.folder.stat().st_mode & 0o777, (made.folder / "tracker.db").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    restored = restore_backup(made.folder, tmp_path / "again")
    assert restored.manifest == read_manifest(made.folder)
    assert (restored.manifest.made, restored.manifest.version) == (NOW, "1.2.3")
    again = tmp_path / "again"
    expected = contents(home)
    for gone in ("crashes/x.txt", ".git/x.txt", "snapshots/.half.json.tmp", "elsewhere"):
        expected.pop(gone, None)
    assert contents(again) == expected
    assert (again / "policy-tracker.toml").stat().st_mode & 0o777 == 0o600
    ours, theirs = Database(home / "tracker.db"), Database(again / "tracker.db")
    assert dump(theirs) == dump(ours)
    assert dump_state(theirs) == dump_state(ours)
    twin = make_world(tmp_path / "twin", world.clock)
    (tmp_path / "twin" / "home").rmdir()
    again.rename(tmp_path / "twin" / "home")
    assert [one.wrong for one in twin.tracker.archive.verified().findings] == []
    assert twin.tracker.archive.behind() == ()


def test_what_waits_is_told_since_it_may_have_gone(tmp_path: Path) -> None:
    world = looked(tmp_path)
    with world.tracker.database.writing() as connection:
        connection.execute("UPDATE outbox SET state = 'waiting'")
    back_up(world.tracker.home, tmp_path / "backup")
    assert restore_backup(tmp_path / "backup", tmp_path / "again").waiting == 1


def test_a_folder_without_a_database_is_one_too(tmp_path: Path) -> None:
    home = make_world(tmp_path).tracker.home
    made = back_up(home, tmp_path / "backup")
    assert (made.manifest.files, made.manifest.database_schema) == ((), 0)
    assert restore_backup(made.folder, tmp_path / "again").waiting == 0
    assert sorted(one.name for one in (tmp_path / "again").iterdir()) == ["changelogs", "snapshots"]


def test_rounds_that_run_meanwhile_are_in_it_whole_or_not_at_all(world: World, tmp_path: Path) -> None:
    stop, wrong = threading.Event(), []

    def work() -> None:
        other = make_world(tmp_path, world.clock, ids="w")
        for number in range(3, 200):
            if stop.is_set():
                return
            world.clock.forward(hours=1)
            actions = ("s3:ListBucket", f"ec2:Do{number}")
            world.aws.publish(SUPPORT, f"v{number}", world.clock(), allowing(*actions))
            try:
                service.check(other.tracker, [SUPPORT])
            except TrackerError as error:
                wrong.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(4):
            back_up(world.tracker.home, tmp_path / f"backup-{number}")
    finally:
        stop.set()
        worker.join()
    assert wrong == []
    for number in range(4):
        place = tmp_path / f"twin-{number}"
        restore_backup(tmp_path / f"backup-{number}", place / "home")
        twin = make_world(place, world.clock).tracker
        assert [one.wrong for one in twin.archive.verified().findings] == []
        assert twin.archive.open_runs() == ()


def test_a_round_that_does_not_end_is_waited_for_and_then_told(world: World, tmp_path: Path) -> None:
    with round_lock(world.tracker.home, 0), pytest.raises(LockedError):
        back_up(world.tracker.home, tmp_path / "backup", lock_wait_s=0.1)
    assert not list(tmp_path.glob("*backup*"))
    assert not list(tmp_path.glob(".backup*"))


@pytest.mark.parametrize("kill", [1, 3, 6])
@pytest.mark.parametrize("what", ["backup", "restore"])
def test_one_that_is_killed_leaves_nothing_that_looks_whole(
    backup: Path, tmp_path: Path, what: str, kill: int
) -> None:
    source = tmp_path / "home" if what == "backup" else backup
    if what == "backup":
        restore_backup(backup, source)
    target = tmp_path / "target"
    command = [sys.executable, "-m", "tests.backup.crashing", what, str(source), str(target), str(kill)]
    assert subprocess.run(command, cwd=_ROOT, check=False).returncode == -signal.SIGKILL
    assert not target.exists()
    (partial,) = tmp_path.glob(".target-*.partial")
    with pytest.raises(InputError, match="no backup"):
        restore_backup(partial, tmp_path / "other")
    if what == "backup":
        back_up(source, target)
        restore_backup(target, tmp_path / "other")
    else:
        restore_backup(source, target)


def test_a_fault_on_the_way_leaves_nothing(world: World, tmp_path: Path) -> None:
    def step(name: str) -> None:
        if name == "backup-database":
            raise OSError(28, "No space left on device")

    with pytest.raises(SetupError, match="No space left"):
        make_backup(world.tracker.home, tmp_path / "backup", now=NOW, version="1", lock_wait_s=5, step=step)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["aws.json", "aws.looks", "home", "mail.jsonl"]


@pytest.mark.parametrize("place", ["home/inside", "home"])
def test_a_backup_within_what_is_backed_up_is_refused(world: World, tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match="within the tracker's folder"):
        back_up(world.tracker.home, tmp_path / place)


def test_nothing_is_written_over(backup: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", backup):
        with pytest.raises(InputError, match=r"not empty|no folder"):
            back_up(home, target)
        with pytest.raises(InputError, match=r"not empty|no folder"):
            restore_backup(backup, target)
    (tmp_path / "empty").mkdir()
    assert restore_backup(backup, tmp_path / "empty").manifest.files


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def test_a_bit_flipped_a_file_gone_added_or_made_a_link_is_refused(backup: Path, tmp_path: Path) -> None:
    snapshot = next((backup / "snapshots").rglob("*_v1.json"))
    kept = {path: path.read_bytes() for path in (snapshot, backup / "tracker.db")}
    for path, raw in kept.items():
        flip(path)
        with pytest.raises(
            PartialFailure, match=f"{path.name} is not what was backed up; nothing was restored"
        ):
            restore_backup(backup, tmp_path / "again")
        path.write_bytes(raw)
    snapshot.unlink()
    with pytest.raises(PartialFailure, match=r"_v1\.json is missing"):
        restore_backup(backup, tmp_path / "again")
    snapshot.symlink_to("/etc/passwd")
    with pytest.raises(PartialFailure, match=r"_v1\.json is no file"):
        restore_backup(backup, tmp_path / "again")
    snapshot.unlink()
    snapshot.write_bytes(kept[snapshot])
    for number in range(5):
        (backup / f"added-{number}").touch()
    with pytest.raises(PartialFailure, match="added-2 is not in its list, and 2 more"):
        restore_backup(backup, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def resealed(backup: Path) -> None:
    """Somebody who can write the backup can write its list, too."""
    record = json.loads((backup / MANIFEST).read_text())
    (one,) = [one for one in record["files"] if one["path"] == "tracker.db"]
    one["bytes"], one["sha256"] = hash_of(backup / "tracker.db")
    (backup / MANIFEST).write_text(json.dumps(record))


def test_a_database_of_a_newer_release_is_refused(backup: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(backup / "tracker.db")) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    resealed(backup)
    with pytest.raises(SetupError, match=f"newer policy-tracker .schema {SCHEMA + 1}") as told:
        restore_backup(backup, tmp_path / "again")
    assert "1.2.3 or a later one" in told.value.advice


def test_a_damaged_database_is_refused_whatever_the_list_says(backup: Path, tmp_path: Path) -> None:
    (backup / "tracker.db").write_bytes(b"no database" * 100)
    resealed(backup)
    with pytest.raises(PartialFailure, match="is damaged"):
        restore_backup(backup, tmp_path / "again")


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "a/./b", "a/", "x\0y", 7, None]
)
def test_a_list_that_names_what_is_outside_is_refused(backup: Path, tmp_path: Path, path: object) -> None:
    record = json.loads((backup / MANIFEST).read_text())
    record["files"][0]["path"] = path
    (backup / MANIFEST).write_text(json.dumps(record))
    with pytest.raises(InputError, match="is no list of a backup's files"):
        restore_backup(backup, tmp_path / "again")


@given(st.text(max_size=30))
def test_a_name_that_is_taken_stays_in_its_folder(path: str) -> None:
    if _is_inside(path):
        assert os.path.normpath(f"/base/{path}") == f"/base/{path}"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "schema", "made", "version", "database_schema", "files", "path", "bytes", "sha256"]
            ),
            inner,
            max_size=9,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(_JSON | st.binary(max_size=40))
def test_no_list_is_a_fault_of_ours(tmp_path_factory: pytest.TempPathFactory, what: object) -> None:
    folder = tmp_path_factory.getbasetemp() / "lists"
    folder.mkdir(exist_ok=True)
    raw = what if isinstance(what, bytes) else json.dumps(what).encode()
    (folder / MANIFEST).write_bytes(raw)
    with pytest.raises(InputError):
        read_manifest(folder)


def test_a_list_of_a_newer_kind_says_so(backup: Path, tmp_path: Path) -> None:
    record = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps({**record, "schema": 2}))
    with pytest.raises(InputError, match="update policy-tracker"):
        restore_backup(backup, tmp_path / "again")
    (backup / MANIFEST).write_text(json.dumps({**record, "files": record["files"] * 2}))
    with pytest.raises(InputError, match="a file twice"):
        restore_backup(backup, tmp_path / "again")
