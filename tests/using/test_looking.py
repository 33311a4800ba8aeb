"""The event history is read whole and once, at two calls a second, and gone on with wherever a run was cut off."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_cloudtrail import ACCOUNT, FakeCloudTrail, Reply, denied, fault, throttled
from tests.support.trails import event, session
from tests.using.worlds import SUPPORT
from tracker.archive.lookups import Lookups
from tracker.errors import (
    InputError,
    LockedError,
    PermissionDeniedError,
    SourceUnavailableError,
    TrackerError,
)
from tracker.model.instants import iso
from tracker.sources.cloudtrail_lookup import EventHistory, NotEnabledError
from tracker.sources.iam_client import Connection
from tracker.using.looking import counted, look_up
from tracker.using.tally import Tally

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HERE, THERE = "eu-central-1", "us-east-1"


@dataclass
class Clock:
    """Time passes only where somebody waits for it, or the test says so."""

    now: float = 0.0
    waited: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.waited.append(round(seconds, 3))
        self.now += seconds


@dataclass
class World:
    """A history, a folder and what is counted in it."""

    trail: FakeCloudTrail
    home: Path
    clock: Clock = field(default_factory=Clock)
    history: EventHistory = field(init=False)

    def __post_init__(self) -> None:
        self.history = EventHistory(
            Connection(attempts=1), pause=self.clock.pause, clock=lambda: self.clock.now
        )

    @property
    def lookups(self) -> Lookups:
        return Lookups(self.home, ACCOUNT, SUPPORT.name)

    def look(self, *regions: str, now: datetime = NOW) -> dict[str, TrackerError]:
        return look_up(SUPPORT, self.history, self.lookups, regions or (HERE,), now)

    def calls(self) -> int:
        tally = Tally(lambda _: 0)
        counted(self.lookups, (), {}, tally, None, None)
        return sum(count.number for count in tally.counts.values())

    def events(self) -> int:
        return counted(self.lookups, (), {}, Tally(lambda _: 0), None, None).events


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with FakeCloudTrail(page_size=10) as trail:
        for name, value in trail.environment().items():
            monkeypatch.setenv(name, value)
        yield World(trail, tmp_path)


def events(count: int, begin: datetime = NOW - timedelta(days=30), **more: Any) -> list[dict[str, Any]]:
    """Events of the role, a minute apart, and one of somebody else's after each."""
    found = []
    for number in range(count):
        at = iso(begin + timedelta(minutes=number))
        found += [
            event(at=at, number=number, **more),
            event(at=at, number=f"other {number}", identity=session("app", "app")),
        ]
    return found


def test_everything_of_ninety_days_and_nothing_older(world: World) -> None:
    world.trail.put(HERE, *events(20), *events(1, NOW - timedelta(days=91)))
    assert world.look() == {}
    assert (world.calls(), world.events()) == (20, 40)
    assert {one.region for one in world.trail.asked} == {HERE}
    first = world.trail.asked[0].parameters
    assert (first["StartTime"], first["EndTime"]) == ((NOW - timedelta(days=90)).timestamp(), NOW.timestamp())
    assert first["MaxResults"] == 50


def test_at_two_calls_a_second_in_each_region(world: World) -> None:
    world.trail.put(HERE, *events(20))
    world.look(HERE, THERE)
    assert len(world.trail.asked) == 5
    assert world.clock.waited == [0.5, 0.5, 0.5]  # four calls here, one there


def test_a_run_that_is_cut_off_goes_on_where_it_was(world: World) -> None:
    world.trail.put(HERE, *events(30))
    world.trail.next(lambda: None, lambda: None, throttled())
    failed = world.look()
    assert isinstance(failed[HERE], SourceUnavailableError)
    assert "throttled" in str(failed[HERE])
    assert world.events() == 20
    reached = world.lookups.state(HERE).reached
    assert reached is not None
    before = len(world.trail.asked)
    assert world.look(now=NOW + timedelta(days=1)) == {}
    again = world.trail.asked[before].parameters
    assert again["EndTime"] == reached.timestamp()
    assert world.calls() == 30
    state = world.lookups.state(HERE)
    assert (state.since, state.until, state.reached) == (
        NOW - timedelta(days=90),
        NOW + timedelta(days=1),
        None,
    )


def test_cut_off_after_any_page_the_calls_come_to_the_same(world: World) -> None:
    world.trail.put(HERE, *events(23))
    for pages in range(6):
        world.trail.next(*[lambda: None] * pages, throttled())
        world.look()
    world.trail._once.clear()
    assert world.look() == {}
    assert world.calls() == 23


def test_the_next_run_asks_for_what_is_new_and_for_an_hour_of_what_may_have_come_late(world: World) -> None:
    world.trail.put(HERE, *events(3))
    world.look()
    before = len(world.trail.asked)
    later = NOW + timedelta(days=2)
    world.trail.put(
        HERE, event(at=iso(NOW - timedelta(minutes=9)), number="late"), event(at=iso(NOW + timedelta(days=1)))
    )
    world.look(now=later)
    (asked,) = world.trail.asked[before:]
    assert asked.parameters["StartTime"] == (NOW - timedelta(hours=1)).timestamp()
    assert world.calls() == 5
    assert world.look(now=later) == {}
    assert len(world.trail.asked) == before + 1


def test_what_was_found_stays_when_aws_has_it_no_more_and_a_gap_is_said(world: World) -> None:
    world.trail.put(HERE, *events(3))
    world.look()
    world.trail._events.clear()
    year = NOW + timedelta(days=365)
    world.look(now=year)
    assert world.calls() == 3
    assert world.lookups.state(HERE).since == year - timedelta(days=90)


def test_a_period_that_was_begun_too_long_ago_counts_as_far_as_it_was_read(world: World) -> None:
    world.trail.put(HERE, *events(30))
    world.trail.next(lambda: None, throttled())
    world.look()
    year = NOW + timedelta(days=365)
    assert world.look(now=year) == {}
    state = world.lookups.state(HERE)
    assert (state.since, state.until, state.reached) == (year - timedelta(days=90), year, None)
    world.trail.next(throttled())
    world.look(THERE)
    assert world.look(THERE, now=year) == {}
    assert world.lookups.state(THERE).since == year - timedelta(days=90)


def test_a_token_that_has_run_out_is_no_fault(world: World) -> None:
    world.trail.put(HERE, *events(20))
    world.trail.next(lambda: None, lambda: None, fault("InvalidNextTokenException"))
    assert world.look() == {}
    assert world.calls() == 20


def test_a_token_that_is_never_taken_ends(world: World) -> None:
    world.trail.put(HERE, *events(20))
    world.trail.next(lambda: None, *[fault("InvalidNextTokenException")] * 2)
    assert HERE in world.look()


def test_access_denied_names_the_action(world: World) -> None:
    world.trail.always(HERE, denied())
    world.trail.put(THERE, *events(1))
    failed = world.look(HERE, THERE)
    assert list(failed) == [HERE]
    assert isinstance(failed[HERE], PermissionDeniedError)
    assert "cloudtrail:LookupEvents is missing" in str(failed[HERE])
    assert world.calls() == 1


def test_access_denied_without_a_word_names_it_too(world: World) -> None:
    world.trail.always(HERE, fault("AccessDeniedException"))
    assert "cloudtrail:LookupEvents is missing" in str(world.look()[HERE])


def test_a_region_that_is_not_enabled_is_told_apart(world: World) -> None:
    world.trail.always(
        HERE, fault("UnrecognizedClientException", "The security token included in the request is invalid.")
    )
    assert isinstance(world.look()[HERE], NotEnabledError)


@pytest.mark.parametrize(
    "reply",
    [Reply(b"<html>proxy</html>", content_type="text/html"), Reply(b"{}"), Reply(b'{"Events": 5}'), fault("InternalFailure", status=500)],
    ids=["html", "nothing", "no-list", "http-500"],
)  # fmt: skip
def test_what_is_not_cloudtrails_is_no_empty_history(world: World, reply: Reply) -> None:
    world.trail.always(HERE, reply)
    failed = world.look()
    assert isinstance(failed[HERE], SourceUnavailableError)
    assert world.lookups.state(HERE).until is None


def test_an_event_that_is_none_is_counted_apart(world: World) -> None:
    world.trail.put(HERE, event(at=iso(NOW - timedelta(days=1)), userIdentity=None))
    world.look()
    assert (world.calls(), world.lookups.state(HERE).unread) == (0, 1)


def test_whose_history_it_is(world: World) -> None:
    assert world.history.account() == ACCOUNT
    assert {HERE, THERE} <= set(world.history.regions())


def test_nothing_of_it_is_ever_committed(world: World) -> None:
    world.trail.put(HERE, *events(1))
    world.look()
    assert (world.home / "lookup" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("text", ["[]", "{", '{"since": "soon"}', '{"until": 5}'])
def test_a_state_that_is_not_ours_is_said(world: World, text: str) -> None:
    world.look()
    (world.lookups.folder / f"{HERE}.json").write_text(text)
    assert isinstance(world.look()[HERE], InputError)


def test_a_line_that_was_torn_is_left_out_and_one_that_is_not_ours_is_said(world: World) -> None:
    world.trail.put(HERE, *events(3))
    world.look()
    path = world.lookups.folder / f"{HERE}.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert world.calls() == 2
    path.write_text('{"event_id": 1}\n')
    with pytest.raises(InputError, match="line 1: it is no call"):
        world.calls()


def test_one_run_at_a_time(world: World) -> None:
    with world.lookups.locked(), pytest.raises(LockedError), world.lookups.locked():
        pytest.fail("two runs hold the lock")
    with world.lookups.locked():
        assert world.look() == {}
