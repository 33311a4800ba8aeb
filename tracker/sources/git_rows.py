"""What a git archive's commits did to which policy's file, held in some thirty bytes a change.

A public archive has 12,638 changes, and ten times that must not take ten times the memory: no object is kept for one.
"""

import struct
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

REMOVED = b""  # the content's id where a commit removed a file
_LAST = 253_402_300_799  # the end of the year 9999: past it no date can be written
_HEAD = struct.Struct("<II")  # the commit's number, the place's


class State(NamedTuple):
    """What one commit made of one file."""

    commit: str  # its id, in full
    seconds: int  # since 1970, no earlier than those of the commits before
    path: str
    blob: bytes  # the content's id, hexadecimal; REMOVED


class Rows:
    """The changes of policies' files, in the order of the commits."""

    def __init__(self) -> None:
        self._width = 20  # bytes of an id; 32 in a repository of SHA-256
        self._commits = bytearray()  # ids, one after another
        self._moments = array("q")
        self._places: list[tuple[str, str]] = []  # what stands before and after a policy's name in a path
        self._numbers: dict[tuple[str, str], int] = {}
        self._rows: dict[str, bytearray] = {}  # of a policy: commit, place, content; one after another

    def commit(self, oid: str, seconds: int) -> None:
        """The commit that the changes after this are of."""
        self._width = len(oid) // 2
        self._commits += bytes.fromhex(oid)
        self._moments.append(max(0, min(seconds, _LAST), self._moments[-1] if self._moments else 0))

    def change(self, name: str, path: str, blob: bytes) -> None:
        """A change of a policy's file, whose own name begins with the policy's."""
        folder = path.rfind("/") + 1
        before, after = path[:folder], path[folder + len(name) :]
        number = self._numbers.setdefault((before, after), len(self._places))
        if number == len(self._places):
            self._places.append((before, after))
        row = _HEAD.pack(len(self._moments) - 1, number)
        self._rows.setdefault(name, bytearray()).extend(
            row + (bytes.fromhex(blob.decode()) if blob else bytes(self._width))
        )

    def keep(self, wanted: Callable[[str], bool]) -> int:
        """Leave out the changes in folders that are not wanted, where any is; how many files that were."""
        chosen = [wanted(before) for before, _ in self._places]
        if all(chosen) or not any(chosen):
            return 0
        left_out: set[tuple[str, int]] = set()
        size = _HEAD.size + self._width
        for name, rows in list(self._rows.items()):
            places = [_HEAD.unpack_from(rows, at)[1] for at in range(0, len(rows), size)]
            left_out |= {(name, place) for place in places if not chosen[place]}
            kept = bytearray().join(
                rows[n * size : (n + 1) * size] for n, place in enumerate(places) if chosen[place]
            )
            if kept:
                self._rows[name] = kept
            else:
                del self._rows[name]
        return len(left_out)

    @property
    def last(self) -> str:
        """The id of the last commit; empty where there is none."""
        return self._id(len(self._moments) - 1) if self._moments else ""

    def __len__(self) -> int:
        return sum(map(len, self._rows.values())) // (_HEAD.size + self._width)

    def names(self) -> tuple[str, ...]:
        """The policies that files are named after, sorted."""
        return tuple(sorted(self._rows))

    def states(self, name: str) -> Iterator[State]:
        """The states of a policy's files, oldest first."""
        rows = self._rows[name]
        for at in range(0, len(rows), _HEAD.size + self._width):
            commit, place = _HEAD.unpack_from(rows, at)
            before, after = self._places[place]
            blob = rows[at + _HEAD.size : at + _HEAD.size + self._width]
            yield State(
                self._id(commit),
                self._moments[commit],
                f"{before}{name}{after}",
                blob.hex().encode() if any(blob) else REMOVED,
            )

    def blobs(self, name: str) -> tuple[bytes, ...]:
        """The contents of a policy's files, each once, in the order of their first use."""
        each = (state.blob for state in self.states(name))
        return tuple(dict.fromkeys(blob for blob in each if blob != REMOVED))

    def _id(self, commit: int) -> str:
        return self._commits[commit * self._width : (commit + 1) * self._width].hex()
