"""The daemon: what fires when on a simulated clock, what it survives, and how it is stopped."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests.support.world import allowing, make_world
from tracker import service
from tracker.collaborators import Plan
from tracker.daemon import Daemon, Planned, stopped_by_signals
from tracker.delivery.deliver import Delivery
from tracker.errors import LockedError, SetupError, SourceUnavailableError
from tracker.model.identity import PolicyArn
from tracker.model.rounds import Round
from tracker.schedule import Schedule
from tracker.service import Due

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
LOOK, REPORT = Schedule.parse("17 6 * * *"), Schedule.parse("17 6 1 * *")
START = datetime(2024, 11, 24, 10, 0, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def a_round(moment: datetime) -> Round:
    return Round("r", moment, moment, (SUPPORT,), (), ())


@dataclass
class FakeService:
    """Work that keeps its own rows of what was done, as the service does in the archive."""

    looks: list[datetime] = field(default_factory=list)
    reports: list[datetime] = field(default_factory=list)
    ticks: int = 0

    def __call__(self) -> Due:
        self.ticks += 1
        moment = now()
        look: Round | None = None
        reports: tuple[PolicyArn, ...] = ()
        if not self.looks or self.looks[-1] < LOOK.previous(moment):
            self.looks.append(moment)
            look = a_round(moment)
        if len(self.looks) > 1 and (not self.reports or self.reports[-1] < REPORT.previous(moment)):
            self.reports.append(moment)
            reports = (SUPPORT,)
        return Due(look, reports, Delivery(), LOOK.next(moment), REPORT.next(moment))


@dataclass
class Running:
    """A daemon at work in a thread of its own, and what it said."""

    daemon: Daemon
    said: list[str]
    errors: list[Exception]
    seen: int = 1  # ticks that were waited for; the one at the start is

    def wait_for_tick(self) -> None:
        """Wait for one tick more, which the daemon may have made by itself as soon as the clock was moved."""
        self.daemon.scheduler.wakeup()
        until = time.monotonic() + 30
        while self.daemon.ticks <= self.seen:
            assert time.monotonic() < until, "no tick within 30 s"
            time.sleep(0.0005)
        self.seen = self.daemon.ticks


@contextmanager
def running(work: Callable[[], Due], *schedules: Schedule) -> Iterator[Running]:
    said: list[str] = []
    errors: list[Exception] = []
    daemon = Daemon(work, schedules or (LOOK, REPORT), clock=now, say=said.append, failed=errors.append)
    stop = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(stop,))
    thread.start()
    try:
        until = time.monotonic() + 30
        while not daemon.ticks:
            assert time.monotonic() < until, "no first tick within 30 s"
            time.sleep(0.0005)
        yield Running(daemon, said, errors)
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_twenty_four_months_a_look_a_day_and_a_report_a_month_to_the_minute() -> None:
    service = FakeService()
    with time_machine.travel(START, tick=False) as clock, running(service) as at_work:
        while now() < datetime(2026, 11, 24, 6, tzinfo=UTC):
            clock.move_to(min(LOOK.next(now()), REPORT.next(now())))
            at_work.wait_for_tick()
    days = [moment.date() for moment in service.looks]
    assert service.looks[0] == START  # due at once: nobody had looked yet
    assert days == [START.date() + timedelta(days=n) for n in range(len(days))]
    assert len(days) == 730 + 1
    assert {moment.strftime("%H:%M") for moment in service.looks[1:]} == {"06:17"}
    assert [f"{moment:%Y-%m}" for moment in service.reports[1:]] == [
        f"{year}-{month:02}" for year in (2024, 2025, 2026) for month in range(1, 13)
    ][11:-1]  # 2024-12 to 2026-11
    assert {moment.strftime("%d %H:%M") for moment in service.reports[1:]} == {"01 06:17"}
    assert at_work.errors == []
    assert at_work.said[-1] == (
        "2026-11-24 06:17 UTC: looked at 1 policy, 0 changed; "
        "will look next 2026-11-25 06:17 UTC, report next 2026-12-01 06:17 UTC"
    )


def test_three_months_down_are_made_up_for_by_one_tick_at_the_start() -> None:
    service = FakeService()
    with time_machine.travel(START, tick=False) as clock:
        with running(service):
            pass
        clock.move_to(START + timedelta(days=92))
        with running(service):
            pass
    assert service.looks == [START, START + timedelta(days=92)]
    assert service.reports == [START + timedelta(days=92)]


def test_a_machine_that_slept_fires_once_for_all_that_it_missed() -> None:
    service = FakeService()
    with time_machine.travel(START, tick=False) as clock, running(service) as at_work:
        clock.move_to(START + timedelta(days=365))
        at_work.wait_for_tick()
        time.sleep(0.05)
        assert service.ticks == 2


def test_between_planned_times_a_tick_a_minute_looks_at_the_outbox() -> None:
    service = FakeService()
    with time_machine.travel(START, tick=False) as clock, running(service) as at_work:
        for minute in range(1, 6):
            clock.move_to(START + timedelta(minutes=minute))
            at_work.wait_for_tick()
    assert service.ticks == 6
    assert len(service.looks) == 1


def test_a_clock_that_is_set_back_a_year_does_not_silence_it(caplog: pytest.LogCaptureFixture) -> None:
    service = FakeService()
    with time_machine.travel(START, tick=False) as clock, running(service) as at_work:
        clock.move_to(START - timedelta(days=365))
        at_work.daemon.mind_the_clock()
        at_work.wait_for_tick()
        assert service.ticks == 2
        assert "the clock was set back" in caplog.text


def test_the_planned_times_are_those_of_any_schedule_and_none_twice() -> None:
    trigger = Planned(Schedule.parse("0 6 * * *"), Schedule.parse("0 6 1 * *"), Schedule.parse("0 12 1 * *"))
    moment = datetime(2026, 11, 30, 7, tzinfo=UTC)
    fired = []
    for _ in range(4):
        moment = trigger.get_next_fire_time(moment, moment)
        fired.append(moment.strftime("%d %H"))
    assert fired == ["01 06", "01 12", "02 06", "03 06"]
    assert trigger.get_next_fire_time(None, START) == START


class Sequence_:  # noqa: N801 -- a list of answers, as a service
    """Work that raises or answers one after the other, and the last one for ever."""

    def __init__(self, *answers: Exception | Due) -> None:
        self.answers = list(answers)

    def __call__(self) -> Due:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def nothing(delivered: Delivery | None = None) -> Due:
    return Due(None, (), delivered or Delivery(), LOOK.next(START), REPORT.next(START))


def test_faults_are_said_once_an_hour_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    refused = SetupError("the database is gone", advice="bring it back")
    with time_machine.travel(START, tick=False) as clock, running(Sequence_(refused)) as at_work:
        for minute in (1, 2, 61):
            clock.move_to(START + timedelta(minutes=minute))
            at_work.wait_for_tick()
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == [
        "the database is gone (bring it back)"
    ] * 2


def test_a_fault_that_comes_back_after_it_was_mended_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    down = nothing(Delivery(stopped=SourceUnavailableError("the mail server hangs up")))
    work = Sequence_(down, down, nothing(), down)
    with time_machine.travel(START, tick=False) as clock, running(work) as at_work:
        for minute in (1, 2, 3):
            clock.move_to(START + timedelta(minutes=minute))
            at_work.wait_for_tick()
    assert [one.getMessage() for one in caplog.records] == ["the mail server hangs up"] * 2


def test_another_process_at_work_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with running(Sequence_(LockedError("another round is running"))) as at_work:
        pass
    assert not [one for one in caplog.records if one.levelno > logging.INFO]
    assert at_work.errors == []


def test_an_unexpected_error_is_handed_on_and_the_next_tick_comes() -> None:
    ours = KeyError("x")
    with time_machine.travel(START, tick=False) as clock, running(Sequence_(ours, nothing())) as at_work:
        clock.move_to(START + timedelta(minutes=1))
        at_work.wait_for_tick()
    assert at_work.errors == [ours]
    assert at_work.daemon.ticks == 2


def test_it_says_what_was_mailed_and_reported() -> None:
    due = Due(
        a_round(START),
        (SUPPORT,),
        Delivery(sent=2, retried=1, failed=1),
        LOOK.next(START),
        REPORT.next(START),
    )
    with time_machine.travel(START, tick=False), running(Sequence_(due)) as at_work:
        pass
    assert at_work.said[0].startswith(
        "2024-11-24 10:00 UTC: looked at 1 policy, 0 changed, reported on AWSSupportServiceRolePolicy, "
        "2 mails sent, 1 mail put off, 1 mail refused; will look next 2024-11-25 06:17 UTC"
    )


def test_the_job_in_hand_is_finished_when_it_is_stopped() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), [False]
    errors: list[Exception] = []

    def slow() -> Due:
        begun.set()
        go_on.wait(30)
        ended.append(True)
        return nothing()

    daemon = Daemon(slow, (LOOK,), clock=now, say=print, failed=errors.append)
    stop = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(stop,))
    thread.start()
    assert begun.wait(30)
    stop.set()
    thread.join(0.2)
    assert thread.is_alive(), "it did not wait for the job in hand"
    go_on.set()
    thread.join(30)
    assert ended == [False, True]
    assert errors == []
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_it_to_stop_and_the_same_wish_sent_twice_is_one(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopped_by_signals() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert stop.wait(1)
    assert signal.getsignal(number) == before


def test_two_years_of_the_real_service_with_a_quarter_of_a_year_down(tmp_path: Path) -> None:
    """APScheduler on a moved clock, the production service, archive and outbox; AWS is a file and the mailbox, too.

    It looks on Mondays; v2 comes in the first year and goes again the same week, v3 comes while the daemon is down.
    """
    world = make_world(tmp_path)
    plan = (Schedule.parse("17 6 * * 1"), REPORT)
    tracker = replace(world.tracker, plan=Plan(*plan), clock=now)
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=300), allowing("s3:ListBucket"))
    world.clock.moment = START
    for address, frequency in (("team@example.com", "instant"), ("audit@example.com", "monthly")):
        world.subscribe(address, frequency)

    def until(clock: time_machine.Traveller, end: datetime, at_work: Running) -> None:
        while (following := min(schedule.next(now()) for schedule in plan)) < end:
            clock.move_to(following)
            at_work.wait_for_tick()

    def work() -> Due:
        return service.run_due(tracker, [SUPPORT])

    with time_machine.travel(START, tick=False) as clock:
        with running(work, *plan) as at_work:
            until(clock, datetime(2025, 3, 10, tzinfo=UTC), at_work)
            world.aws.publish(SUPPORT, "v2", now(), allowing("s3:ListBucket", "s3:GetObject"))
            until(clock, datetime(2025, 3, 12, tzinfo=UTC), at_work)
            world.aws.set_default(SUPPORT, "v1")
            until(clock, datetime(2025, 8, 1, tzinfo=UTC), at_work)
            assert at_work.errors == []
        clock.move_to(datetime(2025, 10, 30, tzinfo=UTC))
        world.aws.publish(
            SUPPORT, "v3", now() - timedelta(days=40), allowing("s3:ListBucket", "ec2:RunInstances")
        )
        with running(work, *plan) as at_work:
            assert "looked at 1 policy, 1 changed, reported on AWSSupportServiceRolePolicy" in at_work.said[0]
            until(clock, START.replace(year=2026), at_work)
            assert at_work.errors == []

    kinds = [(row.kind, str(row.to_version)) for row in tracker.archive.changes(SUPPORT)]
    assert kinds == [("updated", "v2"), ("rolled-back", "v1"), ("updated", "v3")]
    team, audit = (
        [one for one in world.mailbox.subjects(who) if not one.startswith("Watching ")]  # the first look's
        for who in ("team@example.com", "audit@example.com")
    )
    assert len(team) == len(set(team)) == 3
    looked = [look.start for look in tracker.archive.looks(SUPPORT)]
    planned = {look for look in looked if look.weekday() == 0 or look.day == 1}
    assert set(looked) - planned == {START, datetime(2025, 10, 30, tzinfo=UTC)}, (
        "a look at a time nobody planned"
    )
    assert len(looked) == len(set(looked))
    months = [f"{year}-{month:02}" for year in (2024, 2025, 2026) for month in range(1, 13)]
    reported = [one for one in months[11:35] if one not in ("2025-08", "2025-09", "2025-10")] + ["2025-10"]
    assert len(audit) == len(reported), "one report a month, and one for the months that nobody was there"
