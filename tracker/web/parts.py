"""The parts of the site as files: what each is made of, and how its files are made. Who writes them is building.py."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from tracker.changelog.held import actions_place
from tracker.changelog.places import folder, service_page
from tracker.model.identity import PolicyArn
from tracker.web.data import Data, static_json
from tracker.web.feeding import service_feeds, told_in_feeds
from tracker.web.page import MissingPageError, Page
from tracker.web.pages import Pages
from tracker.web.policy_pages import static_names
from tracker.web.shards import index, shard
from tracker.web.used_pages import used_by, used_marks

if TYPE_CHECKING:
    from tracker.changelog.feeds import FeedEntry
    from tracker.model.recorded import ChangeRow

_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]*").fullmatch  # what an address holds as it is, which most do
Files = Iterator[tuple[str, Page]]
Part = tuple[str, object, Callable[[], Files]]  # its name, what it is made of, and its files
_SITE = (
    "index.html", "policies.html", "changes/index.html", "attention.html", "status.html", "search.html", "compare.html",
    "style.css", "icon.svg", "search.js", "inside.js", "404.html",
)  # fmt: skip
_FEEDS = tuple(f"feeds/{name}.{suffix}" for name in ("all", "alarms") for suffix in ("atom", "json"))


class Parts:
    """The parts of one site, each of them what one piece of news changes."""

    def __init__(self, pages: Pages, base: str, told: "Callable[[], Mapping[str, FeedEntry]]" = dict) -> None:
        self._pages = pages
        self._data = Data(pages)
        self._base = base  # the site's address, for the sitemap; empty: not known
        self._told = told  # the entries of the feeds of everything that other feeds hold
        self._policies = pages.browsing.marks()

    def all(self) -> Iterator[Part]:
        """All but the feeds of everything and the list of addresses. Each may be made by another process: none needs what another one makes."""
        roles = used_marks(self._pages)  # mostly none: then nobody needs to be asked of each policy
        for arn, mark in self._policies.items():
            used = used_by(self._pages, str(arn)) if roles else ()
            yield f"policy {arn}", (mark, used) if used else mark, partial(self.policy, arn)
        yield from self.others()

    def policy(self, arn: PolicyArn) -> Files:
        """All of one policy."""
        place, api = folder(arn), f"api/v1/policies/{folder(arn)}"
        for name in static_names(self._pages, arn):
            yield f"{place}/{name}", self._pages.page(f"{place}/{name}")
        yield f"{api}/index.json", self._data.policy(str(arn))
        yield f"{api}/transitions.json", self._data.transitions(str(arn))
        yield f"{api}/versions.json", self._data.versions(str(arn))
        yield f"{api}/attention.json", self._data.attention(str(arn))

    def addresses(self, written: Mapping[str, str]) -> Part:
        """What search engines are told. `written`: all other files, by which it is made."""
        return "addresses", sorted(written), partial(self._addresses, written)

    def others(self) -> Iterator[Part]:
        """What is about no single policy."""
        browsing = self._pages.browsing
        changed = browsing.change_mark()
        whole = (changed, browsing.look_mark(self._pages.tracker.partition))
        yield from self._months()
        marks = browsing.service_marks()
        for service in self._pages.tracker.catalogue().services():
            yield f"service {service}", (marks.get(service), marks.get("")), partial(self._service, service)
        used = used_marks(self._pages)
        yield "used", used, partial(self._paths, [path for path, _ in used])
        yield "catalogue", (), self._catalogue
        yield "site", whole, partial(self._paths, _SITE)
        yield "data", whole, self._lists

    def feeds(self) -> Part:
        """The feeds of everything, out of those of the policies."""
        return "feeds", self._pages.browsing.change_mark(), self._feeds

    def told_in_feeds(self) -> "list[ChangeRow]":
        """The changes that stand in the feeds of everything."""
        return told_in_feeds(self._pages)

    def _months(self) -> Iterator[Part]:
        """Each month's changes, and its net. A page shows the months beside it too: those of its year, the ones next to it."""
        counts = self._pages.browsing.months()
        names = ["", *(name for name, _ in counts), ""]
        for place, (month, mark) in enumerate(self._pages.browsing.month_marks(), 1):
            newer, older = names[place - 1], names[place + 1]
            year = [one for one in counts if one[0][:4] == month[:4]]
            yield f"month {month}", (mark, year, older), partial(self._paths, [f"changes/{month}.html"])
            yield f"period {month}", (mark, newer, older), partial(self._paths, [f"periods/{month}.html"])

    def _feeds(self) -> Files:
        self._pages.entries |= self._told()
        yield from self._paths(_FEEDS)

    def _paths(self, paths: Iterable[str]) -> Files:
        for path in paths:
            yield path, self._pages.page(path)

    def _service(self, service: str) -> Files:
        """The page of a service, those of its actions that the rules of attention name, one of all of them, its piece of the search's index, its feeds."""
        for path in (service_page(service), *self._pages.action_pages(service)):
            try:
                yield path, self._pages.page(path)
            except MissingPageError:
                continue
        data, read = shard(self._pages, service)
        yield f"search/{service}.json", data
        yield actions_place(service), read
        yield from service_feeds(self._pages, service)

    def _catalogue(self) -> Files:
        """What AWS's list of actions alone says."""
        yield "search/index.json", index(self._pages)
        yield "api/v1/services.json", self._data.services()

    def _lists(self) -> Files:
        from tracker.changelog.schema import record_schema

        yield "api/v1/policies.json", self._data.policies(100_000)
        yield "api/v1/changes.json", self._data.changes(1_000)
        yield "api/v1/stats.json", self._data.stats()
        yield "api/v1/schema/record.json", static_json(record_schema())

    def _addresses(self, written: Mapping[str, str]) -> Files:
        """robots.txt, and where the site's address is known a sitemap, which needs absolute ones."""
        lines = ["User-agent: *", "Allow: /"]
        if self._base:
            base = self._base.rstrip("/") + "/"
            paths = sorted(
                path
                for path in written
                if path.endswith(".html") and not path.endswith(".print.html") and path != "404.html"
            )
            at = escape(base)
            told = "".join(
                f"<url><loc>{at}{path if _PLAIN(path) else escape(quote(path))}</loc></url>\n"
                for path in paths[:50_000]
            )
            text = f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{told}</urlset>\n'
            yield "sitemap.xml", Page(text.encode(), "application/xml")
            lines.append(f"Sitemap: {base}sitemap.xml")
        yield "robots.txt", Page(("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8")
