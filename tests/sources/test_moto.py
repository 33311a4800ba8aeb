"""moto's own server, as anybody starts it, is an IAM that a tracker can be pointed at."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def moto() -> Iterator[str]:
    """The address of a moto server in a process of its own, with AWS's managed policies in it."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stderr is not None
        told = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stderr)
        yield next(found[0] for found in told if found)
    finally:
        server.kill()
        server.communicate()


def test_a_check_against_it(moto: str, tmp_path: Path) -> None:
    environment = {
        "AWS_ENDPOINT_URL_IAM": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "POLICY_TRACKER_HOME": str(tmp_path / "home"),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tracker", *arguments], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("init", "--empty", str(tmp_path / "home"))
    assert "looked at for the first time" in run("check")
    assert "AWSSupportServiceRolePolicy" in run("show", "AWSSupportServiceRolePolicy")
    assert "nothing changed" in run("check")
