"""A bar with a rate and the time that is left, on standard error, where a person looks at a terminal."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY_S = 0.1  # between two drawings


@contextmanager
def counting(what: str, of: str) -> Iterator[Callable[[int, int], None]]:
    """What is called with how many are done and how many there are (0: nobody knows); nothing is drawn where nobody looks.

    No thread draws it: work may be handed to forked processes meanwhile, which a thread would not survive.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda done, there_are: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    began, drawn = time.monotonic(), 0.0
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def draw(done: int, there_are: int) -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn < _EVERY_S and (done < there_are or not there_are):
                return
            drawn = now
            rate = f"{done / (now - began):,.0f} {of}/s" if now > began else ""
            bar.update(task, completed=done, total=there_are or None, rate=rate, refresh=True)

        yield draw


@contextmanager
def saying(what: str) -> Iterator[Callable[[str], None]]:
    """What is called with how far something is; said beside a moving sign on a terminal, nowhere else."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda text: status.update(f"{what}: {text}")
