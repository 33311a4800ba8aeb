"""What a supervisor hears, on a real socket."""

import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from tracker.daemon import Daemon
from tracker.errors import TryLaterError
from tracker.notify import Notify
from tracker.schedule import Schedule


@pytest.fixture
def line(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(20)
        yield heard


def test_ready_status_watchdog_and_stopping(line: socket.socket, tmp_path: Path) -> None:
    environ = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "3000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    notify = Notify(environ)
    notify.ready("two\nlines")
    notify.alive()
    notify.stopping()
    heard = [line.recv(999).decode() for _ in range(3)]
    assert heard == [
        "READY=1\nSTATUS=two lines",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=finishing what is in hand",
    ]
    assert (notify.wait_s(30), notify.wait_s(0.5)) == (1.5, 0.5)


def test_a_name_in_the_abstract_namespace() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        name = f"policy-tracker-test-{os.getpid()}"
        heard.bind(f"\0{name}")
        Notify({"NOTIFY_SOCKET": f"@{name}"}).status("x")
        heard.settimeout(20)
        assert heard.recv(99) == b"STATUS=x"


@pytest.mark.parametrize(
    "environ",
    [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "vsock:2:3"}, {"WATCHDOG_USEC": "x"},
     {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "1"}],
)  # fmt: skip
def test_nobody_who_listens_is_no_fault(environ: dict[str, str]) -> None:
    notify = Notify(environ)
    notify.ready("x")
    notify.alive()
    notify.stopping()
    assert notify.wait_s(30) == 30


def test_the_daemons_loop_tells_of_itself_and_names_no_address(line: socket.socket, tmp_path: Path) -> None:
    notify = Notify({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "40000"})
    stop = threading.Event()

    def work() -> NoReturn:
        raise TryLaterError("no answer for ada.lovelace@example.org")

    daemon = Daemon(
        work,
        (Schedule.parse("6h"),),
        clock=lambda: datetime.now(UTC),
        say=lambda _: None,
        failed=lambda _: None,
        notify=notify,
    )
    loop = threading.Thread(target=daemon.run, args=(stop,))
    loop.start()
    heard: list[str] = []
    try:
        while not {"WATCHDOG=1"} <= set(heard) or not any("in trouble" in one for one in heard):
            heard.append(line.recv(999).decode())
    finally:
        stop.set()
        loop.join()
    while not heard[-1].startswith("STOPPING=1"):
        heard.append(line.recv(999).decode())
    assert heard[0] == "READY=1\nSTATUS=looking at what is due"
    (trouble,) = [one for one in heard if "in trouble" in one]
    assert "no answer for" in trouble
    assert "lovelace" not in trouble
