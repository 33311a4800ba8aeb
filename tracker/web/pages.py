"""From a path to a page: which pages there are, what each is made of, and how long it may be kept."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from threading import Lock

from tracker.archive.browsing import Browsing
from tracker.changelog.places import RESERVED, folder
from tracker.changelog.site import Frame
from tracker.collaborators import Tracker
from tracker.errors import UnknownPolicyError
from tracker.model.identity import PolicyArn, is_policy_name
from tracker.watched import watched
from tracker.web import policy_pages, site_pages
from tracker.web.cache import Key, PageCache
from tracker.web.facts import GRACE, Facts
from tracker.web.page import Page, text_page

Query = Mapping[str, str]
_FACTS = 24  # policies whose past is kept parsed
# What of the API a site of files has.
_FILES = {"api/v1/policies": "api/v1/policies.json", "api/v1/changes": "api/v1/changes.json"}


class Pages:
    """Everything that can be read, by path from the root. `static`: the pages become files, and no server answers."""

    def __init__(
        self, tracker: Tracker, *, static: bool = False, base: str = "", cache: PageCache | None = None
    ) -> None:
        self.tracker = tracker
        self.base = f"{(base or tracker.link or '').rstrip('/')}/"  # of feeds, which are read elsewhere; '/': not known
        self.static = static
        self.browsing = Browsing(tracker.database)
        self._cache = cache or PageCache()
        self._facts: OrderedDict[PolicyArn, tuple[Key, Facts]] = OrderedDict()
        self._lock = Lock()

    def page(self, path: str, query: Query | None = None) -> Page:
        """The page under a path. Raises MissingPageError, TrackerError."""
        head, _, rest = path.partition("/")
        if rest and head not in RESERVED:
            arn = self.policy_of(head)
            if arn is not None:
                return policy_pages.page(self, arn, rest, query or {})
        return site_pages.page(self, path, query or {})

    def kept(self, name: str, key: Key, make: Callable[[], Page]) -> Page:
        """A page from the cache, made anew where its marks have moved. Catalogue and day are marks of every page."""
        whole = (*key, self.tracker.catalogue().version, self.tracker.clock().date(), self.static)
        return self._cache.get(name, whole, make)

    def render(self, template: str, frame: Frame, **values: object) -> Page:
        """A page from one of the site's templates."""
        if self.static:
            frame = replace(
                frame,
                static=True,
                api=_FILES.get(frame.api, ""),
                feeds=tuple(one for one in frame.feeds if not one[1].startswith("feeds/services/")),
            )
        return text_page(self.tracker.renderer().render(f"site/{template}", site=frame, **values), "html")

    def policy_of(self, name: str) -> PolicyArn | None:
        """The policy whose folder that is; None where there is none. It costs one look at the disk."""
        for partition in (self.tracker.partition, *_partition(name)):
            plain = name if partition == self.tracker.partition else name.rpartition(".")[0]
            if not is_policy_name(plain) or not (self.tracker.archive.root / partition / plain).is_dir():
                continue  # cheaper than being told which names are spelt alike
            try:
                arn = self.tracker.archive.resolve(plain, partition)
            except UnknownPolicyError:
                continue
            if folder(arn) == name:
                return arn
        return None

    def facts(self, arn: PolicyArn) -> Facts:
        """What is known of a policy, read again only where something was recorded since."""
        key = (self.browsing.mark(arn), self.tracker.catalogue().version, self.tracker.clock().date())
        with self._lock:
            found = self._facts.get(arn)
            if found is not None and found[0] == key:
                self._facts.move_to_end(arn)
                return found[1]
        facts = Facts(self.tracker, arn)
        with self._lock:
            self._facts[arn] = (key, facts)
            while len(self._facts) > _FACTS:
                self._facts.popitem(last=False)
        return facts

    def marks(self, arn: PolicyArn, *, looks: bool = False) -> Key:
        """What a page about one policy is made of."""
        return (
            self.browsing.mark(arn),
            (self.browsing.look_mark(arn.partition), self.due()) if looks else (),
        )

    def due(self) -> Key:
        """What of the hour a page depends on: the last planned look, and whether it is late by now."""
        now = self.tracker.clock()
        planned = self.tracker.plan.look.previous(now)
        return (planned, now - planned > GRACE)

    @cached_property
    def watched(self) -> tuple[PolicyArn, ...]:
        """The policies of the settings that the archive knows."""
        return watched(self.tracker)


def _partition(name: str) -> tuple[str, ...]:
    found = re.search(r"\.(aws[a-z-]*)\Z", name)
    return (found[1],) if found else ()
