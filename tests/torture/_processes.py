"""Checkers and senders as processes that end by a kill alone, forked from one that has imported everything already.

`python -m tests.torture._processes FOLDER CA` reads lines: `start ROLE PORT NAME NOW` answers the new process's id,
`reap ID` waits for it and answers how it ended.
"""

import logging
import os
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn, Self

from tests.support.world import SUPPORT, Clock, make_world
from tracker import service
from tracker.delivery.smtp import SmtpChannel, SmtpSettings
from tracker.errors import TrackerError
from tracker.model.instants import iso, parse_instant

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2


class Processes:
    """The process that forks the others."""

    def __init__(self, folder: Path, authority: Path) -> None:
        command = [sys.executable, "-m", "tests.torture._processes", str(folder), str(authority)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, role: str, port: int, name: str, now: datetime) -> int:
        """A process that checks, or sends, until it is killed; its id. Its clock starts at `now`."""
        return int(self._ask(f"start {role} {port} {name} {iso(now)}"))

    def reap(self, process: int) -> int:
        """How it ended: minus the signal, or its exit code."""
        return int(self._ask(f"reap {process}"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class RunningClock(Clock):
    """A clock that was set to a moment and goes on."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._start = time.monotonic()

    def __call__(self) -> datetime:
        return self.moment + timedelta(seconds=time.monotonic() - self._start)


def work(folder: Path, authority: Path, role: str, port: int, name: str, now: datetime) -> NoReturn:
    """Check or send for ever; `once` checks once."""
    (folder / name).touch()
    clock = RunningClock(now)
    world = make_world(folder, clock, ids=name)
    settings = SmtpSettings(
        "localhost", port, "starttls", timeout_s=1.0, sender="pt@example.org", operator="operator@example.org",
        ca_file=authority,
    )  # fmt: skip
    tracker = replace(world.tracker, workers=WORKERS, channel=lambda: SmtpChannel(settings))
    while True:
        try:
            if role != "deliver":
                service.check(tracker, [SUPPORT])
            if role == "once":
                os._exit(0)
            if role == "deliver":
                service.deliver(tracker)
                time.sleep(0.005)
        except TrackerError as error:
            print(f"{name}: {error}", file=sys.stderr)


def main(folder: Path, authority: Path) -> None:
    """Fork and reap as the lines say."""
    logging.disable(logging.WARNING)  # each kill and each mood would be told of
    for line in sys.stdin:
        order, *words = line.split()
        if order == "start":
            sys.stdout.flush()
            child = os.fork()
            if not child:
                try:
                    role, port, name, now = words
                    work(folder, authority, role, int(port), name, parse_instant(now))
                except BaseException:  # nothing may get back into the parent's loop
                    traceback.print_exc()
                    os._exit(70)
            print(child, flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(int(words[0]), 0)[1]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
