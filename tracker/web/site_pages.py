"""The pages that are about no single policy: home, changes, attention, status, compare, the style sheet."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tracker.archive.signoffs import Signoffs
from tracker.changelog.entries import by_month, entry
from tracker.changelog.findings import by_weight, finding_groups
from tracker.changelog.overview import InForceRow, PolicyRow, WatchedRow, month_table
from tracker.changelog.places import policy_page
from tracker.changelog.site import Frame
from tracker.changelog.timeline import watched_words
from tracker.errors import TrackerError
from tracker.model.signoff import unsigned
from tracker.web import comparing, searching, used_pages
from tracker.web.feeding import feed_page
from tracker.web.months import month_of
from tracker.web.page import MissingPageError, Page, text_page
from tracker.web.period_pages import month_of_all

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.archive.browsing import Held
    from tracker.changelog.entries import Entry
    from tracker.model.identity import PolicyArn
    from tracker.web.shelf import Shelf

log = logging.getLogger(__name__)
_LATELY, _OTHERS, _NEWEST = 8, 48, 100
_MOST_IN_A_MONTH = 6_000
_UNREAD = 2_000  # of the newest changes that are looked through for what nobody has signed for
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 13H5V9H9V5H13V3" fill="none" stroke="#1f4e8c" stroke-width="2.2"/></svg>
"""
FEEDS = (
    ("All changes", "feeds/all.atom", "feeds/all.json"),
    ("Alarms", "feeds/alarms.atom", "feeds/alarms.json"),
)


def page(pages: "Shelf", path: str, query: Mapping[str, str]) -> Page:
    """The page under a path. Raises MissingPageError."""
    if path in _PAGES:
        return _PAGES[path](pages, query)
    head, _, rest = path.partition("/")
    if head == "changes" and rest.endswith(".html"):
        return changes_of_month(pages, rest.removesuffix(".html"))
    if head == "periods" and rest.endswith(".html"):
        return month_of_all(pages, rest.removesuffix(".html"))
    if head == "feeds":
        return feed_page(pages, path)
    if head == "role":
        return used_pages.page(pages, path)
    if head in ("actions", "services"):
        return searching.catalogue_page(pages, head, rest)
    raise MissingPageError(path)


def home(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """What is watched, what deserves attention lately, what else is on record."""

    def make() -> Page:
        watched = [_watched(pages, arn) for arn in pages.watched]
        names = {one.arn for one in watched}
        rows = pages.browsing.newest(_LATELY, severities=("alarm", "attention"))
        others = pages.browsing.policies(_OTHERS + len(names))
        return pages.render(
            "home.html",
            Frame("index.html", "Policies", FEEDS, "api/v1/policies"),
            total=pages.browsing.count("policies"),
            watched=watched,
            stale=[one.arn.name for one in watched if one.stale],
            lately=[entry(row, stem) for stem, row in rows],
            unsigned=_unsigned(pages),
            others=[_policy_row(one) for one in others if one.arn not in names][:_OTHERS],
        )

    signed = Signoffs(pages.tracker.home, pages.tracker.database).mark()
    return pages.kept("index.html", (*_marks(pages), signed, pages.tracker.remind), make)


def _unsigned(pages: "Shelf") -> "list[Entry]":
    """What nobody has signed for, newest first; nothing where nobody asks."""
    if not pages.tracker.remind:
        return []
    rows = pages.browsing.newest(_UNREAD, without=["republished"], looked=True)
    watched = set(pages.watched)
    stems = {row.id: stem for stem, row in rows}
    asked = [row for _, row in rows if row.arn in watched]
    try:
        signed = Signoffs(pages.tracker.home, pages.tracker.database).all()
    except TrackerError as error:  # a damaged line takes nobody's home page away
        log.warning("what nobody has signed for is not told: %s", error)
        return []
    return [entry(one.row, stems[one.row.id]) for one in unsigned(asked, signed)]


def _watched(pages: "Shelf", arn: "PolicyArn") -> WatchedRow:
    facts = pages.facts(arn)
    watch = facts.watch(planned=True)
    told = [one for one in facts.entries if one.kind != "republished"]
    return WatchedRow(
        arn=arn,
        path=policy_page(arn),
        attention=policy_page(arn, "attention.html"),
        today=facts.today,
        last=next(iter(told or facts.entries), None),
        watched=watched_words(watch),
        stale=watch.stale,
        flagged=sum(1 for one in facts.attention if not one.accepted),
    )


def _policy_row(held: "Held") -> PolicyRow:
    return PolicyRow(held.arn.name, policy_page(held.arn), held.versions, held.changes, held.last)


def policies(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """Every policy there is, by name."""

    def make() -> Page:
        rows = sorted(map(_policy_row, pages.browsing.policies()), key=lambda one: one.name.lower())
        return pages.render(
            "policies.html", Frame("policies.html", "Policies", FEEDS, "api/v1/policies"), policies=rows
        )

    return pages.kept("policies.html", _marks(pages), make)


def changes(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """The newest changes of all policies, and the way to all others by month."""

    def make() -> Page:
        found = pages.browsing.newest(_NEWEST)
        return _change_list(pages, "index", "What changed", [entry(row, stem) for stem, row in found], "")

    return pages.kept("changes/index.html", (pages.browsing.change_mark(),), make)


def changes_of_month(pages: "Shelf", name: str) -> Page:
    """Every change of one month."""
    ends = month_of(name)
    if ends is None or name not in dict(pages.browsing.months()):
        raise MissingPageError(f"changes/{name}.html")

    def make() -> Page:
        found = pages.browsing.newest(_MOST_IN_A_MONTH, since=ends[0], until=ends[1])
        return _change_list(pages, name, f"{ends[0]:%B %Y}", [entry(row, stem) for stem, row in found], name)

    return pages.kept(f"changes/{name}.html", (pages.browsing.change_mark(),), make)


def _change_list(pages: "Shelf", file: str, title: str, entries: "list[Entry]", month: str) -> Page:
    months = pages.browsing.months()
    names = [name for name, _ in months]
    at = names.index(month) + 1 if month in names else len(names)
    oldest: datetime | None = entries[-1].observed_at if entries and not month else None
    older = names[at] if at < len(names) else f"{oldest:%Y-%m}" if oldest and len(entries) >= _NEWEST else ""
    return pages.render(
        "changes.html",
        Frame(f"changes/{file}.html", "Changes", FEEDS, "api/v1/changes"),
        title=title,
        total=len(entries),
        month=month,
        months=month_table(
            [one for one in months if not (pages.static and month) or one[0][:4] == month[:4]]
        ),
        batches=by_month(entries),
        older=f"{older}.html" if older else "",
    )


def attention(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """What is in force of every watched policy, the gravest of each."""

    def make() -> Page:
        rows = []
        for arn in pages.watched:
            found = by_weight(one for one in pages.facts(arn).attention if not one.accepted)
            told = finding_groups(found)[:8]
            rows.append(InForceRow(arn.name, policy_page(arn, "attention.html"), told, len(found)))
        return pages.render(
            "attention.html", Frame("attention.html", "Attention", FEEDS), policy=None, policies=rows
        )

    return pages.kept("attention.html", _marks(pages), make)


def status(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """How the tracker is. Made anew each time: it is about now."""
    from importlib.metadata import version

    tracker, now = pages.tracker, pages.tracker.clock()
    watched = [(arn.name, policy_page(arn), pages.facts(arn).watch(planned=True)) for arn in pages.watched]
    stale = [name for name, _, watch in watched if watch.stale]
    outbox = pages.browsing.outbox_depth()
    failed = outbox.get("failed", 0)
    if stale:
        sentence = f"{len(stale)} of {len(watched)} watched policies were not looked at as planned."
    elif failed:
        sentence = f"{failed} {'mail' if failed == 1 else 'mails'} could not be delivered."
    else:
        sentence = (
            "Everything is as planned."
            if any(watch.last for *_, watch in watched)
            else "AWS has not been asked yet."
        )
    made = pages.render(
        "status.html",
        Frame("status.html", "Status", (), "api/v1/status"),
        sentence=sentence,
        version=version("policy-tracker"),
        catalogue=tracker.catalogue().version,
        next_look=tracker.plan.look.next(now),
        next_report=tracker.plan.report.next(now),
        counts={
            table: pages.browsing.count(table) for table in ("policies", "snapshots", "changes", "looks")
        },
        outbox=outbox,
        watched=watched,
        runs=pages.browsing.runs(20),
    )
    made.max_age_s = 10
    return made


def style(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """The one style sheet: that of the changelogs, and what the site has beside."""
    text = pages.tracker.renderer().source("style.css") + pages.tracker.renderer().source("site/site.css")
    return pages.kept("style.css", (), lambda: text_page(text, "css", None, 3_600))


def icon(_: "Shelf", __: Mapping[str, str]) -> Page:
    """A step line."""
    return text_page(ICON, "svg", None, 86_400)


def script(pages: "Shelf", name: str) -> Page:
    """A script of a site without a server: of its search, and of the one inside a version."""
    return text_page(pages.tracker.renderer().source(f"site/{name}"), "js", None, 3_600)


def missing(pages: "Shelf", _: Mapping[str, str]) -> Page:
    """What a file server shows where there is nothing."""
    return pages.render(
        "problem.html",
        Frame("404.html"),
        title="Not found",
        status=404,
        detail="There is no such page.",
        advice="",
    )


def robots(_: "Shelf", __: Mapping[str, str]) -> Page:
    """Everything may be read by anybody's robot but the API and the searches."""
    return text_page(
        "User-agent: *\nDisallow: /api/\nDisallow: /search.html?\nDisallow: /compare.html?\n",
        "txt",
        None,
        86_400,
    )


def _marks(pages: "Shelf") -> tuple[object, ...]:
    """What a page about many policies is made of."""
    return (pages.browsing.change_mark(), pages.browsing.look_mark(pages.tracker.partition), pages.due())


_PAGES: "dict[str, Callable[[Shelf, Mapping[str, str]], Page]]" = {
    "index.html": home,
    "policies.html": policies,
    "changes/index.html": changes,
    "attention.html": attention,
    "status.html": status,
    "compare.html": comparing.compare_page,
    "search.html": searching.search_page,
    "style.css": style,
    "icon.svg": icon,
    "robots.txt": robots,
    "search.js": lambda pages, _: script(pages, "search.js"),
    "inside.js": lambda pages, _: script(pages, "inside.js"),
    "404.html": missing,
}
