"""The wheel holds what the product needs, and runs in an empty environment, away from the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import history

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = place.glob("policy_tracker-*.whl")
    return built


def test_it_holds_what_the_product_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for path in (ROOT / "tracker").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names
    for top, inside in (("templates", "tracker/_templates"), ("snapshots", "tracker/_shipped")):
        held = {path.relative_to(ROOT / top).as_posix() for path in (ROOT / top).rglob("*") if path.is_file()}
        assert held
        assert {f"{inside}/{name}" for name in held} <= names
    assert "tracker/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"tracker", next(top for top in tops if top.endswith(".dist-info"))}


def test_it_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "venv"], check=True)
    python, command = place / "venv" / "bin" / "python", place / "venv" / "bin" / "policy-tracker"
    stranger = {"HOME": str(place), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}

    def run(*words: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [command, *words],
            cwd=place,
            env=stranger,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def install(*what: str | Path) -> None:
        words = [*PIP, "--python", python, "install", "--no-compile", *what]
        done = subprocess.run(words, capture_output=True, text=True)
        if "No matching distribution" in done.stderr:
            history.need("the locked packages can't be had here")
        assert done.returncode == 0, done.stderr

    install("--require-hashes", "--requirement", ROOT / "requirements" / "runtime.txt")
    install("--no-deps", wheel)
    assert run("--version").startswith("policy-tracker ")
    said = run("demo", code=4)
    assert "pip install 'policy-tracker[demo]'" in said
    assert "moto" in said
    run("init", place / "tracker")
    shown = run("show", "AWSSupportServiceRolePolicy@v59", "--home", place / "tracker")
    assert "4,533 actions" in shown
    month = run("changelog", "--month", "2026-08", "--format", "html", "--home", place / "tracker")
    assert "<!doctype html>" in month.lower()
    assert "ecr:batchGetImage" in month
