"""`backup` and `restore` as typed."""

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_a_backup_is_made_and_restored(home: Path, cli: Command, tmp_path: Path) -> None:
    done = cli("backup", tmp_path / "b")
    assert (done.code, done.err) == (0, "")
    assert "whole, each read back and compared" in done.out
    restored = cli("restore", tmp_path / "b", tmp_path / "again")
    assert restored.code == 0
    assert str(tmp_path / "again") in restored.out
    checked = cli("verify", "--home", tmp_path / "again")
    assert (checked.code, "nothing is wrong" in checked.out) == (0, True)
    assert cli("show", "AWSSupportServiceRolePolicy", "--home", tmp_path / "again").code == 0


def test_as_json(home: Path, cli: Command, tmp_path: Path) -> None:
    (home / "link").symlink_to("/etc/passwd")
    done = cli("backup", tmp_path / "b", "--json")
    made = json.loads(done.out)
    assert (made["type"], made["left_out"]) == ("backup", ["link"])
    assert "link is a link or no file, and was not copied" in done.err
    restored = json.loads(cli("restore", tmp_path / "b", "--home", tmp_path / "again", "--json").out)
    assert restored["type"] == "restore"
    assert (restored["files"], restored["bytes"], restored["waiting"]) == (made["files"], made["bytes"], 0)


def test_what_is_no_backup_ends_with_2_and_a_damaged_one_with_3(
    home: Path, cli: Command, tmp_path: Path
) -> None:
    assert cli("restore", home, tmp_path / "again").code == 2
    assert cli("restore", tmp_path / "nowhere", tmp_path / "again").code == 2
    assert cli("backup", tmp_path / "b").code == 0
    (tmp_path / "b" / "policy-tracker.toml").write_text("other")
    done = cli("restore", tmp_path / "b", tmp_path / "again")
    assert done.code == 3
    assert "policy-tracker.toml is not what was backed up" in done.err
    assert not (tmp_path / "again").exists()
