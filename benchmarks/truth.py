"""The comparison where it has most to do: wildcards, everything against all but a few, years at once, sheer size.

Each figure is from two JSON texts to the record of the change, in one process with the catalogue warm.
"""

import json
import math
import random

from benchmarks import Figure
from benchmarks._timing import calls
from benchmarks.compare import CATALOGUE, change, snapshot
from tests.support import history
from tracker.changelog.record import change_record
from tracker.changes.compare import compare
from tracker.model.history import Snapshot
from tracker.policy.parse import parse_document
from tracker.policy.patterns import covers

ROUNDS = 5
Statement = dict[str, object]
EVERYTHING: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALL_BUT: list[Statement] = [
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:CreateServiceLinkedRole", "iam:ListRoles"], "Resource": "*"},
]
SIZES = (1_000, 10_000, 100_000)
QUERIES = 20_000


def figures() -> tuple[Figure, ...]:
    """Milliseconds of each, the growth with the number of actions, and microseconds of one question on patterns."""
    old, new = snapshot("v4"), snapshot("v59")
    (years,) = calls(lambda: record(old, new), rounds=ROUNDS)
    (everything,) = calls(lambda: told([EVERYTHING], ALL_BUT), rounds=ROUNDS)
    return (
        *read_only_access(),
        Figure("v4 to v59 of AWSSupportServiceRolePolicy", years, "ms", 150, promise="absolute"),
        Figure('Action "*" against NotAction', everything, "ms", 100, promise="absolute"),
        growth(),
        Figure("one pattern covered by others, on average", query(), "µs", 500, promise="absolute"),
    )


def read_only_access() -> tuple[Figure, ...]:
    """The slowest of ReadOnlyAccess's versions in a row, where the bundle of real history is there."""
    if history.missing():
        return ()
    pairs = history.adjacent("ReadOnlyAccess")
    taken = [calls(lambda one=one, other=other: record(one, other), rounds=3)[0] for one, other in pairs]  # type: ignore[misc] # a default that binds it
    what = f"the slowest of {len(pairs)} changes of ReadOnlyAccess"
    return (Figure(what, max(taken), "ms", 30, promise="absolute"),)


def record(old: Snapshot, new: Snapshot) -> object:
    """The record of a change, from the texts of both sides."""
    return change_record(change(old, new))


def told(before: list[Statement], after: list[Statement]) -> object:
    """The difference of two lists of statements, from their texts."""
    texts = [json.dumps({"Version": "2012-10-17", "Statement": one}) for one in (before, after)]
    one, other = (parse_document(text, what="benchmark") for text in texts)
    return compare(one, other, CATALOGUE)


def growth() -> Figure:
    """How much dearer an action is among 100,000 than among 1,000; n log n makes it log 100,000 / log 1,000."""

    def size(count: int) -> tuple[list[Statement], list[Statement]]:
        actions = [f"svc{n % 300}:Action{n}" for n in range(count + count // 10)]
        return (
            [{**EVERYTHING, "Action": actions[:count]}],
            [{**EVERYTHING, "Action": actions[count // 10 :]}],
        )

    each = []
    for count in SIZES:
        before, after = size(count)
        (taken,) = calls(lambda: told(before, after), rounds=3)  # noqa: B023 -- called at once
        each.append(taken * 1000 / count)
    bound = math.log(SIZES[-1]) / math.log(SIZES[0])
    listed = ", ".join(f"{taken:.1f} among {count:,}" for taken, count in zip(each, SIZES, strict=True))
    return Figure(f"one action of many ({listed})", each[-1], "µs", bound, "among 1,000, n log n", each[0])


def query() -> float:
    """Microseconds to decide whether a random pattern is covered by up to eight others."""
    chance = random.Random(1)

    def pattern() -> str:
        return "s3:" + "".join(chance.choice("aabbc*?") for _ in range(chance.randint(1, 10)))

    asked = [(pattern(), [pattern() for _ in range(chance.randint(1, 8))]) for _ in range(QUERIES)]
    (taken,) = calls(lambda: [covers(known, one) for one, known in asked], rounds=1)
    return taken * 1000 / QUERIES
