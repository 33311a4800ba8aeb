"""Logs: one event a line, on standard error, for people or as JSON; no secret and no whole address in them."""

import json
import logging
from pathlib import Path

import pytest

from tracker.cli.logs import Lines, _secrets, set_up
from tracker.settings import load_settings


def line(message: str, *, as_json: bool = False, secrets: tuple[str, ...] = (), **extra: object) -> str:
    record = logging.makeLogRecord(
        {
            "name": "tracker.x",
            "levelno": 30,
            "levelname": "WARNING",
            "msg": message,
            "created": 1_700_000_000.5,
            **extra,
        }
    )
    return Lines(as_json=as_json, secrets=secrets).format(record)


def test_a_line_for_people_has_time_level_logger_event_and_fields() -> None:
    assert line("policy not read", policy="ReadOnlyAccess", error="it said no", tries=3) == (
        '2023-11-14T22:13:20Z warning tracker.x: policy not read policy=ReadOnlyAccess error="it said no" tries=3'
    )


def test_a_line_of_json_is_one_object() -> None:
    event = json.loads(line("policy not read", as_json=True, policy="Ä", tries=3, names=("b", "a")))
    assert event == {
        "time": "2023-11-14T22:13:20Z",
        "level": "warning",
        "logger": "tracker.x",
        "event": "policy not read",
        "policy": "Ä",
        "tries": 3,
        "names": ["b", "a"],
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_no_event_makes_two_lines_or_colours_a_terminal(as_json: bool) -> None:
    written = line("a\nb\r\x1b[31mred\u2028", as_json=as_json, other="c\nd")
    assert len(written.splitlines()) == 1
    assert "\x1b" not in written


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_and_no_whole_address_is_written(as_json: bool) -> None:
    written = line(
        "login of hunter2 by ada.lovelace@example.com",
        as_json=as_json,
        secrets=("hunter2",),
        to=["grace@example.org"],
        why="hunter2",
    )
    assert "hunter2" not in written
    assert "a***@example.com" in written
    assert "g***@example.org" in written
    assert "lovelace" not in written


def test_what_a_secrets_file_holds_is_masked_and_a_missing_one_stops_no_log(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2-of-the-file\n")
    environ = {
        "POLICY_TRACKER_WEB__ADMIN_TOKEN_FILE": str(tmp_path / "token"),
        "POLICY_TRACKER_CHANNELS__WEBHOOK_SECRET_FILE": str(tmp_path / "none"),
    }
    known = _secrets(load_settings(tmp_path, environ, {}, needs_file=False))
    assert "hunter2" not in line("it was hunter2-of-the-file", as_json=True, secrets=known)


def test_a_traceback_is_in_the_same_line() -> None:
    error = KeyError("x")
    written = line("it broke", exc_info=(KeyError, error, error.__traceback__))
    assert "KeyError" in written
    assert "\n" not in written


@pytest.mark.parametrize(
    ("level", "verbose", "default", "seen"),
    [
        ("", 0, "", "warning"),
        ("", 1, "", "info"),
        ("", 2, "", "debug"),
        ("", 0, "info", "info"),
        ("error", 0, "info", "error"),
        ("error", 1, "", "info"),
    ],
)
def test_flags_are_stronger_than_settings_and_settings_than_a_commands_own_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], level: str, verbose: int, default: str, seen: str
) -> None:
    (tmp_path / "policy-tracker.toml").write_text(
        '[log]\nformat = "json"\n' + (f'level = "{level}"\n' if level else "")
    )
    set_up(load_settings(tmp_path, {}), verbose, default)
    log = logging.getLogger("tracker.test")
    for one in ("debug", "info", "warning", "error"):
        log.log(getattr(logging, one.upper()), one)
    logging.getLogger("botocore").info("what is signed")
    written = capsys.readouterr()
    assert written.out == ""
    assert json.loads(written.err.splitlines()[0])["event"] == seen
    assert "what is signed" not in written.err


def test_setting_up_twice_says_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        set_up(load_settings(tmp_path, {}, needs_file=False))
    logging.getLogger("tracker.test").warning("once")
    assert capsys.readouterr().err.count("once") == 1
