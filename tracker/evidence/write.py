"""An auditor's folder, and the same as one zip: equal bytes for equal contents."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tracker.errors import InputError, SetupError

SUMS = "SHA256SUMS"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say; no clock is read
_FILE = 0o100644 << 16


def sums(contents: Mapping[str, bytes]) -> bytes:
    """What `sha256sum --check` reads, sorted by path."""
    return "".join(
        f"{hashlib.sha256(raw).hexdigest()}  {path}\n" for path, raw in sorted(contents.items())
    ).encode()


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder. Raises InputError where something is in it already, SetupError where the disk refuses."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"{folder} is there already, and not empty",
                advice="name a folder that does not exist: evidence is never mixed with what lay there",
            )
        for path, raw in {**contents, SUMS: sums(contents)}.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
    except OSError as error:
        raise SetupError(
            f"{folder} can't be written: {error.strerror}", advice="look at its owner, its mode and the disk"
        ) from error


def write_zip(path: Path, name: str, contents: Mapping[str, bytes]) -> None:
    """Write one zip, everything in a folder `name`. No date, owner or order of a disk is in it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
            for inside, raw in sorted({**contents, SUMS: sums(contents)}.items()):
                about = zipfile.ZipInfo(f"{name}/{inside}", _EPOCH)
                about.external_attr = _FILE
                about.create_system = 3  # Unix, whatever this machine is
                about.compress_type = zipfile.ZIP_DEFLATED
                made.writestr(about, raw)
        temporary.replace(path)
    except OSError as error:
        raise SetupError(
            f"{path} can't be written: {error.strerror}", advice="look at its owner, its mode and the disk"
        ) from error
