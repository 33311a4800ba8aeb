"""kill -9 of the sender and of the checker, at random moments, against a real mail server in changing moods.

At the end every subscription that is active has every message that it was due, as tests/support/who_was_due.py says,
which shares no code with the product, and no other. A mail may come twice only where its first copy was taken and the
answer did not get on record: a kill fell in between, or the server hung or dropped the line in the place of an answer.
"""

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import who_was_due
from tests.support.certificates import Authority
from tests.support.world import SUPPORT, Clock, World, allowing, make_world
from tests.torture._moody import MOODS, Moody
from tests.torture._processes import WORKERS, Processes
from tracker import service
from tracker.delivery.mail import message_id
from tracker.delivery.wish import read_wish

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SERVICES = ("athena", "ec2", "glue", "s3", "sns")
ROLES = ("check", "deliver")


@dataclass
class Ledger:
    """What happened, for the reckoning."""

    kills: int = 0
    by_mood: Counter[str] = field(default_factory=Counter)
    in_hand: Counter[tuple[str, str]] = field(default_factory=Counter)  # (recipient, Message-ID) at a kill
    most_in_hand: int = 0
    ended: list[str] = field(default_factory=list)  # processes that were not killed but ended


def whole(seed: int) -> list[str]:
    """300 subscribers, 100 kills, seven versions on the way."""
    return campaign(seed, people=300, kills=100, changes=7)


def campaign(seed: int, *, people: int, kills: int, changes: int) -> list[str]:
    """Run it and print what was counted; what is wrong, a sentence each."""
    with TemporaryDirectory() as made:
        folder, dice = Path(made), random.Random(seed)
        authority = Authority(folder)
        world, asked = _subscribed(folder, dice, people)
        tls = authority.server("localhost", "127.0.0.1").context()
        with Moody(dice, tls) as server, Moody(dice, None) as bare:
            with Processes(folder, authority.file) as processes:
                ledger = _torment(world, dice, processes, server, bare, kills, changes)
                server.mood = "calm"
                _calm(world, processes, server)
            return [*ledger.ended, *_reckoned(world, asked, server, ledger)]


def documents() -> list[dict[str, Any]]:
    """What the policy says, version by version: each adds some, the third and sixth take some away."""
    held = ["ec2:DescribeInstances", "s3:ListBucket", "s3:ListAllMyBuckets"]
    more = [
        ["s3:GetObject", "sns:ListTopics"], ["ec2:DescribeVpcs"], ["glue:GetTable", "athena:GetQueryExecution"],
        ["sns:Publish"], ["s3:GetBucketAcl", "ec2:RunInstances"], ["glue:GetTables"], ["athena:ListWorkGroups"],
    ]  # fmt: skip
    found = [allowing(*held)]
    for number, actions in enumerate(more):
        held = [*held, *actions]
        if number in (2, 5):
            held.remove(held[0])
        found.append(allowing(*held))
    return found


def _subscribed(folder: Path, dice: random.Random, people: int) -> tuple[World, list[dict[str, Any]]]:
    """A world that has seen the first version, and what each subscriber asks for."""
    world = make_world(folder, Clock(START))
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), documents()[0])
    service.check(world.tracker, [SUPPORT])
    asked = []
    for number in range(people):
        wish: dict[str, Any] = {
            "address": f"team{number}@example.org",
            "policies": dice.choice((["*"], ["*"], ["AWS*"], ["AWS*"], ["Nothing*"])),
            "services": dice.choice(([], [], [dice.choice(SERVICES)], sorted(dice.sample(SERVICES, 2)))),
            "level": dice.choice(("", "", "Read", "Write")),
            "additions": dice.random() < 0.3,
            "least": dice.choice((0, 0, 2)),
            "kinds": [],
        }
        asked.append(wish)
        world.tracker.subscribers.put(
            wish["address"],
            read_wish({name: value for name, value in wish.items() if name != "address"}),
            START,
            f"token-{number}",
        )
    return world, asked


def _torment(
    world: World,
    dice: random.Random,
    processes: Processes,
    server: Moody,
    bare: Moody,
    kills: int,
    changes: int,
) -> Ledger:
    """Start both, wait for a random moment, kill one, then the other; again with the clock some way on."""
    ledger, turn, published = Ledger(), 0, 1
    moods = [*MOODS, "no TLS"]
    while ledger.kills < kills:
        turn += 1
        if (turn - 1) * changes * 2 >= kills * (published - 1) and published <= changes:
            world.aws.publish(SUPPORT, f"v{published + 1}", world.clock(), documents()[published])
            published += 1
        mood = moods[turn % len(moods)] if dice.random() < 0.7 else "calm"
        server.mood, port = mood, bare.port if mood == "no TLS" else server.port
        running = {role: processes.start(role, port, f"turn{turn}-{role}", world.clock()) for role in ROLES}
        for role in dice.sample(ROLES, 2):
            _wait(dice, server, world.tracker.home.parent / f"turn{turn}-{role}")
            os.kill(running[role], signal.SIGKILL)
            ended = processes.reap(running[role])
            if ended != -signal.SIGKILL:
                ledger.ended.append(f"turn {turn}: the process that {role}s ended by itself, with {ended}")
            ledger.kills += 1
            ledger.by_mood[mood] += 1
            _note_in_hand(world, f"turn{turn}-{role}", ledger)
        world.clock.forward(minutes=16 + dice.random() * 20)
    return ledger


def _wait(dice: random.Random, server: Moody, begun: Path) -> None:
    """Until a few mails more were taken, or a while, whichever comes first; then a moment more."""
    while not begun.exists():
        time.sleep(0.001)
    more, until = len(server.taken) + dice.randrange(1, 9), time.monotonic() + dice.random() * 3 + 0.02
    while len(server.taken) < more and time.monotonic() < until:
        time.sleep(0.0005)
    time.sleep(dice.random() * 0.01)


def _note_in_hand(world: World, name: str, ledger: Ledger) -> None:
    """The mails that a killed process had in hand: of those nobody knows whether the server has them."""
    with world.tracker.database.reading() as connection:
        rows = connection.execute(
            "SELECT recipient, message FROM outbox WHERE state = 'claimed' AND claimed_by LIKE ?",
            (f"{name}%",),
        ).fetchall()
    ledger.most_in_hand = max(ledger.most_in_hand, len(rows))
    for recipient, message in rows:
        ledger.in_hand[recipient, message_id(message, recipient, "example.org")] += 1


def _calm(world: World, processes: Processes, server: Moody) -> None:
    """Let everything come to its end; the operator tries again what was refused to those who are not bounced."""
    for number in range(80):
        counts = world.tracker.outbox.counts()
        if number > 2 and not set(counts) & {"waiting", "claimed", "failed"}:
            return
        world.tracker.outbox.retry(world.clock(), [row.id for row in world.tracker.outbox.list(["failed"])])
        ended = processes.reap(processes.start("once", server.port, f"calm{number}", world.clock()))
        if ended != 0:
            raise AssertionError(f"a check that nobody killed ended with {ended}")
        world.clock.forward(hours=5)


def _reckoned(world: World, asked: list[dict[str, Any]], server: Moody, ledger: Ledger) -> list[str]:
    steps = _steps(world)
    rows = {row.id: f"{row.from_version} {row.to_version}" for row in world.tracker.archive.changes()}
    with world.tracker.database.reading() as connection:
        messages = [one for (one,) in connection.execute("SELECT id FROM messages")]
        states = dict(connection.execute("SELECT address, state FROM subscribers").fetchall())
    wrong, copies = [], Counter((one.recipient, one.message_id) for one in server.taken)
    due_in_all = 0
    for one in asked:
        who = one["address"]
        names = {
            message_id(each, who, "example.org"): rows.get(each.partition("~")[0], "") for each in messages
        }
        got = {names.get(ident, "unknown") for recipient, ident in copies if recipient == who}
        due = {
            f"{old} {new}"
            for (old, before), (new, after) in pairwise(steps)
            if "Nothing*" not in one["policies"] and who_was_due.wanted("updated", before, after, one)
        }
        due_in_all += len(due)
        if undue := got - due:
            wrong.append(f"{who} was not due {sorted(undue)}")
        if states[who] == "active" and due - got:
            wrong.append(f"{who} lacks {sorted(due - got)}")
        if states[who] == "bounced" and server.refused[who] < 3:
            wrong.append(f"{who} is bounced after {server.refused[who]} refusals")
    lost = Counter((one.recipient, one.message_id) for one in server.taken if not one.answered)
    by_kill = by_line = 0
    for mail, count in copies.items():
        extra = count - 1
        by_line += min(extra, lost[mail])
        by_kill += max(extra - lost[mail], 0)
        if extra > lost[mail] + ledger.in_hand[mail]:
            wrong.append(f"{mail} came {count} times, and no kill and no lost line explains it")
    if ledger.most_in_hand > WORKERS:
        wrong.append(f"a process had {ledger.most_in_hand} mails in hand, with {WORKERS} senders")
    if by_kill > WORKERS * ledger.kills:
        wrong.append(f"{by_kill} mails twice for {ledger.kills} kills")
    bounced = sum(state == "bounced" for state in states.values())
    print(
        f"{len(asked)} subscribers ({bounced} bounced), {len(steps) - 1} changes, {due_in_all} mails due, "
        f"{len(server.taken)} taken by the server, notices to the operator among them"
    )
    print(f"{ledger.kills} kills: {', '.join(f'{n} {mood}' for mood, n in sorted(ledger.by_mood.items()))}")
    print(
        f"mails in hand at a kill: {sum(ledger.in_hand.values())}; twice: {by_kill} for a kill between DATA and the record "
        f"of its answer, {by_line} for an answer that the server never gave ({sum(lost.values())} such)"
    )
    return wrong


def _steps(world: World) -> list[tuple[str, Any]]:
    """(version, what it allows) of each default in turn, as the timeline has them."""
    documents_of = {f"v{number + 1}": one for number, one in enumerate(documents())}
    return [
        (str(one.version), who_was_due.allowed(documents_of[str(one.version)]))
        for one in world.tracker.archive.observations(SUPPORT)
    ]
