"""The lines of the archive looked at: timelines, second sources, looks."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from tracker.archive.chain import Break, Links, check
from tracker.archive.files import read_lines
from tracker.archive.layout import Identity, file_name
from tracker.archive.records import (
    RecordError,
    named_sha256,
    read_look,
    read_observation,
    read_signoff,
    read_source,
)
from tracker.errors import InputError, SetupError
from tracker.model.history import Observation
from tracker.model.instants import iso
from tracker.model.recorded import Finding

# A clock that is off by this much is nobody's fault; past it a version was 'seen' before AWS made it.
CLOCK_SKEW = timedelta(minutes=10)

_T = TypeVar("_T")
_BY_HAND = "bring the file back from git or a backup; a line that is corrected by hand breaks the chain, and stays said"
CHANGED = "the chain breaks here"
_BROKEN = "compare the file with git or a backup, which have it as it was; see docs/archive.md, 'The chain'"
_CLOCK = "look at this machine's clock; readers sort by time, so nothing is lost, but the order may not be what happened"


def timeline(
    home: Path, path: Path, held: Mapping[Identity, str], archived: Collection[Identity]
) -> Iterator[Finding]:
    """What is wrong with a policy's timeline, given which snapshots its folder has, and the sha256 of those that are whole."""
    where = path.relative_to(home)
    seen: list[tuple[int, Observation]] = []
    for number, line in _lines(where, path, _read_sealed):
        if isinstance(line, Finding):
            yield line
            continue
        observation, sha256 = line
        seen.append((number, observation))
        at = f"{where}:{number}"
        identity = observation.identity
        if identity is not None and identity not in archived:
            yield Finding(
                at,
                f"{identity[0]} was the default, but {file_name(identity)} is not there",
                "bring the snapshot back from a backup or from git, or import it",
            )
        elif identity is not None and sha256 and held.get(identity, sha256) != sha256:
            yield Finding(
                at,
                f"{file_name(identity)} holds another document than when this line was written (sha256 {sha256[:12]}...)",
                "bring the snapshot back from a backup or from git: one of the two was changed since",
            )
        if identity is None and not archived:
            yield Finding(
                at, "the policy has a timeline, but no snapshot", "bring the snapshots back, or import them"
            )
        if identity is not None and observation.observed_at + CLOCK_SKEW < identity[1]:
            yield Finding(
                at,
                f"{identity[0]} was seen at {iso(observation.observed_at)}, before AWS made it at {iso(identity[1])}",
                _CLOCK,
            )
    yield from _order(where, seen)


def _read_sealed(raw: bytes) -> tuple[Observation, str | None]:
    """An observation, and the sha256 of the document that it names."""
    return read_observation(raw), named_sha256(raw)


def chain(home: Path, path: Path) -> tuple[Links, list[Finding]]:
    """How far a file's lines are chained, and where they are not what they were when the next one was written."""
    where = path.relative_to(home)
    try:
        lines, _ = read_lines(path)
    except (InputError, SetupError):  # found where the lines are read
        return Links(), []
    links = check(lines)
    found = [
        Finding(f"{where}:{one.line}", f"{CHANGED}: {_before(one)}", _BROKEN)
        for one in links.breaks
        if not one.loose
    ]
    loose = [one.line for one in links.breaks if one.loose]
    if loose:
        count = f"{len(loose)} lines from here on have" if len(loose) > 1 else "it has"
        wrong = f"{count} no hash of what stands before, though earlier lines do"
        found.append(Finding(f"{where}:{loose[0]}", wrong, _BROKEN))
    return links, found


def _before(one: Break) -> str:
    if one.since == one.line:
        return "lines that stood before it when it was written are gone"
    one_line = one.since == one.line - 1
    which = f"line {one.since} is" if one_line else f"lines {one.since} to {one.line - 1} are"
    return f"{which} not what stood there when it was written: something was changed, removed or put in"


def _order(where: Path, seen: list[tuple[int, Observation]]) -> Iterator[Finding]:
    """Looks are written as they are made; and at one instant there is one default."""
    looks = [(number, one) for number, one in seen if one.basis == "look"]
    for (_, before), (number, after) in pairwise(looks):
        if after.observed_at < before.observed_at:
            yield Finding(
                f"{where}:{number}",
                f"it was seen at {iso(after.observed_at)}, earlier than the look on a line before it",
                _CLOCK,
            )
    for (_, before), (number, after) in pairwise(sorted(seen, key=lambda one: one[1].observed_at)):
        if after.observed_at == before.observed_at and after.identity != before.identity:
            yield Finding(
                f"{where}:{number}",
                f"two defaults at one instant, {iso(after.observed_at)}: nobody can tell which came first",
                _BY_HAND,
            )


def sources(
    home: Path, path: Path, held: Mapping[Identity, str], named: Collection[Identity]
) -> Iterator[Finding]:
    """What is wrong with the lines of second sources, given the sha256 of each snapshot that could be read."""
    where = path.relative_to(home)
    for number, line in _lines(where, path, read_source):
        if isinstance(line, Finding):
            yield line
        elif line.identity not in named:
            yield Finding(
                f"{where}:{number}", f"it speaks of {file_name(line.identity)}, which is not there", _BY_HAND
            )
        elif held.get(line.identity, line.sha256) != line.sha256:
            yield Finding(
                f"{where}:{number}",
                f"it says that {file_name(line.identity)} has sha256 {line.sha256:.80}, which it has not",
                _BY_HAND,
            )


def looks(home: Path, path: Path) -> Iterator[Finding]:
    """What is wrong with a partition's looks."""
    where = path.relative_to(home)
    last = None
    for number, look in _lines(where, path, read_look):
        if isinstance(look, Finding):
            yield look
            continue
        if look.end < look.start:
            yield Finding(f"{where}:{number}", "the round ended before it began", _CLOCK)
        if last is not None and look.start < last:
            yield Finding(f"{where}:{number}", "the round began before the one on the line before it", _CLOCK)
        last = look.start


def signoffs(home: Path, path: Path) -> Iterator[Finding]:
    """What is wrong with the lines of sign-offs."""
    for _, line in _lines(path.relative_to(home), path, read_signoff):
        if isinstance(line, Finding):
            yield line


def _lines(where: Path, path: Path, read: Callable[[bytes], _T]) -> Iterator[tuple[int, _T | Finding]]:
    """(number, record) of each line; a Finding in the place of one that is none."""
    try:
        lines, torn = read_lines(path)
    except (InputError, SetupError) as error:
        yield 0, Finding(str(where), str(error).removeprefix(f"{path} "), "put a regular file in its place")
        return
    for number, raw in enumerate(lines, start=1):
        try:
            yield number, read(raw)
        except RecordError as error:
            yield number, Finding(f"{where}:{number}", f"it is no line of a {path.name}: {error}", _BY_HAND)
    if torn:
        yield (
            len(lines) + 1,
            Finding(
                f"{where}:{len(lines) + 1}",
                f"the last line was cut off after {len(torn)} bytes",
                "nothing: the next write removes it, and the next round does again what it was to record",
            ),
        )
