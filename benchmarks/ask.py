"""Questions to a whole history, the archive of history.py imported: inside the process, and as cold commands.

A question inside the process is `asking.holders`, the check that files and index agree included. Of a cold command the processor time counts, its own and the system's, the least of several runs:
a single thread that waits for nobody takes as long, and what else the machine does is not in it.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import Figure
from benchmarks._git_archive import made
from benchmarks._timing import least, least_calls, once
from tracker.archive.archive import Archive
from tracker.asking import holders
from tracker.policy.questions import question
from tracker.store.database import Database

ROUNDS = 5
ACTIONS = ("s3:GetObject", "iam:PassRole", "kms:Decrypt", "ec2:DescribeInstances", "sts:AssumeRole", "logs:GetLogEvents",
           "dynamodb:Query", "iam:CreateUser", "s3:PutObject", "secretsmanager:GetSecretValue")  # fmt: skip
PATTERNS = ("s3:Get*", "ec2:Describe*", "kms:?ecrypt", "iam:*", "*:Tag*")
COLD = (
    (("search", "s3:GetObject"), 0.3),
    (("search", "s3:Get*", "--all-of"), 0.3),
    (("search", "kms:*", "--month", "2023-05"), 0.3),
    (("log", "ReadOnlyAccess"), 0.5),
    (("log", "--all"), 0.5),
    (("show", "ReadOnlyAccess"), 0.5),
    (("changelog", "--all", "--month", "2023-05"), 0.5),
)


def figures() -> tuple[Figure, ...]:
    """Milliseconds of a question, seconds of a command."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        command = [str(Path(sys.executable).with_name("policy-tracker")), "--home", str(home)]
        subprocess.run([command[0], "init", "--empty", str(home)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*command, "import", str(made())], check=True, stdout=subprocess.DEVNULL)
        asked = [
            Figure(f"`{_shown(words)}`, cold process", _processor([*command, *words]), "s", limit,
                   promise="absolute")
            for words, limit in COLD
        ]  # fmt: skip
        return (*_inside(home), *asked)


def _inside(home: Path) -> Iterator[Figure]:
    """The mean over some actions, and over patterns, of the least of several times."""
    archive = Archive(home, Database(home / "tracker.db"))
    for what, words in (("an action", ACTIONS), ("a pattern", PATTERNS)):
        times = least_calls(*(partial(holders, archive, question(word)) for word in words), rounds=ROUNDS)
        yield Figure(
            f"search of {what} inside the process", sum(times) / len(times), "ms", 10, promise="absolute"
        )


def _shown(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" if "*" in word else word for word in words)


def _processor(command: Sequence[str]) -> float:
    return least([once(command) for _ in range(ROUNDS)]).processor
