"""The whole story in order: look, keep, compare, write, queue, deliver. `check` is all of it.

On disk: a run's row, the snapshot's file, the timeline's line, the changelog's files, then one transaction for the
index, the changes and their mails. A process may be killed anywhere: the next round completes what it left.
Shells call this module; what it needs is handed to it as a Tracker, which bootstrap.py makes.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive.lock import round_lock
from tracker.archive.runs import RunKind
from tracker.collaborators import Tracker
from tracker.delivery.deliver import Delivery
from tracker.delivery.parallel import deliver_by as send
from tracker.delivery.subscribers import Subscriber
from tracker.digests import send_digests
from tracker.errors import InputError, TrackerError, UnknownPolicyError
from tracker.model.asking import Answer, Known
from tracker.model.history import Look, Observation
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.model.rounds import Failure, Round
from tracker.publishing import (
    NOBODY,
    QUIET,
    Published,
    change_row,
    publish,
    publish_baseline,
    publish_period,
    stem_of_period,
    write_index,
)

if TYPE_CHECKING:
    from tracker.archive.rebuild import Rebuilt
    from tracker.importing.bring import Progress
    from tracker.model.change import Change, Period
    from tracker.model.imported import Imported
    from tracker.sources.history import Selection

log = logging.getLogger(__name__)

# After a look that failed, due work waits this long: a machine without a network must not ask every minute.
RETRY_AFTER = timedelta(minutes=15)


def check(
    tracker: Tracker, policies: Sequence[PolicyArn], *, still: Callable[[PolicyArn], bool] = lambda _: True
) -> Round:
    """Ask AWS for each policy's current default version and tell what it newly allows: the main job, whole.

    Fetches the default (one call where nothing happened), stores every new version as a snapshot and every move of
    the default as an observation, computes the newly added services and actions with DeepDiff, writes the Markdown,
    HTML and JSON changelogs, queues a mail for each team that subscribed, and sends what is due. The first look at a
    policy is silent: nobody is mailed about the past.

    A policy that can't be read is in the round's `failed` and stops no other. `still` is asked once the lock is held: a
    round that was waited for may have made this one needless. Raises LockedError where another round does not end,
    SetupError where the folder or the database can't be used.
    """
    told, checked, failed, baseline, stale = Published(), [], [], [], []
    with _round(tracker, "check") as (run, start):
        policies = [arn for arn in policies if still(arn)]
        for arn in policies:
            first = tracker.archive.last_look(arn) is None
            known = tracker.archive.known(arn)
            try:
                answer = tracker.source.look(arn, known)
            except TrackerError as error:
                log.warning("policy not read", extra={"policy": arn.name, "run": run, "error": str(error)})
                failed.append(Failure(arn, str(error), error.advice, error.exit_code))
                continue
            tracker.archive.keep_many(answer.snapshots)
            moved = observation(answer, known, run, tracker.clock())
            if moved is not None:
                tracker.archive.observe(arn, moved)
            if moved is not None or not _indexed(tracker, known, answer):
                told += publish(tracker, arn, {run} if not first else NOBODY)
            checked.append(arn)
            if first:
                baseline.append(arn)
            if answer.stale:
                stale.append(arn)
        queued = told.queued + (publish_baseline(tracker, baseline) if baseline else 0)
        end = tracker.clock()
        asked = tuple(sorted(map(str, policies)))
        if asked:
            tracker.archive.record_look(
                Look(run, start, end, asked, tuple(sorted(str(one.policy) for one in failed)))
            )
    deliver(tracker)
    return Round(
        run=run,
        start=start,
        end=end,
        checked=tuple(sorted(checked)),
        changes=told.changes,
        failed=tuple(failed),
        baseline=tuple(sorted(baseline)),
        stale=tuple(sorted(stale)),
        queued=queued,
    )


def observation(answer: Answer, known: Known, run: str, now: datetime) -> Observation | None:
    """What to write on the timeline: nothing where the default is what it was."""
    if answer.stale or (known.seen and answer.default == known.default):
        return None
    version, create_date = answer.default or (None, None)
    return Observation(now, version, create_date, source="iam", run=run, basis="look")


def _indexed(tracker: Tracker, known: Known, answer: Answer) -> bool:
    """Whether the index has every archived version, those of this answer and of a round that was killed included."""
    return known.archived | {one.identity for one in answer.snapshots} == tracker.archive.indexed(answer.arn)


def preview(tracker: Tracker, policies: Sequence[PolicyArn]) -> Round:
    """What `check` would find now, with nothing written and nobody mailed."""
    from tracker.changes.identity import change_id

    start, changes, checked, failed = tracker.clock(), [], [], []
    for arn in policies:
        known, reading = tracker.archive.known(arn), tracker.reading(arn)
        try:
            answer = tracker.source.look(arn, known)
        except TrackerError as error:
            failed.append(Failure(arn, str(error), error.advice, error.exit_code))
            continue
        moved = observation(answer, known, "dry-run", tracker.clock())
        before = {change_id(one) for one in reading.transitions()}
        after = reading.with_more(moved, answer.snapshots)
        changes += [after.change(one) for one in after.transitions() if change_id(one) not in before]
        checked.append(arn)
    return Round(
        run="dry-run",
        start=start,
        end=tracker.clock(),
        checked=tuple(sorted(checked)),
        changes=tuple(changes),
        failed=tuple(failed),
        dry=True,
    )


@dataclass(frozen=True, slots=True)
class Due:
    """What was due and done at one tick, and when the next things are."""

    look: Round | None  # None: no look was due
    reports: tuple[PolicyArn, ...]  # policies whose report was made now
    delivered: Delivery
    next_look: datetime
    next_report: datetime


def run_due(tracker: Tracker, policies: Sequence[PolicyArn]) -> Due:
    """Look where a look is due, report where a report is due, deliver what waits. Cron and the daemon call this.

    What is due is told by the archive's own lines (when a policy was last looked at, which report was made), never by
    a timer: after three months without power it looks once and reports once, and two processes at once do it once.
    """
    due = [arn for arn in policies if _look_is_due(tracker, arn)]
    look = check(tracker, due, still=lambda arn: _look_is_due(tracker, arn)) if due else None
    if look is not None and not (look.checked or look.failed):
        look = None  # another process made it while this one waited
    reports = tuple(arn for arn in policies if _report(tracker, arn))
    send_digests(tracker, policies)
    delivered = deliver(tracker)
    now = tracker.clock()
    return Due(look, reports, delivered, tracker.plan.look.next(now), tracker.plan.report.next(now))


def _look_is_due(tracker: Tracker, arn: PolicyArn) -> bool:
    """True where no look has read the policy since the last time that one was planned, nor tried just now."""
    now = tracker.clock()
    planned = max(tracker.plan.look.previous(now), tracker.plan.report.previous(now))
    last = tracker.archive.last_look(arn)
    if last is not None and last.start >= planned:
        return False
    tried = tracker.archive.last_try(arn)
    return tried is None or now - tried.end >= RETRY_AFTER or tried.start < planned


def _report(tracker: Tracker, arn: PolicyArn) -> bool:
    """Make the policy's report if one is due: from the last report, or the first look, until now, without a seam.

    It waits for a look that came after the planned hour: a report says what AWS says on the day it is made.
    """
    planned = tracker.plan.report.previous(tracker.clock())
    last = tracker.archive.last_look(arn)
    if last is None or last.start < planned or tracker.archive.reported(str(arn), iso(planned)):
        return False
    since = tracker.archive.reported_until(str(arn)) or _watched_since(tracker, arn)
    if since is None or since >= planned:
        return False  # watching began after the hour: the first report comes a period later
    until = tracker.clock()
    period = period_of(tracker, arn, since, until)
    publish_period(tracker, period, stem_of_period(since, planned), iso(planned))
    return True


def _watched_since(tracker: Tracker, arn: PolicyArn) -> datetime | None:
    return min(
        (look.start for look in tracker.archive.looks(arn) if str(arn) not in look.failed), default=None
    )


def changes_of(tracker: Tracker, arn: PolicyArn) -> "tuple[Change, ...]":
    """Every change of a policy, oldest first, compared anew from its snapshots."""
    return tracker.reading(arn).changes()


def period_of(tracker: Tracker, arn: PolicyArn, since: datetime, until: datetime) -> "Period":
    """What a stretch of time did to a policy: [since, until), the net change, the transitions, what came and went."""
    return tracker.reading(arn).period(since, until)


def deliver(tracker: Tracker) -> Delivery:
    """Send what waits in the outbox and is due, whoever put it there. Where nothing is due no server is asked."""
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


def reindex(tracker: Tracker) -> "Rebuilt":
    """Make the index again from the files alone; subscribers, outbox and runs are left as they are."""
    with _round(tracker, "reindex"):
        return tracker.archive.rebuild(
            lambda arn: [change_row(change) for change in changes_of(tracker, arn)]
        )


def record_history(tracker: Tracker) -> int:
    """Write and index history that was brought into the folder, silently; how many changes the archive holds."""
    with _round(tracker, "import"):
        return len(tracker.archive.changes())


def import_history(
    tracker: Tracker,
    path: Path,
    selection: "Selection",
    *,
    partition: str = "",
    progress: "Progress" = lambda done, of: None,
) -> "Imported":
    """Bring in history from elsewhere, silently: a git archive or bundle, answers of get-policy-version, another tracker.

    Doing it again changes nothing, and completes one that was cut off. Nobody is mailed about the past, and no changelog
    is written of it: `changelog` tells it when asked. Raises InputError for what can't be read, LockedError, SetupError.
    """
    from tracker.importing.bring import bring_history, naming, opened
    from tracker.sources.history import unpacked

    with unpacked(path) as place:
        history = opened(place, str(path), selection)
        with _round(tracker, "import") as (run, start):
            arn_of = naming(tracker, partition or tracker.partition)
            return bring_history(tracker, history, run, start, arn_of, progress)


def send_last(tracker: Tracker, subscriber: Subscriber, policies: Sequence[PolicyArn]) -> int:
    """Queue for a subscriber the newest change of each of these policies that it wants to hear of; how many."""
    wanted = [arn for arn in policies if subscriber.wants(arn.name)]
    queued = 0
    for reading in map(tracker.reading, wanted):
        telling = [one for one in reading.transitions() if one.kind not in QUIET]
        if telling:
            message = tracker.renderer().message(reading.change(telling[-1]), tracker.link)
            with tracker.database.transaction() as db:
                queued += tracker.outbox.enqueue(db, message, [subscriber], tracker.clock())
    return queued


def resolve(tracker: Tracker, names: Sequence[str]) -> tuple[PolicyArn, ...]:
    """The policies of names or ARNs: from the archive, else by asking the source. Raises UnknownPolicyError, ..."""
    return tuple(dict.fromkeys(_resolve(tracker, name) for name in names))


def _resolve(tracker: Tracker, name: str) -> PolicyArn:
    if name.startswith("arn:"):
        try:
            return PolicyArn.parse(name)
        except ValueError as error:
            raise InputError(str(error)) from error
    try:
        return tracker.archive.resolve(name, tracker.partition)
    except UnknownPolicyError:
        return tracker.source.find(name, tracker.partition)


@contextmanager
def _round(tracker: Tracker, kind: RunKind) -> Iterator[tuple[str, datetime]]:
    """One round at a time: the lock, what others left, and this round's row from its start to its end."""
    with round_lock(tracker.home, tracker.lock_wait_s), tracker.database.held():
        cut_off = _recover(tracker)
        run, start = tracker.new_id(), tracker.clock()
        tracker.archive.start_run(run, kind, start)
        if not cut_off and kind != "reindex":
            _catch_up(tracker)
        yield run, start
        tracker.archive.finish_run(run, tracker.clock(), "done")


def _recover(tracker: Tracker) -> bool:
    """Complete what killed rounds left on a timeline and did not publish; whether there were any.

    A snapshot without a line waits for the next look: only AWS can say whether it is in force.
    """
    cut_off = tracker.archive.open_runs()
    for run in cut_off:
        log.warning("a round was cut off; completing it", extra={"run": run.id, "started": iso(run.started)})
        for arn in tracker.archive.policies():
            if any(one.run == run.id for one in tracker.archive.observations(arn)):
                first = tracker.archive.last_look(arn) is None
                publish(tracker, arn, {run.id} if run.kind == "check" and not first else NOBODY)
    if cut_off:
        write_index(tracker)
    for run in cut_off:
        tracker.archive.finish_run(run.id, tracker.clock(), "completed by a later round")
    return bool(cut_off)


def _catch_up(tracker: Tracker) -> None:
    """Index silently what came into the folder by another way: a git pull, a copy, a database that was deleted."""
    for arn in tracker.archive.behind():
        publish(tracker, arn, NOBODY)
