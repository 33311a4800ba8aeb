"""Measuring: two commands turn about, so that what else the machine does falls on both; and a function in process."""

import gc
import os
import statistics
import subprocess
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


def _once(command: Sequence[str], environment: Mapping[str, str] | None) -> tuple[float, float]:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (
        f"{command} ended with {process.returncode}: {said.decode(errors='replace')}"
    )
    return seconds, usage.ru_maxrss * 1024 / 1e6


def calls(*functions: Callable[[], object], rounds: int) -> tuple[float, ...]:
    """Median milliseconds of one call of each function, turn about, after one call each to warm up."""
    taken: list[list[float]] = [[] for _ in functions]
    gc.collect()
    for number in range(rounds + 1):
        for function, runs in zip(functions, taken, strict=True):
            start = time.perf_counter()
            function()
            if number:
                runs.append((time.perf_counter() - start) * 1000)
    return tuple(statistics.median(runs) for runs in taken)
