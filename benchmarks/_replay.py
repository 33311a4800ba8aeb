"""What a person would write first to learn what a git archive says: the references that an import stands beside.

`python benchmarks/_replay.py read|replay PLACE`. Nothing of the product is used, and nothing is kept. Both read each
content once, through one git process that works at the same time.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def walked(place: Path) -> tuple[list[tuple[str, str]], Iterator[tuple[str, bytes]]]:
    """(path, blob) of every change, oldest first; and (blob, content) of every blob, each once."""
    log = subprocess.run(
        ["git", "-C", place, "log", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--format="],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    rows = [
        (path, about.split()[3])
        for about, _, path in (line.partition("\t") for line in log.splitlines())
        if about
    ]
    blobs = [blob for blob in dict.fromkeys(blob for _, blob in rows) if blob.strip("0")]
    return rows, _contents(place, blobs)


def _contents(place: Path, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{blob}\n" for blob in blobs).encode())
        asked.seek(0)
        git = subprocess.Popen(
            ["git", "-C", place, "cat-file", "--batch", "--buffer"], stdin=asked, stdout=subprocess.PIPE
        )
        assert git.stdout is not None
        for _ in blobs:
            blob, _, size = git.stdout.readline().split()
            yield blob.decode(), git.stdout.read(int(size) + 1)[:-1]
        git.stdout.close()
        assert git.wait() == 0


def read_parse_hash(place: Path) -> int:
    """Every blob read, parsed as JSON and hashed: the least that anything can do."""
    count = 0
    for _, content in walked(place)[1]:
        hashlib.sha256(content).digest()
        try:
            json.loads(content)
        except ValueError:
            continue
        count += 1
    return count


def replay(place: Path) -> int:
    """Which actions each change of a policy's file added and removed, as sets of lower-case names; nothing is kept."""
    rows, contents = walked(place)
    actions: dict[str, frozenset[str]] = {}
    for blob, content in contents:
        try:
            answer = json.loads(content)
        except ValueError:
            continue
        document = answer.get("PolicyVersion", answer)["Document"]
        actions[blob] = frozenset(
            name.lower()
            for statement in _listed(document["Statement"])
            if statement["Effect"] == "Allow"
            for name in _listed(statement.get("Action", []))
        )
    now: dict[str, frozenset[str]] = {}
    changes = 0
    for path, blob in rows:
        if blob not in actions:
            continue
        before, now[path] = now.get(path), actions[blob]
        if before is not None and (now[path] - before or before - now[path]):
            changes += 1
    return changes


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    print({"read": read_parse_hash, "replay": replay}[sys.argv[1]](Path(sys.argv[2])))
