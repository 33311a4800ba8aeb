"""A place in memory for what is written and thrown away: waiting for a disk to sync is most of a campaign's time."""

import os
from pathlib import Path

MEMORY = Path("/dev/shm")


def in_memory() -> str | None:
    """The `dir` of tempfile's functions: a folder in memory where this user may write one; None for the usual place."""
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None
