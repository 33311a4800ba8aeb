"""A change or a period made public: its changelog's files, its row in the index, its mails in the outbox."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from tracker.collaborators import Tracker
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.instants import stamp
from tracker.model.recorded import ChangeRow, step_name
from tracker.reading import Reading
from tracker.roles import topics

if TYPE_CHECKING:
    from tracker.delivery.subscription import Subscriber
    from tracker.model.change import Change, Period
    from tracker.model.message import Message

# Nothing can be done that could not be done before: the month's report names it, nobody is called for it.
QUIET = {Kind.REPUBLISHED}
NOBODY: frozenset[str] = frozenset()  # no round's findings are mailed


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: the changes, oldest first, and how many mails were queued for them."""

    changes: "tuple[Change, ...]" = ()
    queued: int = 0

    def __add__(self, other: "Published") -> "Published":
        return Published(self.changes + other.changes, self.queued + other.queued)


def publish(tracker: Tracker, arn: PolicyArn, telling: Collection[str], *, aside: bool = False) -> Published:
    """Compare, write and queue every transition of a policy that the index does not hold yet.

    `telling` are the rounds whose findings are mailed; what others found is recorded silently (a first look, an
    import, a folder that was pulled). Of a policy that nobody watches (`aside`) those alone hear who named it. A change's row and its mails are one transaction: what has a row has been queued.
    """
    from tracker.changes.identity import change_id

    reading = tracker.reading(arn)
    rows = tracker.archive.changes(arn)
    known = {row.id for row in rows if row.arn == arn}  # with its path learnt since, a change has other words
    steps = [(change_id(one), stem, one) for stem, one in _stems(reading.transitions())]
    new = [(stem, reading.change(one)) for identity, stem, one in steps if identity not in known]
    new += _unseen(tracker, reading, telling)
    for stem, change in new:
        write_change(tracker, stem, change)
    # Rendered before the transaction: nobody who wants to write waits for that.
    telling_whom = [
        told
        for stem, change in new
        if change.transition.run in telling and change.transition.kind not in QUIET
        for told in _at_once(tracker, change, link_to(tracker, arn, stem), aside)
    ]
    queued = 0
    with tracker.database.transaction() as db:
        tracker.archive.index(db, arn, reading.document)
        # A step that older history has taken apart since is no change any more.
        tracker.archive.forget_changes(db, {row.id for row in rows} - {identity for identity, _, _ in steps})
        for _, change in new:
            if change.transition.kind is not Kind.COMPARED:
                tracker.archive.record_change(db, change_row(change))
        for message, people in telling_whom:
            queued += tracker.outbox.enqueue(db, message, people, tracker.clock())
    return Published(tuple(change for _, change in new), queued)


def _at_once(
    tracker: Tracker, change: "Change", link: str | None, aside: bool
) -> "Iterator[tuple[Message, tuple[Subscriber, ...]]]":
    """What is told of a change at once, and to whom; what is told alike is rendered once."""
    from tracker.delivery.audience import audience

    people = tracker.subscribers.at_once(tracker.clock())
    if aside:
        people = tuple(one for one in people if one.names(change.policy.name))
    for group in audience(people, change):
        yield (
            tracker.renderer().message(group.part, link, group.form, group.note, group.mark),
            group.people,
        )


def send_last(tracker: Tracker, subscriber: "Subscriber", policies: Sequence[PolicyArn]) -> int:
    """Queue for a subscriber the newest change of each of these policies that it wants to hear of; how many."""
    wanted = [arn for arn in policies if subscriber.wants(arn.name)]
    queued = 0
    for reading in map(tracker.reading, wanted):
        telling = [step for step in _stems(reading.transitions()) if step[1].kind not in QUIET]
        if telling:
            stem, newest = telling[-1]
            message = tracker.renderer().message(reading.change(newest), link_to(tracker, reading.arn, stem))
            with tracker.database.transaction() as db:
                queued += tracker.outbox.enqueue(db, message, [subscriber], tracker.clock())
    return queued


def write_change(tracker: Tracker, stem: str, change: "Change") -> None:
    """`changelogs/<PolicyName>/<from>-<to>.{md,html,json}`."""
    renderer = tracker.renderer()
    texts = {"md": renderer.markdown(change), "html": renderer.html(change), "json": renderer.json(change)}
    tracker.changelogs.write(tracker.changelogs.of(change.policy), stem, texts)


def publish_period(tracker: Tracker, period: "Period", stem: str, key: str) -> Published:
    """Write a period's changelog, once for each (policy, key) whoever else tries. Who is mailed it: digests.py."""
    renderer = tracker.renderer()
    texts = {
        "md": renderer.period_markdown(period),
        "html": renderer.period_html(period),
        "json": renderer.period_json(period),
    }
    tracker.changelogs.write(tracker.changelogs.of(period.policy), stem, texts)
    if not tracker.archive.report_once(str(period.policy), key, period.since, period.until, tracker.clock()):
        return Published()
    write_index(tracker)
    return Published(period.transitions)


def publish_periods(
    tracker: Tracker, partition: str, periods: "Sequence[Period]", stem: str, key: str
) -> Published:
    """Write one changelog of a stretch of time for all policies of a partition, once whoever else tries."""
    first, *others = periods
    renderer = tracker.renderer()
    texts = {
        "md": renderer.period_markdown(first, *others),
        "html": renderer.period_html(first, *others),
        "json": renderer.period_json(first, *others),
    }
    tracker.changelogs.write(tracker.changelogs.of_all(partition), stem, texts)
    whose = str(PolicyArn(partition, "*"))
    if not tracker.archive.report_once(whose, key, first.since, first.until, tracker.clock()):
        return Published()
    write_index(tracker)
    return Published(tuple(change for period in periods for change in period.transitions))


def publish_baseline(
    tracker: Tracker, looked_at: Sequence[PolicyArn], aside: Collection[PolicyArn] = ()
) -> int:
    """Queue the one mail that follows a first look: what is watched from now on; how many subscribers get it."""
    from tracker.changelog.baseline import Baseline
    from tracker.policy.granted import granted

    policies = [arn for arn in looked_at if arn not in aside]
    people = [
        one
        for one in tracker.subscribers.list()
        if one.state == "active" and any(one.wants(name) for arn in policies for name in topics(tracker, arn))
    ]
    seen = []
    for reading in map(tracker.reading, policies if people else ()):
        default = reading.observations[-1].identity
        if default is not None:
            allowed = granted(reading.document(default), tracker.catalogue())
            actions = sum(map(len, allowed.values()))
            found = reading.attention()
            seen.append(Baseline(reading.arn, *default, tracker.clock(), len(allowed), actions, found))
    if not seen:
        return 0
    message = tracker.renderer().baseline_message(seen, link_to(tracker))
    with tracker.database.transaction() as db:
        return tracker.outbox.enqueue(db, message, people, tracker.clock())


def write_index(tracker: Tracker) -> None:
    """`changelogs/index.html`: every changelog that was written, newest first. Of history that was imported none was."""
    rows = tracker.archive.changes()
    files = _files(tracker, rows)
    periods = {arn: tracker.changelogs.periods(arn) for arn in sorted({row.arn for row in rows})}
    page = tracker.renderer().index_html([row for row in rows if row.id in files], files, periods)
    tracker.changelogs.write(tracker.changelogs.folder, "index", {"html": page})


def _files(tracker: Tracker, rows: Iterable[ChangeRow]) -> dict[str, str]:
    """Change id -> path of its changelog without suffix, of those that were written; `rows` are oldest first."""
    written: dict[PolicyArn, frozenset[str]] = {}
    taken: Counter[tuple[PolicyArn, str]] = Counter()
    files: dict[str, str] = {}
    for row in rows:
        if row.arn not in written:
            written[row.arn] = tracker.changelogs.stems(row.arn)
        stem = row.step
        taken[row.arn, stem] += 1
        if taken[row.arn, stem] > 1:
            stem = f"{stem}_{stamp(row.observed_at)}"
        if stem in written[row.arn]:
            files[row.id] = f"{tracker.changelogs.of(row.arn).name}/{stem}"
    return files


def link_to(tracker: Tracker, arn: PolicyArn | None = None, stem: str = "index") -> str | None:
    """Where a page can be read, if a base URL is set: the folder changelogs/ is what is served there."""
    if not tracker.link:
        return None
    folder = f"{quote(tracker.changelogs.of(arn).name)}/" if arn else ""
    return f"{tracker.link.rstrip('/')}/{folder}{quote(stem)}.html"


def change_row(change: "Change") -> ChangeRow:
    """What the index holds of a change: as much as a log prints."""
    from tracker.changelog.headline import headline
    from tracker.changelog.record import summary_record

    transition = change.transition
    return ChangeRow(
        id=change.id,
        arn=change.policy,
        name=change.policy.name,
        kind=change.kind,
        observed_at=transition.observed_at,
        from_version=transition.before.version if transition.before else None,
        to_version=transition.after.version if transition.after else None,
        severity=change.severity,
        headline=headline(change),
        summary=summary_record(change),
        run=transition.run,
    )


def stem_of_period(since: datetime, planned: datetime) -> str:
    """The month that a report is about, which is the last one of several; of a shorter period the day of the report.

    `planned` is the hour at which the report was due: on the first of January it is about December.
    """
    if planned - since < timedelta(days=20):
        return f"{planned:%Y-%m-%d}"
    return f"{planned - timedelta(days=15):%Y-%m}"


def _stems(transitions: Iterable[Transition]) -> Iterator[tuple[str, Transition]]:
    """A file name for each transition: `v19-v20`, and where the same step is taken again its instant with it."""
    taken: Counter[str] = Counter()
    for one in transitions:
        stem = step_name(one.kind, *(end.version if end else None for end in (one.before, one.after)))
        taken[stem] += 1
        yield (stem if taken[stem] == 1 else f"{stem}_{stamp(one.observed_at)}"), one


def _unseen(tracker: Tracker, reading: Reading, telling: Collection[str]) -> "list[tuple[str, Change]]":
    """Versions that AWS made and that nobody saw in force, where the default is still what it was before them.

    The next change of the default names them too; until it comes, this is the only word of a v20 that came and went.
    """
    last = reading.observations[-1].identity if reading.observations else None
    if last is None or not telling:
        return []
    run = max(telling)  # one: only a look of this moment knows that the default has not moved
    defaults = {observation.identity for observation in reading.observations}
    new = reading.archived - tracker.archive.indexed(reading.arn) - defaults
    later = sorted(one for one in new if one[0] > last[0] and one[1] > last[1])
    return [
        (f"{last[0]}-{one[0]}_never-in-force", reading.compared(last, one, tracker.clock(), run))
        for one in later
    ]
