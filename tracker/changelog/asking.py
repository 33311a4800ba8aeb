"""A search laid out: who may, since when, until when, under which scope; and what the catalogue would suggest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.places import action_page, policy_page, service_page
from tracker.changelog.scopes import Line, everywhere, where
from tracker.changelog.services import level_order
from tracker.changelog.wording import count, day
from tracker.model.asked import Holder, Moment, Question
from tracker.model.catalogue import Catalogue

SHOWN = 400  # rows of holders on a page; the API has them all
_SUGGESTED = 24
_PLACES = 2  # scopes that a line tells; the others are counted


@dataclass(frozen=True, slots=True)
class When:
    """One end of a stretch of time."""

    moment: datetime
    version: str  # 'v20', or empty
    note: str  # 'first on record', 'by its date', or empty


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A policy that allows what was asked, or did."""

    name: str
    path: str
    holds: bool  # at the moment that was asked about
    spans: tuple[tuple[When, When | None], ...]  # newest first
    patterns: tuple[str, ...]  # by which it is said, as documents spell them
    where: tuple[Line, ...]
    elsewhere: int  # scopes that are not told
    denied: tuple[Line, ...]
    gone: datetime | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something of the catalogue that may have been meant."""

    name: str
    path: str
    note: str


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What the catalogue says of an action."""

    action: str
    service: str
    service_name: str
    service_path: str
    level: str
    description: str
    known: bool


@dataclass(frozen=True, slots=True)
class SearchView:
    """All that a page of results needs."""

    asked: str
    sentence: str
    facts: ActionFacts | None
    rows: tuple[HolderRow, ...]
    left: int  # rows that are not shown
    total: int
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class ServiceAction:
    """An action in the list of a service."""

    name: str
    path: str
    level: str
    description: str


def _when(moment: Moment) -> When:
    note = "first on record" if moment.first else "by its date" if moment.basis == "create_date" else ""
    return When(moment.at, str(moment.version) if moment.version else "", note)


def holder_row(holder: Holder, moment: datetime | None) -> HolderRow:
    """A holder in a line; `moment`: the date asked about, None for now."""
    span = holder.span_at(moment)
    at = moment if span else (holder.spans[-1].since.at if moment is None else moment)
    allows = holder.said_at(at if moment or not span else None, "Allow")
    denies = holder.said_at(at if moment or not span else None, "Deny")
    places = tuple(dict.fromkeys(one.scope for one in allows))
    return HolderRow(
        name=holder.arn.name,
        path=policy_page(holder.arn),
        holds=span is not None,
        spans=tuple(
            (_when(one.since), _when(one.until) if one.until else None) for one in reversed(holder.spans)
        ),
        patterns=tuple(
            dict.fromkeys(
                f"all but {one.spelling}" if one.how == "all-but" else one.spelling for one in allows
            )
        ),
        where=() if not places or everywhere(places) else where(places[:_PLACES], 2),
        elsewhere=0 if everywhere(places) else max(0, len(places) - _PLACES),
        denied=where(tuple(dict.fromkeys(one.scope for one in denies))) if denies else (),
        gone=holder.gone,
    )


def facts_of(action: str, catalogue: Catalogue) -> ActionFacts:
    """What the catalogue says of one action."""
    service, _, name = action.partition(":")
    info = catalogue.action(service.lower(), name.lower())
    return ActionFacts(
        action=f"{info.service}:{info.name}" if info else action,
        service=service.lower(),
        service_name=catalogue.service_name(service.lower()),
        service_path=service_page(service.lower()),
        level=info.access_level if info else "Unknown",
        description=info.description if info else "",
        known=info is not None,
    )


def search_view(
    question: Question,
    holders: Iterable[Holder],
    catalogue: Catalogue,
    moment: datetime | None,
    *,
    every: bool = False,
) -> SearchView:
    """Lay the answer out: who may first, then who might once, each by name."""
    rows = sorted(
        (holder_row(one, moment) for one in holders), key=lambda row: (not row.holds, row.name.lower())
    )
    holding = sum(row.holds for row in rows)
    then = f"on {day(moment)}" if moment else "today"
    what = f"all of {question.asked}" if every and not question.single else question.asked
    told = f"{count(holding, 'policy', 'policies')} {'allows' if holding == 1 else 'allow'} {what} {then}"
    if before := len(rows) - holding:
        told += (
            f"; {before:,} {'does so at another time' if before == 1 else 'do so at other times'}"
            if moment
            else f"; {before:,} did once"
        )
    facts = facts_of(question.asked, catalogue) if question.single else None
    return SearchView(
        asked=question.asked,
        sentence=f"{told}." if rows else f"No policy on record has ever allowed {what}.",
        facts=facts,
        rows=tuple(rows[:SHOWN]),
        left=max(0, len(rows) - SHOWN),
        total=len(rows),
        suggestions=suggestions(question.asked, catalogue) if not rows or (facts and not facts.known) else (),
    )


def suggestions(text: str, catalogue: Catalogue) -> tuple[Suggestion, ...]:
    """Services and actions in whose names the text occurs, those that begin with it first."""
    low = text.strip().strip("*").lower()
    service, colon, name = low.partition(":")
    wanted = name.strip("*?") if colon else low
    if not wanted and not service:
        return ()
    found: list[tuple[int, Suggestion]] = []
    for each in catalogue.services():
        human = catalogue.service_name(each)
        if not colon and (wanted in each or wanted in human.lower()):
            found.append((0 if each == wanted else 1, Suggestion(human, service_page(each), each)))
        if colon and each != service:
            continue
        for action in catalogue.actions(each):
            if wanted and wanted in action and len(wanted) > 2:
                info = catalogue.action(each, action)
                spelt = f"{each}:{info.name if info else action}"
                rank = 2 if action == wanted else 3 if action.startswith(wanted) else 4
                found.append((rank, Suggestion(spelt, action_page(spelt), info.access_level if info else "")))
    found.sort(key=lambda one: (one[0], one[1].name.lower()))
    return tuple(one for _, one in found[:_SUGGESTED])


def service_actions(service: str, catalogue: Catalogue) -> tuple[tuple[str, tuple[ServiceAction, ...]], ...]:
    """(access level, its actions) of a service, the gravest first."""
    levels: dict[str, list[ServiceAction]] = {}
    for name in catalogue.actions(service):
        info = catalogue.action(service, name)
        if info is not None:
            spelt = f"{service}:{info.name}"
            levels.setdefault(info.access_level, []).append(
                ServiceAction(spelt, action_page(spelt), info.access_level, info.description)
            )
    return tuple((level, tuple(levels[level])) for level in sorted(levels, key=level_order))
