"""The demo's stage: an embedded AWS, a mail server, a tracker in an empty folder and its daemon, on a clock that is moved.

Tracker, service, daemon and delivery are production's own. Set are the endpoint, the folder, the mail server, the
subscribers and the clock.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

import time_machine
from apscheduler.events import EVENT_JOB_EXECUTED

from tracker.bootstrap import new_token, open_tracker
from tracker.daemon import Daemon
from tracker.demo.aws import EmbeddedAws
from tracker.demo.history import POLICY, held_by_aws, published
from tracker.demo.sink import Sink
from tracker.errors import SetupError, TryLaterError, UnknownPolicyError
from tracker.model.identity import VersionId
from tracker.model.watch import Watch
from tracker.policy.granted import granted
from tracker.policy.parse import parse_document
from tracker.service import Due, check, run_due
from tracker.settings import FILE_NAME, load_settings

if TYPE_CHECKING:
    from tracker.model.change import Attention, Change
    from tracker.model.history import Snapshot
    from tracker.model.rounds import Round

TICK_TIMEOUT_S = 60.0  # real seconds for one tick of the daemon; it takes a few hundredths
SETTINGS = """\
# A tracker's settings, as `policy-tracker init` makes them; here they lead to the demo's own servers.
policies = ["{policy}"]

[schedule]
at = "06:17"

[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "policy-tracker@example.org"
operator = "operator@example.org"
"""
# https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html
ROLE, SERVICE = "AWSServiceRoleForSupport", "support.amazonaws.com"
ROLE_MADE = datetime(2018, 4, 19, 18, 4, 6, tzinfo=UTC)  # the day of the policy's first version
SUBSCRIBERS = (("security@example.org", "instant"), ("compliance@example.org", "monthly"))


class Stage:
    """One demo's run. Made by `on_stage`."""

    def __init__(self, home: Path, aws: EmbeddedAws, sink: Sink, clock: "time_machine.Traveller") -> None:
        self.home = home
        self.aws = aws
        self.sink = sink
        self.versions: dict[VersionId, Snapshot] = published()
        self._clock = clock
        self._outcome: Due | Exception | None = None
        self._ended: Queue[Due | Exception | None] = Queue()  # the outcome of each tick that has ended
        self._stop = Event()
        self.tracker = open_tracker(load_settings(home, {}))
        plan = self.tracker.plan
        self.daemon = Daemon(
            self._work,
            (plan.look, plan.report),
            clock=self.tracker.clock,
            say=logging.getLogger(__name__).info,
            failed=lambda error: None,  # `_work` hands every error to whoever waits for the tick
        )
        # Only after this event may the job begin again: a clock moved earlier would find it still running, and be skipped.
        self.daemon.scheduler.add_listener(lambda _: self._ended.put(self._outcome), EVENT_JOB_EXECUTED)
        self._thread = Thread(target=self.daemon.run, args=(self._stop,), daemon=True)

    def publish(self, version: VersionId, default: VersionId | None = None) -> None:
        """AWS makes a version, and puts it, or `default`, in force."""
        self.aws.publish(held_by_aws(self.versions.values(), version), default or version)

    def service_name(self, service: str) -> str:
        """A service's human name."""
        return self.tracker.catalogue().service_name(service)

    def subscribe(self) -> None:
        """Two teams: one hears of each change at once, one by the month."""
        for address, frequency in SUBSCRIBERS:
            self.tracker.subscribers.add(address, (), frequency, self.tracker.clock(), new_token())

    def begin(self) -> Due:
        """Start the daemon, which looks at once."""
        self._thread.start()
        return self._tick()

    def move(self, moment: datetime) -> Due:
        """Set the clock; the scheduler fires. Answers what it did."""
        self._clock.move_to(moment)
        self.daemon.scheduler.wakeup()
        return self._tick()

    def looks_until(self, moment: datetime) -> Iterator[Due]:
        """Let time pass to a moment, firing at every planned look and report up to it."""
        plan = self.tracker.plan
        while (planned := min(plan.look.next(self.now), plan.report.next(self.now))) <= moment:
            yield self.move(planned)

    def look_at_role(self, *trusted: str) -> "Round":
        """Somebody looks at AWS Support's role, which these may assume beside its service; a day goes by before."""
        principal: dict[str, object] = {"Service": SERVICE, **({"AWS": list(trusted)} if trusted else {})}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        self.aws.link_role(ROLE, SERVICE, ROLE_MADE, POLICY, {"Version": "2012-10-17", "Statement": [trust]})
        self._clock.move_to(self.now + timedelta(days=1))
        return check(self.tracker, Watch((POLICY,), roles=(ROLE,)))

    def check(self, moment: datetime) -> "Round":
        """A person types `policy-tracker check`."""
        self._clock.move_to(moment)
        return check(self.tracker, [POLICY])

    def wait_for_mail(self, received: int, *, at_most: timedelta = timedelta(hours=6)) -> datetime:
        """Let minutes pass until the sink has so many mails; the instant at which it had."""
        end = self.now + at_most
        while len(self.sink.received) < received:
            if self.now >= end:
                raise TryLaterError("the demo's mail server did not get the mail that it was sent")
            self.move(self.now + timedelta(minutes=1))
        return self.now

    def in_force(self, moment: datetime) -> "Snapshot":
        """The version that the tracker knows to have been the default at a moment."""
        seen = self.tracker.archive.at(POLICY, moment)
        if seen is None or seen.version is None:
            raise UnknownPolicyError(f"{POLICY.name} was not watched yet at {moment}")
        return self.tracker.archive.snapshot(POLICY, seen.version, seen.create_date)

    def allowed(self, snapshot: "Snapshot") -> tuple[int, int]:
        """How many actions of how many services a version allows."""
        document = parse_document(snapshot.document, what=f"{POLICY.name} {snapshot.version}")
        services = granted(document, self.tracker.catalogue())
        return sum(map(len, services.values())), len(services)

    def findings(self) -> "tuple[Attention, ...]":
        """What `policy-tracker attention` lists now."""
        return self.tracker.reading(POLICY).attention()

    def changelog(self, change: "Change", suffix: str) -> Path:
        """The file of a change's changelog."""
        ends = (change.transition.before, change.transition.after)
        stem = "-".join(str(end.version) for end in ends if end)
        return self.tracker.changelogs.of(POLICY) / f"{stem}.{suffix}"

    @property
    def now(self) -> datetime:
        """The instant on the demo's clock."""
        return self.tracker.clock()

    def end(self) -> None:
        """Stop the daemon; a job in hand is finished first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> Due:
        self._outcome = None
        try:
            due = run_due(self.tracker, [POLICY])
        except Exception as error:
            self._outcome = error
            raise
        self._outcome = due
        return due

    def _tick(self) -> Due:
        try:
            outcome = self._ended.get(timeout=TICK_TIMEOUT_S)
        except Empty:
            outcome = None
        if outcome is None:
            raise TryLaterError(f"the demo's daemon did nothing for {TICK_TIMEOUT_S:.0f} s")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@contextmanager
def on_stage(home: Path, start: datetime) -> Iterator[Stage]:
    """Everything started, in an empty folder, at `start` on the demo's clock; everything ended on the way out.

    Raises SetupError where the folder is not empty.
    """
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise SetupError(
            f"{home} is not empty", advice="name an empty or a new folder: the demo begins from nothing"
        )
    with ExitStack() as stack:
        stack.enter_context(_logging_to(home / "demo.log"))
        sink = stack.enter_context(Sink(home / "mail"))
        aws = stack.enter_context(EmbeddedAws())
        stack.enter_context(_environment(aws))
        (home / FILE_NAME).write_text(SETTINGS.format(policy=POLICY.name, port=sink.port), encoding="utf-8")
        clock = stack.enter_context(time_machine.travel(start, tick=False))
        stage = Stage(home, aws, sink, clock)
        stack.callback(stage.end)
        yield stage


@contextmanager
def _environment(aws: EmbeddedAws) -> Iterator[None]:
    """This process's AWS variables lead to the embedded AWS and nowhere else, while it lasts."""
    before = {key: value for key, value in os.environ.items() if key.startswith("AWS_")}
    try:
        for key in before:
            del os.environ[key]
        os.environ.update(aws.environment())
        yield
    finally:
        for key in [key for key in os.environ if key.startswith("AWS_")]:
            del os.environ[key]
        os.environ.update(before)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """The log goes to a file: the terminal is the story's."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's word of every SMTP command
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
