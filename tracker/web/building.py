"""The site as files: the same pages, feeds and data, written only where they changed, with what they link to.

A manifest in the folder says which files are ours, by digest, and from what each part was made: a part whose marks
have not moved is not made again, a file whose bytes are the same is not written, and only ours are removed.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from tracker.changelog.places import folder, service_page
from tracker.collaborators import Tracker
from tracker.errors import SetupError
from tracker.importing.workers import Workers, useful
from tracker.model.identity import PolicyArn
from tracker.web.data import Data, static_json
from tracker.web.page import MissingPageError, Page
from tracker.web.pages import Pages
from tracker.web.policy_pages import static_names
from tracker.web.used_pages import used_by, used_marks

log = logging.getLogger(__name__)
MANIFEST = ".policy-tracker-site.json"
_FORMAT = 1
_MANY = 40  # policies to make, from which on other processes pay


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
    """Builds one site into one folder."""

    def __init__(self, tracker: Tracker, to: Path, base: str = "") -> None:
        self.to = to
        self.base = base
        self.tracker = tracker
        tracker.database.reuse()
        self.pages = Pages(tracker, static=True, base=base)
        self._old = self._read()
        self._parts: dict[str, Any] = {}
        self._folders: dict[str, set[str]] = {}
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
            self._policies()
            for name, mark, make in self._all():
                self._part(name, mark, make)
            self._remove()
            self._write_manifest()
        except OSError as error:
            raise SetupError(
                f"{error.filename or self.to}: {error.strerror}", advice="the folder must be writable"
            ) from error
        return self.built

    # -- parts ---------------------------------------------------------------------------------------------------

    def _all(self) -> Iterator[tuple[str, object, Callable[[], Iterable[tuple[str, Page]]]]]:
        """Every part of the site: its name, what it is made of, and how its files are made."""
        browsing = self.pages.browsing
        whole = (browsing.change_mark(), browsing.look_mark(self.tracker.partition))
        for month, mark in browsing.month_marks():
            yield f"month {month}", mark, self._making(self._paths, [f"changes/{month}.html"])
        yield "site", whole, self._making(self._paths, [
            "index.html", "policies.html", "changes/index.html", "attention.html", "status.html", "search.html",
            "compare.html", "style.css", "icon.svg", "search.js", "404.html",
        ])  # fmt: skip
        yield (
            "feeds",
            whole[0],
            self._making(
                self._paths,
                [f"feeds/{name}.{suffix}" for name in ("all", "alarms") for suffix in ("atom", "json")],
            ),
        )
        used = used_marks(self.pages)
        yield "used", used, self._making(self._paths, [path for path, _ in used])
        yield "services", whole[0], self._services
        yield "data", whole, self._data
        yield "addresses", (whole, sorted({one.arn.name for one in browsing.policies()})), self._addresses

    def _policies(self) -> None:
        """The pages of each policy, in other processes too where there is much to make."""
        marks = {
            arn: (mark, used) if (used := used_by(self.pages, str(arn))) else mark
            for arn, mark in self.pages.browsing.marks().items()
        }
        todo = [arn for arn, mark in marks.items() if not self._kept(f"policy {arn}", mark)]
        count = useful() if len(todo) >= _MANY else 0
        if not count:
            for arn in todo:
                self._part(f"policy {arn}", marks[arn], self._making(self._policy, arn))
            return
        (
            self.tracker.catalogue(),
            self.tracker.rules(),
            self.tracker.renderer(),
        )  # loaded once, for all of them
        with Workers(self._policy_written, count) as workers:
            for arn, (files, told) in zip(todo, workers.map(todo), strict=True):
                self.built.add(told)
                self._made(f"policy {arn}", marks[arn], files)

    def _policy_written(self, arn: PolicyArn) -> tuple[dict[str, str], "Built"]:
        """A worker's task: the files of a policy, and what became of them."""
        self.built = Built()
        return {path: self._write(path, page) for path, page in self._policy(arn)}, self.built

    def _making(
        self, make: Callable[[Any], Iterable[tuple[str, Page]]], what: Any
    ) -> Callable[[], Iterable[tuple[str, Page]]]:
        return lambda: make(what)

    def _paths(self, paths: Iterable[str]) -> Iterator[tuple[str, Page]]:
        for path in paths:
            yield path, self.pages.page(path)

    def _policy(self, arn: PolicyArn) -> Iterator[tuple[str, Page]]:
        place = folder(arn)
        for name in static_names(self.pages, arn):
            yield f"{place}/{name}", self.pages.page(f"{place}/{name}")
        data = Data(self.pages)
        yield f"api/v1/policies/{arn.name}/index.json", data.policy(str(arn))
        yield f"api/v1/policies/{arn.name}/transitions.json", data.transitions(str(arn))
        yield f"api/v1/policies/{arn.name}/versions.json", data.versions(str(arn))

    def _services(self) -> Iterator[tuple[str, Page]]:
        """A page for each service, and the index of a search without a server: shards of it, by service."""
        from tracker.web.shards import shards

        names = []
        for service in self.tracker.catalogue().services():
            try:
                yield f"services/{service}.html", self.pages.page(service_page(service))
            except MissingPageError:
                continue
            names.append(service)
        yield from shards(self.pages, names)

    def _data(self) -> Iterator[tuple[str, Page]]:
        from tracker.changelog.schema import record_schema

        data = Data(self.pages)
        yield "api/v1/policies.json", data.policies(100_000)
        yield "api/v1/changes.json", data.changes(1_000)
        yield "api/v1/stats.json", data.stats()
        yield "api/v1/schema/record.json", static_json(record_schema())

    def _addresses(self) -> Iterator[tuple[str, Page]]:
        """robots.txt, and where the site's address is known a sitemap, which needs absolute ones."""
        lines = ["User-agent: *", "Allow: /"]
        if self.base:
            base = self.base.rstrip("/") + "/"
            paths = sorted(
                path
                for path in self.built.files
                if path.endswith(".html") and not path.endswith(".print.html") and path != "404.html"
            )
            told = "".join(f"<url><loc>{escape(base + quote(path))}</loc></url>\n" for path in paths[:50_000])
            text = f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{told}</urlset>\n'
            yield "sitemap.xml", Page(text.encode(), "application/xml")
            lines.append(f"Sitemap: {base}sitemap.xml")
        yield "robots.txt", Page(("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8")

    def _part(self, name: str, mark: object, make: Callable[[], Iterable[tuple[str, Page]]]) -> None:
        """Make a part's files, or keep them where it was made of the same."""
        if not self._kept(name, mark):
            self._made(name, mark, {path: self._write(path, page) for path, page in make()})

    def _kept(self, name: str, mark: object) -> bool:
        """Whether a part was made of the same and is there; then it is taken over."""
        old = self._old.get("parts", {}).get(name, {})
        if old.get("made_of") != self._made_of(mark) or not self._there(old["files"]):
            return False
        self.built.kept += len(old["files"])
        self.built.files |= old["files"]
        self._parts[name] = old
        return True

    def _made(self, name: str, mark: object, files: dict[str, str]) -> None:
        self.built.files |= files
        self._parts[name] = {"made_of": self._made_of(mark), "files": files}

    def _made_of(self, mark: object) -> str:
        return sha256(json.dumps([self._everything, mark], default=str).encode()).hexdigest()

    def _there(self, paths: Iterable[str]) -> bool:
        """Whether files are there: each folder is read once."""
        for path in paths:
            place, _, name = unquote(path).rpartition("/")
            if place not in self._folders:
                with suppress(FileNotFoundError, NotADirectoryError):
                    self._folders[place] = {one.name for one in os.scandir(self.to / place) if one.is_file()}
            if name not in self._folders.get(place, ()):
                return False
        return True

    @property
    def _everything(self) -> list[str]:
        """What every page is made of: our own code's version, the templates, the catalogue, the rules, the address."""
        from importlib.metadata import version

        if not hasattr(self, "_told"):
            templates = self.tracker.renderer().fingerprint()
            rules = sha256(repr(self.tracker.rules()).encode()).hexdigest()
            self._told = [
                str(_FORMAT),
                version("policy-tracker"),
                templates,
                self.tracker.catalogue().version,
                rules,
                self.base,
            ]
        return self._told

    # -- files ---------------------------------------------------------------------------------------------------

    def _write(self, path: str, page: Page) -> str:
        """Write a file whole or not at all, where its bytes are others than those that are there."""
        digest = sha256(page.body).hexdigest()[:32]
        file = self.to / unquote(path)
        if file.is_file() and file.stat().st_size == len(page.body) and file.read_bytes() == page.body:
            self.built.same += 1
            return digest
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        temporary.write_bytes(page.body)
        temporary.replace(file)
        self.built.written += 1
        self.built.bytes += len(page.body)
        return digest

    def _remove(self) -> None:
        """Remove files of the last build that this one does not have, where they still are what we wrote."""
        for part in self._old.get("parts", {}).values():
            for path, digest in part["files"].items():
                file = self.to / unquote(path)
                if (
                    path not in self.built.files
                    and file.is_file()
                    and sha256(file.read_bytes()).hexdigest()[:32] == digest
                ):
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
        text = json.dumps({"format": _FORMAT, "parts": self._parts}, indent=0, sort_keys=True)
        file = self.to / MANIFEST
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return
        temporary = file.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
