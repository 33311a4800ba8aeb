"""The whole story in order: look, keep, compare, write, queue, deliver. `check` is all of it.

On disk: a run's row, the snapshot's file, the timeline's line, the changelog's files, then one transaction for the
index, the changes and their mails. A process may be killed anywhere: the next round completes what it left.
Shells call this module; what it needs is handed to it as a Tracker, which bootstrap.py makes.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive.lock import round_lock
from tracker.archive.rescue import bring_back
from tracker.archive.runs import RunKind
from tracker.archive.signoffs import Signoffs
from tracker.collaborators import Tracker
from tracker.context import RUN, one_piece
from tracker.delivery.clock import set_right
from tracker.delivery.housekeeping import purge_daily
from tracker.delivery.parallel import deliver_by as send
from tracker.digests import send_digests
from tracker.due import looks_due, remember_listed, report, report_all
from tracker.errors import InputError, PermissionDeniedError, TrackerError
from tracker.first_looks import FirstLooks
from tracker.growing import growth_now, note_catalogue
from tracker.model.identity import PolicyArn, split_partition
from tracker.model.instants import iso
from tracker.model.recorded import RunRow
from tracker.model.rounds import Delivery, Round
from tracker.model.watch import Watch, watching
from tracker.publishing import (
    NOBODY,
    Published,
    change_row,
    publish,
    publish_baseline,
    write_index,
)
from tracker.recording import Begun, observation, record
from tracker.roles import (
    archived_role,
    attached_denied,
    attached_read,
    hanging,
    look_at_roles,
    with_attached,
)
from tracker.sources.parallel import answers
from tracker.store.counts import count_calls
from tracker.survey import failure, survey
from tracker.watched import is_watched, watched

if TYPE_CHECKING:
    from tracker.archive.rebuild import Rebuilt
    from tracker.importing.bring import Progress
    from tracker.model.change import Change, Period
    from tracker.model.imported import Imported
    from tracker.sources.history import Selection

log = logging.getLogger(__name__)


@one_piece()
def check(
    tracker: Tracker,
    policies: Sequence[PolicyArn] | Watch,
    *,
    still: Callable[[Watch], Watch] = lambda watch: watch,
    one_off: bool = False,
) -> Round:
    """Ask AWS for each policy's current default version and tell what it newly allows: the main job, whole.

    Fetches the default (one call where nothing happened; of all policies one listing), stores every new version as a
    snapshot and every move of the default as an observation, computes the newly added services and actions with
    DeepDiff, writes the Markdown, HTML and JSON changelogs, queues a mail for each team that subscribed, and sends what
    is due. The first look at a policy is silent: nobody is mailed about the past. Where the look is `one_off`, typed by
    a person, of a policy that the settings do not watch only those hear who named it: nobody watches it from now on.

    A policy that can't be read is in the round's `failed` and stops no other. `still` is asked once the lock is held: a
    round that was waited for may have made this one needless. Raises LockedError where another round does not end,
    SetupError where the folder or the database can't be used.
    """
    told, stale = Published(), []
    with _round(tracker, "check") as begun:
        run, start, firsts = begun.run, begun.start, FirstLooks(tracker, begun.run)
        watch = still(watching(policies))
        roles = look_at_roles(tracker, watch.roles)
        asked = survey(tracker, with_attached(watch, roles.attached))
        failed, baseline = asked.failed, asked.first
        watching_all = is_watched(tracker) if one_off else lambda _: True
        aside = frozenset(arn for arn in asked.policies if not watching_all(arn)) - roles.attached
        told += note_catalogue(tracker, run, start, begun.telling, asked.policies - aside)
        asked.policies |= {now.arn for _, now in roles.seen} | {one.policy for one in roles.failed}
        hung = roles.attached - {*watch.named}  # looked at for that alone
        failed += roles.failed
        for role, now in roles.seen:
            told += record(tracker, role, now, begun, baseline, failed)
        for one, answer in answers(tracker.source, asked.asks, tracker.parallel, firsts.prepare):
            if one.arn in hung and isinstance(answer, PermissionDeniedError):
                attached_denied(tracker, one.arn, answer, roles)
                asked.policies.discard(one.arn)
                continue
            if isinstance(answer, TrackerError):
                log.warning(
                    "policy not read", extra={"policy": one.arn.name, "run": run, "error": str(answer)}
                )
                failed.append(failure(one.arn, answer))
                continue
            if one.arn in hung:
                attached_read(tracker, one.arn)
            if firsts.take(one):
                baseline.append(one.arn)
                continue
            told += record(tracker, one, answer, begun, baseline, failed, aside=one.arn in aside)
            if answer.stale:
                stale.append(one.arn)
        firsts.write()
        if told.changes:
            write_index(tracker)
        queued = told.queued + (publish_baseline(tracker, baseline, aside) if baseline else 0)
        end = tracker.clock()
        for look, partition in asked.looks(run, start, end, failed):
            tracker.archive.record_look(look, partition)
            remember_listed(tracker, watch, look, partition)
    delivered = deliver(tracker)
    return Round(
        run=run,
        start=start,
        end=end,
        checked=tuple(sorted(asked.policies - {one.policy for one in failed})),
        changes=told.changes,
        failed=tuple(failed),
        baseline=tuple(sorted(baseline)),
        stale=tuple(sorted(stale)),
        queued=queued,
        delivered=delivered,
        aside=tuple(sorted(aside)),
        notes=tuple(roles.notes),
    )


def preview(tracker: Tracker, policies: Sequence[PolicyArn] | Watch) -> Round:
    """What `check` would find now, with nothing written and nobody mailed."""
    from tracker.changes.identity import change_id

    changes: list[Change] = []
    start, watch = tracker.clock(), watching(policies)
    roles = look_at_roles(tracker, watch.roles, dry=True)
    asked = survey(tracker, with_attached(watch, roles.attached), dry=True)
    asked.policies |= {now.arn for _, now in roles.seen}
    hung = roles.attached - {*watch.named}  # looked at for that alone
    asked.failed += roles.failed
    changes += growth_now(tracker, start, asked.policies)
    for one, answer in chain(roles.seen, answers(tracker.source, asked.asks, tracker.parallel)):
        if one.arn in hung and isinstance(answer, PermissionDeniedError):
            attached_denied(tracker, one.arn, answer, roles, dry=True)
            asked.policies.discard(one.arn)
            continue
        if isinstance(answer, TrackerError):
            asked.failed.append(failure(one.arn, answer))
            continue
        reading = tracker.reading(answer.arn)
        moved = observation(answer, one.known, "dry-run", tracker.clock())
        before = {change_id(each) for each in reading.transitions()}
        after = reading.with_more(moved, answer.snapshots)
        changes += [after.change(each) for each in after.transitions() if change_id(each) not in before]
    return Round(
        run="dry-run",
        start=start,
        end=tracker.clock(),
        checked=tuple(sorted(asked.policies - {one.policy for one in asked.failed})),
        changes=tuple(changes),
        failed=tuple(asked.failed),
        dry=True,
        notes=tuple(roles.notes),
    )


@dataclass(frozen=True, slots=True)
class Due:
    """What was due and done at one tick, and when the next things are."""

    look: Round | None  # None: no look was due
    reports: tuple[PolicyArn, ...]  # policies whose report was made now
    delivered: Delivery
    next_look: datetime
    next_report: datetime


@one_piece()
def run_due(
    tracker: Tracker,
    policies: Sequence[PolicyArn] | Watch,
    looking: Callable[[], None] = lambda: None,
) -> Due:
    """Look where a look is due, report where a report is due, deliver what waits. Cron and the daemon call this.

    What is due is told by the archive's own lines (when a policy was last looked at, which report was made), never by
    a timer: after three months without power it looks once and reports once, and two processes at once do it once.
    `looking` is called where a look is due, before it is made.
    """
    watch = watching(policies)
    due = looks_due(tracker, watch)
    look = None
    if due:
        looking()
        look = check(tracker, due, still=lambda asked: looks_due(tracker, asked))
    if look is not None and not (look.checked or look.failed):
        look = None  # another process made it while this one waited
    reports = tuple(arn for arn in _reported(tracker, watch) if report(tracker, arn))
    reports += tuple(PolicyArn(each, "*") for each in watch.partitions if report_all(tracker, watch, each))
    send_digests(tracker, lambda: watched(tracker, watch))
    delivered = deliver(tracker)
    now = tracker.clock()
    if look is not None:
        delivered = look.delivered + delivered
        purge_daily(tracker.database, tracker.keep, now)
    return Due(look, reports, delivered, tracker.plan.look.next(now), tracker.plan.report.next(now))


def _reported(tracker: Tracker, watch: Watch) -> tuple[PolicyArn, ...]:
    """Of which policies and roles there is a report of their own: those named, the roles, and what hangs on these."""
    roles = [arn for name in watch.roles if (arn := archived_role(tracker, name))]
    return (*with_attached(watch, hanging(tracker, watch.roles)).named, *roles)


def changes_of(tracker: Tracker, arn: PolicyArn) -> "tuple[Change, ...]":
    """Every change of a policy, oldest first, compared anew from its snapshots."""
    return tracker.reading(arn).changes()


def period_of(tracker: Tracker, arn: PolicyArn, since: datetime, until: datetime) -> "Period":
    """What a stretch of time did to a policy: [since, until), the net change, the transitions, what came and went."""
    return tracker.reading(arn).period(since, until)


def deliver(tracker: Tracker) -> Delivery:
    """Send what waits in the outbox and is due, whoever put it there. Where nothing is due no server is asked."""
    if set_right(tracker.database, tracker.clock()):
        log.warning("the clock was ahead: what waits for a time that it drew is due now")
    if not tracker.outbox.due(tracker.clock()):
        return Delivery()
    return send(
        tracker.workers,
        tracker.outbox,
        tracker.channel,
        tracker.clock,
        tracker.new_id,
        operator=tracker.operator,
        pace=tracker.pace,
    )


@one_piece()
def reindex(tracker: Tracker) -> "Rebuilt":
    """Make the index again from the files alone; subscribers, outbox and runs are left as they are."""
    with _round(tracker, "reindex"):
        return tracker.archive.rebuild(
            lambda arn: [change_row(change) for change in changes_of(tracker, arn)]
        )


@one_piece()
def record_history(tracker: Tracker) -> int:
    """Write and index history that was brought into the folder, silently; how many changes the archive holds."""
    with _round(tracker, "import"):
        return len(tracker.archive.changes())


@one_piece()
def import_history(
    tracker: Tracker,
    path: Path,
    selection: "Selection",
    *,
    partition: str = "",
    progress: "Progress" = lambda done, of: None,
    batch: int = 128,
) -> "Imported":
    """Bring in history from elsewhere, silently: a git archive or bundle, answers of get-policy-version, another tracker.

    Doing it again changes nothing, and completes one that was cut off. Nobody is mailed about the past, and no changelog
    is written of it: `changelog` tells it when asked. `batch` is how many policies are written together. Raises InputError
    for what can't be read, LockedError, SetupError.
    """
    from tracker.importing.bring import bring_history, naming, opened
    from tracker.sources.history import unpacked

    with unpacked(path) as place:
        history = opened(place, str(path), selection)
        with _round(tracker, "import") as begun:
            arn_of = naming(tracker, partition or tracker.partition)
            return bring_history(tracker, history, begun.run, begun.start, arn_of, progress, batch)


def resolve(tracker: Tracker, names: Sequence[str]) -> tuple[PolicyArn, ...]:
    """The policies of names or ARNs: from the archive, else by asking the source. Raises UnknownPolicyError, ..."""
    return tuple(dict.fromkeys(_resolve(tracker, name) for name in names))


def _resolve(tracker: Tracker, name: str) -> PolicyArn:
    if name.startswith("arn:"):
        try:
            return PolicyArn.parse(name)
        except ValueError as error:
            raise InputError(str(error)) from error
    if (found := tracker.archive.find(name, tracker.partition)) is not None:
        return found
    partition, name = split_partition(name, tracker.partition)
    return tracker.source.find(name, partition)


@contextmanager
def _round(tracker: Tracker, kind: RunKind) -> Iterator[Begun]:
    """One round at a time: the lock, what others left, and this round's row from its start to its end.

    A round that leaves a policy unpublished stays open: a later one completes it, mails and all.
    """
    if not tracker.database.exists and any(tracker.archive.root.glob("*/looks.jsonl")):
        log.warning("tracker.db is gone and made anew; subscribers were in it alone: add them again")
    with round_lock(tracker.home, tracker.lock_wait_s), tracker.database.held():
        cut_off = tracker.archive.open_runs()
        if cut_off and kind != "reindex":
            bring_back(tracker.archive.root, tracker.database, tracker.archive.behind())
        still_open = _recover(tracker, cut_off)
        run = tracker.new_id()
        RUN.set(run)
        begun = Begun(run, tracker.clock(), still_open | {run})
        tracker.archive.start_run(begun.run, kind, begun.start)
        if not cut_off and kind != "reindex":
            _catch_up(tracker)
        yield begun
        with tracker.database.writing() as connection:
            count_calls(connection, tracker.calls.take())
            if not begun.left:
                tracker.archive.finish_run(begun.run, tracker.clock(), "done", connection)


def _recover(tracker: Tracker, cut_off: Sequence[RunRow]) -> frozenset[str]:
    """Complete what earlier rounds left on a timeline and did not publish; the checks that can't be completed yet.

    A snapshot without a line waits for the next look: only AWS can say whether it is in force. A policy whose files are
    damaged waits for their repair, and its round with it; the others go on.
    """
    still_open = set()
    for run in cut_off:
        log.warning("a round was cut off; completing it", extra={"run": run.id, "started": iso(run.started)})
        whole = True
        if run.kind == "import":  # what it had written is indexed, but for the batch that it was at
            for arn in tracker.archive.behind():
                whole = _published(tracker, arn, NOBODY) and whole
        for arn in tracker.archive.policies() if run.kind == "check" else ():
            first = tracker.archive.last_look(arn) is None
            telling = {run.id} if not first else NOBODY
            whole = _published(tracker, arn, telling, only=run.id) and whole
        if not whole:
            still_open.add(run.id)
    if cut_off:
        write_index(tracker)
    for run in cut_off:
        if run.id not in still_open:
            tracker.archive.finish_run(run.id, tracker.clock(), "completed by a later round")
    return frozenset(run.id for run in cut_off if run.id in still_open and run.kind == "check")


def _catch_up(tracker: Tracker) -> None:
    """Index silently what came into the folder by another way: a git pull, a copy, a database that was deleted."""
    behind = tracker.archive.behind()
    bring_back(tracker.archive.root, tracker.database, behind)
    for arn in behind:
        _published(tracker, arn, NOBODY)
    if behind:
        write_index(tracker)
    Signoffs(tracker.home, tracker.database).index()


def _published(tracker: Tracker, arn: PolicyArn, telling: Collection[str], only: str = "") -> bool:
    """Publish a policy, with `only` where that round wrote to its timeline; False where its files don't allow it."""
    try:
        if not only or _touched(tracker, arn, only):
            publish(tracker, arn, telling)
    except InputError as error:
        log.warning("%s; %s", error, error.advice)
        return False
    return True


def _touched(tracker: Tracker, arn: PolicyArn, run: str) -> bool:
    """Whether a round wrote to a policy's timeline, or a new catalogue down that moves what its wildcards reach."""
    written = any(one.run == run for one in tracker.archive.observations(arn))
    return written or any(one.run == run for one in tracker.reading(arn).growths())
