"""The files of a site: which are there, each written whole or not at all. A folder is read once, and tens of thousands are written."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote


def digest(body: bytes) -> str:
    """What the manifest of a site knows a file by."""
    return sha256(body).hexdigest()[:32]


class Files:
    """The folder of one site, as it was found. Paths are from its root, with percents as in a link."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[str, set[str]] = {}  # folder -> the names in it
        self._made: dict[str, Path] = {}  # folders that are there for certain

    def at(self, path: str) -> Path:
        """Where the file of a path is."""
        return self._root / unquote(path)

    def has(self, path: str) -> bool:
        """Whether it was there when its folder was read."""
        place, name = _split(path)
        found = self._found.get(place)
        return name in (self._read(place) if found is None else found)

    def write(self, path: str, body: bytes) -> bool:
        """Write a file unless it holds the same already; whether it was written."""
        place, name = _split(path)
        folder = self._made.get(place)
        if folder is None:
            folder = self._made[place] = self._root / place
            folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
        if self.has(path) and _holds(file, body):
            return False
        temporary = folder / f".{name}.{os.getpid()}.tmp"
        temporary.write_bytes(body)
        temporary.replace(file)
        return True

    def _read(self, place: str) -> set[str]:
        names: set[str] = set()
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._root / place) as found:
            names = {one.name for one in found}
        self._found[place] = names
        return names


def _split(path: str) -> tuple[str, str]:
    place, _, name = (unquote(path) if "%" in path else path).rpartition("/")
    return place, name


def _holds(file: Path, body: bytes) -> bool:
    """Whether a file has that content; False where it is gone by now."""
    try:
        return file.stat().st_size == len(body) and file.read_bytes() == body
    except FileNotFoundError:
        return False
