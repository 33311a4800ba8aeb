"""Runs the demo from its first line to its last, and ends everything it started, whatever happens."""

import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

from tracker.demo.narrator import Narrator
from tracker.demo.stage import on_stage
from tracker.demo.story import BEGIN, Story

PAUSE_S = 1.0  # after each event, where somebody reads along


def run_demo(put: Callable[[str], None], folder: Path | None = None) -> int:
    """Tell the story through `put`, in `folder` (new or empty) or in a new temporary one; the folder is kept.

    Answers the exit code. Raises SetupError where the folder is not empty or a server can't start. Ctrl-C ends all of it.
    """
    home = folder.absolute() if folder else Path(tempfile.mkdtemp(prefix="policy-tracker-demo-"))
    with on_stage(home, BEGIN) as stage:
        story = Story(stage, Narrator(put, pause_s=PAUSE_S if sys.stdout.isatty() else 0.0))
        story.tell()
        page = story.last_page()
    if has_desktop(os.environ, sys.platform, terminal=sys.stdout.isatty()):
        webbrowser.open(page.as_uri())
    return 0


def has_desktop(environ: Mapping[str, str], platform: str, *, terminal: bool) -> bool:
    """True where a person sits at a screen that can show a page."""
    if not terminal or environ.get("CI"):
        return False
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
