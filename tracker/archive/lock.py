"""One round at a time: a lock on the tracker's folder that ends with the process that holds it."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracker.errors import LockedError, SetupError

LOCK = "tracker.lock"
_POLL_S = 0.05


@contextmanager
def round_lock(home: Path, wait_s: float) -> Iterator[None]:
    """Hold the folder's lock, waiting `wait_s` seconds for another process to let go of it.

    The kernel lets go when the process ends, however it ends (flock(2)). Raises LockedError, SetupError.
    """
    path = home / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        _take(descriptor, home, wait_s)
        with suppress(OSError):  # a full disk keeps no round from running
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)  # for the message of whoever waits in vain
        yield
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> SetupError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        advice = "make the tracker's folder with 'policy-tracker init', or name another with --home"
    elif error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO):
        advice = f"move {path} away: it has to be a file, which is made again"
    else:
        advice = "look at the folder's owner, its mode and the space left on the disk"
    return SetupError(f"can't lock {path.parent}: {path.name}: {error.strerror or error}", advice=advice)


def _holder(descriptor: int) -> str:
    try:
        return os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    except OSError:
        return ""


def _take(descriptor: int, home: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            left = deadline - time.monotonic()
            if left <= 0:
                holder = _holder(descriptor)
                raise LockedError(
                    f"another round is running in {home}"
                    + (f" (process {holder})" if holder.isdigit() else ""),
                    advice="wait until it is done, then try again",
                ) from error
            time.sleep(min(_POLL_S, left))
        except OSError as error:  # ENOLCK of a network file system, for instance
            raise SetupError(
                f"the file system of {home} gives no lock: {error.strerror or error}",
                advice="put the tracker's folder on a local disk, or see to its file server's locks",
            ) from error
        else:
            return
