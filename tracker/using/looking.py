"""CloudTrail's event history read region by region, and gone on with where a run before was cut off."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from tracker.archive.lookups import Lookups, State
from tracker.errors import TrackerError
from tracker.model.used import LookedUp, Read, Role
from tracker.sources.cloudtrail_files import Reader
from tracker.sources.cloudtrail_lookup import KEPT, NotEnabledError, Page
from tracker.using.tally import Tally

LATE = timedelta(
    hours=1
)  # an event may show in the history some minutes after it happened: that much is asked again


class History(Protocol):
    """CloudTrail's event history."""

    def account(self) -> str:
        """Whose it is: twelve digits."""
        ...

    def regions(self) -> tuple[str, ...]:
        """Every region of the partition."""
        ...

    def pages(self, region: str, since: datetime, until: datetime) -> Iterator[Page]:
        """Events of a region from `until` back to `since`."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Where a run is, for whoever watches it."""

    region: str
    events: int  # of this region, in all runs
    reached: datetime | None  # UTC


def look_up(
    role: Role,
    history: History,
    lookups: Lookups,
    regions: Iterable[str],
    now: datetime,
    *,
    told: Callable[[Told], None] = lambda _: None,
) -> dict[str, TrackerError]:
    """Read what is not read yet of each region's event history, as far back as AWS keeps it; region -> why it was not completed.

    What is found and how far it got is on the disk after every page: killed at any moment, the next run goes on from there.
    """
    reader = Reader(role, None, None)
    failed: dict[str, TrackerError] = {}
    for region in regions:
        try:
            _region(reader, history, lookups, region, now, told)
        except TrackerError as error:
            failed[region] = error
    return failed


def _region(
    reader: Reader,
    history: History,
    lookups: Lookups,
    region: str,
    now: datetime,
    told: Callable[[Told], None],
) -> None:
    state = lookups.state(region)
    while (opened := _opened(state, now)) is not None:
        state = opened
        since, until = state.open_since, state.reached or state.open_until
        assert since is not None  # noqa: S101 -- `_opened` says so
        assert until is not None  # noqa: S101 -- for the type checker: it was settled above
        for page in history.pages(region, since, until):
            picked = reader.pick(page.records)
            state = replace(
                state,
                reached=min(page.reached or until, state.reached or until),
                events=state.events + len(page.records),
                namesakes=state.namesakes + picked.namesakes,
                unread=state.unread + picked.unread,
            )
            if page.last:
                state = _closed(state)
            lookups.record(region, state, picked.calls)
            told(Told(region, state.events, page.reached))


def _opened(state: State, now: datetime) -> State | None:
    """The period to be read next: one that was begun, else what came since the last run; None where nothing is left."""
    oldest = now - KEPT
    if state.open_until is not None:
        if (state.reached or state.open_until) > oldest:
            return state
        state = _closed(replace(state, open_since=state.reached))  # what is left of it AWS has no more
    if state.until is None or state.until < oldest:
        return replace(state, since=None, until=None, open_since=oldest, open_until=now, reached=None)
    if state.until < now:
        return replace(state, open_since=max(state.until - LATE, oldest), open_until=now, reached=None)
    return None


def _closed(state: State) -> State:
    """The period that was begun is read to its end, and joins what was read before; one of which nothing was read is dropped."""
    if state.open_since is None:
        return replace(state, open_until=None, reached=None)
    since = state.open_since if state.since is None else min(state.since, state.open_since)
    return replace(state, since=since, until=state.open_until, open_since=None, open_until=None, reached=None)


def counted(
    lookups: Lookups,
    regions: Iterable[str],
    failed: dict[str, TrackerError],
    tally: Tally,
    since: datetime | None,
    until: datetime | None,
) -> Read:
    """Count every call that was ever looked up and lies in the period."""
    reader = Reader(Role(""), since, until)
    tally.add(call for call in lookups.calls() if reader.within(call.at))
    told = []
    states = {region: lookups.state(region) for region in sorted({*regions, *lookups.regions()})}
    for region, state in states.items():
        error = failed.get(region)
        if isinstance(error, NotEnabledError):
            continue
        told.append(
            LookedUp(
                region, state.events, state.since, state.until, state.reached, str(error) if error else ""
            )
        )
    return Read(
        events=sum(one.events for one in states.values()),
        namesakes=sum(one.namesakes for one in states.values()),
        unread=sum(one.unread for one in states.values()),
        looked_up=tuple(told),
    )
