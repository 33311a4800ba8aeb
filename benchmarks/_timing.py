"""Measuring: two commands turn about, so that what else the machine does falls on both; and a function in process."""

import gc
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("policy-tracker"))  # as it is installed beside this Python


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost."""

    seconds: float  # wall clock, from start to end
    megabytes: float  # peak resident memory of the largest of it and its own, in 10**6 bytes
    processor: float = (
        0.0  # seconds of processor time, the system's and that of processes of its own included
    )


def processes(
    commands: Sequence[Sequence[str]], *, rounds: int, environment: Mapping[str, str] | None = None
) -> tuple[Cost, ...]:
    """The cost of each command, medians, run turn about `rounds` times after one run each to warm the disk's cache.

    Raises AssertionError where one of them fails: a benchmark of an error measures nothing.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, runs in zip(commands, taken, strict=True):
            cost = once(command, environment)
            if number:
                runs.append((cost.seconds, cost.megabytes))
    return tuple(
        Cost(statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs))
        for runs in taken
    )


# Linux counts the memory of whoever forks into the peak of what is started, so a small process starts it.
_STARTER = """
import os, sys, time
nothing = os.open(os.devnull, os.O_WRONLY)
start = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1)])
_, status, usage = os.wait4(pid, 0)
took = time.perf_counter() - start
print(took, usage.ru_maxrss, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
"""


def once(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """The cost of one run. Raises AssertionError where it fails."""
    program = shutil.which(command[0])
    assert program, f"{command[0]} is not installed"
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, program, *command[1:]]
    done = subprocess.run(starter, capture_output=True, text=True, env=environment, check=True)
    seconds, kibibytes, code, busy = done.stdout.split()
    assert code == "0", f"{command} ended with {code}: {done.stderr}"
    return Cost(float(seconds), int(kibibytes) * 1024 / 1e6, float(busy))


def least(costs: Sequence[Cost]) -> Cost:
    """The least of each over several runs: what else the machine does can only add."""
    return Cost(
        min(one.seconds for one in costs),
        min(one.megabytes for one in costs),
        min(one.processor for one in costs),
    )


def calls(*functions: Callable[[], object], rounds: int) -> tuple[float, ...]:
    """Median milliseconds of one call of each function, turn about, after one call each to warm up.

    Processor time of this thread: what else the machine does is not in it, nor would waiting be.
    """
    return tuple(statistics.median(runs) for runs in _timed(functions, rounds))


def least_calls(*functions: Callable[[], object], rounds: int) -> tuple[float, ...]:
    """The same, but the least of the times instead of the median."""
    return tuple(min(runs) for runs in _timed(functions, rounds))


def _timed(functions: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in functions]
    gc.collect()
    for number in range(rounds + 1):
        for function, runs in zip(functions, taken, strict=True):
            start = time.thread_time()
            function()
            if number:
                runs.append((time.thread_time() - start) * 1000)
    return taken
