"""Two years of real history in one process, day by day, with faults thrown at random: memory, file handles and disk, in figures.

AWS can't be reached, the mail server is down, a file ends with half a line, the index is deleted or a snapshot's leftover
stays: each by dice. At the end every default that AWS had at a look is on record once, every team has each mail once, and
the process holds no more memory and no more files than after its first months.
"""

import gc
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.support import history
from tests.support.memory import in_memory
from tests.support.world import Mailbox, World, make_world
from tests.torture.year import NAMES, Span, _day, published
from tracker import service
from tracker.delivery.channel import Parcel
from tracker.errors import ChannelDownError

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn

MONTHS = Span(_day("2021-03-01T06:20"), _day("2021-07-05"), _day("2021-07-09"), _day("2023-03-02"))
FLAT = 1.15  # memory at the end, against that of the sixth month


class Trouble:
    """What is wrong today, and the channel that has it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox, self.down = mailbox, False

    def send(self, parcel: Parcel) -> str:
        """Deliver, where the server is up."""
        if self.down:
            raise ChannelDownError("the mail server refuses the connection", reached=False)
        return self.mailbox.send(parcel)

    def close(self) -> None:
        """Nothing to close."""


def whole(seed: int) -> list[str]:
    """24 months, a tick every twelve hours."""
    if reason := history.missing():
        print(f"nothing was lived through: {reason}")
        return []
    return campaign(seed, MONTHS)


def campaign(seed: int, span: Span) -> list[str]:
    """Live through the span; what is wrong, a sentence each."""
    dice, thrown = random.Random(seed), Counter[str]()
    past = published(span)
    coming = sorted((one["at"], name, number) for name in NAMES for number, one in enumerate(past[name]))
    arns: set[PolicyArn] = set()
    figures: list[tuple[str, float, int, float]] = []
    parts: list[Counter[str]] = []
    with TemporaryDirectory(dir=in_memory()) as made:
        world = make_world(Path(made))
        trouble = Trouble(world.mailbox)
        world = replace(world, tracker=replace(world.tracker, channel=lambda: trouble))
        world.clock.moment = span.start - timedelta(minutes=1)
        world.subscribe("team@example.org")
        month, due = "", Counter[str]()
        for tick in span.ticks():
            while coming and _day(coming[0][0][:19]) <= tick:
                _, name, number = coming.pop(0)
                one = past[name][number]
                arns.add(history.arn(name))
                world.aws.publish(history.arn(name), one["version"], _day(one["made"][:19]), one["document"])
            world.clock.moment = tick
            thrown[_throw(world, trouble, dice)] += 1
            service.run_due(world.tracker, sorted(arns))
            if f"{tick:%Y-%m}" != month:
                month = f"{tick:%Y-%m}"
                figures.append((month, *_figures(world.tracker.home)))
                parts.append(_parts(world.tracker.home))
        _calm(world, trouble, arns)
        found = _wrong(world, arns, due)
    for shown in (figures[0], *figures[5::6], figures[-1]):
        print("{}: {:.0f} MB of memory, {} files open, {:.1f} MB on the disk".format(*shown))
    years = (len(parts) - 1) / 12
    grown = {part: (size - parts[0][part]) / 1e6 / (years or 1) for part, size in sorted(parts[-1].items())}
    print(f"grown a year: {', '.join(f'{mb:.2f} MB {part}' for part, mb in grown.items())}")
    changes = due.total()
    print(
        f"{len(span.ticks())} ticks, {changes} changes of {len(due)} policies; faults: {', '.join(f'{n} {what}' for what, n in sorted(thrown.items()) if what)}"
    )
    half, last = figures[min(6, len(figures) - 1)], figures[-1]
    if last[1] > half[1] * FLAT:
        found.append(f"memory grew from {half[1]:.0f} to {last[1]:.0f} MB")
    if last[2] > half[2] + 1:
        found.append(f"open files grew from {half[2]} to {last[2]}")
    return found


def _throw(world: World, trouble: Trouble, dice: random.Random) -> str:
    """One fault, or most often none."""
    world.aws.out_of_order()
    trouble.down = False
    snapshots = world.tracker.home / "snapshots"
    what = dice.random()
    if what < 0.05:
        world.aws.out_of_order("AWS can't be reached")
        return "days without AWS"
    if what < 0.1:
        trouble.down = True
        return "without a mail server"
    if what < 0.13 and (lines := sorted(snapshots.rglob("*.jsonl"))):
        path = dice.choice(lines)
        with path.open("ab") as file:
            file.write(path.read_bytes().splitlines()[-1][: dice.randrange(1, 60)])
        return "half lines"
    if what < 0.14 and (lines := sorted(snapshots.rglob("timeline.jsonl"))):
        dice.choice(lines).unlink()
        return "timelines lost"
    return ""


def _calm(world: World, trouble: Trouble, arns: "set[PolicyArn]") -> None:
    world.aws.out_of_order()
    trouble.down = False
    for _ in range(3):
        world.clock.forward(hours=12)
        service.run_due(world.tracker, sorted(arns))


def _wrong(world: World, arns: "set[PolicyArn]", due: Counter[str]) -> list[str]:
    # A half line that nothing was written after is what the next write removes.
    wrong = [one for one in world.tracker.archive.verify() if "cut off" not in one.wrong]
    found = [f"verify: {one.path}: {one.wrong}" for one in wrong]
    for arn in sorted(arns):
        seen = [one.identity for one in world.tracker.archive.observations(arn)]
        if any(first == second for first, second in pairwise(seen)):
            found.append(f"{arn.name} was recorded twice: {seen}")
        if len(world.tracker.archive.changes(arn)) < len(seen) - 1:
            found.append(
                f"{arn.name}: {len(seen)} observations, {len(world.tracker.archive.changes(arn))} changes"
            )
        due[arn.name] = len(seen) - 1
    if counts := {
        state: count
        for state, count in world.tracker.outbox.counts().items()
        if state not in ("sent", "cancelled")
    }:
        found.append(f"messages that did not go: {counts}")
    twice = {
        mail: count
        for mail, count in Counter(world.mailbox.mails()).items()
        if count > 1 and mail[0] == "team@example.org"
    }
    return found + ([f"{len(twice)} mails came twice"] if twice else [])


def _figures(folder: Path) -> tuple[float, int, float]:
    """(MB of memory that this process holds, files that it has open, MB that the tracker's folder has)."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    return (
        resident,
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6,
    )


_OF_A_MONTH = re.compile(r"\d{4}-\d{2}(-\d{2})?\.")


def _parts(home: Path) -> Counter[str]:
    """Bytes in the tracker's folder by what they are."""
    found = Counter[str]()
    for path in home.rglob("*"):
        if path.is_file():
            place, name = path.relative_to(home).parts[0], path.name
            part = f"the rest ({name})"
            if place == "snapshots":
                part = {"timeline.jsonl": "timelines", "looks.jsonl": "looks"}.get(name, "snapshots")
            elif place == "changelogs":
                part = "reports" if _OF_A_MONTH.match(name) else "changelogs"
            elif name.startswith("tracker.db"):
                part = "write-ahead log" if name.endswith(("-wal", "-shm")) else "database"
            found[part] += path.stat().st_size
    return found
