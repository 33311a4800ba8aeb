"""One version laid out: its statements, and what it allows by service, with the statements that grant it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from tracker.changelog.roles import who_may
from tracker.changelog.scopes import Line, everywhere, where
from tracker.changelog.services import level_order
from tracker.changelog.wording import listed
from tracker.changes.roles import trusted
from tracker.model.catalogue import Catalogue
from tracker.model.change import Scope
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import words
from tracker.policy.document import Document
from tracker.policy.granted import GrantedAction

MOST = 6_000  # actions on one page; a version that allows more shows some of each service, and a search finds the rest
_EXAMPLES = 3


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
    statements: tuple[
        int, ...
    ] = ()  # numbers of those that allow it; empty where the whole service has the same
    denying: tuple[int, ...] = ()  # and of those that take it back


@dataclass(frozen=True, slots=True)
class AllowedService:
    """What is allowed of one service."""

    service: str
    name: str
    rows: tuple[AllowedRow, ...]  # gravest level first
    listed: bool  # AWS's list of actions has it, so it has a page
    statements: tuple[int, ...] = ()  # numbers of those that allow all of it that is allowed
    cut: int = 0  # actions that are not shown: everything that AWS has is no list that anybody reads

    @property
    def total(self) -> int:
        """How many actions are allowed."""
        return len(self.rows) + self.cut


@dataclass(frozen=True, slots=True)
class RoleStanding:
    """Who may assume a role, and what it has."""

    trusted: tuple[str, ...]  # 'Service support.amazonaws.com'
    attached: tuple[str, ...]  # ARNs of managed policies
    inline: tuple[str, ...]  # names of inline policies

    @property
    def sentence(self) -> str:
        """`may be assumed by support.amazonaws.com`."""
        return (
            f"may be assumed by {listed(map(who_may, self.trusted))}"
            if self.trusted
            else "may be assumed by nobody"
        )


def role_standing(document: Document) -> RoleStanding | None:
    """What a role's document says beside its statements; None for a policy's."""
    role = document.role
    if role is None:
        return None
    return RoleStanding(trusted(role), role.attached, tuple(name for name, _ in role.inline))


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
    role: "RoleStanding | None" = None  # of a role: what it is beside its statements


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
    said: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]],
) -> tuple[AllowedService, ...]:
    """What is allowed by service; `asked` keeps the actions and services in whose names it occurs.

    `said`: action -> the numbers of the statements that allow it, and of those that deny it; empty where there is one.
    """
    low, known, told = asked.strip().lower(), set(catalogue.services()), _Told()
    chosen = allowed if not low else {
        service: {key: one for key, one in actions.items() if _asked_for(low, service, key, catalogue)}
        for service, actions in allowed.items()
    }  # fmt: skip
    most = _EXAMPLES if sum(map(len, chosen.values())) > MOST else MOST
    found = []
    for service, actions in chosen.items():
        by_level: defaultdict[str, list[AllowedRow]] = defaultdict(list)
        alike = {said[f"{service}:{key}"][0] for key in actions} if said else {()}
        for key, one in islice(actions.items(), most):
            info = catalogue.action(service, key)
            level = info.access_level if info else "Unknown"
            name = f"{service}:{key}"
            by_level[level].append(
                AllowedRow(
                    one.spelling,
                    level,
                    told.where(one.scopes),
                    told.denied(one.denied),
                    one.by_wildcard,
                    name in flagged,
                    said[name][0] if len(alike) > 1 else (),
                    said[name][1] if said and one.denied else (),
                )
            )
        rows = [row for level in sorted(by_level, key=level_order) for row in by_level[level]]
        if rows:
            found.append(
                AllowedService(
                    service,
                    catalogue.service_name(service),
                    tuple(rows),
                    listed=service in known,
                    statements=min(alike) if len(alike) == 1 else (),
                    cut=max(0, len(actions) - most),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.name.lower(), one.service)))


def _asked_for(low: str, service: str, key: str, catalogue: Catalogue) -> bool:
    return low in f"{service}:{key}" or low in catalogue.service_name(service).lower()


class _Told:
    """Where something holds, told once: thousands of actions share a handful of scopes."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, int], tuple[Line, ...]] = {}

    def where(self, scopes: tuple[Scope, ...]) -> tuple[Line, ...]:
        """Where it is allowed; empty for everywhere."""
        key = (True, id(scopes))  # the caller holds them as long as this lives
        if key not in self._known:
            self._known[key] = () if everywhere(scopes) else where(scopes)
        return self._known[key]

    def denied(self, scopes: tuple[Scope, ...]) -> tuple[Line, ...]:
        """Where it is taken back; empty for nowhere."""
        key = (False, id(scopes))
        if key not in self._known:
            self._known[key] = where(scopes) if scopes else ()
        return self._known[key]


def seen_words(moments: Sequence[tuple[datetime, str]]) -> tuple[str, ...]:
    """When a version was seen in force, a sentence each; (instant, basis)."""
    how = {
        "create_date": "taken for the default from its date on",
        "commit": "seen as the default by an archive",
    }
    return tuple(f"{how.get(basis, 'seen as the default')} {words(moment)}" for moment, basis in moments)
