"""A folder of answers of get-policy-version, or of bare documents: versions that nobody watched come into force.

Nothing tells when a file was fetched, so a version counts as in force from its own date on (basis `create_date`), as in
the shipped history. An answer that says that it is not the default is kept as a version and nothing more.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.errors import DocumentError, InputError
from tracker.model.identity import PolicyArn, VersionId
from tracker.sources.answers import LARGEST, Identity, name_of, read_answer
from tracker.sources.git_archive import policy_of
from tracker.sources.past import Gathering, Past

MOST_FILES = 1_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """One file that may be an answer."""

    path: Path
    shown: str  # its path from the folder that was named
    given: Identity  # what its name tells


class AnswersFolder:
    """The answers of a folder, or of one file. Raises InputError for a folder that can't be read."""

    def __init__(
        self,
        place: Path,
        *,
        name: str = "",
        given: Identity = (None, None),
        since: datetime | None = None,
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`given` is the version and date of bare documents whose names tell neither."""
        self._given, self._since = given, since
        self._by_name: dict[str, list[_File]] = {}
        self.ignored = self.files = 0
        for path in [place] if place.is_file() else _files(place):
            shown = path.name if path == place else str(path.relative_to(place))
            told = (
                name_of(path.name.removesuffix(".json"), path.parent.name) if policy_of(path.name) else None
            )
            if told is None:
                self.ignored += 1
            elif wanted(told[0]):
                self._by_name.setdefault(told[0], []).append(_File(path, shown, told[1]))
                self.files += 1
        self.what = f"answers in {name or place}"

    def names(self) -> tuple[str, ...]:
        """The policies that files are named after, sorted."""
        return tuple(sorted(self._by_name))

    def jobs(self) -> Iterator["FolderJob"]:
        """Each policy's files, in the order of their names."""
        for name in self.names():
            files = self._by_name[name]
            yield FolderJob(name, tuple((one, _content(one)) for one in files), self._given, self._since)


@dataclass(frozen=True, slots=True)
class FolderJob:
    """One policy's files, read."""

    name: str
    contents: tuple[tuple[_File, bytes | DocumentError], ...]
    given: Identity  # for bare documents whose names tell neither version nor date
    since: datetime | None

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self.contents)

    def past(self, arn: PolicyArn, run: str) -> Past:
        """What the files tell."""
        made = Gathering(arn, run, "create_date")
        in_force: dict[tuple[datetime, VersionId], str] = {}
        for file, content in self.contents:
            source = f"file {file.shown}"
            try:
                if isinstance(content, DocumentError):
                    raise content
                given = file.given[0] or self.given[0], file.given[1] or self.given[1]
                answer = read_answer(content, file.shown, given)
                version, create_date = made.version(answer, file.shown, source)
            except DocumentError as error:
                made.refuse(file.shown, None, error)
                continue
            if answer.in_force:
                in_force.setdefault((create_date, version), source)
            else:
                made.stale += 1
        for (create_date, version), source in sorted(in_force.items()):
            made.seen(create_date, (version, create_date), source)
        past = made.past()
        return past if self.since is None else past.since(self.since)


def _content(file: _File) -> bytes | DocumentError:
    try:
        with file.path.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        return DocumentError(f"{file.shown}: it can't be read: {error.strerror}")


def _files(place: Path) -> Iterator[Path]:
    """Every regular file under a folder, sorted; links are not followed, names that begin with a dot left out."""
    count = 0
    for folder, folders, files in os.walk(place, onerror=_unreadable):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            path = Path(folder, file)
            if file.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise InputError(f"{place} holds more than {MOST_FILES:,} files", advice="import its parts")
            yield path


def _unreadable(error: OSError) -> None:
    raise InputError(
        f"{error.filename} can't be read: {error.strerror}", advice="look at its owner and mode"
    ) from error
