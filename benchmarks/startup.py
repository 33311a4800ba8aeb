"""What the command costs before it does anything: `policy-tracker --version` beside an interpreter that does nothing."""

import sys

from benchmarks import Figure
from benchmarks._timing import COMMAND, processes

ROUNDS = 15


def figures() -> tuple[Figure, ...]:
    """Seconds that `--version` takes more than `python -c pass`."""
    version, nothing = processes([[COMMAND, "--version"], [sys.executable, "-c", "pass"]], rounds=ROUNDS)
    return (
        Figure(
            "`policy-tracker --version`, cold process",
            version.seconds,
            "s",
            limit=0.15,
            baseline="`python -c pass`",
            theirs=nothing.seconds,
            promise="extra",
        ),
    )
