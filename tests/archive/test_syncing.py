"""What the kernel is asked for, in order: a name is given only to what is on the disk, and the disk has it before the next step.

os._exit can't show this (test_crashes.py): the kernel keeps what a killed process wrote. strace(1) can.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.archive import crashing
from tests.support.history import need

ROUND = """
import sys
from pathlib import Path
from tests.archive import crashing
crashing.one_round(Path(sys.argv[1]), "r2", 24)
"""
MANY = ROUND.replace('one_round(Path(sys.argv[1]), "r2", 24)', "many(Path(sys.argv[1]))")
ROOT = Path(__file__).resolve().parents[2]
_CALL = re.compile(
    r'\d+ +(?P<call>\w+)\((?:\d+<(?P<open>[^>]*)>|(?:AT_FDCWD[^,]*, )?"[^"]*", (?:AT_FDCWD[^,]*, )?"(?P<to>[^"]*)")'
)


def asked_of_the_kernel(script: str, home: Path, tmp_path: Path) -> list[tuple[str, str]]:
    """(call, file) of every sync and rename under the tracker's folder, in order; what SQLite does, too."""
    if shutil.which("strace") is None:
        need("strace is not installed")
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write,pwrite64",
         "-o", str(trace), sys.executable, "-c", script, str(home)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode and "ptrace" in done.stderr:
        need(f"strace may not trace here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    found = []
    for line in trace.read_text().splitlines():
        call = _CALL.match(line)
        path = call and (call["to"] or call["open"])
        if call and path and path.startswith(str(home)):
            found.append((call["call"].removeprefix("f"), str(Path(path).relative_to(home))))
    return found


def within(calls: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> bool:
    """Whether the wanted calls come in this order among the others."""
    left = iter(calls)
    return all(any(call == one for one in left) for call in wanted)


def test_a_round_asks_for_the_disk_in_the_order_of_its_promises(tmp_path: Path) -> None:
    home = tmp_path / "home"
    crashing.prepare(home)
    calls = asked_of_the_kernel(ROUND, home, tmp_path)
    place = "snapshots/aws/AWSSupportServiceRolePolicy"
    name = "2021-01-03T000000Z_v2.json"
    commit = ("datasync", "tracker.db-wal")
    assert within(
        calls,
        [
            commit,  # the run's row
            ("write", f"{place}/.{name}.tmp"),
            ("sync", f"{place}/.{name}.tmp"),
            ("rename", f"{place}/{name}"),
            ("sync", place),
            ("write", f"{place}/timeline.jsonl"),
            ("sync", f"{place}/timeline.jsonl"),
            ("pwrite64", "tracker.db-wal"),
            commit,  # index, change and outbox
            ("write", "snapshots/aws/looks.jsonl"),
            ("sync", "snapshots/aws/looks.jsonl"),
            commit,  # the look's row
        ],
    ), calls


def test_a_new_folder_is_on_the_disk_before_what_is_in_it_counts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    calls = asked_of_the_kernel(MANY, home, tmp_path)
    place = "snapshots/aws/AWSSupportServiceRolePolicy"
    assert within(
        calls, [("sync", "."), ("sync", "snapshots"), ("sync", "snapshots/aws"), ("sync", place)]
    ), calls
    names = {path for call, path in calls if call == "rename"}
    assert len(names) == 6
    for path in names:
        temporary = str(Path(path).with_name(f".{Path(path).name}.tmp"))
        assert within(
            calls, [("write", temporary), ("sync", temporary), ("rename", path), ("sync", place)]
        ), path


@pytest.mark.parametrize("line", ["source", "timeline"])
def test_a_new_file_of_lines_has_its_name_on_the_disk(tmp_path: Path, line: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    calls = asked_of_the_kernel(ROUND, home, tmp_path)
    place = "snapshots/aws/AWSSupportServiceRolePolicy"
    file = {"source": f"{place}/sources.jsonl", "timeline": f"{place}/timeline.jsonl"}[line]
    assert within(calls, [("write", file), ("sync", file), ("sync", place)]), calls
