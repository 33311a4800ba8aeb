"""The folder lookup/: how far CloudTrail's event history was read, and the calls that were found, so that a run goes on.

It names accounts and resources, so it is never committed: its own .gitignore says so.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.archive import files
from tracker.archive.lock import round_lock
from tracker.errors import InputError
from tracker.model.instants import iso, parse_instant
from tracker.model.used import Call

_LARGEST = 1 << 20  # bytes of a state
_INSTANTS = ("since", "until", "open_since", "open_until", "reached")


@dataclass(frozen=True, slots=True)
class State:
    """How far one region was read. Instants are UTC."""

    since: datetime | None = None  # read without a gap from here ...
    until: datetime | None = None  # ... to here
    open_since: datetime | None = None  # a period that was begun, newest first, and not ended
    open_until: datetime | None = None
    reached: datetime | None = None  # of that, everything after this instant was read
    events: int = 0  # of everybody, in all runs
    namesakes: int = 0
    unread: int = 0


class Lookups:
    """What was looked up of one role in one account, region by region."""

    def __init__(self, home: Path, account: str, role: str) -> None:
        self._home = home
        self.folder = home / "lookup" / account / role

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One run at a time. Raises LockedError where another is under way."""
        self._make()
        with round_lock(self.folder, 0):
            yield

    def state(self, region: str) -> State:
        """How far a region was read. Raises InputError for a file that is not ours."""
        path = self._path(region, "json")
        try:
            found = json.loads(files.read_bytes(path, _LARGEST))
            told: dict[str, Any] = {
                field.name: parse_instant(found[field.name])
                if field.name in _INSTANTS and found.get(field.name)
                else found.get(field.name, field.default)
                for field in fields(State)
            }
            return State(**told)
        except (FileNotFoundError, NotADirectoryError):
            return State()
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{path} does not say how far the event history was read: {error}",
                advice=f"remove {self.folder}; it is read again, as far back as AWS has it",
            ) from error

    def record(self, region: str, state: State, calls: Iterable[Call]) -> None:
        """Keep calls, then how far was read: cut off between the two, the same calls come again and count once."""
        self._make()
        if lines := [_line(call) for call in calls]:
            files.append(self._path(region, "jsonl"), lines)
        path = self._path(region, "json")
        told = {
            name: iso(value) if isinstance(value, datetime) else value
            for name, value in asdict(state).items()
        }
        raw = (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()
        files.put(files.write_temporary(path, raw, sync=True), path)

    def calls(self) -> Iterator[Call]:
        """Every call that was found, of all regions, as often as it was written. A torn last line is left out."""
        for path in sorted(self.folder.glob("*.jsonl")) if self.folder.is_dir() else ():
            lines, _ = files.read_lines(path)
            for number, line in enumerate(lines, 1):
                yield _call(line, path, number)

    def regions(self) -> tuple[str, ...]:
        """The regions of which anything is kept, sorted."""
        return tuple(sorted(one.stem for one in self.folder.glob("*.json"))) if self.folder.is_dir() else ()

    def _path(self, region: str, suffix: str) -> Path:
        return self.folder / f"{region}.{suffix}"

    def _make(self) -> None:
        files.make_folders(self.folder, self._home)
        ignore = self._home / "lookup" / ".gitignore"
        if not ignore.exists():
            files.put(files.write_temporary(ignore, b"*\n"), ignore)


def _line(call: Call) -> str:
    return json.dumps(asdict(replace(call, at=call.at)) | {"at": iso(call.at)}, sort_keys=True)


def _call(line: bytes, path: Path, number: int) -> Call:
    try:
        found: dict[str, Any] = json.loads(line)
        return Call(**{**found, "at": parse_instant(found["at"]), "resources": tuple(found["resources"])})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(
            f"{path}, line {number}: it is no call as `used --lookup` writes them",
            advice=f"remove {path.parent}; it is read again, as far back as AWS has it",
        ) from error
