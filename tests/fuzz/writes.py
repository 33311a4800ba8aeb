"""Which files this process opens for writing, makes, moves or removes outside one folder: Python's own audit events tell.

https://docs.python.org/3/library/audit_events.html. What a child process does is not among them: whoever starts one looks.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Of each event the places of its paths, each with that of the open folder that it counts from; None where it has none.
_PATHS: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.mkdir": ((0, 2),), "os.rename": ((0, 2), (1, 3)), "os.link": ((0, 2), (1, 3)), "os.symlink": ((1, 2),), "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),), "os.truncate": ((0, None),), "os.chmod": ((0, 2),), "os.chown": ((0, 3),), "sqlite3.connect": ((0, None),),
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_state: dict[str, Any] = {"hooked": False, "inside": None, "found": None}


@contextmanager
def outside(folder: str) -> Iterator[set[str]]:
    """The paths outside `folder` that are written to within the block; /dev/null counts for nothing."""
    if not _state["hooked"]:
        sys.addaudithook(
            _hook
        )  # it stays for the life of the process, and looks at nothing outside such a block
        _state["hooked"] = True
    found: set[str] = set()
    _state["inside"], _state["found"] = os.path.realpath(folder) if folder else "", found
    try:
        yield found
    finally:
        _state["found"] = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _state["found"] is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = any(sign in mode for sign in "wxa+") if isinstance(mode, str) else flags & _WRITING
        if writes:
            _note(path)
    elif event in _PATHS:
        for at, folder in _PATHS[event]:
            _note(arguments[at], -1 if folder is None else arguments[folder])


def _note(path: object, folder: int = -1) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return  # a file that is open already
    text = os.fsdecode(path)
    if folder != -1:
        text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
    if text in (os.devnull, ":memory:") or text.startswith("file:"):
        return
    whole = os.path.realpath(os.path.dirname(os.path.abspath(text)))
    inside = _state["inside"]
    place = os.path.join(whole, os.path.basename(text))
    if not inside or not (place == inside or place.startswith(inside + os.sep)):
        _state["found"].add(text)
