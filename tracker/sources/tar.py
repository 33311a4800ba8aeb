"""A tar of answers, unpacked where nothing in it can do harm: no way out of the folder, no links, bounded sizes."""

import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Self

from tracker.errors import InputError
from tracker.sources.answers import LARGEST

# The whole public archive, every state of every file, has 12,638 files and 60 MB.
MOST_FILES = 200_000
MOST_BYTES = 2 * 1024**3
_NAMED = re.compile(r"\.(tar|tgz|txz|tbz2?)(\.(gz|xz|bz2))?\Z", re.IGNORECASE)
_LARGEST_NAME = 1 << 20  # bytes of a header that carries a long name or the like: tarfile holds it in memory


class _Header(tarfile.TarInfo):
    """A header that is believed within bounds. tarfile itself skips as many bytes as one says, for hours where they end before."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read 512 bytes. Raises ReadError where they are no header: tarfile would take that for the end, and say nothing."""
        try:
            found = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):  # as every tar ends
                raise
            raise tarfile.ReadError(f"a damaged header: {error}") from error
        plain = found.type in tarfile.REGULAR_TYPES
        if found.size < 0 or found.size > (MOST_BYTES if plain else _LARGEST_NAME):
            raise tarfile.ReadError(f"a header that says {found.size:,} bytes")
        return found


def is_tar(path: Path) -> bool:
    """Whether a file begins as a tar does, packed or not; what is named as one and can't be read counts, too."""
    try:
        with tarfile.open(path, "r|*", tarinfo=_Header):
            return True
    except OSError:
        return False
    except (tarfile.TarError, EOFError, TypeError, ValueError, ArithmeticError):
        return _NAMED.search(path.name) is not None


def unpack(tar: Path, place: Path, *, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> int:
    """Write the regular files of a tar (gzip, bzip2 and xz too) under `place`; how many were left out.

    Links, devices and files that are too large for an answer are left out. Raises InputError for a name that leads out
    of the folder, for more than can be, and for what is no tar or is cut off.
    """
    left_out = count = total = 0
    try:
        with tarfile.open(
            tar, "r|*", tarinfo=_Header
        ) as archive:  # as a stream: what comes late in it was not looked at before
            for member in archive:
                if not 0 <= member.size <= MOST_BYTES:  # an extended header may say so later
                    raise _refusal(tar, f"a file in it says that it has {member.size:,} bytes")
                inside = _inside(tar, member.name)
                if member.isdir() or inside is None:
                    continue
                count += 1
                if count > most_files:
                    raise _refusal(tar, f"it holds more than {most_files:,} files")
                if not member.isreg() or member.issparse() or member.size > LARGEST:
                    left_out += 1
                    continue
                total += member.size
                if total > most_bytes:
                    raise _refusal(tar, f"unpacked it has more than {most_bytes:,} bytes")
                content = archive.extractfile(member)
                raw = content.read(LARGEST + 1) if content else b""
                target = place.joinpath(*inside.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(raw)
    # TypeError: tarfile's own, of a gzip header that ends within a name
    except (tarfile.TarError, EOFError, OSError, TypeError, ValueError, ArithmeticError) as error:
        raise _refusal(tar, f"it is no tar, or is cut off, or can't be unpacked: {error}") from error
    return left_out


def _inside(tar: Path, name: str) -> PurePosixPath | None:
    """A member's path under the folder; None for the folder itself. Raises InputError for one that leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise _refusal(tar, f"a name in it leads out of the folder: {name!r:.120}")
    return path if path.parts else None


def _refusal(tar: Path, problem: str) -> InputError:
    return InputError(f"{tar} can't be read: {problem}", advice="nothing of it was imported")
