"""One policy's folder, read: which snapshots it has, its timeline, its sources. Documents only where asked for."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tracker.archive.files import LARGEST_SNAPSHOT, read_bytes, read_lines
from tracker.archive.layout import (
    SOURCES,
    TIMELINE,
    Identity,
    file_name,
    identity_of,
    is_partition,
    oldest_first,
    policy_key,
)
from tracker.archive.records import (
    RecordError,
    SourceLine,
    read_observation,
    read_snapshot,
    read_source,
)
from tracker.errors import InputError, TrackerError
from tracker.model.history import Observation, Snapshot
from tracker.model.identity import PolicyArn

_T = TypeVar("_T")
_TAIL = 1024  # bytes at the end of a snapshot that hold its last keys: `sha256`, `source`, `version`
_HEAD = re.compile(rb'\{\n  "arn": "([^"\\]{1,400})",\n')  # `arn` is the first key of a canonical snapshot

_SHA256 = re.compile(
    rb'\n  "sha256": "([0-9a-f]{64})",\n  "source": "[^\n]*",\n  "version": "[^\n]*"\n\}\n\Z'
)


def identities(folder: Path) -> list[Identity]:
    """Every snapshot of the folder, oldest first, by the names of its files alone. An empty file is none."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                identity = identity_of(entry.name)
                if (
                    identity
                    and entry.is_file(follow_symlinks=False)
                    and entry.stat(follow_symlinks=False).st_size
                ):
                    found.append(identity)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, key=oldest_first)


def load(folder: Path, identity: Identity) -> Snapshot:
    """One snapshot, its document hashed. Raises InputError for a file that is not that snapshot; FileNotFoundError."""
    path = folder / file_name(identity)
    wrong = ""
    try:
        snapshot = read_snapshot(read_bytes(path, LARGEST_SNAPSHOT))
    except RecordError as error:
        wrong = str(error)
    else:
        if snapshot.identity != identity:
            wrong = f"it holds {file_name(snapshot.identity)}"
        elif policy_key(snapshot.arn) != f"{folder.parent.name}/{folder.name}":
            wrong = f"it is of {snapshot.arn}"
        else:
            return snapshot
    raise InputError(
        f"{path} is no snapshot: {wrong}",
        advice="run 'policy-tracker verify', which lists everything that is wrong",
    )


def sha256_of(folder: Path, identity: Identity) -> str | None:
    """The hash that a snapshot's file says its document has, without reading the document; None for a damaged file."""
    path = folder / file_name(identity)
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            found = _SHA256.search(file.read())
        return found[1].decode() if found else load(folder, identity).sha256
    except (OSError, TrackerError):
        return None


def observations(folder: Path) -> list[Observation]:
    """The timeline's lines in the order of the file. A torn last line is not one. Raises InputError for a broken line."""
    return timeline(folder)[0]


def timeline(folder: Path) -> tuple[list[Observation], int]:
    """The timeline's lines as `observations`, and their length in bytes, each with its newline."""
    lines, _ = read_lines(folder / TIMELINE)
    return list(_parsed(folder / TIMELINE, lines, read_observation)), length(lines)


def length(lines: list[bytes]) -> int:
    """How many bytes lines are, each with its newline."""
    return sum(map(len, lines)) + len(lines)


def sources(folder: Path) -> list[SourceLine]:
    """The lines of second sources in the order of the file. Raises InputError for a broken line."""
    return list(_parsed(folder / SOURCES, read_lines(folder / SOURCES)[0], read_source))


def in_time(seen: list[Observation]) -> tuple[Observation, ...]:
    """Observations oldest first; of two at one instant the later line is the later."""
    return tuple(sorted(seen, key=lambda one: one.observed_at))


def arn_in(folder: Path, known: list[Identity] | None = None) -> PolicyArn | None:
    """The policy's ARN as the folder's files tell it; None for a folder without a snapshot.

    A source that knows only names writes '/' for the path. So another path than '/' is believed before it, and of several
    the one that the newest snapshot has.
    """
    told = None
    for identity in reversed(identities(folder) if known is None else known):
        arn = _arn_of_file(folder, identity)
        if arn is not None and arn.path != "/":
            return arn
        told = told or arn
    better = [line.arn for line in sources(folder) if line.arn is not None and line.arn.path != "/"]
    return better[-1] if told and better else told


def _arn_of_file(folder: Path, identity: Identity) -> PolicyArn | None:
    """The ARN in a snapshot's file; None for a damaged one, and for another policy's."""
    try:
        with (folder / file_name(identity)).open("rb") as file:
            head = _HEAD.match(file.read(512))
        arn = PolicyArn.parse(head[1].decode()) if head else load(folder, identity).arn
    except (OSError, ValueError, TrackerError):
        return None
    return arn if policy_key(arn) == f"{folder.parent.name}/{folder.name}" else None


@dataclass(frozen=True, slots=True)
class Place:
    """A policy's folder under its partition."""

    partition: str
    name: str  # of the folder

    def under(self, root: Path) -> Path:
        """The folder under `snapshots/`."""
        return root / self.partition / self.name


def places(root: Path) -> Iterator[Place]:
    """Every folder that may be a policy's, sorted. Links and files are none."""
    for partition in partitions(root):
        for name in _folders(root / partition):
            yield Place(partition, name)


def partitions(root: Path) -> list[str]:
    """Every partition's folder, sorted."""
    return [name for name in _folders(root) if is_partition(name)]


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _parsed(path: Path, lines: list[bytes], read: Callable[[bytes], _T]) -> Iterator[_T]:
    for number, line in enumerate(lines, start=1):
        try:
            yield read(line)
        except RecordError as error:
            raise InputError(
                f"{path}:{number} is no line of a {path.name}: {error}",
                advice="run 'policy-tracker verify', which lists everything that is wrong",
            ) from error
