"""What a wish would have brought, for a page: as much of the last year as can be told while a reader waits."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from tracker.delivery.wish import Wish
from tracker.errors import TryLaterError
from tracker.previewing import YEAR, Foretold, foretell, heard_of

if TYPE_CHECKING:
    from tracker.web.shelf import Shelf

_CHANGES = 300  # compared for one preview at most: some ten seconds of the largest policies
_SPANS = (YEAR, timedelta(days=183), timedelta(days=91), timedelta(days=30), timedelta(days=7))
_AT_ONCE = 2  # previews that are reckoned at the same time
_WAIT_S = 20.0
_KEPT = 64
_SHOWN = 100  # messages that are shown


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been sent."""

    since: datetime  # UTC
    until: datetime  # UTC
    whole_year: bool  # False: there were too many changes to tell a year of them
    policies: int  # archived ones that the wish is about
    total: int  # messages
    shown: tuple[Foretold, ...]  # newest first; of many the newest


class Previews:
    """Reckons previews, a few at a time, and keeps the last ones."""

    def __init__(self, pages: "Shelf") -> None:
        self._pages = pages
        self._turn = BoundedSemaphore(_AT_ONCE)
        self._kept: OrderedDict[object, Preview] = OrderedDict()
        self._lock = Lock()

    def of(self, wish: Wish) -> Preview:
        """The preview of a wish. Raises TryLaterError where too many are being reckoned."""
        pages = self._pages
        key = (
            replace(wish, form="full", name=""),
            pages.browsing.change_mark(),
            pages.tracker.clock().date(),
        )
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if not self._turn.acquire(timeout=_WAIT_S):
            raise TryLaterError("others are asking for previews just now", advice="try again in a minute")
        try:
            found = self._reckoned(wish)
        finally:
            self._turn.release()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _reckoned(self, wish: Wish) -> Preview:
        tracker, until = self._pages.tracker, self._pages.tracker.clock()
        policies = heard_of(tracker, wish)
        names = {one.name for one in policies}
        rows = self._pages.browsing.newest(100_000, since=until - YEAR, without=("republished",))
        moments = [row.observed_at for _, row in rows if row.arn.name in names]
        span = span_of(moments, until)
        told = foretell(tracker, wish, policies, until - span, until)
        return Preview(
            since=until - span,
            until=until,
            whole_year=span == YEAR,
            policies=len(policies),
            total=len(told),
            shown=told[::-1][:_SHOWN],
        )


def span_of(moments: Sequence[datetime], until: datetime, most: int = _CHANGES) -> timedelta:
    """The longest stretch up to `until` that holds no more than so many of these moments; a week at least."""
    for span in _SPANS[:-1]:
        if sum(moment >= until - span for moment in moments) <= most:
            return span
    return _SPANS[-1]
