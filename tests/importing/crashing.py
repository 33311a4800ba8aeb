"""An import that can end its process at any named step. Run in child processes."""

from pathlib import Path

from tests.archive.crashing import Steps
from tests.support.world import make_world
from tracker import service
from tracker.sources.history import Selection


def run(folder: Path, source: Path, stop_at: int | None = None) -> list[str]:
    """Import, two policies a batch; the steps it came by."""
    steps = Steps(stop_at)
    tracker = make_world(folder, step=steps, ids=f"stop{stop_at}").tracker
    service.import_history(tracker, source, Selection(), batch=2)
    return steps.names
