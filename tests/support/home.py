"""A tracker's folder with the shipped history, as `policy-tracker init` makes it: for tests that only read it."""

import os
import subprocess
import sys
from pathlib import Path


def shipped_home(folder: Path) -> Path:
    """Make it in a folder that is there; about two seconds of processor time, so once for many tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_TRACKER_")}
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "init", str(folder / "home")],
        capture_output=True,
        text=True,
        env=ours,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder / "home"
