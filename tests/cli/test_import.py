"""`policy-tracker import`, as a person types it: the report, its JSON, what is wrong usage, and the bar."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.support.git_archives import Commit, answer, document, git, raw, repository

COMMITS = [
    Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1), "policies/Y": answer(1), "README.md": b"x"}),
    Commit("2024-01-02T06:00:00Z", {"policies/X": b""}),
    Commit("2024-01-03T06:00:00Z", {"policies/X": answer(3, "s3:GetObject", "s3:PutObject")}),
    Commit("2024-01-04T06:00:00Z", {"policies/X": answer(1)}),
]


@pytest.fixture
def home(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tracker"
    assert cli("init", "--empty", folder).code == 0
    monkeypatch.setenv("POLICY_TRACKER_HOME", str(folder))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "git", COMMITS)


def test_the_report_says_what_came_and_what_was_refused(cli: Command, home: Path, source: Path) -> None:
    done = cli("import", source)
    commits = git("-C", str(source), "log", "--reverse", "--format=%H", "master").split()
    seen = "seen from 2024-01-01 06:00 UTC to 2024-01-04 06:00 UTC"
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"read git archive {source} at {commits[-1][:12]}: 5 states of 2 files, {seen}",
        "  policies      2, 2 of them new",
        "  versions      3, 3 of them new",
        "  observations  4, 4 of them new",
        "  transitions   2: 1 rolled-back, 1 updated",
        "  rollbacks     1",
        "  gaps          1 version id that nobody saw",
        "  left alone    1 file that can be no policy's",
        "  refused       1 file, of which nothing was stored",
        f"    policies/X at {commits[1][:12]} (2024-01-02 06:00 UTC): the document is empty",
    ]
    assert cli("import", source).out.splitlines()[-1] == "nothing of it was new"


def test_every_command_tells_what_was_imported(cli: Command, home: Path, source: Path) -> None:
    cli("import", source)
    log = cli("log", "X").out
    assert "v1 to v3" in log
    assert "v3 to v1" in log
    assert "rolled-back" in log
    assert cli("show", "X@2024-01-03T12:00").out.startswith("X v3")
    assert "s3:PutObject" in cli("diff", "X", "v1", "v3").out
    assert "s3:PutObject" in cli("changelog", "X").out
    assert "X" in cli("changelog", "X", "--month", "2024-01").out
    assert "v3" in cli("search", "s3:PutObject").out
    assert cli("verify").code == 0
    assert not list((home / "changelogs").rglob("*.md"))


def test_the_json_has_every_figure(cli: Command, home: Path, source: Path) -> None:
    told = json.loads(cli("import", source, "--json").out)
    assert {key: told[key] for key in ("schema", "type", "files", "policies", "versions", "gaps", "rollbacks")} == {
        "schema": 1, "type": "import", "files": 5, "policies": 2, "versions": 3, "gaps": 1, "rollbacks": 1,
    }  # fmt: skip
    assert told["new"] == {"policies": 2, "versions": 3, "observations": 4}
    assert told["transitions"] == {"rolled-back": 1, "updated": 1}
    (refused,) = told["refused"]
    assert (refused["policy"], refused["seen_at"]) == ("X", "2024-01-02T06:00:00Z")
    assert (told["first"], told["last"]) == ("2024-01-01T06:00:00Z", "2024-01-04T06:00:00Z")
    assert (told["conflicts"], told["failed"]) == ([], [])


def test_only_what_is_asked_for_comes(cli: Command, home: Path, source: Path) -> None:
    assert "1 of them new" in cli("import", source, "--policy", "Y").out.splitlines()[1]
    told = json.loads(cli("import", source, "--policy", "[XZ]", "--since", "2024-01-03", "--json").out)
    assert (told["policies"], told["observations"], told["refused"]) == (1, 3, [])


def test_a_bare_document_takes_its_version_and_date_from_the_flags(
    cli: Command, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "X.json").write_bytes(raw(document()))
    done = cli("import", tmp_path / "X.json")
    assert (done.code, "a bare document" in done.out) == (2, True)
    done = cli("import", tmp_path / "X.json", "--version", "v3", "--date", "2015-02-06")
    assert (done.code, "1 of them new" in done.out) == (0, True)
    assert cli("show", "X@v3").code == 0


def test_a_conflict_is_said_and_is_part_of_the_work_undone(cli: Command, home: Path, tmp_path: Path) -> None:
    for name, action in (("one", "s3:A"), ("two", "s3:B")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "X.json").write_bytes(raw(answer(1, action)))
    assert cli("import", tmp_path / "one").code == 0
    done = cli("import", tmp_path / "two")
    assert done.code == 3
    assert "conflicts     1 version with two contents: both are kept" in done.out
    assert ".conflict-" in done.out
    assert cli("verify").code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no nowhere"),
        (("empty",), "empty holds no policy"),
        (("git", "--policy", "Z"), "git holds no policy that was asked for"),
        (("git", "--since", "yesterday"), "--since: not a date or time"),
        (("git", "--version", "3"), "--version: not a policy version"),
        (("git", "--branch", "main"), "has no branch 'main'"),
        (("a.bundle",), "a.bundle can't be read by git"),
        (("a.tar",), "a.tar can't be read: it is no tar"),
    ],
)
def test_what_can_t_be_imported_is_usage(
    cli: Command, home: Path, source: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.bundle").write_bytes(b"# v2 git bundle\n0123456789\n")
    (tmp_path / "a.tar").write_bytes(b"no tar\n")
    done = cli("import", *arguments)
    assert (done.code, said in done.err, done.out) == (2, True, "")
    assert cli("doctor").code in (0, 3, 4)  # no round was left open
    assert cli("verify").code == 0


def test_many_refusals_are_listed_in_part(cli: Command, home: Path, tmp_path: Path) -> None:
    bad = [Commit(f"2024-01-{day:02}T06:00:00Z", {f"policies/X{day}": b""}) for day in range(1, 25)]
    place = repository(tmp_path / "many", [*bad, Commit("2024-02-01T06:00:00Z", {"policies/Y": answer(1)})])
    done = cli("import", place)
    assert done.out.count("the document is empty") == 20
    assert "and 4 more, which --json lists" in done.out
    assert len(json.loads(cli("import", place, "--json").out)["refused"]) == 24


def test_on_a_terminal_there_is_a_bar_with_a_rate_and_the_time_left(home: Path, source: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "import", str(source), "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
        timeout=60,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    seen = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert json.loads(done.stdout)["policies"] == 2  # nothing of the bar is in the data
    assert "importing" in seen
    assert "5/5" in seen
    assert "files/s" in seen
    assert "0:00:" in seen
