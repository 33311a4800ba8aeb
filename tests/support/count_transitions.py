"""Counts transitions by kind from a git archive, by means of its own: git log, json, sets. It shares no code with the tracker.

`python tests/support/count_transitions.py CLONE` prints the counts as JSON. What is compared as 'the same access' is
cruder than the tracker's: the sets of (effect, action, resource, condition, ...) of all statements.
"""

import collections
import json
import subprocess
import sys
from datetime import datetime
from typing import Any


def git(clone: str, *arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", "-C", clone, *arguments], capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else ""


def listed(value: Any) -> list[Any]:
    """A value that may be one or a list, as a list."""
    return value if isinstance(value, list) else [value]


def access(document: dict[str, Any]) -> frozenset[Any]:
    """The document as a set of what it says of each single action."""
    said = set()
    for statement in listed(document["Statement"]):
        rest = {
            k: v
            for k, v in statement.items()
            if k not in ("Sid", "Action", "NotAction", "Resource", "NotResource")
        }
        tail = json.dumps(rest, sort_keys=True).lower()
        for act in ("Action", "NotAction"):
            for res in ("Resource", "NotResource"):
                if act not in statement or res not in statement:
                    continue
                resources = tuple(sorted(map(str, listed(statement[res]))))
                names = [str(name).lower() for name in listed(statement[act])]
                for name in [" ".join(sorted(names))] if act == "NotAction" else names:
                    said.add((act, name, res, resources, tail))
    return frozenset(said)


def count(clone: str) -> dict[str, int]:
    """Kind -> how often, over all policies."""
    counts: collections.Counter[str] = collections.Counter()
    for path in git(clone, "ls-tree", "--name-only", "master", "policies/").split():
        before = None
        been: set[tuple[int, datetime]] = set()
        for line in git(clone, "log", "--reverse", "--format=%H", "master", "--", path).split():
            try:
                version = json.loads(git(clone, "show", f"{line}:{path}"))["PolicyVersion"]
            except ValueError:
                continue
            if not version["IsDefaultVersion"]:
                continue
            made = datetime.fromisoformat(version["CreateDate"].replace("Z", "+00:00"))
            now = (int(version["VersionId"].lstrip("v")), made)
            if before and now != before[0]:
                counts[kind(before, now, been, access(version["Document"]))] += 1
            before = (now, access(version["Document"]))
            been.add(now)
    return dict(counts)


def kind(
    before: tuple[tuple[int, datetime], frozenset[Any]],
    now: tuple[int, datetime],
    been: set[tuple[int, datetime]],
    said: frozenset[Any],
) -> str:
    """What became of one default when the next was seen."""
    (number, made), was = before
    if now[0] <= number and now[1] > made:
        return "recreated"
    if now[0] < number and now in been:
        return "rolled-back"
    return "republished" if said == was else "updated"


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1]), sort_keys=True))
