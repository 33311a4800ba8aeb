"""The command `policy-tracker`: it parses, calls the service, prints, and exits. No rule of the domain lives here."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    # Imports make tens of thousands of objects that live as long as the process: looking at each 700 of them whether
    # they are garbage costs a tenth of a cold `check` (docs/performance.md). Garbage is still found, in larger steps.
    gc.set_threshold(50_000, 20, 20)
    _open_what_is_closed()

    from tracker.cli.app import command
    from tracker.cli.exits import run

    sys.exit(run(command))


def _open_what_is_closed() -> None:
    """What is said to a standard file that is closed (`>&-`, and how some supervisors start a process) goes nowhere.

    Else it is None, and the next file that is opened, the database perhaps, gets its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(handle, True)
            setattr(sys, name, os.fdopen(handle, mode, encoding="utf-8"))
