"""A tracker's folder with the shipped history, and the command run in this process or in one of its own."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_iam import FakeIam
from tracker.cli.app import command
from tracker.cli.exits import run


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable, folder or log handler of the person who runs the tests gets in, and none of ours gets out."""
    for name in list(os.environ):
        if name.startswith(("POLICY_TRACKER_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    root, ours = logging.getLogger(), logging.getLogger("tracker")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process: cli("log", "--json")."""

    def call(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = run(command, [str(one) for one in arguments])
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def process() -> Command:
    """The command in a process of its own, as installed: process("log", env={...})."""

    def call(*arguments: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "tracker", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder as `init` makes it, once a session; tests get copies."""
    home = tmp_path_factory.mktemp(f"made-{worker_id}") / "home"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("POLICY_TRACKER_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "init", str(home)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tracker's folder with the shipped history, found by its variable."""
    home = tmp_path / "home"
    shutil.copytree(made, home)
    monkeypatch.setenv("POLICY_TRACKER_HOME", str(home))
    return home


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIam]:
    """An AWS for this process and those that it starts."""
    with FakeIam() as iam:
        for name, value in iam.environment().items():
            monkeypatch.setenv(name, value)
        yield iam


def settings(home: Path, text: str) -> None:
    """Set settings at the end of their file; each section may appear once more only if `init` left it out."""
    path = home / "policy-tracker.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    sections: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif line.strip():
            sections.setdefault(section, []).append(line)
    for name, more in sections.items():
        at = lines.index(name) + 1 if name else 0
        lines[at:at] = more
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
