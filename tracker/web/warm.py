"""Answers that can be given again without a look at anything: the address asked for, and the moment it was answered at.

Until somebody commits to the database or runs `used`, and until the clock passes what a page depends on, every address means the same
page as before. That is told by one number that SQLite keeps in shared memory, so a page that is at hand, or a 304, costs
neither a thread nor a query. What roles did is kept in files beside the database; their folder is asked when it changed.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import TYPE_CHECKING
from weakref import ReferenceType, ref

from tracker.archive.used import folder_mark
from tracker.store.pulse import Pulse
from tracker.web.page import Page

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.web.shelf import Shelf

Moment = Hashable
_ADDRESSES = 8_192


class Warm:
    """The addresses answered last. It keeps no page alive: how much is kept is the page cache's to say."""

    def __init__(self, pages: "Shelf") -> None:
        self._pages = pages
        self._pulse = Pulse(pages.tracker.database)
        self._known: OrderedDict[tuple[str, bytes], tuple[Moment, ReferenceType[Page]]] = OrderedDict()
        self._lock = Lock()
        self._planned: tuple[datetime, Moment] | None = None

    def moment(self) -> Moment:
        """What moves when any page may have become another. To be taken before a page is made. Raises TrackerError."""
        tracker = self._pages.tracker
        return (self._pulse.beat(), folder_mark(tracker.home), self._hour(), tracker.catalogue().version)

    def get(self, path: str, query: bytes, moment: Moment) -> Page | None:
        """The page that was the answer, if nothing has moved since and it is still kept."""
        with self._lock:
            found = self._known.get((path, query))
            if found is None:
                return None
            page = found[1]()
            if found[0] != moment or page is None:
                del self._known[path, query]
                return None
            self._known.move_to_end((path, query))
            return page

    def put(self, path: str, query: bytes, moment: Moment, page: Page) -> None:
        """Remember an answer, made after that moment was taken."""
        with self._lock:
            self._known[path, query] = (moment, ref(page))
            self._known.move_to_end((path, query))
            while len(self._known) > _ADDRESSES:
                self._known.popitem(last=False)

    def _hour(self) -> Moment:
        """What of the clock a page depends on, reckoned once a minute: plans are made in minutes."""
        now = self._pages.tracker.clock().replace(second=0, microsecond=0)
        if self._planned is None or self._planned[0] != now:
            plan = self._pages.tracker.plan
            self._planned = (now, (now.date(), self._pages.due(), plan.report.previous(now)))
        return self._planned[1]
