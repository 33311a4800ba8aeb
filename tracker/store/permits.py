"""Whether this user may write the database and the files that SQLite keeps beside it; what to do where not."""

import logging
import os
import pwd
import stat
from pathlib import Path

from tracker.errors import SetupError

log = logging.getLogger(__name__)
_WAL, _SHM = "-wal", "-shm"
LEAST = 64 * 1024  # bytes of room without which SQLite can't begin
_EFFECTIVE = os.access in os.supports_effective_ids


def stands_still(path: Path) -> bool:
    """Whether nobody writes, and this user can't: it may only read, or the disk is full.

    SQLite writes even to read, beside the database: 32 KB of an index of its log. Where a log holds something it has to.
    """
    return (
        path.exists()
        and not _holds(_beside(path, _WAL))
        and not (_writable(path) and _writable(path.parent) and room(path) >= LEAST)
    )


def room(path: Path) -> int:
    """How many bytes this user may still write on the disk of a file that is there."""
    disk = os.statvfs(path)
    return disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)


def must_be_writable(path: Path) -> None:
    """Raise SetupError, with what to do, where this user can't write the database.

    SQLite would find that out at the first statement that writes, and leave a log behind that is read-only, too: it
    gives the log the database's mode.
    """
    if barred := _barred(path):
        raise _told(barred)


def free_beside(path: Path) -> None:
    """Give our own read-only log of a database that may be written the database's mode.

    SQLite left it so while the database was read-only for a while, and would say of the database, for ever, that it
    is (https://sqlite.org/wal.html#read_only_databases). What is another user's is left alone.
    """
    for one in (_beside(path, _WAL), _beside(path, _SHM)):
        if not one.exists() or _writable(one):
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & stat.S_IWUSR:
            return
        try:
            handle = os.open(one, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # whoever writes is told
        try:
            at = os.fstat(handle)
            if stat.S_ISREG(at.st_mode) and at.st_uid == os.geteuid():
                os.fchmod(handle, mode)
                log.warning("%s was read-only and its database is not: it may be written again", one.name)
        finally:
            os.close(handle)


def _barred(path: Path) -> Path | None:
    """What keeps this user from writing: the database, its folder where a log has to be made, or the log; None: nothing."""
    log_, index = _beside(path, _WAL), _beside(path, _SHM)
    needed = [
        path,
        *([] if log_.exists() else [path.parent]),
        *(one for one in (log_, index) if one.exists()),
    ]
    # Whoever closes the database last takes its log away, between two questions about it too.
    return next((one for one in needed if not _writable(one) and one.exists()), None)


def _told(barred: Path) -> SetupError:
    at = barred.stat()
    if os.statvfs(barred).f_flag & os.ST_RDONLY:
        return SetupError(
            f"{barred} can't be written: its file system is read-only",
            advice="the kernel makes it so after a fault of the disk (look at dmesg); mount it writable again",
        )
    mode = f"mode {stat.S_IMODE(at.st_mode):04o}"
    if at.st_uid == os.geteuid():
        return SetupError(
            f"{barred} can't be written: {mode}", advice=f"chmod u+w{'x' if barred.is_dir() else ''} {barred}"
        )
    owner, we = _name(at.st_uid), _name(os.geteuid())
    return SetupError(
        f"{barred} can't be written by {we}: it is {owner}'s, {mode}",
        advice=f"run policy-tracker as {owner}, or give the tracker's folder to {we} with chown -R",
    )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


def _holds(log_: Path) -> bool:
    try:
        return log_.stat().st_size > 0
    except FileNotFoundError:
        return False


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}{what}")
