"""Measuring: two commands turn about, so that what else the machine does falls on both; and a function in process."""

import gc
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost: medians over its runs."""

    seconds: float  # wall clock, from start to end
    megabytes: float  # peak resident memory, in 10**6 bytes


def processes(
    commands: Sequence[Sequence[str]], *, rounds: int, environment: Mapping[str, str] | None = None
) -> tuple[Cost, ...]:
    """The cost of each command, run turn about `rounds` times after one run each to warm the disk's cache.

    Raises AssertionError where one of them fails: a benchmark of an error measures nothing.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, runs in zip(commands, taken, strict=True):
            cost = _once(command, environment)
            if number:
                runs.append(cost)
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
print(time.perf_counter() - start, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def _once(command: Sequence[str], environment: Mapping[str, str] | None) -> tuple[float, float]:
    program = shutil.which(command[0])
    assert program, f"{command[0]} is not installed"
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, program, *command[1:]]
    done = subprocess.run(starter, capture_output=True, text=True, env=environment, check=True)
    seconds, kibibytes, code = done.stdout.split()
    assert code == "0", f"{command} ended with {code}: {done.stderr}"
    return float(seconds), int(kibibytes) * 1024 / 1e6


def calls(*functions: Callable[[], object], rounds: int) -> tuple[float, ...]:
    """Median milliseconds of one call of each function, turn about, after one call each to warm up.

    Processor time of this thread: what else the machine does is not in it, nor would waiting be.
    """
    taken: list[list[float]] = [[] for _ in functions]
    gc.collect()
    for number in range(rounds + 1):
        for function, runs in zip(functions, taken, strict=True):
            start = time.thread_time()
            function()
            if number:
                runs.append((time.thread_time() - start) * 1000)
    return tuple(statistics.median(runs) for runs in taken)
