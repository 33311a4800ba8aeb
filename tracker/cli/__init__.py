"""The command `policy-tracker`: it parses, calls the service, prints, and exits. No rule of the domain lives here."""

import gc
import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    # Imports make tens of thousands of objects that live as long as the process: looking at each 700 of them whether
    # they are garbage costs a tenth of a cold `check` (docs/performance.md). Garbage is still found, in larger steps.
    gc.set_threshold(50_000, 20, 20)

    from tracker.cli.app import command
    from tracker.cli.exits import run

    sys.exit(run(command))
