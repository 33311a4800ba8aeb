"""Senders as real processes: two at once, and killed at every step. Nothing is lost; twice comes only what may."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.delivery.conftest import NOW, Clock
from tests.delivery.worker import KILLED
from tests.support.smtp_sink import HANG, Sink
from tracker.delivery.mail import message_id
from tracker.delivery.outbox import Outbox
from tracker.model.instants import iso
from tracker.store.database import Database

Queue = Callable[..., list[str]]
ROOT = Path(__file__).resolve().parents[2]
AFTER_THE_LEASE = iso(NOW + timedelta(minutes=16))


def start(database: Database, sink: Sink, name: str, now: str, dies_at: str = "") -> subprocess.Popen[str]:
    """A sender."""
    command = [sys.executable, "-m", "tests.delivery.worker", str(database.path), str(sink.port), name, now]
    command += [dies_at] if dies_at else []
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> int:
    """Wait for a sender that must end well; how many mails it sent."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return int(out)


def received(sink: Sink) -> Counter[tuple[str, bytes]]:
    """How often each mail, byte for byte, arrived."""
    return Counter((mail.recipient, mail.data) for mail in sink.mails)


def test_two_senders_never_send_the_same_mail_and_keep_the_order(
    database: Database, outbox: Outbox, queue: Queue, sink: Sink
) -> None:
    changelogs = ("one", "two", "three")
    addresses = queue(*(f"n{number:02}" for number in range(40)), changelogs=changelogs)
    sink.together(2)
    senders = [start(database, sink, name, iso(NOW)) for name in ("w1", "w2")]
    shares = [finish(one) for one in senders]
    assert sum(shares) == 120
    assert min(shares) > 0
    assert set(received(sink).values()) == {1}
    assert outbox.counts() == {"sent": 120}
    for who in addresses:
        mails = [mail.data for mail in sink.mails if mail.recipient == who]
        wanted = [message_id(changelog, who, "example.org").encode() for changelog in changelogs]
        assert [identity in data for identity, data in zip(wanted, mails, strict=True)] == [True] * 3


@pytest.mark.parametrize(
    ("dies_at", "twice"),
    [
        ("claim:transaction-begun", False),
        ("claim:transaction-done", False),
        ("claim:transaction-committed", False),
        ("before-send", False),
        ("after-send", True),
        ("settle:transaction-begun", True),
        ("settle:transaction-done", True),
        ("settle:transaction-committed", False),
    ],
)
def test_a_sender_that_dies_between_two_steps_loses_nothing(
    database: Database, outbox: Outbox, queue: Queue, sink: Sink, dies_at: str, twice: bool
) -> None:
    queue("anna", "bert", changelogs=("one", "two"))
    dying = start(database, sink, "w1", iso(NOW), dies_at)
    dying.communicate(timeout=60)
    assert dying.returncode == KILLED
    finish(start(database, sink, "w2", AFTER_THE_LEASE))
    assert outbox.counts() == {"sent": 4}
    counts = received(sink)
    assert len(counts) == 4
    assert sorted(counts.values()) == ([1, 1, 1, 2] if twice else [1, 1, 1, 1])


@pytest.mark.parametrize(("step", "twice"), [("MAIL", False), ("RCPT", False), ("DATA", True)])
def test_a_sender_that_is_killed_in_the_middle_of_the_dialogue_loses_nothing(
    database: Database, outbox: Outbox, queue: Queue, sink: Sink, step: str, twice: bool
) -> None:
    queue("anna", "bert")
    sink.next(step, HANG)
    killed = start(database, sink, "w1", iso(NOW))
    assert sink.reached.wait(30)
    killed.kill()
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert finish(start(database, sink, "too early", iso(NOW))) == 1  # the other recipient's
    assert outbox.counts() == {"claimed": 1, "sent": 1}
    finish(start(database, sink, "w2", AFTER_THE_LEASE))
    assert outbox.counts() == {"sent": 2}
    assert sorted(received(sink).values()) == ([1, 2] if twice else [1, 1])


def test_senders_killed_at_random_moments_lose_nothing(
    database: Database, outbox: Outbox, queue: Queue, sink: Sink, clock: Clock
) -> None:
    """A slice; POLICY_TRACKER_KILLS makes it as long as you like. Each kill may make one mail come twice."""
    kills = int(os.environ.get("POLICY_TRACKER_KILLS", "6"))
    dice = random.Random(kills)
    clock.now = datetime.now(UTC)
    queue(*(f"n{number:03}" for number in range(20 * kills)), changelogs=("one", "two"))
    hurt = 0
    for number in range(kills):
        process = start(database, sink, f"w{number}", "real")
        seen, more = len(sink.mails), dice.randrange(1, 12)
        deadline = time.monotonic() + 30
        while len(sink.mails) < seen + more and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.0005)
        time.sleep(dice.random() * 0.01)
        process.kill()
        process.communicate(timeout=60)
        hurt += process.returncode == -signal.SIGKILL
    assert hurt >= kills - 1, "the senders were done before they could be killed: this proves nothing"
    deadline = time.monotonic() + 60
    while set(outbox.counts()) != {"sent"} and time.monotonic() < deadline:
        finish(start(database, sink, "last", "real"))
        time.sleep(0.5)  # the last one's lease
    assert outbox.counts() == {"sent": 40 * kills}
    counts = received(sink)
    assert len(counts) == 40 * kills
    assert sum(counts.values()) - len(counts) <= hurt
    print(f"{hurt} kills, {sum(counts.values()) - len(counts)} mails twice")
