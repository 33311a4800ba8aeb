"""What is due, told by the archive's own lines: when AWS was last asked, which report was made. No timer is believed.

So after three months without power there is one look and one report, and two processes at once do it once.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from tracker.archive.indexed import EVERYTHING
from tracker.collaborators import Tracker
from tracker.model.history import Look
from tracker.model.identity import PolicyArn
from tracker.model.instants import AHEAD, iso, parse_instant
from tracker.model.watch import ALL, Watch
from tracker.publishing import publish_period, publish_periods, stem_of_period
from tracker.roles import role_is_due
from tracker.stretches import periods
from tracker.watched import watched

# After a look that failed, due work waits this long: a machine without a network must not ask every minute.
RETRY_AFTER = timedelta(minutes=15)


def looks_due(tracker: Tracker, watch: Watch) -> Watch:
    """What of a watch has not been looked at since the last time that a look was planned, nor tried just now."""
    now = tracker.clock()
    planned = max(tracker.plan.look.previous(now), tracker.plan.report.previous(now))
    return replace(
        watch,
        named=tuple(arn for arn in watch.named if _look_is_due(tracker, arn, planned, now)),
        partitions=tuple(
            one
            for one in watch.partitions
            if watch.listing and _listing_is_due(tracker, watch, one, planned, now)
        ),
        roles=tuple(name for name in watch.roles if role_is_due(tracker, name, planned)),
    )


def _look_is_due(tracker: Tracker, arn: PolicyArn, planned: datetime, now: datetime) -> bool:
    last = tracker.archive.last_look(arn, now + AHEAD)
    if last is not None and last.start >= planned:
        return False
    tried = tracker.archive.last_try(arn, now + AHEAD)
    return tried is None or now - tried.end >= RETRY_AFTER or tried.start < planned


def _listing_is_due(tracker: Tracker, watch: Watch, partition: str, planned: datetime, now: datetime) -> bool:
    last = last_listed(tracker, watch, partition)
    if last is None or last.start < planned:
        return True
    return bool(last.failed) and now - last.end >= RETRY_AFTER


def last_listed(tracker: Tracker, watch: Watch, partition: str) -> Look | None:
    """The newest round that listed what is watched in a partition, or tried to."""
    until = tracker.clock() + AHEAD
    sweep = tracker.archive.last_sweep(partition, until)
    if watch.listing == ALL:
        return sweep
    # What is attached is looked at like any policies: that they were all of them is remembered apart.
    told = tracker.database.get_meta(_key(partition)) if tracker.database.exists else None
    attached = None
    if told:
        start, end, failed = json.loads(told)
        told_of = Look("", parse_instant(start), parse_instant(end), (), tuple(failed))
        attached = told_of if told_of.start <= until else None
    if sweep is not None and any(text.endswith(EVERYTHING) for text in sweep.failed):
        return sweep if attached is None or sweep.start > attached.start else attached
    return attached


def remember_listed(tracker: Tracker, watch: Watch, look: Look, partition: str) -> None:
    """That a round has listed what is attached in a partition; of everything the look's own line says so."""
    if watch.listing and watch.listing != ALL and look.policies is not None:
        told = (iso(look.start), iso(look.end), look.failed)
        tracker.database.set_meta(_key(partition), json.dumps(told))


def _key(partition: str) -> str:
    return f"attached listed: {partition}"


def report(tracker: Tracker, arn: PolicyArn) -> bool:
    """Make the policy's report if one is due: from the last report, or the first look, until now, without a seam.

    It waits for a look that came after the planned hour: a report says what AWS says on the day it is made.
    """
    now = tracker.clock()
    planned = tracker.plan.report.previous(now)
    last = tracker.archive.last_look(arn, now + AHEAD)
    if last is None or last.start < planned or tracker.archive.reported(str(arn), iso(planned)):
        return False
    since = tracker.archive.reported_until(str(arn), now + AHEAD) or _watched_since(tracker, arn)
    if since is None or since >= planned:
        return False  # watching began after the hour: the first report comes a period later
    period = tracker.reading(arn).period(since, tracker.clock())
    publish_period(tracker, period, stem_of_period(since, planned), iso(planned))
    return True


def _watched_since(tracker: Tracker, arn: PolicyArn) -> datetime | None:
    return min(
        (look.start for look in tracker.archive.looks(arn) if str(arn) not in look.failed), default=None
    )


def report_all(tracker: Tracker, watch: Watch, partition: str) -> bool:
    """Make the one report of all policies that a listing tells of, if it is due: by the rules of a single policy's."""
    planned = tracker.plan.report.previous(tracker.clock())
    whose = str(PolicyArn(partition, "*"))
    last = last_listed(tracker, watch, partition)
    if last is None or last.start < planned or tracker.archive.reported(whose, iso(planned)):
        return False
    if any(text.endswith(EVERYTHING) for text in last.failed):
        return False
    arns = [arn for arn in watched(tracker, replace(watch, named=())) if arn.partition == partition]
    firsts = [first for arn in arns[:1] if (first := _watched_since(tracker, arn))]
    since = tracker.archive.reported_until(whose, tracker.clock() + AHEAD) or min(firsts, default=None)
    if since is None or since >= planned:
        return False
    told = tuple(periods(tracker, arns, since, tracker.clock()))
    publish_periods(tracker, partition, told, stem_of_period(since, planned), iso(planned))
    return True
