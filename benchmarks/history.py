"""Import of a git archive of the public one's shape and size, beside what reading it costs and a replay that keeps nothing.

Ours reads, checks and hashes every version, writes and syncs a file for each, compares every two defaults in a row exactly,
judges what of it deserves attention, and indexes who may do what since when. POLICY_TRACKER_BENCH_TIMES says how many
times the size the larger archive has (3, unless it is said; making one of ten times takes minutes).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import Figure, _replay
from benchmarks._git_archive import made
from benchmarks._timing import Cost, _once

ROUNDS = 3
TIMES = int(os.environ.get("POLICY_TRACKER_BENCH_TIMES", "3"))
REPLAY = "a replay of action sets that keeps nothing"
READING = "reading, parsing and hashing it"


def figures() -> tuple[Figure, ...]:
    """The import once and again, the database's size, and how both grow with the archive."""
    place = made()
    read, replay, first, again = [], [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(ROUNDS):
            read.append(_reference("read", place))
            replay.append(_reference("replay", place))
            home = _home(Path(scratch) / str(number))
            first.append(_import(home, place))
            again.append(_import(home, place))
        database = (home / "tracker.db").stat().st_size / 1e6
    large = made(TIMES)
    with tempfile.TemporaryDirectory() as scratch:
        larger = _import(_home(Path(scratch)), large)
    took = _least(first)
    return (
        Figure("import of 1,645 policies, 7,800 commits", took, "s", 1.0, REPLAY, _least(replay)),
        Figure("the same", took, "s", 3.0, READING, _least(read)),
        Figure("the same import again", _least(again), "s", 3.0, READING, _least(read)),
        Figure("the database after it", database, "MB", 3.0, "the history as git packs it", _packed(place)),
        Figure(f"{TIMES} times as much", larger.seconds, "s", 1.1 * TIMES, "once", took),
        Figure(
            "its largest process", larger.megabytes, "MB", 1.2, "once", max(one.megabytes for one in first)
        ),
    )


def _reference(what: str, place: Path) -> Cost:
    return Cost(*_once([sys.executable, _replay.__file__, what, str(place)], None))


def _home(folder: Path) -> Path:
    _run(["init", "--empty", str(folder)])
    return folder


def _import(home: Path, place: Path) -> Cost:
    return Cost(*_once([_command(), "--home", str(home), "import", str(place)], None))


def _run(arguments: Sequence[str]) -> None:
    subprocess.run([_command(), *arguments], check=True, stdout=subprocess.DEVNULL)


def _command() -> str:
    return str(Path(sys.executable).with_name("policy-tracker"))


def _least(costs: Sequence[Cost]) -> float:
    return min(one.seconds for one in costs)


def _packed(place: Path) -> float:
    return sum(path.stat().st_size for path in (place / "objects" / "pack").glob("*.pack")) / 1e6
