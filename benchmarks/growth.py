"""How much one year writes: a policy of AWSSupportServiceRolePolicy's real size, looked at daily, changed monthly, mailed to 20.

`python -m benchmarks growth`. Not a speed: bytes on the disk after 365 days, by what they are, and what a day adds.
"""

import json
import tempfile
from pathlib import Path

from benchmarks import Figure
from tests.support.world import SUPPORT, make_world
from tracker import service
from tracker.archive.folder import identities, load

DAYS, EVERY, SUBSCRIBERS = 365, 30, 20
_SHIPPED = Path(__file__).resolve().parent.parent / "snapshots" / "aws" / SUPPORT.name


def figures() -> tuple[Figure, ...]:
    """MB of a year, by what they are."""
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder))
        document = json.loads(load(_SHIPPED, identities(_SHIPPED)[-1]).document)
        for number in range(SUBSCRIBERS):
            world.subscribe(f"team-{number}@example.org")
        for day in range(DAYS):
            if day % EVERY == 0:
                document["Statement"][0]["Action"].append(f"ec2:DescribeNew{day}")
                world.aws.publish(SUPPORT, f"v{day // EVERY + 1}", world.clock(), document)
            service.check(world.tracker, [SUPPORT])
            world.clock.forward(days=1)
        home = world.tracker.home
        looks = size(home / "snapshots", "looks.jsonl")
        return (
            figure("a year's snapshots and timeline", size(home / "snapshots", "*") - looks, 6),
            figure("a year's lines of looks", looks, 1),
            figure("a year's changelogs", size(home / "changelogs", "*"), 6),
            figure("the database after a year", size(home, "tracker.db*"), 6),
        )


def size(folder: Path, pattern: str) -> int:
    """Bytes of the files under a folder whose names fit."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def figure(what: str, count: int, limit: float) -> Figure:
    """Bytes as a figure in MB, with what it must not pass."""
    return Figure(
        f"{what} (one policy, {SUBSCRIBERS} subscribers)", count / 1e6, "MB", limit, promise="absolute"
    )
