"""docs/dependencies.md has a row for every dependency that we name ourselves, and for nothing else."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ \[;]", line, maxsplit=1)[0].lower() for line in requirements}


def rows(heading: str) -> set[str]:
    section = PAGE.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| ([a-z][\w.-]*)(?: \d+)? \| (?!licence)", section, re.MULTILINE)
    return set(cells)


def lines(name: str) -> list[str]:
    text = (ROOT / "requirements" / name).read_text()
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_runtime() -> None:
    assert rows("Runtime") == named(PROJECT["dependencies"])


def test_demo() -> None:
    assert rows("Extra: `policy-tracker[demo]`") == named(PROJECT["optional-dependencies"]["demo"])


def test_development() -> None:
    assert rows("Development") == named(lines("dev.in")) | named(lines("build.in"))


def test_the_lock_names_no_index_and_no_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text(), path
        assert "--index" not in path.read_text(), path
