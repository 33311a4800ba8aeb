"""A command and a daemon's tick tell the dead man's switch how they went, and look after themselves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.http_receiver import HttpReceiver
from tests.support.world import Clock
from tracker.cli.overseen import overseen, overseen_ticks
from tracker.errors import CredentialsError, LockedError
from tracker.settings import load_settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def shell_of(folder: Path, receiver: HttpReceiver) -> Any:
    """As much of a Shell as is asked for: settings, and a tracker without a database yet."""
    environ = {
        "POLICY_TRACKER_ALARM__PING_URL": receiver.url("/uuid"),
        "POLICY_TRACKER_CHANNELS__PRIVATE_NETWORKS": "127.0.0.0/8",
    }
    settings = load_settings(folder, environ, needs_file=False)
    tracker = SimpleNamespace(database=SimpleNamespace(exists=False), clock=Clock(NOW))
    return SimpleNamespace(settings=lambda: settings, tracker=lambda: tracker)


@pytest.mark.parametrize(("code", "told"), [(0, ""), (1, ""), (5, ""), (3, "/3"), (4, "/4"), (75, "/75")])
def test_a_command_tells_its_start_and_its_end(tmp_path: Path, code: int, told: str) -> None:
    with HttpReceiver() as receiver:
        assert overseen(lambda *_, **__: code)(shell_of(tmp_path, receiver)) == code
        assert [one.path for one in receiver.got] == ["/uuid/start", f"/uuid{told}"]


def test_an_error_is_told_with_its_code_and_goes_on(tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> int:
        raise CredentialsError("none")

    def our_fault(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    with HttpReceiver() as receiver:
        with pytest.raises(CredentialsError):
            overseen(fail)(shell_of(tmp_path, receiver))
        with pytest.raises(ZeroDivisionError):
            overseen(our_fault)(shell_of(tmp_path, receiver))
        assert [one.path for one in receiver.got] == ["/uuid/start", "/uuid/4", "/uuid/start", "/uuid/70"]


def test_a_dry_run_is_nobodys_business(tmp_path: Path) -> None:
    with HttpReceiver() as receiver:
        assert overseen(lambda *_, **__: 0)(shell_of(tmp_path, receiver), dry_run=True) == 0
        assert receiver.got == []


def test_a_tick_tells_of_looks_and_failures_alone(tmp_path: Path) -> None:
    quiet = SimpleNamespace(look=None)
    looked = SimpleNamespace(look=SimpleNamespace(failed=()))
    partly = SimpleNamespace(look=SimpleNamespace(failed=(SimpleNamespace(exit_code=75),)))
    script: list[Any] = [
        quiet,
        looked,
        partly,
        LockedError("busy"),
        CredentialsError("none"),
        ZeroDivisionError(),
    ]

    def work(looking: Any) -> Any:
        step = script.pop(0)
        if step in (looked, partly):
            looking()
        if isinstance(step, Exception):
            raise step
        return step

    with HttpReceiver() as receiver:
        shell = shell_of(tmp_path, receiver)
        tick = overseen_ticks(shell.settings(), shell.tracker(), work)
        assert [tick(), tick(), tick()] == [quiet, looked, partly]
        for error in (LockedError, CredentialsError, ZeroDivisionError):
            with pytest.raises(error):
                tick()
            shell.tracker().clock.moment += timedelta(hours=2)
        assert [one.path for one in receiver.got] == [
            "/uuid/start", "/uuid", "/uuid/start", "/uuid/75", "/uuid/4", "/uuid/70",
        ]  # fmt: skip
