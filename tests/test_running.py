"""docs/running.md, as far as a machine without a running systemd and without a container engine can try it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.history import need

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
UNITS = dict(re.findall(r"```ini\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
INSTALLED = "/opt/policy-tracker/bin/policy-tracker"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        need(f"{name} is not installed")
    return found


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units of the page, with the program where it is here."""
    here = str(Path(sys.executable).with_name("policy-tracker"))
    paths = []
    for name, text in UNITS.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text.replace(INSTALLED, here))
    return paths


def test_systemd_finds_nothing_wrong_in_the_units(units: list[Path]) -> None:
    assert sorted(UNITS) == [
        "policy-tracker-check.service",
        "policy-tracker-check.timer",
        "policy-tracker.service",
    ]
    command = [program("systemd-analyze"), "verify", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_that_are_copied_are_those_of_the_page() -> None:
    folder = ROOT / "deploy" / "systemd"
    assert {path.name: path.read_text() for path in folder.iterdir()} == UNITS


@pytest.mark.parametrize("name", ["policy-tracker.service", "policy-tracker-check.service"])
def test_a_unit_is_shut_in(units: list[Path], name: str) -> None:
    (unit,) = [path for path in units if path.name == name]
    command = [program("systemd-analyze"), "security", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout  # an exposure level above 2.0 of 10


def test_cron_takes_the_line_that_init_prints(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tracker", "init", "--empty", "--json", str(tmp_path / "a 100% home")]
    line = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["cron"]
    table = tmp_path / "crontab"
    for one in (line, *re.findall(r"```cron\n(.*?)```", PAGE, re.DOTALL)):
        table.write_text(one.strip() + "\n")
        command = [program("crontab"), "-n", table.name]  # it cuts a name off after 99 bytes
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    # What cron hands to the shell is the command as it was meant: \% is a per cent sign again.
    shown = ["sh", "-c", f"set -- {line.split(' ', 5)[5]}; printf '%s\\n' \"$@\"".replace("\\%", "%")]
    words = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.splitlines()
    assert words[1:] == ["--home", str(tmp_path / "a 100% home"), "check", "--if-due"]


def test_the_dockerfile_copies_what_is_there_and_what_the_builder_is_sent() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert name.split("/")[0] in sent, f"{name} is kept from the builder by .dockerignore"


def test_the_image_runs_the_daemon_as_nobody_in_particular() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert 'ENTRYPOINT ["policy-tracker"]\nCMD ["daemon"]' in last
    assert "\nUSER tracker\n" in last
    assert "POLICY_TRACKER_HOME=/data" in last
    assert "\nVOLUME /data\n" in last
