"""Other processes that think while this one reads and writes: as many as there are cores.

They are forked, so that what is loaded is loaded for all, and they write nothing: killed or orphaned at any moment they
leave nothing behind. Each ends when this process does, since nobody else holds the other end of its pipe.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

from tracker.errors import SetupError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

IN_HAND = 3  # tasks that a worker is given ahead: it must not wait for the next

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def useful() -> int:
    """How many workers pay here: none on one core, nor where this process has threads, which a fork would cut off."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    return cores if cores > 1 and can_fork and threading.active_count() == 1 else 0


class Workers(Generic[_Task, _Result]):
    """Does tasks with a function in other processes, and hands out the results in the order of the tasks.

    `ahead`: tasks that a worker is given at once; `window`: tasks that may be begun before the first result is handed out.
    """

    def __init__(
        self, function: Callable[[_Task], _Result], count: int, *, ahead: int = IN_HAND, window: int = 0
    ) -> None:
        self._ahead, self._window = ahead, window or 4 * count * ahead
        self._ends: list[Connection] = []
        self._processes: list[BaseProcess] = []
        context = multiprocessing.get_context("fork")
        gc.freeze()  # what is loaded is shared by the processes for as long as nobody counts through it
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(function, theirs, [*self._ends, ours]), daemon=True, name="helper"
            )
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in self._ends:
            end.close()
        for process in self._processes:
            if kind is not None:
                process.terminate()
            process.join()
        gc.unfreeze()

    def map(self, tasks: Iterable[_Task]) -> Iterator[_Result]:
        """The results, in order. No more tasks are taken than are in hand. Raises what the function raises."""
        left: Iterator[_Task] | None = iter(tasks)
        free = deque(end for _ in range(self._ahead) for end in self._ends)
        busy: dict[Connection, deque[int]] = {end: deque() for end in self._ends}
        done: dict[int, _Result] = {}
        given = taken = 0
        while left is not None or taken < given:
            while left is not None and free and given - taken < self._window:
                try:
                    task = next(left)
                except StopIteration:
                    left = None
                    break
                end = free.popleft()
                _say(end, task)
                busy[end].append(given)
                given += 1
            while taken in done:
                yield done.pop(taken)
                taken += 1
            if taken == given:
                continue
            for ready in cast("list[Connection]", wait([end for end, numbers in busy.items() if numbers])):
                done[busy[ready].popleft()] = cast("_Result", _hear(ready))
                free.append(ready)


def _say(end: Connection, task: object) -> None:
    try:
        end.send(task)
    except OSError:
        raise _lost() from None


def _hear(end: Connection) -> object:
    try:
        result, error = end.recv()
    except (EOFError, OSError):
        raise _lost() from None
    if error is not None:
        raise error
    return result


def _lost() -> SetupError:
    return SetupError(
        "a process that helps this one was ended from outside (for want of memory, perhaps)",
        advice="nothing that was recorded is lost: run the same command again, and it completes",
    )


def _work(function: Callable[[_Task], _Result], end: Connection, others: list[Connection]) -> None:
    """A worker's life. An interruption is the parent's business: it ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    tasks: SimpleQueue[tuple[_Task] | None] = SimpleQueue()
    # Tasks are taken in while one is done and its result sent: else both sides could wait for the other to read.
    threading.Thread(target=_take_in, args=(end, tasks), daemon=True).start()
    while (task := tasks.get()) is not None:
        try:
            answer: tuple[object, Exception | None] = (function(*task), None)
        except Exception as error:
            answer = (None, error)
        try:
            end.send(answer)
        except OSError:
            return


def _take_in(end: Connection, tasks: "SimpleQueue[tuple[_Task] | None]") -> None:
    try:
        while True:
            tasks.put((end.recv(),))
    except (EOFError, OSError):
        tasks.put(None)
