"""Files that survive: written whole or not at all, lines appended and torn ones repaired, nothing followed out of the folder.

One writer at a time: whoever writes holds the round's lock (lock.py). Readers need no lock.
"""

import errno
import logging
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

from tracker.archive.chain import linked
from tracker.errors import InputError, SetupError
from tracker.store.steps import Step, no_step

log = logging.getLogger(__name__)
T = TypeVar("T")

# A real policy is 152 KB of compact JSON, 250 KB as the archive writes it. Past this a file is not read into memory.
LARGEST_SNAPSHOT = 16 * 1024 * 1024
LARGEST_LINES = 256 * 1024 * 1024
TEMPORARY = ".tmp"
SYNCS_AT_ONCE = 8
_NO_FILE = {errno.ELOOP, errno.ENXIO}


def read_bytes(path: Path, largest: int) -> bytes:
    """The bytes of a regular file.

    Raises InputError for a link, a device, or more than `largest` bytes; SetupError for what this user may not read, or
    the disk won't give; FileNotFoundError, NotADirectoryError.
    """
    try:
        # O_NONBLOCK: a named pipe must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise _refused(path, "it is no file")
            if about.st_size > largest:
                raise _refused(path, f"its {about.st_size} bytes are more than {largest}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno in _NO_FILE:
            raise _refused(path, "it is no file, but a symbolic link or a socket") from error
        raise SetupError(
            f"{path} can't be read: {error.strerror or error}",
            advice="look at its owner and mode, and at the disk",
        ) from error


def read_lines(path: Path) -> tuple[list[bytes], bytes]:
    """The complete lines of a file, without their newlines, and the torn last one; nothing for no file.

    A last line that lacks only its newline is complete: the next `append` gives it one.
    """
    try:
        raw = read_bytes(path, LARGEST_LINES)
    except (FileNotFoundError, NotADirectoryError):
        return [], b""
    *lines, torn = raw.split(b"\n")
    return ([*lines, torn], b"") if torn and is_whole(torn) else (lines, torn)


def make_folders(folder: Path, above: Path, unsynced: set[Path] | None = None) -> None:
    """Make a folder and those between it and `above`, each on disk when this returns. Refuses links.

    With `unsynced` the folders that hold new ones are put in there, for the caller to sync. Raises InputError for a
    link, SetupError where the disk refuses.
    """
    missing = [folder]
    while missing[-1] != above:
        missing.append(missing[-1].parent)
    for one in reversed(missing):
        make_folder(one, unsynced, may_be_link=one == above)


def make_folder(folder: Path, unsynced: set[Path] | None = None, *, may_be_link: bool = False) -> None:
    """Make one folder in another that is there; see `make_folders`."""
    if not may_be_link and folder.is_symlink():
        raise InputError(
            f"{folder} is a symbolic link: the archive does not write through it",
            advice="put a real folder in its place",
        )
    try:
        folder.mkdir(mode=0o755)
    except FileExistsError:
        return
    except OSError as error:
        raise _disk(folder, error) from error
    if unsynced is None:
        sync_folder(folder.parent)
    else:
        unsynced.add(folder.parent)


def write_temporary(path: Path, raw: bytes, *, sync: bool = False) -> Path:
    """Write a file's bytes beside its place, not yet synced but where asked. A leftover of a killed process is replaced."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644),
            "wb",
        ) as file:
            file.write(raw)
            if sync:
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise _disk(temporary, error) from error
    return temporary


def write_temporaries(contents: Mapping[Path, bytes]) -> dict[Path, Path]:
    """Write many files beside their places, each on the disk when this returns: place -> temporary file."""
    made: dict[Path, Path] = {}

    def write(path: Path) -> None:
        made[path] = write_temporary(path, contents[path], sync=True)

    _spread(write, list(contents))
    return {path: made[path] for path in contents}


def sync_file(path: Path) -> None:
    """Have a file's bytes on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Have a folder's names on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_many(paths: Collection[Path]) -> None:
    """Have many files' bytes, or folders' names, on the disk.

    Asked at the same time the disk takes them together: 2,000 files were synced in 0.2 s, one after another in 6 s.
    """
    _spread(lambda path: _sync(path, os.O_RDONLY), list(paths))


def _spread(work: Callable[[T], None], items: Sequence[T]) -> None:
    """Do the same to many files from several threads, each with its share: they wait for the disk, and not in turn."""
    if len(items) < 2:
        for item in items:
            work(item)
        return
    from concurrent.futures import ThreadPoolExecutor

    def each(share: Sequence[T]) -> None:
        for item in share:
            work(item)

    threads = min(SYNCS_AT_ONCE, len(items))
    with ThreadPoolExecutor(threads, "disk") as pool:
        for _ in pool.map(each, [items[number::threads] for number in range(threads)]):
            pass


def put(temporary: Path, path: Path) -> None:
    """Give a synced temporary file its name."""
    try:
        temporary.rename(path)
    except OSError as error:
        raise _disk(path, error) from error


def append(
    path: Path, lines: Sequence[str], *, step: Step = no_step, name: str = "line", chain: bool = False
) -> None:
    """Add lines to a file, on the disk when this returns; a torn last line of a killed process is repaired first.

    With `chain` each line is given the hash of what stands before it (chain.py). Steps: `<name>-half`,
    `<name>-written`, `<name>-kept`.
    """
    with _appending(path) as (descriptor, is_new):
        _repair(path, descriptor)
        raw = _raw(descriptor, lines, chain=chain)
        if step is not no_step:  # what a full disk or a kill may leave: one write cut in two
            half = len(raw) // 2
            os.write(descriptor, raw[:half])
            step(f"{name}-half")
            raw = raw[half:]
        while raw:
            raw = raw[os.write(descriptor, raw) :]
        step(f"{name}-written")
        os.fsync(descriptor)
    if is_new:
        sync_folder(path.parent)
    step(f"{name}-kept")


def append_many(
    lines: Mapping[Path, Sequence[str]], *, step: Step = no_step, name: str = "line", chain: bool = False
) -> None:
    """Add lines to many files, all on the disk when this returns; what `append` does, with one pass of syncing.

    Steps of each file: `<name>-written`, then `<name>-kept`.
    """
    new = set()

    def add(path: Path) -> None:
        with _appending(path) as (descriptor, is_new):
            _repair(path, descriptor)
            raw = _raw(descriptor, lines[path], chain=chain)
            while raw:
                raw = raw[os.write(descriptor, raw) :]
            step(f"{name}-written")
            os.fsync(descriptor)
        if is_new:
            new.add(path.parent)

    _spread(add, list(lines))
    sync_many(new)
    for _ in lines:
        step(f"{name}-kept")


def _raw(descriptor: int, lines: Sequence[str], *, chain: bool) -> bytes:
    """Lines as they are added to the open file, which ends with a whole one."""
    if not chain:
        return b"".join(line.encode() + b"\n" for line in lines)
    size = os.fstat(descriptor).st_size
    return b"".join(linked(os.pread(descriptor, size, 0) if size else b"", lines))


@contextmanager
def _appending(path: Path) -> Iterator[tuple[int, bool]]:
    is_new = not path.exists()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            yield descriptor, is_new
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _disk(path, error) from error


def _repair(path: Path, descriptor: int) -> None:
    """End the file with a whole line: complete a line that only lacks its newline, cut off a torn one."""
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    start, tail = size, b""
    while start and b"\n" not in tail:
        step = min(start, 64 * 1024)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    torn = tail.rpartition(b"\n")[2]
    if is_whole(torn):
        os.write(descriptor, b"\n")
        return
    log.warning("%s: a line that was cut off is removed: %r", path, torn[:200])
    os.ftruncate(descriptor, size - len(torn))


def is_whole(line: bytes) -> bool:
    """Whether a line without a newline is complete all the same: one JSON object."""
    import json

    try:
        return isinstance(json.loads(line.decode()), dict)
    except (ValueError, RecursionError):
        return False


def _sync(path: Path, flags: int) -> None:
    """Follows a link: the tracker's folder may be one, as systemd's state directories are. Nothing is written through it."""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _disk(path, error) from error


def _damaged(path: Path, sha256: str) -> Path:
    return path.with_name(f"{path.name}.damaged-{sha256[:12]}")


def _refused(path: Path, wrong: str) -> InputError:
    return InputError(
        f"{path} is not read: {wrong}", advice="run 'policy-tracker verify', which lists what is wrong"
    )


def _disk(path: Path, error: OSError) -> SetupError:
    return SetupError(
        f"{path} can't be written: {error.strerror or error}",
        advice="look at the folder's owner, its mode and the space left on the disk",
    )


def set_aside(path: Path) -> Path:
    """Move something that is not what its name says out of the way, its bytes kept: `<name>.damaged-<sha256 prefix>`."""
    import hashlib

    try:
        beside = _damaged(path, hashlib.sha256(read_bytes(path, LARGEST_LINES)).hexdigest())
    except InputError:  # a link, a device, or too much to read: a number instead
        names = (_damaged(path, f"{number:012x}") for number in count())
        beside = next(name for name in names if not os.path.lexists(name))
    log.warning("%s is no snapshot: moved to %s", path, beside.name)
    put(path, beside)
    sync_folder(path.parent)
    return beside
