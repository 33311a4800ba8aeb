"""`init`: a folder becomes a tracker, complete or not at all."""

import json
import re
import shlex
import tomllib
from datetime import time
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tracker.cli.settings_file import settings_text
from tracker.settings import DECLARED, SECTIONS, Settings, load_settings


def test_it_makes_settings_and_copies_the_shipped_history(home: Path, cli: Command) -> None:
    for name, versions in (("AWSSupportServiceRolePolicy", 14), ("ReadOnlyAccess", 14)):
        assert len(list((home / "snapshots" / "aws" / name).glob("*_v*.json"))) == versions
    assert cli("verify").code == 0
    assert "364 more actions" in cli("log").out
    assert "v57-v59.html" in (home / "changelogs" / "index.html").read_text()
    assert (
        "364 more actions" in (home / "changelogs" / "AWSSupportServiceRolePolicy" / "v57-v59.md").read_text()
    )
    assert (home / ".gitignore").read_text().splitlines()[1:] == ["tracker.db*", "tracker.lock", "crashes/"]


def test_everything_in_the_settings_file_is_a_comment_but_the_drawn_time(home: Path) -> None:
    text = (home / "policy-tracker.toml").read_text()
    at = f"{load_settings(home, {}).schedule.at:%H:%M}"
    assert tomllib.loads(text) == {
        section: {"at": at} if section == "schedule" else {} for section in SECTIONS
    }
    for declared in DECLARED.values():
        assert declared.meaning.split()[0] in text


def test_a_default_with_its_comment_sign_taken_away_is_that_default(tmp_path: Path) -> None:
    text = re.sub(r"^#(\w+ = )", r"\1", settings_text(time(6, 17)), flags=re.MULTILINE)
    (tmp_path / "policy-tracker.toml").write_text(text)
    settings = load_settings(tmp_path, {})
    assert {row.origin.layer for row in settings.rows()} == {"file"}
    for declared in DECLARED.values():
        assert settings.value(declared.key) == Settings(home=tmp_path).value(declared.key), declared.key


def test_the_time_is_drawn_for_each_installation(cli: Command, tmp_path: Path) -> None:
    drawn = {json.loads(cli("init", tmp_path / str(n), "--empty", "--json").out)["at"] for n in range(12)}
    assert len(drawn) > 1
    assert all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", one) for one in drawn)


def test_it_says_what_to_do_next(cli: Command, tmp_path: Path) -> None:
    done = cli("init", tmp_path / "new home", "--empty")
    assert done.code == 0
    assert f"{tmp_path}/new home is now a tracker" in done.out
    (policy,) = re.findall(r"^\{\n.*?^\}\n", done.out, re.DOTALL | re.MULTILINE)
    actions = [action for one in json.loads(policy)["Statement"] for action in one["Action"]]
    assert "iam:GetPolicyVersion" in actions
    (line,) = re.findall(r"^  (\d+ \* \* \* \* .*)$", done.out, re.MULTILINE)
    minute, *_, rest = line.split(" ", 5)
    assert int(minute) == load_settings(tmp_path / "new home", {}).schedule.at.minute
    words = shlex.split(rest)
    assert Path(words[0]).is_absolute()
    assert words[1:] == ["--home", str(tmp_path / "new home"), "check", "--if-due"]


def test_a_per_cent_sign_is_escaped_for_cron(cli: Command, tmp_path: Path) -> None:
    record = json.loads(cli("init", tmp_path / "100%", "--empty", "--json").out)
    assert "100\\%" in record["cron"]


def test_a_new_folder_and_its_settings_are_its_owners_alone(cli: Command, tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert cli("init", home, "--empty").code == 0
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "policy-tracker.toml").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_holds_other_things_is_refused_and_left_alone(cli: Command, tmp_path: Path) -> None:
    foreign = tmp_path / "etc"
    foreign.mkdir()
    for name in ("a", "hosts", "passwd", "shadow"):
        (foreign / name).touch()
    done = cli("init", foreign)
    assert done.code == 2
    assert f"{foreign} is not empty, and no tracker: it holds a, hosts, passwd and 1 more" in done.err
    assert "policy-tracker init DIR" in done.err
    assert len(list(foreign.iterdir())) == 4


@pytest.mark.parametrize("there", [".gitkeep", ".git", "snapshots", "policy-tracker.toml.new"])
def test_a_folder_kept_for_it_is_taken(cli: Command, tmp_path: Path, there: str) -> None:
    home = tmp_path / "kept"
    home.mkdir()
    if there.startswith(".git") and there != ".gitkeep":
        (home / there).mkdir()
        (home / "README.md").touch()
    elif there == "snapshots":
        (home / there).mkdir()
    else:
        (home / there).touch()
    done = cli("init", home, "--empty")
    assert done.code == 0, done.err
    assert (home / "policy-tracker.toml").is_file()


def test_empty_means_without_history(cli: Command, tmp_path: Path) -> None:
    record = json.loads(cli("init", tmp_path / "new", "--empty", "--json").out)
    assert (record["made"], record["archived"]) == (True, {})
    assert cli("--home", tmp_path / "new", "log", "--all").out == "no change is on record\n"


def test_a_folder_that_is_a_tracker_already_is_left_as_it_is(home: Path, cli: Command) -> None:
    path = home / "policy-tracker.toml"
    path.write_text(path.read_text() + "\n# mine\n")
    before = {one: one.stat().st_mtime_ns for one in home.rglob("*.json*")}
    done = cli("init", home)
    assert done.code == 0
    assert f"{home} is already a tracker" in done.out
    assert path.read_text().endswith("# mine\n")
    assert {one: one.stat().st_mtime_ns for one in home.rglob("*.json*")} == before


def test_one_that_was_cut_off_is_completed(made: Path, cli: Command, tmp_path: Path) -> None:
    half = tmp_path / "half" / "snapshots" / "aws" / "ReadOnlyAccess"
    half.mkdir(parents=True)
    source = min((made / "snapshots" / "aws" / "ReadOnlyAccess").glob("*_v*.json"))
    (half / source.name).write_bytes(source.read_bytes())
    (half / ".torn.tmp").write_text("{")
    done = cli("init", tmp_path / "half", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["archived"]["ReadOnlyAccess"] == 14
    assert cli("--home", tmp_path / "half", "log", "ReadOnlyAccess").code == 0


def test_without_a_folder_it_is_made_where_the_command_will_look(cli: Command, tmp_path: Path) -> None:
    assert cli("init", "--empty").code == 0
    assert (tmp_path / "data" / "policy-tracker" / "policy-tracker.toml").is_file()
    assert cli("log", "--all").code == 0


def test_a_folder_that_can_not_be_made_is_4(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, wrong in ((tmp_path / "file" / "home", "a part of that path is a file"), ("/proc/x", "can't be made")):  # fmt: skip
        done = cli("init", folder, "--empty")
        assert (done.code, wrong in done.err) == (4, True), done.err


@pytest.mark.parametrize("value", ["24:00", "soon"])
def test_a_wrong_variable_stops_it_before_anything_is_made(
    cli: Command, tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_TRACKER_SCHEDULE__AT", value)
    assert cli("init", tmp_path / "new").code == 4
    assert not (tmp_path / "new").exists()
