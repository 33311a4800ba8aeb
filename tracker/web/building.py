"""The site as files: the same pages, feeds and data, written only where they changed, with what they link to.

A manifest in the folder says which files are ours, by digest, and from what each part was made: a part whose marks
have not moved is not made again, a file whose bytes are the same is not written, and only ours are removed.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.collaborators import Tracker
from tracker.errors import SetupError
from tracker.importing.workers import Workers, useful
from tracker.web.files import Files, digest
from tracker.web.page import Page
from tracker.web.pages import Pages
from tracker.web.parts import Part, Parts
from tracker.web.retold import retold

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from tracker.changelog.feeds import FeedEntry

log = logging.getLogger(__name__)
MANIFEST = ".policy-tracker-site.json"
_FORMAT = 1
_MANY = 4  # parts to make, from which on other processes pay


@dataclass
class Built:
    """What one build did."""

    written: int = 0
    same: int = 0  # made again and found equal
    kept: int = 0  # not made again: nothing that they are made of has moved
    removed: int = 0
    bytes: int = 0
    files: dict[str, str] = field(default_factory=dict)  # path -> digest

    def add(self, other: "Built") -> None:
        """What another process did."""
        self.written += other.written
        self.same += other.same
        self.bytes += other.bytes


class Builder:
    """Builds one site into one folder. `processes` beside this one; None: as many as pay."""

    def __init__(self, tracker: Tracker, to: Path, base: str = "", processes: int | None = None) -> None:
        self.to = to
        self._processes = processes
        self.base = base
        self.tracker = tracker
        tracker.database.reuse()
        self.pages = Pages(tracker, static=True, base=base)
        self.parts = Parts(self.pages, base, self._told)
        self._old = self._read()
        self._parts: dict[str, Any] = {}
        self._files = Files(to)
        self._how: dict[str, Callable[[], Iterable[tuple[str, Page]]]] = {}  # how a worker makes a part
        self.built = Built()

    def build(self) -> Built:
        """Write what changed. Raises SetupError for a folder that holds something else, or can't be written."""
        try:
            self.to.mkdir(parents=True, exist_ok=True)
            if not self._old and any(self.to.iterdir()):
                raise SetupError(
                    f"{self.to} is not empty, and no site of ours is in it",
                    advice="name an empty folder: nothing of somebody else's is overwritten or removed",
                )
            if not (self.to / MANIFEST).is_file():
                self._write_manifest()  # cut off from here on, the folder is known for ours
            self._make(self.parts.all())
            self._make([self.parts.feeds()])
            self._make([self.parts.addresses(self.built.files)])
            self._remove()
            if self._parts != self._old.get("parts"):
                self._write_manifest()
        except OSError as error:
            raise SetupError(
                f"{error.filename or self.to}: {error.strerror}", advice="the folder must be writable"
            ) from error
        return self.built

    # -- parts ---------------------------------------------------------------------------------------------------

    def _make(self, parts: Iterable[Part]) -> None:
        """Make the parts that are made of something else than before, in other processes too where there is much to make."""
        todo = [part for part in parts if not self._kept(part[0], part[1])]
        count = 0
        if len(todo) >= _MANY:
            count = useful() if self._processes is None else self._processes
        if not count:
            for name, mark, make in todo:
                self._made(name, mark, {path: self._write(path, page) for path, page in make()})
            return
        for load in (self.tracker.catalogue, self.tracker.rules, self.tracker.renderer):
            load()  # once, for all of them
        self._how = {name: make for name, _, make in todo}
        # One at a time: some parts take a thousand times as long as others, and what comes back of each is small.
        with Workers(self._part_written, count, ahead=1, window=len(todo)) as workers:
            for (name, mark, _), (files, told) in zip(todo, workers.map(self._how), strict=True):
                self.built.add(told)
                self._made(name, mark, files)

    def _part_written(self, name: str) -> tuple[dict[str, str], "Built"]:
        """A worker's task: the files of a part, and what became of them."""
        self.built = Built()
        return {path: self._write(path, page) for path, page in self._how[name]()}, self.built

    def _kept(self, name: str, mark: object) -> bool:
        """Whether a part was made of the same and is there; then it is taken over."""
        old = self._old.get("parts", {}).get(name, {})
        if old.get("made_of") != self._made_of(mark) or not all(map(self._files.has, old["files"])):
            return False
        self.built.kept += len(old["files"])
        self.built.files |= old["files"]
        self._parts[name] = old
        return True

    def _made(self, name: str, mark: object, files: dict[str, str]) -> None:
        self.built.files |= files
        self._parts[name] = {"made_of": self._made_of(mark), "files": files}

    def _told(self) -> "dict[str, FeedEntry]":
        """The entries of the feeds of everything: each policy's own feed, which is made by now, holds the same."""
        return retold(self.to, self.built.files, self.parts.told_in_feeds())

    def _made_of(self, mark: object) -> str:
        told = self._everything.copy()
        told.update(json.dumps(mark, default=str).encode())
        return told.hexdigest()

    @cached_property
    def _everything(self) -> "Hash":
        """What every page is made of: our own code's version, the templates, the catalogue, the rules, the address."""
        from importlib.metadata import version

        told = [
            str(_FORMAT),
            version("policy-tracker"),
            self.tracker.renderer().fingerprint(),
            self.tracker.catalogue().version,
            repr(self.tracker.rules()),
            self.base,
        ]
        return sha256(json.dumps(told).encode())

    # -- files ---------------------------------------------------------------------------------------------------

    def _write(self, path: str, page: Page) -> str:
        """Write a file whole or not at all, where its bytes are others than those that are there."""
        if self._files.write(path, page.body):
            self.built.written += 1
            self.built.bytes += len(page.body)
        else:
            self.built.same += 1
        return digest(page.body)

    def _remove(self) -> None:
        """Remove files of the last build that this one does not have, where they still are what we wrote."""
        for part in self._old.get("parts", {}).values():
            for path, written in part["files"].items():
                if path in self.built.files:
                    continue
                file = self._files.at(path)
                if file.is_file() and digest(file.read_bytes()) == written:
                    file.unlink()
                    self.built.removed += 1
                    for above in file.parents:
                        if above == self.to or any(above.iterdir()):
                            break
                        above.rmdir()

    def _read(self) -> Mapping[str, Any]:
        try:
            told = json.loads((self.to / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise SetupError(
                f"{self.to / MANIFEST} can't be read: {error}", advice="remove it, and the site with it"
            ) from error
        return told if told.get("format") == _FORMAT else {"parts": {}}

    def _write_manifest(self) -> None:
        """What is ours: the parts of the build that is done, until then none. A build that is cut off leaves the one before."""
        told = self._parts
        lines = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(told[name], sort_keys=True)}" for name in sorted(told)
        )
        text = f'{{"format": {_FORMAT}, "parts": {{\n{lines}\n}}}}'  # a line a part: what is indented takes ten times as long
        file = self.to / MANIFEST
        temporary = file.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
