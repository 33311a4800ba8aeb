"""Questions to a whole history, the archive of history.py imported: inside the process, and as cold commands.

A question inside the process is `asking.holders`, the check that files and index agree included. Processor time counts,
the least of several runs. What was promised in seconds is held against two commands that do nothing, in the same run:
10 ms is what `python -c pass` takes on the machine of docs/performance.md, 0.3 and 0.5 s are 4.5 and 7.5 times what
`policy-tracker --version` takes there. So the promise holds on a machine that is slower, or busy.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import Figure
from benchmarks._git_archive import made
from benchmarks._timing import COMMAND, Cost, least, least_calls, once
from tracker.archive.archive import Archive
from tracker.asking import holders
from tracker.policy.questions import question
from tracker.store.database import Database

ROUNDS = 5
ACTIONS = ("s3:GetObject", "iam:PassRole", "kms:Decrypt", "ec2:DescribeInstances", "sts:AssumeRole", "logs:GetLogEvents",
           "dynamodb:Query", "iam:CreateUser", "s3:PutObject", "secretsmanager:GetSecretValue")  # fmt: skip
PATTERNS = ("s3:Get*", "ec2:Describe*", "kms:?ecrypt", "iam:*", "*:Tag*")
COLD = (
    (("search", "s3:GetObject"), 4.5),
    (("search", "s3:Get*", "--all-of"), 4.5),
    (("search", "kms:*", "--month", "2023-05"), 4.5),
    (("log", "ReadOnlyAccess"), 7.5),
    (("log", "--all"), 7.5),
    (("show", "ReadOnlyAccess"), 7.5),
    (("changelog", "--all", "--month", "2023-05"), 7.5),
)


def figures() -> tuple[Figure, ...]:
    """Milliseconds of a question, seconds of a command."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        subprocess.run([COMMAND, "init", "--empty", str(home)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [COMMAND, "--home", str(home), "import", str(made())], check=True, stdout=subprocess.DEVNULL
        )
        return (*_inside(home), *_cold(home))


def _inside(home: Path) -> Iterator[Figure]:
    """The mean over some actions, and over patterns, of the least of several times."""
    archive = Archive(home, Database(home / "tracker.db"))
    nothing = least([once([sys.executable, "-c", "pass"]) for _ in range(ROUNDS)]).processor * 1000
    for what, words in (("an action", ACTIONS), ("a pattern", PATTERNS)):
        times = least_calls(*(partial(holders, archive, question(word)) for word in words), rounds=ROUNDS)
        mean = sum(times) / len(times)
        yield Figure(
            f"search of {what} inside the process",
            mean,
            "ms",
            1.1,
            "`python -c pass`, a cold process",
            nothing,
        )


def _cold(home: Path) -> Iterator[Figure]:
    """Each command turn about with one that does nothing."""
    runs: list[list[Cost]] = [[] for _ in COLD]
    nothing = []
    for _ in range(ROUNDS):
        nothing.append(once([COMMAND, "--version"]))
        for (words, _limit), costs in zip(COLD, runs, strict=True):
            costs.append(once([COMMAND, "--home", str(home), *words]))
    version = least(nothing).processor
    for (words, limit), costs in zip(COLD, runs, strict=True):
        took = least(costs).processor
        yield Figure(f"`{_shown(words)}`, cold process", took, "s", limit, "`--version`", version)


def _shown(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" if "*" in word else word for word in words)
