"""Import of a git archive of the public one's shape and size, beside what reading it costs and a replay that keeps nothing.

Ours reads, checks and hashes every version, writes and syncs a file for each, compares every two defaults in a row exactly,
judges what of it deserves attention, and indexes who may do what since when. How both time and memory grow is told by an
archive of a fifth of the size and one ten times as large as that.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import Figure, _replay
from benchmarks._git_archive import POLICIES, made
from benchmarks._timing import COMMAND, Cost, least, once

ROUNDS = 3
SMALL, LARGE = 0.2, 2  # of the public archive's size: one is ten times the other
REPLAY = "a replay of action sets that keeps nothing"
READING = "reading, parsing and hashing it"


def figures() -> tuple[Figure, ...]:
    """The import once and again, the database's size, and how both grow with the archive."""
    place = made()
    runs: dict[str, list[Cost]] = {"read": [], "replay": [], "first": [], "again": []}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(ROUNDS):
            for what in ("read", "replay"):
                runs[what].append(once([sys.executable, _replay.__file__, what, str(place)]))
            home = _home(Path(scratch) / str(number))
            for what in ("first", "again"):
                runs[what].append(_import(home, place))
        database = (home / "tracker.db").stat().st_size / 1e6
    read, replay, first, again = (least(costs) for costs in runs.values())
    what = f"import of {POLICIES:,} policies, {_commits(place):,} commits"
    return (
        Figure(what, first.seconds, "s", 1.0, REPLAY, replay.seconds),
        Figure("the same", first.seconds, "s", 3.0, READING, read.seconds),
        Figure("the same in processor time", first.processor, "s", 3.0, READING, read.processor),
        Figure("the same import again", again.seconds, "s", 3.0, READING, read.seconds),
        Figure("the database after it", database, "MB", 3.0, "the history as git packs it", _packed(place)),
        *_growth(),
    )


def _growth() -> tuple[Figure, ...]:
    small, large = made(SMALL), made(LARGE)
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(ROUNDS - 1):
        for place, runs in zip((small, large), costs, strict=True):
            with tempfile.TemporaryDirectory() as scratch:
                runs.append(_import(_home(Path(scratch) / "home"), place))
    one, ten = map(least, costs)
    times = round(LARGE / SMALL)
    beside = f"a {times}th as much"
    return (
        Figure(
            f"import of {times} times as much, processor time", ten.processor, "s", 11, beside, one.processor
        ),
        Figure("its largest process", ten.megabytes, "MB", 1.2, beside, one.megabytes),
    )


def _home(folder: Path) -> Path:
    subprocess.run([COMMAND, "init", "--empty", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def _import(home: Path, place: Path) -> Cost:
    return once([COMMAND, "--home", str(home), "import", str(place)])


def _packed(place: Path) -> float:
    return sum(path.stat().st_size for path in (place / "objects" / "pack").glob("*.pack")) / 1e6


def _commits(place: Path) -> int:
    told = subprocess.run(
        ["git", "-C", place, "rev-list", "--count", "HEAD"], capture_output=True, check=True
    )
    return int(told.stdout)
