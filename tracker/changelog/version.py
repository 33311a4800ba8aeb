"""One version laid out: its statements, and what it allows by service, with the statements that grant it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.scopes import Line, everywhere, where
from tracker.changelog.services import level_order
from tracker.model.catalogue import Catalogue
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import words
from tracker.policy.document import Document
from tracker.policy.granted import GrantedAction


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement of the document, in a line."""

    number: int  # from 1, in the order of the document
    sid: str
    effect: str
    actions: int  # action strings
    excluded: bool  # they are what is left out (NotAction)
    example: tuple[str, ...]  # the first of them
    where: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class AllowedRow:
    """One action that is allowed."""

    action: str
    level: str
    where: tuple[Line, ...]  # empty: on every resource
    denied: tuple[Line, ...]  # empty: nothing is taken back
    by_wildcard: bool
    flagged: bool


@dataclass(frozen=True, slots=True)
class AllowedService:
    """What is allowed of one service."""

    service: str
    name: str
    rows: tuple[AllowedRow, ...]  # gravest level first
    listed: bool  # AWS's list of actions has it, so it has a page


@dataclass(frozen=True, slots=True)
class VersionView:
    """All that the page of a version needs."""

    policy: PolicyArn
    version: VersionId
    create_date: datetime
    default: bool
    seen: tuple[str, ...]  # sentences: when it was in force
    sha256: str
    source: str
    catalogue: str
    statements: tuple[StatementRow, ...]
    services: tuple[AllowedService, ...]
    total: int  # actions allowed in all, those that are not shown too
    document: str  # canonical JSON
    asked: str  # what the reader looked for inside


def statement_rows(document: Document) -> tuple[StatementRow, ...]:
    """The statements in the order of the document."""
    return tuple(
        StatementRow(
            number,
            one.sid,
            one.effect,
            len(one.listed),
            one.actions is None,
            tuple(sorted(one.listed, key=str.lower)[:3]),
            where([one.scope]),
        )
        for number, one in enumerate(document.statements, start=1)
    )


def allowed_services(
    allowed: Mapping[str, Mapping[str, GrantedAction]],
    catalogue: Catalogue,
    flagged: frozenset[str],
    asked: str,
) -> tuple[AllowedService, ...]:
    """What is allowed by service; `asked` keeps the actions and services in whose names it occurs."""
    low, known = asked.strip().lower(), set(catalogue.services())
    found = []
    for service, actions in allowed.items():
        name = catalogue.service_name(service)
        by_level: defaultdict[str, list[AllowedRow]] = defaultdict(list)
        for key, one in actions.items():
            if low and low not in f"{service}:{key}" and low not in name.lower():
                continue
            info = catalogue.action(service, key)
            level = info.access_level if info else "Unknown"
            by_level[level].append(
                AllowedRow(
                    one.spelling,
                    level,
                    () if everywhere(one.scopes) else where(one.scopes),
                    where(one.denied) if one.denied else (),
                    one.by_wildcard,
                    f"{service}:{key}" in flagged,
                )
            )
        rows = [row for level in sorted(by_level, key=level_order) for row in by_level[level]]
        if rows:
            found.append(AllowedService(service, name, tuple(rows), listed=service in known))
    return tuple(sorted(found, key=lambda one: (one.name.lower(), one.service)))


def seen_words(moments: Sequence[tuple[datetime, str]]) -> tuple[str, ...]:
    """When a version was seen in force, a sentence each; (instant, basis)."""
    how = {
        "create_date": "taken for the default from its date on",
        "commit": "seen as the default by an archive",
    }
    return tuple(f"{how.get(basis, 'seen as the default')} {words(moment)}" for moment, basis in moments)
