"""What the tests of delivery share: a database, a message, a clock that stands until it is moved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.smtp_sink import Sink
from tracker.delivery.channel import Parcel
from tracker.delivery.outbox import Outbox
from tracker.delivery.smtp import SmtpSettings
from tracker.delivery.subscribers import Subscribers
from tracker.model.message import Attachment, Message
from tracker.store.database import Database

NOW = datetime(2026, 8, 19, 18, 0, tzinfo=UTC)
ARN = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"
MESSAGE = Message(
    changelog="8d7c5f0e",
    thread=ARN,
    policy="AWSSupportServiceRolePolicy",
    versions="v57..v59",
    subject="AWS Support can now pull any container image (+364 actions, v57 to v59)",
    text="AWS Support can now call 364 more actions in 31 services.\n",
    html="<!doctype html>\n<html><body><p>AWS Support can now call 364 more actions.</p></body></html>\n",
    attachments=(Attachment("v57-v59.md", "text/markdown", "# AWSSupportServiceRolePolicy\n"),),
)


def message(changelog: str = "8d7c5f0e", **changed: Any) -> Message:
    """MESSAGE under another id."""
    return replace(MESSAGE, changelog=changelog, **changed)


def parcel(recipient: str = "anna@example.org", token: str = "t0ken", **changed: Any) -> Parcel:
    """One mail of MESSAGE."""
    return Parcel(message(**changed), recipient, NOW, token)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **much: float) -> None:
        """Move it on, by the arguments of timedelta."""
        self.now += timedelta(**much)


@dataclass
class FakeChannel:
    """A channel that takes everything, but for recipients it was given an error for."""

    answers: dict[str, list[Exception]] = field(
        default_factory=dict
    )  # by recipient, one a try; then it takes
    always: dict[str, Exception] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)  # (recipient, changelog)
    parcels: list[Parcel] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    closed: int = 0
    before: Callable[[Parcel], None] = lambda _: None

    def send(self, parcel: Parcel) -> str:
        """Take it, or raise what was planned."""
        self.tried.append(parcel.recipient)
        self.before(parcel)
        if self.answers.get(parcel.recipient):
            raise self.answers[parcel.recipient].pop(0)
        if parcel.recipient in self.always:
            raise self.always[parcel.recipient]
        self.sent.append((parcel.recipient, parcel.message.changelog))
        self.parcels.append(parcel)
        return f"250 OK {len(self.sent)}"

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "tracker.db")


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def subscribers(database: Database) -> Subscribers:
    return Subscribers(database)


@pytest.fixture
def queue(
    database: Database, outbox: Outbox, subscribers: Subscribers, clock: Clock
) -> Callable[..., list[str]]:
    """Queue MESSAGE, or others by id, for some addresses that are subscribed on the way."""

    def queued(*names: str, changelogs: tuple[str, ...] = ("8d7c5f0e",)) -> list[str]:
        addresses = [name if "@" in name else f"{name}@example.org" for name in names]
        known = {one.address for one in subscribers.list()}
        for address in addresses:
            if address not in known:
                subscribers.add(address, ["*"], "instant", clock(), f"token-of-{address}")
        people = [subscribers.get(address) for address in addresses]
        for changelog in changelogs:
            with database.transaction() as db:
                outbox.enqueue(db, message(changelog), people, clock())
        return addresses

    return queued


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


def plain(port: int, **changed: Any) -> SmtpSettings:
    """Settings for a server on loopback without TLS."""
    settings = SmtpSettings(
        host="127.0.0.1",
        port=port,
        security="none",
        timeout_s=2,
        sender="Policy tracker <policy-tracker@example.org>",
        operator="operator@example.org",
    )
    return replace(settings, **changed)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
