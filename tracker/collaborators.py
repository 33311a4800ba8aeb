"""What the service works with, handed to it by bootstrap.py. Dear ones are made when first asked for."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive.archive import Archive
from tracker.archive.changelogs import Changelogs
from tracker.delivery.channel import Channel
from tracker.delivery.outbox import Outbox
from tracker.delivery.subscribers import Subscribers
from tracker.errors import SetupError
from tracker.model.catalogue import Catalogue
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.rules import Rules
from tracker.reading import Reading
from tracker.schedule import Schedule
from tracker.sources.source import RoleSource, Source
from tracker.store.counts import AwsCalls, count_calls
from tracker.store.database import Database

if TYPE_CHECKING:
    from tracker.changelog.render import Renderer
    from tracker.model.trail import Events


@dataclass(frozen=True, slots=True)
class Plan:
    """When to look and when to report, always UTC."""

    look: Schedule
    report: Schedule


@dataclass(frozen=True, slots=True)
class Tracker:
    """One tracker: a folder, a source, and what it takes to compare, render and deliver."""

    home: Path
    policies: tuple[str, ...]  # names or ARNs, as the settings give them
    partition: str  # of a policy that is given by name
    plan: Plan
    database: Database
    archive: Archive
    changelogs: Changelogs
    subscribers: Subscribers
    outbox: Outbox
    operator: str  # the operator's address, or empty
    link: str | None  # the base URL of the pages, if there are any
    source: Source
    channel: Callable[[], Channel]  # what carries messages, all channels of it; a new one at each call
    catalogue: Callable[[], Catalogue]
    rules: Callable[[], Rules]
    renderer: "Callable[[], Renderer]"
    lock_wait_s: float  # how long a round waits for another to end
    clock: Callable[[], datetime]  # aware, UTC
    new_id: Callable[[], str]  # of a run or a worker: never the same twice
    workers: int = 1  # how many send at once
    keep: timedelta = timedelta(days=400)  # how long the outbox keeps what is done with
    pace: Callable[[str], None] = lambda _: None  # called with a channel before each message; may wait
    partitions: tuple[str, ...] = ("aws",)  # that a listing of everything is made in
    parallel: int = 1  # how many policies are looked at at once
    remind: bool = True  # name what nobody has signed for in monthly mails and on the home page
    holders: "Callable[[Tracker, PolicyArn], tuple[str, ...]]" = (
        lambda tracker, arn: ()
    )  # the tracked roles that a policy is attached to
    roles: tuple[str, ...] = ()  # names of roles that are watched with what is attached to them
    role_source: RoleSource | None = None  # where a role's state comes from; None: none is looked at
    events: "Callable[[], Events] | None" = None  # CloudTrail's, for queries about what a role has used
    accounts: Callable[[], Mapping[str, Sequence[str]]] = dict  # what other accounts say is attached there
    calls: AwsCalls = field(
        default_factory=AwsCalls
    )  # what the sources asked AWS; each round writes it down when it ends

    def keep_calls(self) -> None:
        """Write down what AWS was asked outside a round, where there is a database."""
        if self.database.exists:
            with self.database.writing() as connection:
                count_calls(connection, self.calls.take())

    def reading(self, arn: PolicyArn) -> Reading:
        """The past of one policy, from its files; where the index is behind them, what it would save is done again."""
        try:
            rows = self.archive.changes(arn)
        except SetupError:
            rows = ()
        archived = self.archive.known(arn).archived
        ids: Counter[VersionId | None] = Counter(version for version, _ in archived)
        kinds = {
            (row.from_version, row.to_version): Kind(row.kind)
            for row in rows
            if ids[row.from_version] < 2 and ids[row.to_version] < 2  # made again, two versions share one id
        }
        return Reading(
            arn=arn,
            observations=self.archive.observations(arn),
            looks=self.archive.looks(arn),
            archived=archived,
            fetch=lambda identity: self.archive.snapshot(arn, *identity),
            catalogue=self.catalogue,
            rules=self.rules,
            today=self.clock().date(),
            kinds=kinds,
            upgrades=self.archive.catalogues.upgrades(),
            roles=lambda: self.holders(self, arn),
            events=self.events,
        )
