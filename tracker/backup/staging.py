"""A folder that is there as a whole or not at all: filled under another name, synced, then given its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.archive.files import sync_folder, sync_many
from tracker.errors import InputError, SetupError

PARTIAL = ".partial"


def require_free(folder: Path, *, what: str) -> None:
    """Raise InputError where `folder` is there and holds anything, or is no folder."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder} is no folder", advice=f"name a new or empty folder for {what}")
    try:
        there = sorted(one.name for one in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise told(folder, error) from error
    if there:
        named = ", ".join(there[:3]) + (f" and {len(there) - 3:,} more" if len(there) > 3 else "")
        raise InputError(
            f"{folder} is not empty: it holds {named}",
            advice=f"name a new or empty folder for {what}; nothing is ever written over",
        )


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, its owner's alone; at the end it becomes `folder`. Where something fails it is removed.

    A process that is killed leaves `.<name>-<random>.partial`, which no command takes for anything. Raises SetupError.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=PARTIAL, dir=folder.parent))
    except OSError as error:
        raise told(folder, error) from error
    try:
        yield partial
        _sync_all(partial)
        partial.rename(
            folder
        )  # an empty folder of that name gives way; one that was filled meanwhile does not
        sync_folder(folder.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise told(folder, error) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def told(path: Path, error: OSError) -> SetupError:
    """A fault of the disk, as ours."""
    return SetupError(
        f"{error.filename or path}: {error.strerror or error}",
        advice=f"look at the owner and mode of {path.parent}, and the space left on its disk; nothing half-made was left",
    )


def _sync_all(folder: Path) -> None:
    """Have everything under a folder on the disk: files, then the folders that name them."""
    inside = [(Path(place), names) for place, _, names in os.walk(folder)]
    sync_many([place / name for place, names in inside for name in names])
    sync_many([place for place, _ in inside])
