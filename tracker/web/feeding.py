"""The feeds: all changes, alarms alone, one policy's, one service's; Atom and JSON Feed of the same entries."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from tracker.changelog.entries import entry
from tracker.changelog.feeds import Feed, FeedEntry, atom, json_feed
from tracker.changelog.places import folder, policy_page, service_page
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.web.page import MissingPageError, Page, text_page
from tracker.web.touching import touching

if TYPE_CHECKING:
    from tracker.web.shelf import Shelf

_ENTRIES, _OF_A_POLICY = 30, 60
TYPES = {"atom": "atom", "json": "feed"}


def feed_page(pages: "Shelf", path: str) -> Page:
    """A feed under feeds/. Raises MissingPageError."""
    stem, _, suffix = path.removeprefix("feeds/").rpartition(".")
    if suffix not in TYPES:
        raise MissingPageError(path)
    if stem == "all":
        return _kept(
            pages,
            path,
            suffix,
            lambda: _feed(pages, path, "all", "All changes", "changes/index.html", _rows(pages)),
        )
    if stem == "alarms":
        return _kept(pages, path, suffix, lambda: _alarms(pages, path))
    kind, _, service = stem.partition("/")
    if kind == "services" and service in set(pages.tracker.catalogue().services()):
        name = pages.tracker.catalogue().service_name(service)
        return _kept(
            pages, path, suffix,
            lambda: _feed(
                pages, path, f"service/{service}", name, service_page(service),
                [(one.stem, one.row) for one in touching(pages, service, _ENTRIES)],
            ),
        )  # fmt: skip
    raise MissingPageError(path)


def told_in_feeds(pages: "Shelf") -> list[ChangeRow]:
    """What stands in the feeds of everything and of alarms."""
    return [row for severities in ((), ("alarm",)) for _, row in _rows(pages, severities)]


def policy_feed(pages: "Shelf", arn: PolicyArn, suffix: str) -> Page:
    """The feed of one policy: feed.atom, feed.json in its folder."""
    path, facts = f"{folder(arn)}/feed.{suffix}", pages.facts(arn)

    def make() -> Page:
        feed = facts.feed
        if feed is None:
            rows = pages.browsing.newest(_OF_A_POLICY, arn=arn)
            feed = _feed(pages, path, f"policy/{arn}", arn.name, policy_page(arn), rows)
            facts.feed = feed if pages.static else None  # as files both forms are made at once
        return _page(feed, suffix)

    return pages.kept(path, (*pages.marks(arn), pages.base), make)


def _alarms(pages: "Shelf", path: str) -> Feed:
    return _feed(pages, path, "alarms", "Alarms", "changes/index.html", _rows(pages, ("alarm",)))


def _rows(pages: "Shelf", severities: tuple[str, ...] = ()) -> tuple[tuple[str, ChangeRow], ...]:
    return pages.browsing.newest(_ENTRIES, severities=severities, without=("republished",))


def service_feeds(pages: "Shelf", service: str) -> "Iterator[tuple[str, Page]]":
    """Both forms of a service's feed as files: of each change what it does to that service, where a server's has it whole.

    Thirty whole changes for each of 457 services would be written 27,000 times over.
    """
    name, base = pages.tracker.catalogue().service_name(service), pages.base
    entries = []
    for touch in touching(pages, service, _ENTRIES):
        row, one = touch.row, entry(touch.row, touch.stem)
        url = f"{base}{one.path}"
        entries.append(
            FeedEntry.of(
                row,
                title=f"{row.arn.name} {one.versions}: {row.headline}",
                url=url,
                html=pages.tracker.renderer().render(
                    "site/feed_touched.html", one=one, lists=touch.lists, name=name, url=url
                ),
            )
        )
    stem = f"feeds/services/{service}"
    feed = _feed_of(pages, stem, f"service/{service}", name, service_page(service), entries)
    for suffix in TYPES:
        yield f"{stem}.{suffix}", _page(feed, suffix)


def _feed(
    pages: "Shelf", path: str, name: str, title: str, home: str, rows: Iterable[tuple[str, ChangeRow]]
) -> Feed:
    entries = [
        one for stem, row in rows if (one := _entry(pages, stem, row, again=name in ("all", "alarms")))
    ]
    return _feed_of(pages, path.rpartition(".")[0], name, title, home, entries)


def _feed_of(
    pages: "Shelf", stem: str, name: str, title: str, home: str, entries: "Iterable[FeedEntry]"
) -> Feed:
    base = pages.base
    return Feed(
        name,
        f"policy-tracker: {title}",
        f"{base}{home}",
        f"{base}{stem}.atom",
        f"{base}{stem}.json",
        tuple(entries),
    )


def _entry(pages: "Shelf", stem: str, row: ChangeRow, *, again: bool) -> FeedEntry | None:
    """A change as an entry; None where its versions are not archived. `again`: a build has it in all forms of the feeds of everything."""
    found: FeedEntry | None
    if pages.static and row.id in pages.entries:
        return pages.entries[row.id]
    change, renderer = pages.facts(row.arn).change(stem), pages.tracker.renderer()
    if change is None:
        found = None
    else:
        view = renderer.view(change)
        found = FeedEntry.of(
            row,
            title=f"{view.title}: {view.headline}",
            url=f"{pages.base}{policy_page(row.arn, f'{stem}.html')}",
            html=renderer.render("site/feed_entry.html", view=view),
        )
    if pages.static and again:
        pages.entries[row.id] = found
    return found


def _kept(pages: "Shelf", path: str, suffix: str, make: Callable[[], Feed]) -> Page:
    return pages.kept(path, (pages.browsing.change_mark(), pages.base), lambda: _page(make(), suffix))


def _page(feed: Feed, suffix: str) -> Page:
    newest = max((one.updated for one in feed.entries), default=None)
    text = atom(feed) if suffix == "atom" else json_feed(feed)
    return text_page(text, TYPES[suffix], newest, 300)
