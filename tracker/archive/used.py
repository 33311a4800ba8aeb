"""The folder used/: for each role what the last `used` found, without accounts, resources and names of files.

The pages show it; nothing else reads it, and it is made again by the same command.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.archive import files
from tracker.errors import InputError

_LARGEST = 64 << 20  # bytes; a role with every action of AWS comes to some 4 MB


def used_folder(home: Path) -> Path:
    """Where the results are."""
    return home / "used"


def keep_used(home: Path, role: str, record: Mapping[str, Any]) -> Path:
    """Write what was found of a role, in the place of what was found before; on the disk when this returns.

    Raises SetupError where the disk refuses.
    """
    folder = used_folder(home)
    files.make_folders(folder, home)
    path = folder / f"{role}.json"
    raw = (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    files.put(files.write_temporary(path, raw, sync=True), path)
    files.sync_folder(folder)
    return path


def roles_used(home: Path) -> tuple[str, ...]:
    """The names of roles of which something is kept, sorted."""
    try:
        return tuple(sorted(one.stem for one in used_folder(home).glob("*.json") if one.is_file()))
    except OSError:
        return ()


def folder_mark(home: Path) -> int:
    """What changes whenever any role's result is kept, for the price of one look at the disk; 0 where nothing was."""
    try:
        return used_folder(home).stat().st_mtime_ns
    except OSError:
        return 0


def used_mark(home: Path, role: str) -> tuple[int, int]:
    """What changes whenever a role's result does; (0, 0) where there is none."""
    try:
        about = (used_folder(home) / f"{role}.json").stat()
    except OSError:
        return (0, 0)
    return (about.st_mtime_ns, about.st_size)


def read_used(home: Path, role: str) -> dict[str, Any] | None:
    """What was last found of a role; None where nothing was.

    Raises InputError for a file that is not what `keep_used` wrote.
    """
    path = used_folder(home) / f"{role}.json"
    try:
        found = json.loads(files.read_bytes(path, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise _foreign(path) from error
    if not isinstance(found, dict) or found.get("type") != "used" or found.get("schema") != 1:
        raise _foreign(path)
    return found


def _foreign(path: Path) -> InputError:
    return InputError(
        f"{path} is not what `policy-tracker used` writes",
        advice="remove it, and run `policy-tracker used` again",
    )
