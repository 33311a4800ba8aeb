"""Mails a second from the outbox, beside a bare smtplib loop that sends the same bytes to the same sink.

Ours renders each mail, claims it, and records the server's answer with an fsync before it takes the next, so that a
crash never costs more than one mail that comes twice; the loop has the bytes in memory and records nothing. That fsync
is most of the difference. The sink is aiosmtpd in a process of its own.
"""

import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import Figure
from tracker.delivery.deliver import Delivery, deliver
from tracker.delivery.mail import letter
from tracker.delivery.outbox import Outbox
from tracker.delivery.smtp import SmtpChannel, SmtpSettings
from tracker.delivery.subscribers import Subscribers
from tracker.model.message import Message
from tracker.store.database import Database

MAILS = 300
ROUNDS = 5
NOW = datetime(2026, 8, 19, 18, tzinfo=UTC)
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
    """Seconds for 300 mails of some 85 KB, the best of five turns each."""
    ours, theirs = [], []
    message = _message()
    with _sink() as port, tempfile.TemporaryDirectory() as folder:
        settings = SmtpSettings("127.0.0.1", port, "none", sender="t@example.org", operator="o@example.org")
        for turn in range(ROUNDS):
            outbox = _filled(Path(folder) / f"{turn}.db", message)
            mails = [
                letter(claim.parcel, settings)
                for claim in iter(lambda box=outbox: box.claim("reader", NOW), None)  # type: ignore[misc]
            ]
            assert len(mails) == MAILS
            assert 80_000 < len(mails[0].data) < 100_000, len(mails[0].data)
            theirs.append(_bare(port, [(mail.sender, mail.recipient, mail.data) for mail in mails]))
            ours.append(_ours(_filled(Path(folder) / f"{turn}-ours.db", message), settings))
    what = f"{MAILS} mails of {len(mails[0].data) // 1000} KB, rendered, sent and recorded"
    return (Figure(what, min(ours), "s", 2.5, "a bare smtplib loop with the same bytes", min(theirs)),)


def _ours(outbox: Outbox, settings: SmtpSettings) -> float:
    start = time.perf_counter()
    done = deliver(outbox, SmtpChannel(settings), lambda: NOW, "worker")
    taken = time.perf_counter() - start
    assert done == Delivery(sent=MAILS)
    return taken


def _bare(port: int, mails: list[tuple[str, str, bytes]]) -> float:
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "localhost", timeout=30) as server:
        for sender, recipient, data in mails:
            server.sendmail(sender, [recipient], data)
    return time.perf_counter() - start


def _filled(path: Path, message: Message) -> Outbox:
    database = Database(path)
    outbox, subscribers = Outbox(database), Subscribers(database)
    people = [
        subscribers.add(f"n{number}@example.org", ["*"], "instant", NOW, f"{number:040}")
        for number in range(MAILS)
    ]
    with database.transaction() as db:
        assert outbox.enqueue(db, message, people, NOW) == MAILS
    return outbox


def _message() -> Message:
    """About as large as a mail may be: 1,100 rows of text and HTML."""
    text = "".join(f"- service{number}:DescribeSomething{number}\n" for number in range(700))
    rows = "".join(f"<tr><td>service{number}</td><td>Describe{number}</td></tr>\n" for number in range(1_150))
    page = f"<!doctype html><html><body><table>{rows}</table></body></html>"
    return Message("benchmark", "arn", "Policy", "v1..v2", "AWS Support: +1,100 actions", text, page)


@contextmanager
def _sink() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()
