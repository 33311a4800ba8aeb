"""Mails a second from a change to the server's answer, beside a bare smtplib loop that sends the same bytes to the same sink.

Ours finds who wants the change and which part of it, renders each of the messages once, queues them, claims each mail,
makes its bytes, and has the server's answer on disk before the same sender takes the next; the loop has the bytes in
memory and records nothing. The sink is aiosmtpd in a process of its own.
"""

import itertools
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import Figure
from benchmarks._timing import processes
from benchmarks.compare import CATALOGUE, change, snapshot
from tracker.changelog.render import Renderer
from tracker.delivery.audience import audience
from tracker.delivery.channel import Parcel
from tracker.delivery.deliver import Delivery
from tracker.delivery.mail import letter
from tracker.delivery.outbox import Outbox
from tracker.delivery.parallel import deliver_by
from tracker.delivery.smtp import SmtpChannel, SmtpSettings
from tracker.delivery.subscribers import Subscribers
from tracker.delivery.wish import read_wish
from tracker.settings import ChannelSettings
from tracker.store.database import Database

MAILS = 1_000
ROUNDS = 3
NOW = datetime(2026, 8, 19, 18, tzinfo=UTC)
WISHES: tuple[dict[str, object], ...] = (
    {},
    {"policies": ["AWSSupport*"], "level": "Write"},
    {"additions": True, "least": 40},
    {"watch": ["customer-data", "credentials", "exposure"]},
    {"kinds": ["updated"], "form": "attached"},
    {"services": ["ec2"]},
    {"services": ["s3", "s3tables", "glue"]},
    {"services": ["bedrock", "sagemaker"], "level": "Read"},
    {"form": "summary"},
    {"frequency": "watchlisted"},
)
SINK = """
import asyncio
from aiosmtpd.smtp import SMTP
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Sink(), hostname="sink"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def figures() -> tuple[Figure, ...]:
    """Seconds for a thousand mails, the best of the turns of each; megabytes for thirty times as many subscribers."""
    ours, theirs, kilobytes = [], [], 0
    with _sink() as port, tempfile.TemporaryDirectory() as folder:
        settings = SmtpSettings("127.0.0.1", port, "none", sender="t@example.org", operator="o@example.org")
        for turn in range(ROUNDS):
            mails = _bytes(Path(folder) / f"{turn}.db", settings)
            kilobytes = sum(len(data) for *_, data in mails) // len(mails) // 1000
            theirs.append(_bare(port, mails))
            ours.append(_ours(Path(folder) / f"{turn}-ours.db", settings))
    few, many = (
        [sys.executable, "-c", f"from benchmarks.delivery import remembered; remembered({people})"]
        for people in (100, 3_000)
    )
    small, large = processes([few, many], rounds=3)
    return (
        Figure(
            f"a change of 1,122 actions to {MAILS:,} subscribers of {len(WISHES)} filters: rendered, queued, sent, recorded "
            f"({kilobytes} KB a mail)",
            min(ours),
            "s",
            1.25,  # 0.8 of the rate
            "a bare smtplib loop with the same bytes",
            min(theirs),
        ),
        Figure(
            "memory of the same for 3,000 subscribers",
            large.megabytes,
            "MB",
            10,
            "for 100",
            small.megabytes,
            "extra",
        ),
    )


def remembered(people: int) -> None:
    """The whole way with a channel that takes everything, for a process whose memory is measured."""
    with tempfile.TemporaryDirectory() as folder:
        outbox = queued(Path(folder) / "tracker.db", people)
        done = deliver_by(2, outbox, _Taking, lambda: NOW, _names())
        assert done == Delivery(sent=people)


def queued(path: Path, people: int) -> Outbox:
    """The outbox after the change was published to so many subscribers."""
    subscribed(path, people)
    return _published(path)


def subscribed(path: Path, people: int) -> None:
    """So many subscribers, each of the wishes in turn."""
    subscribers = Subscribers(Database(path))
    wishes = [read_wish(one) for one in WISHES]
    with Database(path).held():
        for number in range(people):
            subscribers.put(f"n{number}@example.org", wishes[number % len(wishes)], NOW, f"{number:022}")


def _published(path: Path) -> Outbox:
    """As publishing.publish queues a change: what is told alike is rendered once."""
    database = Database(path)
    outbox, renderer = Outbox(database), Renderer(CATALOGUE)
    found = change(snapshot("v39"), snapshot("v59"))
    telling = [
        (renderer.message(group.part, None, group.form, group.note, group.mark), group.people)
        for group in audience(Subscribers(database).at_once(NOW), found)
    ]
    with database.transaction() as db:
        for message, people in telling:
            outbox.enqueue(db, message, people, NOW)
    return outbox


class _Taking:
    def send(self, parcel: Parcel) -> str:
        return "250 OK"

    def close(self) -> None:
        """Nothing is open."""


def _ours(path: Path, settings: SmtpSettings) -> float:
    subscribed(path, MAILS)
    start = time.perf_counter()
    outbox = _published(path)
    done = deliver_by(ChannelSettings().workers, outbox, lambda: SmtpChannel(settings), lambda: NOW, _names())
    taken = time.perf_counter() - start
    assert done == Delivery(sent=MAILS)
    return taken


def _bytes(path: Path, settings: SmtpSettings) -> list[tuple[str, str, bytes]]:
    """(sender, recipient, data) of each mail that ours is going to send."""
    outbox = queued(path, MAILS)
    with outbox.batch():
        claims = list(iter(lambda: outbox.claim("reader", NOW), None))
    letters = [letter(claim.parcel, settings) for claim in claims]
    assert len(letters) == MAILS
    return [(one.sender, one.recipient, one.data) for one in letters]


def _bare(port: int, mails: list[tuple[str, str, bytes]]) -> float:
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "localhost", timeout=30) as server:
        for sender, recipient, data in mails:
            server.sendmail(sender, [recipient], data)
    return time.perf_counter() - start


def _names() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"worker-{next(numbers)}"


@contextmanager
def _sink() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()
