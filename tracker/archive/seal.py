"""What every file of the archive holds now, as one hash: kept elsewhere, it shows later whether the past was rewritten. Pure.

A seal is a text of one line a file, sorted by path: `<sha256> <bytes> <path>`. Snapshots are never rewritten and files of
lines only grow, so a file that is what it was still begins with as many bytes that have this sha256. The head is the
sha256 of that text.
"""

import hashlib
import re
from dataclasses import dataclass

from tracker.errors import InputError

_LINE = re.compile(r"([0-9a-f]{64}) ([0-9]{1,15}) (.+)")


@dataclass(frozen=True, slots=True, order=True)
class Sealed:
    """One file as it was."""

    path: str  # from the tracker's folder, with slashes
    size: int  # bytes; of a file of lines those of its whole lines
    sha256: str  # of these bytes

    @classmethod
    def of(cls, path: str, raw: bytes) -> "Sealed":
        """A file that holds these bytes."""
        return cls(path, len(raw), hashlib.sha256(raw).hexdigest())


@dataclass(frozen=True, slots=True)
class Seal:
    """Every file as it was."""

    files: tuple[Sealed, ...]  # sorted by path

    @property
    def text(self) -> str:
        """The seal as it is kept."""
        return "".join(f"{one.sha256} {one.size} {one.path}\n" for one in self.files)

    @property
    def head(self) -> str:
        """One hash for all of it: what `sha256sum` says of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_seal(text: str, what: str) -> Seal:
    """A seal from its text. Raises InputError, which names `what`, for anything else."""
    files = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise InputError(
                f"{what}:{number} is no line of a seal: {line[:80]!r}",
                advice="wanted: a file that 'policy-tracker verify --seal FILE' wrote",
            )
        files.append(Sealed(found[3], int(found[2]), found[1]))
    return Seal(tuple(sorted(files)))
