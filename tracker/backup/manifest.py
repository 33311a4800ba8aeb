"""What a backup holds, file by file with its hash: written last, read first, and believed in nothing that it can't prove."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from tracker.errors import InputError
from tracker.model.instants import iso, parse_instant

MANIFEST = "backup.json"
DATABASE = "tracker.db"
_LARGEST = 256 * 1024 * 1024  # bytes of a manifest: two million files
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a backup."""

    path: str  # within the folder, with '/'
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made: datetime  # aware, UTC
    version: str  # of the policy-tracker that made it
    database_schema: int  # 0: there was no database yet
    files: tuple[Entry, ...]  # sorted by path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)

    def text(self) -> str:
        """As it is written."""
        record = {
            "schema": 1,
            "type": "backup",
            "made": iso(self.made),
            "version": self.version,
            "database_schema": self.database_schema,
            "files": [{"path": one.path, "bytes": one.size, "sha256": one.sha256} for one in self.files],
        }
        return json.dumps(record, indent=1) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises InputError for a folder that is none."""
    path = folder / MANIFEST
    advice = "name a folder that 'policy-tracker backup' made"
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", advice=advice)
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is no list of a backup's files", advice=advice)
        record = json.loads(path.read_text(encoding="utf-8"))
        return _manifest(record)
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} is no backup: it has no {MANIFEST}, which is written when a backup is complete",
            advice=advice,
        ) from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}", advice=advice) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is no list of a backup's files: {str(error)[:200]}", advice=advice
        ) from error


def _manifest(record: Any) -> Manifest:
    if not isinstance(record, dict) or record.get("type") != "backup":
        raise ValueError("it says nothing of a backup")
    if record.get("schema") != 1:
        raise ValueError(
            f"it has schema {record.get('schema')!r}, and this policy-tracker knows 1: update policy-tracker"
        )
    files = tuple(_entry(one) for one in record["files"])
    if len({one.path for one in files}) != len(files):
        raise ValueError("it names a file twice")
    return Manifest(
        parse_instant(str(record["made"])), str(record["version"]), int(record["database_schema"]), files
    )


def _entry(record: Any) -> Entry:
    path, size, sha256 = record["path"], record["bytes"], record["sha256"]
    if not (isinstance(path, str) and _is_inside(path)):
        raise ValueError(f"{path!r} is no name of a file in a folder")
    if not (isinstance(size, int) and size >= 0 and isinstance(sha256, str) and _SHA256.match(sha256)):
        raise ValueError(f"of {path!r} it has neither size nor hash")
    return Entry(path, size, sha256)


def _is_inside(path: str) -> bool:
    """Whether a name stays in its folder: relative, no '..', nothing that another spelling would name too."""
    pure = PurePosixPath(path)
    return (
        bool(path)
        and "\0" not in path
        and str(pure) == path
        and not pure.is_absolute()
        and ".." not in pure.parts
        and path != "."
    )


def files_under(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(path with '/', entry) of everything under a folder that is no folder itself, links unfollowed, sorted."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(folder / inside) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                path = f"{inside}/{entry.name}" if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    yield path, entry


def hash_of(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256) of a file, read in pieces. Raises OSError, for a link too."""
    size, found = 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        while piece := file.read(_CHUNK):
            size += len(piece)
            found.update(piece)
    return size, found.hexdigest()


def copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file with its mode, not yet synced; what was read, as `hash_of` tells it. Raises OSError, for a link too."""
    size, found = 0, hashlib.sha256()
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o644
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(target, flags, 0o600), "wb") as made:
            while piece := file.read(_CHUNK):
                size += len(piece)
                found.update(piece)
                made.write(piece)
            os.fchmod(made.fileno(), mode | 0o600)
    return size, found.hexdigest()
