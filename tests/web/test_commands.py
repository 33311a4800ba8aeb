"""`serve` and `site build` as a person runs them, in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from tracker.collaborators import Tracker


def _command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tracker", "--home", str(home), *arguments]


def test_serve_answers_until_it_is_told_to_stop(shipped: Tracker) -> None:
    server = subprocess.Popen(
        _command(shipped.home, "serve", "--port", "0"), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        address = server.stdout.readline().split()[-1]
        with urlopen(f"{address}healthz", timeout=30) as answer:
            assert answer.read() == b"ok\n"
        with urlopen(f"{address}readyz", timeout=30) as answer:
            assert answer.read() == b"ready\n"
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
        server.stdout.close()


def test_daemon_serves_beside_its_work(shipped: Tracker) -> None:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    command = _command(shipped.home, "--set", "schedule.look=1 1 1 1 *", "daemon", "--web", "--port", "0")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    try:
        line = next(line for line in server.stdout if "reading is at" in line)
        with urlopen(f"{line.split()[-1]}healthz", timeout=30) as answer:
            assert answer.status == 200
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        server.stdout.close()


def test_a_port_that_is_taken_is_said(shipped: Tracker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            _command(shipped.home, "serve", "--port", port), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 4
    assert f"can't be served on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_site_build_says_what_it_did(tmp_path: Path) -> None:
    home, site = tmp_path / "home", tmp_path / "site"
    subprocess.run(_command(home, "init", "--empty"), check=True, capture_output=True, timeout=60)
    for written in (True, False):
        done = subprocess.run(
            _command(home, "site", "build", str(site), "--json"), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["written"] > 0) is written
        assert told["files"] == told["written"] + told["kept"] + told["same"]
    (site / "more.txt").write_text("mine")
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    refused = subprocess.run(
        _command(home, "site", "build", str(other)), capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 4
    assert "not empty" in refused.stderr
