"""Every hash, name, date and line of the archive looked at: what is wrong, where, and what to do about it.

Whatever stands in the folder, the answer is findings: a hostile file is one of them, never an error of ours.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tracker.archive import verify_lines
from tracker.archive.catalogues import LARGEST, catalogue_findings
from tracker.archive.files import LARGEST_LINES, LARGEST_SNAPSHOT, TEMPORARY, read_bytes, read_lines
from tracker.archive.folder import Place
from tracker.archive.layout import (
    CATALOGUE,
    CONFLICT,
    DAMAGED,
    LOOKS,
    SIGNOFFS,
    SOURCES,
    TIMELINE,
    Identity,
    arn_of_folder,
    file_name,
    identity_of,
    is_partition,
    policy_key,
)
from tracker.archive.records import RecordError, read_snapshot, snapshot_text
from tracker.archive.seal import Seal, Sealed
from tracker.archive.verify_index import Expected, index_findings
from tracker.archive.verify_lines import CHANGED
from tracker.errors import DocumentError, InputError, SetupError
from tracker.model.history import Snapshot
from tracker.model.recorded import Finding
from tracker.store.database import Database

_OURS_TOO = re.compile(r"README\.md|\.gitignore|\.gitattributes|\.gitkeep")
_AGAIN = (
    "move it out of the archive, then 'policy-tracker check' fetches the version again if AWS still has it"
)
_REWRITTEN = "find out who changed it: git or a backup has it as it was when it was sealed"
_FOREIGN = "move it out of the archive: nothing reads it"


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of looking at every file."""

    findings: tuple[Finding, ...]  # sorted
    seal: Seal  # what every whole file holds now
    chained: int  # lines that hold what stands before them
    unchained: int  # lines of before there was a chain


def verify(home: Path, database: Database, against: Seal | None = None) -> Verified:
    """Everything that is wrong under a tracker's folder. Reads and hashes every file.

    With `against`, an earlier seal, also what has been changed or removed since.
    """
    looked = _Looked(home)
    looked.everything()
    looked.found += index_findings(database, looked.expected)
    seal = Seal(tuple(sorted(looked.sealed)))
    if against is not None:
        looked.found += _since_sealed(home, seal, against)
    return Verified(tuple(sorted(set(looked.found))), seal, looked.chained, looked.unchained)


def _since_sealed(home: Path, now: Seal, then: Seal) -> Iterator[Finding]:
    """What no longer begins with what was sealed."""
    held = {one.path: one for one in now.files}
    for one in then.files:
        if one.path not in held:
            yield Finding(one.path, "it was sealed, and is not there any more, or not whole", _REWRITTEN)
        elif one != held[one.path]:
            begins = read_bytes(home / one.path, LARGEST_LINES)[: one.size]
            if Sealed.of(one.path, begins) != one:
                yield Finding(
                    one.path, f"its first {one.size:,} bytes are not those that were sealed", _REWRITTEN
                )


@dataclass(slots=True)
class _Looked:
    """One pass over the files: what is wrong, and what an index of them has to say."""

    home: Path
    found: list[Finding] = field(default_factory=list)
    expected: Expected = field(default_factory=Expected)
    sealed: list[Sealed] = field(default_factory=list)
    chained: int = 0
    unchained: int = 0

    def everything(self) -> None:
        self.found += verify_lines.signoffs(self.home, self.home / SIGNOFFS)
        self._chain(self.home / SIGNOFFS)
        self.expected.signoffs(self.home)
        root = self.home / "snapshots"
        for entry in self._entries(root):
            if is_partition(entry.name) and self._is_folder(entry):
                self._partition(Path(entry.path))
            elif entry.name == CATALOGUE and self._is_folder(entry):
                self.found += catalogue_findings(root)
                self._chain(root / CATALOGUE / TIMELINE)
                self._seal_catalogues(root / CATALOGUE)
            elif (
                not is_partition(entry.name)
                and entry.name != CATALOGUE
                and not _OURS_TOO.fullmatch(entry.name)
            ):
                self._wrong(entry.path, "it is no partition of AWS", _FOREIGN)

    def _partition(self, path: Path) -> None:
        for entry in self._entries(path):
            if entry.name == LOOKS:
                self.found += verify_lines.looks(self.home, path / LOOKS)
                self._chain(path / LOOKS)
                self.expected.looks(path)
            elif arn_of_folder(path.name, entry.name) is None:
                self._wrong(entry.path, "it is no policy's folder", _FOREIGN)
            elif _OURS_TOO.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                continue  # these are legal names of policies, too
            elif self._is_folder(entry):
                self._policy(Path(entry.path))

    def _policy(self, path: Path) -> None:
        held: dict[Identity, str] = {}
        named = set()  # a damaged snapshot is reported once: a line that names it is not wrong for that
        for entry in self._entries(path):
            identity = identity_of(entry.name)
            if identity is not None:
                named.add(identity)
                snapshot = self._snapshot(Path(entry.path), identity)
                if snapshot is not None:
                    held[identity] = snapshot.sha256
                    self.expected.snapshot(path, snapshot)
            elif entry.name not in (TIMELINE, SOURCES) and not _OURS_TOO.fullmatch(entry.name):
                self._beside(Path(entry.path))
        self.found += verify_lines.sources(self.home, path / SOURCES, held, named)
        self.found += verify_lines.timeline(self.home, path / TIMELINE, held, named)
        self._chain(path / TIMELINE)
        self._chain(path / SOURCES)
        self.expected.policy(Place(path.parent.name, path.name), path)

    def _snapshot(self, path: Path, identity: Identity) -> Snapshot | None:
        """The snapshot of a file where it is one; what is wrong with it is found all the same."""
        try:
            raw = read_bytes(path, LARGEST_SNAPSHOT)
            snapshot = read_snapshot(raw)
        except FileNotFoundError:
            return None  # it went while we looked
        except (InputError, SetupError, RecordError) as error:
            self._wrong(path, _clause(str(error), path), _AGAIN)
            return None
        if snapshot.identity != identity:
            self._wrong(
                path, f"by its name it is another snapshot than {file_name(snapshot.identity)}", _AGAIN
            )
            return None
        if policy_key(snapshot.arn) != f"{path.parent.parent.name}/{path.parent.name}":
            self._wrong(
                path, f"it is a snapshot of {snapshot.arn}, which is not this folder's policy", _AGAIN
            )
            return None
        if raw != snapshot_text(snapshot).encode():
            self._wrong(path, "it is not written as the archive writes it (its document is whole)", _AGAIN)
        self._document(path, snapshot)
        self.sealed.append(Sealed.of(self._name(path), raw))
        return snapshot

    def _chain(self, path: Path) -> None:
        links, found = verify_lines.chain(self.home, path)
        read = {finding.path for finding in self.found}
        # A line that is none needs no second word, and neither does one that is wrong otherwise and not chained.
        self.found += [one for one in found if one.wrong.startswith(CHANGED) or one.path not in read]
        self.chained += links.chained
        self.unchained += links.unchained
        self._seal_lines(path)

    def _seal_catalogues(self, path: Path) -> None:
        for entry in self._entries(path):
            if entry.name.endswith(".json"):
                with suppress(InputError, SetupError, FileNotFoundError):  # said where catalogues are read
                    raw = read_bytes(Path(entry.path), LARGEST)
                    self.sealed.append(Sealed.of(self._name(Path(entry.path)), raw))

    def _seal_lines(self, path: Path) -> None:
        """Whole lines alone: the next write removes one that is cut off."""
        try:
            lines, _ = read_lines(path)
        except (InputError, SetupError):
            return
        if lines:
            self.sealed.append(Sealed.of(self._name(path), b"".join(line + b"\n" for line in lines)))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.home).as_posix()

    def _document(self, path: Path, snapshot: Snapshot) -> None:
        from tracker.policy.parse import canonical_text

        try:
            canonical_text(snapshot.document, what=f"{snapshot.arn.name} {snapshot.version}")
        except DocumentError as error:
            self._wrong(path, f"its document is no policy: {error}", _AGAIN)

    def _beside(self, path: Path) -> None:
        """What a file is that is neither snapshot nor lines."""
        if conflict := CONFLICT.fullmatch(path.name):
            self._wrong(
                path,
                f"another document came for the version of {conflict['file']}: one version has two contents",
                "find out which one AWS has ('policy-tracker diff FILE FILE' shows how they differ), move the other away",
            )
        elif DAMAGED.fullmatch(path.name):
            self._wrong(path, "it stood in a snapshot's place and was none; it was moved aside", _FOREIGN)
        elif path.name.startswith(".") and path.name.endswith(TEMPORARY):
            self._wrong(path, "a write was cut off here", "remove it: what it was to hold is fetched again")
        else:
            self._wrong(path, "no such file belongs in a policy's folder", _FOREIGN)

    def _is_folder(self, entry: "os.DirEntry[str]") -> bool:
        if entry.is_dir(follow_symlinks=False):
            return True
        what = "a symbolic link" if entry.is_symlink() else "no folder"
        self._wrong(entry.path, f"it is {what}, so nothing in it is read", "put a real folder in its place")
        return False

    def _entries(self, path: Path) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._wrong(path, f"it can't be read: {error.strerror}", "look at its owner and mode")
            return []

    def _wrong(self, path: str | Path, wrong: str, advice: str) -> None:
        self.found.append(Finding(os.path.relpath(path, self.home), wrong, advice))


def _clause(text: str, path: Path) -> str:
    """An error's text without the path, which the finding names anyway."""
    return text.removeprefix(f"{path} ")
