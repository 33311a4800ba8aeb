"""Files that survive: torn lines, links, devices, full disks."""

import logging
import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.making import SUPPORT, a_snapshot, an_archive, seen
from tracker.archive import files
from tracker.archive.chain import check
from tracker.archive.folder import observations
from tracker.archive.layout import TIMELINE, policy_folder
from tracker.archive.records import observation_line
from tracker.errors import InputError, SetupError


@given(st.integers(0, 400))
@settings(deadline=None)
def test_a_timeline_cut_off_at_any_byte_is_read_and_repaired(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        archive = an_archive(home)
        archive.keep_many(a_snapshot(number) for number in (1, 2, 3))
        archive.observe_many(SUPPORT, [seen(1, 0), seen(2, 1)])
        path = policy_folder(home / "snapshots", SUPPORT) / TIMELINE
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        cut = min(cut, len(whole))
        path.write_bytes(whole[:cut])
        # A line is there with its last brace; its newline is ours to add.
        left = [seen(1, 0), seen(2, 1)][: 0 if cut < len(lines[0]) - 1 else 1 if cut < len(whole) - 1 else 2]
        assert list(archive.observations(SUPPORT)) == left
        archive.observe(SUPPORT, seen(3, 2))
        assert list(archive.observations(SUPPORT)) == [*left, seen(3, 2)]
        added = path.read_bytes().splitlines(keepends=True)[-1]
        assert added.startswith(observation_line(seen(3, 2), a_snapshot(3).sha256).encode()[:-1])
        assert added.endswith(b"\n")
        assert check(path.read_bytes().split(b"\n")[:-1]).breaks == ()
        assert observations(path.parent) == [*left, seen(3, 2)]


def test_a_repair_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / TIMELINE
    path.write_bytes(b'{"a": 1}\n{"b": ' + b"x" * 100_000)
    with caplog.at_level(logging.WARNING):
        files.append(path, ['{"c": 3}'])
    assert path.read_bytes() == b'{"a": 1}\n{"c": 3}\n'
    assert "cut off" in caplog.text
    assert len(caplog.text) < 1000


def test_no_newline_at_the_end_is_no_torn_line(tmp_path: Path) -> None:
    path = tmp_path / TIMELINE
    path.write_bytes(b'{"a": 1}\n{"b": 2}')
    assert files.read_lines(path) == ([b'{"a": 1}', b'{"b": 2}'], b"")
    files.append(path, ['{"c": 3}'])
    assert path.read_bytes() == b'{"a": 1}\n{"b": 2}\n{"c": 3}\n'


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x" * 11)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path may have 108 characters only
        listening.bind("socket")
        os.chdir(here)
    for name in ("link", "folder", "pipe", "socket"):
        with pytest.raises(InputError, match="is not read: it is no file"):
            files.read_bytes(tmp_path / name, 100)
    with pytest.raises(InputError, match="its 11 bytes are more than 10"):
        files.read_bytes(tmp_path / "real", 10)
    assert files.read_bytes(tmp_path / "real", 11) == b"x" * 11
    with pytest.raises(FileNotFoundError):
        files.read_bytes(tmp_path / "none", 10)
    assert files.read_lines(tmp_path / "none") == ([], b"")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = an_archive(tmp_path / "home")
    (archive.root / "aws").mkdir(parents=True)
    policy_folder(archive.root, SUPPORT).symlink_to(outside)
    with pytest.raises(InputError, match="symbolic link"):
        archive.keep(a_snapshot(1))
    (archive.root / "aws-cn").symlink_to(outside)
    with pytest.raises(InputError, match="symbolic link"):
        archive.keep(a_snapshot(1, arn=type(SUPPORT)("aws-cn", "X")))
    assert list(outside.iterdir()) == []


def test_the_trackers_folder_may_be_a_link_as_state_directories_of_systemd_are(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "private")
    archive = an_archive(tmp_path / "state")
    archive.keep(a_snapshot(1))
    archive.observe(SUPPORT, seen(1))
    assert len(list((tmp_path / "private" / "snapshots").rglob("*.json"))) == 1


def test_a_timeline_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    target = tmp_path / "target"
    target.write_text("")
    (policy_folder(archive.root, SUPPORT) / TIMELINE).symlink_to(target)
    with pytest.raises(InputError, match="is not read"):
        archive.observe(SUPPORT, seen(1))
    with pytest.raises(SetupError, match="can't be written"):
        files.append(policy_folder(archive.root, SUPPORT) / TIMELINE, ["{}"])
    assert target.read_text() == ""


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(SetupError, match="can't be written") as told:
        files.make_folders(tmp_path / "home" / "snapshots" / "aws", tmp_path)
    assert told.value.exit_code == 4
    with pytest.raises(SetupError, match="can't be written"):
        files.write_temporary(tmp_path / "none" / "x.json", b"")
    with pytest.raises(SetupError, match="can't be written"):
        files.sync_file(tmp_path / "none")
    with pytest.raises(SetupError, match="can't be written"):
        files.put(tmp_path / "none", tmp_path / "x")
    with pytest.raises(SetupError, match="can't be written: No space left on device"):
        files.append(Path("/dev/full"), ["{}"])


def test_a_disk_that_does_not_give_is_no_damaged_file() -> None:
    with pytest.raises(SetupError, match="can't be read"):
        files.read_bytes(Path("/proc/self/mem/x" * 300), 10)  # ENAMETOOLONG
