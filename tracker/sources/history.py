"""What a person points `import` at, opened: a git repository or bundle, a folder or tar of answers."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.errors import InputError
from tracker.sources import git
from tracker.sources.answers import Identity
from tracker.sources.answers_folder import AnswersFolder
from tracker.sources.git_archive import GitArchive
from tracker.sources.past import History
from tracker.sources.tar import is_tar, unpack

_BUNDLE = (b"# v2 git bundle\n", b"# v3 git bundle\n")


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a source is wanted, and what is said of it that it doesn't say itself."""

    wanted: Callable[[str], bool] = lambda _: True  # policies, by name
    since: datetime | None = None  # UTC
    branch: str = ""  # of a git repository; empty: what is checked out
    given: Identity = (None, None)  # version and date of bare documents


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder or file that is to be read: for a tar or a bundle a temporary folder that goes with the block.

    Raises InputError for what is not there, or is none of the things that can be read.
    """
    if not path.exists():
        raise InputError(f"there is no {path}", advice="name a git repository or bundle, a folder or a tar")
    if path.is_dir() or not (_is_bundle(path) or is_tar(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="policy-tracker-import-") as scratch:
        place = Path(scratch, "git" if _is_bundle(path) else "files")
        if _is_bundle(path):
            git.clone(path, place)
        else:
            place.mkdir()
            unpack(path, place)
        yield place


def open_history(place: Path, name: str, selection: Selection) -> History:
    """The source that a folder or file is; `name` is what people call it. Raises InputError."""
    if place.is_dir() and git.is_repository(place):
        return GitArchive(
            place,
            name=name,
            branch=selection.branch,
            since=selection.since,
            wanted=selection.wanted,
        )
    return AnswersFolder(
        place, name=name, given=selection.given, since=selection.since, wanted=selection.wanted
    )


def _is_bundle(path: Path) -> bool:
    return _head(path) in _BUNDLE


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_BUNDLE[0]))
    except OSError as error:
        raise InputError(
            f"{path} can't be read: {error.strerror}", advice="look at its owner and mode"
        ) from error
