"""A database copied while others write to it: of one moment, checked, and on the disk before it has its name."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tracker.errors import SetupError

KEPT = 3  # databases of older schemas that stay beside the one in use
_BEFORE = ".schema-"


def copy_database(path: Path, target: Path) -> None:
    """Copy the database at `path` to `target`, which must not be there; nobody who writes has to wait.

    SQLite's own way to do it (https://sqlite.org/backup.html), in one step, so that the copy is of one moment; then
    every page of the copy is checked. What is no whole copy is removed. Raises SetupError; sqlite3.DatabaseError.
    """
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise _refused(target, error.strerror or str(error)) from error
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        _must_be_whole(path, target)
        _sync(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _must_be_whole(path: Path, copy: Path) -> None:
    wrong = wrong_in(copy)
    if wrong:
        raise SetupError(
            f"{path} is damaged, so no copy of it is kept: {wrong}",
            advice="restore it from a backup, or move it away and run 'policy-tracker reindex' (subscribers are only in there)",
        )


def wrong_in(path: Path) -> str:
    """What SQLite finds wrong in a database file that nobody writes to; empty where it is whole."""
    name = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(name, uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
            loose = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if said != ["ok"]:
        return "; ".join(said)
    return f"a row of {loose[0]} refers to none of {loose[2]}" if loose else ""


def schema_in(path: Path) -> tuple[int, int]:
    """(application id, schema) in the head of a database file that nobody writes to. Raises sqlite3.DatabaseError."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return (
            connection.execute("PRAGMA application_id").fetchone()[0],
            connection.execute("PRAGMA user_version").fetchone()[0],
        )


def keep_before_migrating(path: Path, schema: int) -> Path:
    """Copy a database that is about to be changed from `schema` to `<name>.schema-<number>`, and return that.

    The newest KEPT stay. Raises SetupError where it can't be kept: then nothing must be changed.
    """
    kept = path.with_name(f"{path.name}{_BEFORE}{schema}")
    new = path.with_name(f"{kept.name}.tmp")
    try:
        new.unlink(missing_ok=True)  # of a process that was killed; whoever migrates is alone
        copy_database(path, new)
        new.replace(kept)
        _sync(path.parent)
        for old in copies_before_migrating(path)[:-KEPT]:
            old.unlink()
    except OSError as error:
        raise _refused(kept, error.strerror or str(error)) from error
    return kept


def copies_before_migrating(path: Path) -> list[Path]:
    """The copies that stand beside a database, that of the oldest schema first."""
    found = [
        (int(number), one)
        for one in path.parent.glob(f"{path.name}{_BEFORE}*")
        if (number := one.name.removeprefix(f"{path.name}{_BEFORE}")).isdigit()
    ]
    return [one for _, one in sorted(found)]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(path: Path, why: str) -> SetupError:
    return SetupError(
        f"no copy of the database can be kept as {path}: {why}",
        advice="look at the folder's owner, its mode and the space left on the disk; nothing was changed",
    )
