"""The command `policy-tracker`: it parses, calls the service, prints, and exits. No rule of the domain lives here."""

import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from tracker.cli.app import command
    from tracker.cli.exits import run

    sys.exit(run(command))
