"""Search, and the pages of actions and services: who may, since when, until when."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.archive.asked import gone, said
from tracker.archive.layout import policy_key
from tracker.changelog.asking import Suggestion, facts_of, search_view, service_actions, suggestions
from tracker.changelog.held import actions_place
from tracker.changelog.places import action_page, service_page
from tracker.changelog.site import Frame
from tracker.errors import InputError
from tracker.model.asked import Holder, Question
from tracker.model.instants import parse_instant
from tracker.policy.questions import question, spans
from tracker.web.page import MissingPageError, Page

if TYPE_CHECKING:
    from tracker.model.asked import Said
    from tracker.model.identity import PolicyArn
    from tracker.web.shelf import Shelf

_LONGEST = 200


def holders(
    pages: "Shelf", asked: Question, *, every: bool = False, policies: Collection[str] | None = None
) -> list[Holder]:
    """The policies that allow what is asked, or did once."""
    database = pages.tracker.database
    if not database.exists:
        return []
    service = asked.pattern.removesuffix(":*")
    whole = pages.static and policies is None and asked.pattern == f"{service}:*"
    with database.reading() as db:
        left = gone(db)
        found = said_of(pages, service) if whole else list(said(db, asked, policies))
    told = ((arn, each, spans(asked, each, every=every)) for arn, each in found)
    return [Holder(arn, when, tuple(each), left.get(arn)) for arn, each, when in told if when]


def said_of(pages: "Shelf", service: str) -> "list[tuple[PolicyArn, list[Said]]]":
    """What each policy ever said of a service. As files its page, its index and its feeds are made one after the other."""
    if pages.static and pages.said is not None and pages.said[0] == service:
        return pages.said[1]
    if not pages.tracker.database.exists:
        return []
    with pages.tracker.database.reading() as db:
        found = list(said(db, question(f"{service}:*")))
    pages.said = (service, found) if pages.static else None
    return found


def search_page(pages: "Shelf", query: Mapping[str, str]) -> Page:
    """The form, and where it was filled in, who may do it."""
    fields = {name: query.get(name, "").strip()[:_LONGEST] for name in ("q", "policy", "at", "all")}
    text = fields["q"]

    def make() -> Page:
        view, fault, advice = None, "", ""
        near: tuple[Suggestion, ...] = ()
        catalogue = pages.tracker.catalogue()
        try:
            if text:
                asked = question(text if ":" in text or text == "*" or " " in text else f"*:{text}")
                moment = _moment(fields["at"])
                only = _only(pages, fields["policy"])
                every = bool(fields["all"])
                view = search_view(
                    asked, holders(pages, asked, every=every, policies=only), catalogue, moment, every=every
                )
        except InputError as error:
            fault, advice = str(error), error.advice
        if text and (view is None or ":" not in text):
            near = suggestions(text, catalogue)
        return pages.render(
            "search.html",
            Frame("search.html", "Search", api="api/v1/services", static=pages.static, script=pages.static),
            fields=fields,
            view=view,
            near=near or (view.suggestions if view else ()),
            fault=f"{fault[0].upper()}{fault[1:]}" if fault else "",
            advice=advice,
            services=_services(pages) if not text else (),
        )

    return pages.kept(f"search.html?{sorted(fields.items())}", (pages.browsing.change_mark(),), make)


def _services(pages: "Shelf") -> list[tuple[str, str, str]]:
    """(name, prefix, page) of every service of the catalogue, by name: the index for readers without a word to look for."""
    catalogue = pages.tracker.catalogue()
    rows = [(catalogue.service_name(one), one, service_page(one)) for one in catalogue.services()]
    return sorted(rows, key=lambda row: (row[0].lower(), row[1]))


def _moment(text: str) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except (ValueError, OverflowError) as error:
        raise InputError(f"not a date: {text!r}", advice="wanted: 2021-12-21") from error


def _only(pages: "Shelf", name: str) -> list[str] | None:
    return [policy_key(pages.tracker.archive.resolve(name, pages.tracker.partition))] if name else None


def catalogue_page(pages: "Shelf", head: str, rest: str) -> Page:
    """The page of an action or of a service. Raises MissingPageError for what neither catalogue nor archive knows."""
    stem, _, suffix = rest.rpartition(".")
    if suffix != "html" or not stem or len(stem) > _LONGEST:
        raise MissingPageError(f"{head}/{rest}")
    key = (pages.browsing.change_mark(),)
    if head == "services" and "/" not in stem:
        return pages.kept(f"{head}/{rest}", key, lambda: service(pages, stem))
    if head == "actions" and stem.count("/") == 1:
        return pages.kept(f"{head}/{rest}", key, lambda: action(pages, stem.replace("/", ":")))
    raise MissingPageError(f"{head}/{rest}")


def action(pages: "Shelf", name: str) -> Page:
    """One action: what AWS says of it, and every policy that allows it or did."""
    try:
        asked = question(name)
    except InputError as error:
        raise MissingPageError(name) from error
    catalogue = pages.tracker.catalogue()
    found = holders(pages, asked) if asked.single else []
    facts = facts_of(name, catalogue)
    if not asked.single or (not found and not facts.known):
        raise MissingPageError(name)
    shown = Question(facts.action, asked.pattern)
    view = search_view(shown, found, catalogue, None)
    return pages.render(
        "action.html", Frame(action_page(name), "Search", api=f"api/v1/actions/{name}"), view=view
    )


def service(pages: "Shelf", name: str) -> Page:
    """One service: its actions, and every policy that allows anything of it."""
    catalogue = pages.tracker.catalogue()
    levels = service_actions(name, catalogue)
    try:
        asked = question(f"{name}:*")
    except InputError as error:
        raise MissingPageError(name) from error
    found = holders(pages, asked)
    if not levels and not found:
        raise MissingPageError(name)
    human = catalogue.service_name(name)
    feed = f"feeds/services/{name}"
    return pages.render(
        "service.html",
        Frame(
            service_page(name),
            "Search",
            ((human, f"{feed}.atom", f"{feed}.json"),),
            f"api/v1/services/{name}",
        ),
        name=human,
        service=name,
        levels=levels,
        every=actions_place(name),
        linked=frozenset(pages.action_pages(name)) if pages.static else frozenset(),
        total=sum(len(each) for _, each in levels),
        view=search_view(asked, found, catalogue, None),
    )
