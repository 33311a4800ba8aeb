"""The examples of docs/api.md run against a real server, as they stand."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.history import need

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
CURLS = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
PYTHONS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_examples() -> None:
    assert len(CURLS) >= 8
    assert len(PYTHONS) == 2


@pytest.mark.parametrize("line", CURLS)
def test_a_line_of_curl_answers(address: str, line: str) -> None:
    if not shutil.which("curl"):
        need("curl is not installed")
    done = subprocess.run(
        ["sh", "-c", f"{line} --fail"],
        env={"API": f"{address}api/v1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")


@pytest.mark.parametrize(("code", "printed"), list(zip(PYTHONS, [r"[1-9]\d\d\n", r"54\n"], strict=True)))
def test_an_example_in_python_runs(address: str, code: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"API = {address + 'api/v1'!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.fullmatch(printed, done.stdout), done.stdout + done.stderr
