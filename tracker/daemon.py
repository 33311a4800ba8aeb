"""The daemon: APScheduler calls the service at every tick and at every planned time, until somebody says stop.

What is due is told by the archive's own lines, not by this timer: a tick that finds nothing due costs one look at the
database. So nothing is lost while the daemon is down, and cron and a second daemon may run beside it.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from tracker.delivery.addresses import masked
from tracker.errors import LockedError, TrackerError
from tracker.model.instants import words
from tracker.notify import Notify
from tracker.schedule import Schedule

if TYPE_CHECKING:
    from tracker.service import Due

log = logging.getLogger(__name__)
TICK = "1m"  # how often the outbox and the clock are looked at between planned times
WATCH_S = 30.0  # how often the main thread sees to it that the clock was not set back
REPEAT_AFTER = timedelta(hours=1)  # the same fault is said again only after this
_JOB = "due"


class Planned(BaseTrigger):  # type: ignore[misc] # APScheduler 3 ships no types
    """Fires at once, then whenever one of the schedules does. What was missed fires once, not once a time."""

    def __init__(self, *schedules: Schedule) -> None:
        self.schedules = schedules

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first planned time after the last one that fired; after a long sleep the last one that was slept over."""
        if previous_fire_time is None:
            return now
        following = min(one.next(previous_fire_time) for one in self.schedules)
        if following > now:
            return following
        return max(following, *(one.previous(now) for one in self.schedules))


class Daemon:
    """Calls `work` when something may be due, in one thread, one at a time.

    `say` is told in one line what a person wants to know: what was done, and what comes next. `failed` is told of an
    unexpected error, which the daemon survives.
    """

    def __init__(
        self,
        work: "Callable[[], Due]",
        schedules: tuple[Schedule, ...],
        *,
        clock: Callable[[], datetime],
        say: Callable[[str], None],
        failed: Callable[[Exception], None],
        notify: Notify | None = None,
    ) -> None:
        self._work = work
        self._clock = clock
        self._say = say
        self._failed = failed
        self._notify = notify or Notify({})
        self._said: tuple[str, datetime] | None = None
        self.ticks = 0  # that ended, so that the next one can begin
        self.scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self.scheduler.add_job(self._tick, Planned(*schedules, Schedule.parse(TICK)), id=_JOB)
        self.scheduler.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; then the job in hand is finished, and nothing new begun."""
        # A tick that comes while a long round runs is skipped, which is meant and not worth a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._notify.ready("looking at what is due")
        self.scheduler.start()
        try:
            while not stop.wait(self._notify.wait_s(WATCH_S)):
                self.mind_the_clock()
                if self.scheduler.get_job(_JOB) is not None:  # a loop that plans nothing is not alive
                    self._notify.alive()
        finally:
            self._notify.stopping()
            self.scheduler.shutdown(wait=True)

    def mind_the_clock(self) -> None:
        """Where the clock was set back, fire now: APScheduler would sleep until the old time comes again."""
        job = self.scheduler.get_job(_JOB)
        now = self._clock()
        if (
            job is not None
            and job.next_run_time is not None
            and job.next_run_time - now > timedelta(minutes=2)
        ):
            log.warning("the clock was set back; looking again at what is due")
            self.scheduler.modify_job(_JOB, next_run_time=now)

    def _tick(self) -> None:
        try:
            due = self._work()
        except LockedError as error:
            log.info("another process is at work: %s", error)
        except TrackerError as error:
            self._complain(f"{error}{f' ({error.advice})' if error.advice else ''}")
        except Exception as error:
            self._failed(error)
        else:
            self._tell(due)

    def _ended(self, _: JobExecutionEvent) -> None:
        self.ticks += 1  # not in the job itself: until APScheduler has let it go, it would skip the next one

    def _tell(self, due: "Due") -> None:
        self._notify.status(coming(due))
        if told := done(due):
            self._say(f"{words(self._clock())}: {told}; {coming(due)}")
        if due.delivered.stopped is not None:
            self._complain(str(due.delivered.stopped))
        else:
            self._said = None

    def _complain(self, said: str) -> None:
        now = self._clock()
        if self._said is None or self._said[0] != said or abs(now - self._said[1]) >= REPEAT_AFTER:
            log.error(said)
            self._notify.status(f"in trouble: {masked(said)}")
            self._said = (said, now)


def done(due: "Due") -> str:
    """What one tick did, in a clause; empty where it found nothing to do."""
    parts = []
    if due.look is not None:
        count = sum(not one.is_role for one in due.look.checked)
        parts.append(
            f"looked at {count} {'policy' if count == 1 else 'policies'}, {len(due.look.changes)} changed"
        )
        if due.look.failed:
            parts.append(f"{len(due.look.failed)} not read")
    if due.reports:
        parts.append(f"reported on {', '.join(sorted(arn.name for arn in due.reports))}")
    for count, what in (
        (due.delivered.sent, "sent"),
        (due.delivered.retried, "put off"),
        (due.delivered.failed, "refused"),
    ):
        if count:
            parts.append(f"{count} {'mail' if count == 1 else 'mails'} {what}")
    return ", ".join(parts)


def coming(due: "Due") -> str:
    """When the next planned look and report are."""
    return f"will look next {words(due.next_look)}, report next {words(due.next_report)}"


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set. One that comes more than a second later ends the process at once.

    What comes within that second is the same wish: timeout(1), and a terminal with a wrapper in between, send it twice.
    """
    stop = Event()
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    first: list[float] = []

    def handle(number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append(now)
            log.info("%s: finishing what is in hand", signal.Signals(number).name)
            stop.set()
        elif now - first[0] > 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for one in before:
        signal.signal(one, handle)
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
