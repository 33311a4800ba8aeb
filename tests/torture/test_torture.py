"""A seeded slice of each campaign; `make torture` runs them whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture import damage, disk, kills
from tests.torture.__main__ import names
from tests.torture._commands import Forks
from tests.torture._place import begun
from tests.torture.delivery import campaign


def test_the_campaigns_have_names() -> None:
    assert set(names()) >= {
        "clock",
        "damage",
        "delivery",
        "disk",
        "kills",
        "network",
        "soak",
        "together",
        "year",
    }


def test_kills_lose_no_mail_and_double_only_what_they_may(capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(7, people=20, kills=6, changes=2) == []
    said = capsys.readouterr().out
    assert "20 subscribers" in said
    assert "6 kills" in said


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[Path, Forks]]:
    with begun() as there:
        yield there


def test_a_killed_check_is_completed_by_the_next(made: tuple[Path, Forks]) -> None:
    assert kills.kill_each(3, *made, ("check",), kills=1) == []


def test_a_timeline_that_the_disk_lost_is_written_again(
    made: tuple[Path, Forks], capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [one for one in damage.cases(times=1) if one[0] == "timeline deleted"]
    assert damage.spoil_each(1, *made, cases) == []
    assert "1 mended by the next look" in capsys.readouterr().out


def test_a_disk_without_space_is_told_and_nothing_is_lost(made: tuple[Path, Forks]) -> None:
    faults = [one for one in disk.cases(1) if one[0] == "files may not grow (beyond 16 KB)"]
    assert disk.fault_each(1, *made, faults) == []
