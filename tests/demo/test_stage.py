"""The stage hands on what goes wrong, gives up in time, and leaves the process as it found it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.demo.run import has_desktop
from tracker.demo.stage import Stage, on_stage
from tracker.errors import SetupError, TryLaterError, UnknownPolicyError
from tracker.model.identity import VersionId

BEGIN = datetime(2021, 11, 15, 6, 17, tzinfo=UTC)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with on_stage(tmp_path / "demo", BEGIN) as made:
        made.publish(VersionId(19))
        yield made


def test_a_tick_that_fails_is_told_to_whoever_waits_for_it(stage: Stage) -> None:
    stage.begin()
    stage.tracker.database.path.unlink()
    stage.tracker.database.path.mkdir()
    with pytest.raises(SetupError):
        stage.move(BEGIN + timedelta(days=1))


def test_a_mail_that_never_comes_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.begin()
    with pytest.raises(TryLaterError, match="did not get the mail"):
        stage.wait_for_mail(1, at_most=timedelta(minutes=2))
    assert stage.now == BEGIN + timedelta(minutes=2)


def test_nothing_is_known_before_the_first_look(stage: Stage) -> None:
    with pytest.raises(UnknownPolicyError, match="not watched yet"):
        stage.in_force(BEGIN)


def test_the_process_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    before = dict(os.environ)
    with on_stage(tmp_path / "demo", BEGIN) as made:
        assert os.environ["AWS_ENDPOINT_URL_IAM"] == made.aws.endpoint
        assert "AWS_PROFILE" not in os.environ
        assert made.now == datetime.now(UTC) == BEGIN
        pid = made.aws.pid
    assert dict(os.environ) == before
    assert datetime.now(UTC) > BEGIN + timedelta(days=365)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("environ", "platform", "terminal", "has"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({}, "darwin", True, True),
        ({}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", True, False),
    ],
)
def test_a_page_is_opened_only_where_somebody_sees_it(
    environ: dict[str, str], platform: str, terminal: bool, has: bool
) -> None:
    assert has_desktop(environ, platform, terminal=terminal) == has
