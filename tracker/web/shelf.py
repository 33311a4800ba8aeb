"""What every page is made with: the tracker, what is known of each policy, the templates, and the pages kept."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from tracker.archive.browsing import Browsing
from tracker.changelog.places import action_page
from tracker.changelog.site import Frame
from tracker.collaborators import Tracker
from tracker.model.identity import PolicyArn
from tracker.watched import watched
from tracker.web.cache import Key, PageCache
from tracker.web.facts import GRACE, Facts
from tracker.web.page import Page, text_page

if TYPE_CHECKING:
    from tracker.changelog.feeds import FeedEntry
    from tracker.model.asked import Said
    from tracker.model.recorded import ChangeRow

_FACTS, _FACTS_OF_FILES = 24, 4  # policies whose past is kept parsed
_ALL = 100_000
_MANY_ROWS = 300  # changes asked for one by one, before all are read
# What of the API a site of files has.
_FILES = {"api/v1/policies": "api/v1/policies.json", "api/v1/changes": "api/v1/changes.json"}


class Shelf:
    """Where pages are made and kept. `static`: they become files, and no server answers."""

    def __init__(
        self, tracker: Tracker, *, static: bool = False, base: str = "", cache: PageCache | None = None
    ) -> None:
        self.tracker = tracker
        self.base = f"{(base or tracker.link or '').rstrip('/')}/"  # of feeds, which are read elsewhere; '/': not known
        self.static = static
        self.acting = False  # whoever has the admin token may sign for a change on its page
        self.browsing = Browsing(tracker.database)
        self._cache = cache or PageCache()
        self._facts: OrderedDict[PolicyArn, tuple[Key, Facts]] = OrderedDict()
        self.entries: dict[str, FeedEntry | None] = {}  # of the feeds of a site of files
        self.said: tuple[str, list[tuple[PolicyArn, list[Said]]]] | None = (
            None  # a service, and what is said of it
        )
        self._watched: tuple[Key, tuple[PolicyArn, ...]] | None = None
        self._asked_at = 0
        self._lock = Lock()

    def kept(self, name: str, key: Key, make: Callable[[], Page]) -> Page:
        """A page from the cache, made anew where its marks have moved. Catalogue and day are marks of every page.

        A page that becomes a file is asked for once.
        """
        if self.static:
            return make()
        whole = (*key, self.tracker.catalogue().version, self.tracker.clock().date(), self.static)
        return self._cache.get(name, whole, make)

    def render(self, template: str, frame: Frame, **values: object) -> Page:
        """A page from one of the site's templates."""
        if self.static:
            frame = replace(frame, static=True, api=_FILES.get(frame.api, ""))
        return text_page(self.tracker.renderer().render(f"site/{template}", site=frame, **values), "html")

    def facts(self, arn: PolicyArn) -> Facts:
        """What is known of a policy, read again only where something was recorded since."""
        key: Key = ()
        if not self.static:  # a build is of one state
            key = (self.browsing.mark(arn), self.tracker.catalogue().version, self.tracker.clock().date())
        with self._lock:
            found = self._facts.get(arn)
            if found is not None and found[0] == key:
                self._facts.move_to_end(arn)
                return found[1]
        facts = Facts(self.tracker, arn, _ALL) if self.static else Facts(self.tracker, arn)
        with self._lock:
            self._facts[arn] = (key, facts)
            while len(self._facts) > (_FACTS_OF_FILES if self.static else _FACTS):
                self._facts.popitem(last=False)
        return facts

    def marks(self, arn: PolicyArn, *, looks: bool = False) -> Key:
        """What a page about one policy is made of."""
        if self.static:
            return ()
        return (
            self.browsing.mark(arn),
            (self.browsing.look_mark(arn.partition), self.due()) if looks else (),
        )

    def due(self) -> Key:
        """What of the hour a page depends on: the last planned look, and whether it is late by now."""
        now = self.tracker.clock()
        planned = self.tracker.plan.look.previous(now)
        return (planned, now - planned > GRACE)

    def row_at(self, arn: PolicyArn, moment: datetime) -> "tuple[str, ChangeRow] | None":
        """The change that was seen at a moment, with the stem of its page. A build of everything asks for most of them: they are read at once."""
        self._asked_at += 1
        if self.static and self._asked_at > _MANY_ROWS:
            return self._rows_at.get((arn, moment))
        found = self.browsing.newest(1, arn=arn, since=moment, until=moment + timedelta(microseconds=1))
        return found[0] if found else None

    @cached_property
    def _rows_at(self) -> "dict[tuple[PolicyArn, datetime], tuple[str, ChangeRow]]":
        return {(row.arn, row.observed_at): (stem, row) for stem, row in reversed(self.browsing.newest(-1))}

    @cached_property
    def _named(self) -> dict[str, set[str]]:
        """Service -> the actions that the rules of attention name."""
        named: dict[str, set[str]] = {}
        for entry in self.tracker.rules().entries:
            for action in entry.actions:
                service, _, name = action.lower().partition(":")
                named.setdefault(service, set()).add(name)
        return named

    def action_pages(self, service: str) -> tuple[str, ...]:
        """The pages of a service's actions that become files: of those that the rules of attention name. All would be 22,000."""
        known = self.tracker.catalogue().action
        return tuple(
            sorted(
                action_page(f"{service}:{name}")
                for name in self._named.get(service, ())
                if known(service, name)
            )
        )

    @property
    def watched(self) -> tuple[PolicyArn, ...]:
        """The policies of the settings that the archive knows; asked again where something was recorded since."""
        if self.static and self._watched is not None:  # a build is of one state
            return self._watched[1]
        mark = self.browsing.change_mark()
        if self._watched is None or self._watched[0] != mark:
            self._watched = (mark, watched(self.tracker))
        return self._watched[1]
