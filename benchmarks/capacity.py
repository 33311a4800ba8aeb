"""What one small machine holds: every AWS managed policy with its whole past, a round over all of them, and many subscribers.

`python -m benchmarks capacity`. The archive is the generated one of `_git_archive`: 1,645 policies, 5,727 versions, six years.
Sizes on the disk, memory of whole processes, and what one message leaves in the outbox. docs/operating.md makes plans of them.
"""

import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import Figure
from benchmarks._git_archive import made
from benchmarks._timing import COMMAND, once
from benchmarks.growth import size
from tests.support.world import START, allowing, make_world
from tracker import service
from tracker.bootstrap import open_tracker
from tracker.model.identity import PolicyArn
from tracker.model.watch import Watch
from tracker.settings import load_settings
from tracker.stretches import periods

MONTH = (datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 1, tzinfo=UTC))  # an ordinary one of the archive
SOME, ROUNDS, SUBSCRIBERS = 100, 3, 1_000


def figures() -> tuple[Figure, ...]:
    """MB of the whole past; MB that importing and reading it take; bytes a round and a message leave."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        subprocess.run([COMMAND, "init", "--empty", str(home)], check=True, stdout=subprocess.DEVNULL)
        imported = once([COMMAND, "--home", str(home), "import", str(made())])
        verified = once([COMMAND, "--home", str(home), "verify"])
        logged = once([COMMAND, "--home", str(home), "log", "--all"])
        kept = size(home / "snapshots", "*") / 1e6
        database = size(home, "tracker.db*") / 1e6
        a_change, a_month = _changelogs(home)
    with tempfile.TemporaryDirectory() as folder:
        a_look, a_message = _a_round_and_a_message(Path(folder))
    return (
        Figure("six years of 1,645 policies: snapshots", kept, "MB", 1_000, promise="absolute"),
        Figure("six years of 1,645 policies: database", database, "MB", 50, promise="absolute"),
        Figure("import of them, largest process", imported.megabytes, "MB", 256, promise="absolute"),
        Figure("`verify` of them, memory", verified.megabytes, "MB", 256, promise="absolute"),
        Figure("`verify` of them, processor time", verified.processor, "s", 60, promise="absolute"),
        Figure("`log --all`, memory", logged.megabytes, "MB", 256, promise="absolute"),
        Figure("a round over all that found nothing", a_look, "bytes", 100_000, promise="absolute"),
        Figure(
            "a change's changelogs, of every policy's on average",
            a_change,
            "bytes",
            200_000,
            promise="absolute",
        ),
        Figure("a month's report of all", a_month, "bytes", 5_000_000, promise="absolute"),
        Figure("a sent message, in the database", a_message, "bytes", 10_000, promise="absolute"),
    )


def _changelogs(home: Path) -> tuple[float, float]:
    """Bytes of the Markdown, HTML and JSON of a change, over those of every twentieth policy; and of a month of all policies."""
    tracker = open_tracker(load_settings(home, {}))
    arns, renderer = tracker.archive.policies(), tracker.renderer()
    changes = [
        len(f"{renderer.markdown(one)}{renderer.html(one)}{renderer.json(one)}".encode())
        for arn in arns[::20]
        for one in service.changes_of(tracker, arn)
    ]
    first, *others = periods(tracker, arns, *MONTH)
    whole = (renderer.period_markdown, renderer.period_html, renderer.period_json)
    return sum(changes) / len(changes), sum(len(each(first, *others).encode()) for each in whole)


def _a_round_and_a_message(folder: Path) -> tuple[float, float]:
    """Bytes that a quiet `check --all` adds, and that one message of a change that 1,000 subscribers hear of adds."""
    world = make_world(folder)
    arns = [PolicyArn("aws", f"Policy{number}") for number in range(SOME)]
    for arn in arns:
        world.aws.publish(arn, "v1", START - timedelta(days=1), allowing("s3:ListBucket"))
    everything = Watch(listing="all", partitions=("aws",))
    for number in range(SUBSCRIBERS):
        world.subscribe(f"team-{number}@example.org", policies=[arns[0].name])
    service.check(world.tracker, everything)
    before = size(world.tracker.home / "snapshots", "*")
    for _ in range(ROUNDS):
        world.clock.forward(days=1)
        service.check(world.tracker, everything)
    a_look = (size(world.tracker.home / "snapshots", "*") - before) / ROUNDS
    before = _pages(world.tracker.home)
    world.clock.forward(days=1)
    world.aws.publish(arns[0], "v2", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    service.check(world.tracker, everything)
    return a_look, (_pages(world.tracker.home) - before) / SUBSCRIBERS


def _pages(home: Path) -> int:
    """Bytes of the database's own file, with all that was committed in it."""
    connection = sqlite3.connect(home / "tracker.db")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return (home / "tracker.db").stat().st_size
