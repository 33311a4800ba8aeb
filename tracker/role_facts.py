"""What a person wants to know of a role: who may assume it, what it may do, since when, when it was last used."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from tracker.collaborators import Tracker
from tracker.model.change import Attention, Scope
from tracker.model.identity import PolicyArn, VersionId, role_arn
from tracker.model.recorded import ChangeRow
from tracker.reading import Reading
from tracker.roles import RoleStatus, archived_role, status, unread

if TYPE_CHECKING:
    from tracker.policy.document import Document, Role

State = Literal["there", "gone", "absent", "unknown"]


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom a statement of the trust policy names, and under which conditions."""

    effect: str  # 'Allow' or 'Deny'
    actions: tuple[str, ...]
    scope: Scope  # its principals and conditions


@dataclass(frozen=True, slots=True)
class Held:
    """A managed policy that is attached, as far as it is archived."""

    arn: PolicyArn
    version: VersionId | None  # the default on record; None: not archived
    create_date: datetime | None  # UTC, the version's
    denied: str = ""  # the action that was missing when it was to be read; empty: none


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """What a role may do in one service."""

    service: str  # prefix, lower case
    name: str
    actions: int
    levels: Mapping[str, int]  # the severest access level of each action -> how many
    since: str  # when the first of them was allowed, '2019-02-06T18:06:11Z'; empty where nobody knows
    latest: str  # when the last of them came


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """One role, as the archive and the last look tell it."""

    name: str
    arn: PolicyArn
    state: State
    status: RoleStatus
    role: "Role | None"
    seen: datetime | None  # UTC: since when it is as it is
    trust: tuple[Trusted, ...] = ()
    attached: tuple[Held, ...] = ()
    inline: tuple[str, ...] = ()
    services: tuple[ServiceAccess, ...] = ()
    attention: tuple[Attention, ...] = ()
    changes: tuple[ChangeRow, ...] = ()  # newest first


def role_facts(tracker: Tracker, name: str) -> RoleFacts:
    """All that is known of one role. AWS is not asked. Raises InputError for a damaged file."""
    told = status(tracker, name)
    arn = archived_role(tracker, name)
    if arn is None:
        state: State = "absent" if told.asked_at else "unknown"
        return RoleFacts(name, role_arn(name, tracker.partition), state, told, None, None)
    reading = tracker.reading(arn)
    last = reading.observations[-1] if reading.observations else None
    changes = tuple(reversed(tracker.archive.changes(arn)))
    if last is None or last.identity is None:
        return RoleFacts(name, arn, "gone", told, None, last.observed_at if last else None, changes=changes)
    document = reading.document(last.identity)
    role = document.role
    held = tuple(_held(tracker, text) for text in (role.attached if role else ()))
    return RoleFacts(
        name=name,
        arn=arn,
        state="there",
        status=told,
        role=role,
        seen=last.observed_at,
        trust=tuple(
            Trusted(one.effect, tuple(one.listed), one.scope)
            for one in (role.trust.statements if role else ())
        ),
        attached=held,
        inline=tuple(name for name, _ in role.inline) if role else (),
        services=_services(tracker, reading, document, [one for one in held if one.version]),
        attention=reading.attention(),
        changes=changes,
    )


def _held(tracker: Tracker, text: str) -> Held:
    arn = PolicyArn.parse(text)
    default = tracker.archive.known(arn).default
    version, made = default or (None, None)
    return Held(arn, version, made, unread(tracker, arn))


def _services(
    tracker: Tracker, reading: Reading, document: "Document", held: Iterable[Held]
) -> tuple[ServiceAccess, ...]:
    """What managed and inline policies allow together; a Deny of one takes nothing away from another here."""
    from tracker.policy.granted import allowed_actions

    catalogue = tracker.catalogue()
    since: dict[str, str] = {}
    for one in held:
        of_one = tracker.reading(one.arn)
        default = of_one.observations[-1].identity
        began = of_one.allowed_since()
        for action in allowed_actions(of_one.document(default) if default else None, catalogue):
            _earlier(since, action, began.get(action, ""))
    if document.role:
        began = reading.allowed_since()
        for _, inline in document.role.inline:
            for action in allowed_actions(inline, catalogue):
                _earlier(since, action, began.get(action, ""))
    grouped: dict[str, list[str]] = defaultdict(list)
    for action in since:
        grouped[action.partition(":")[0]].append(action)
    return tuple(
        ServiceAccess(
            service=service,
            name=catalogue.service_name(service),
            actions=len(actions),
            levels=dict(Counter(_level(tracker, action) for action in actions)),
            since=min(filter(None, (since[action] for action in actions)), default=""),
            latest=max(since[action] for action in actions),
        )
        for service, actions in sorted(grouped.items())
    )


def _earlier(since: dict[str, str], action: str, began: str) -> None:
    known = since.get(action)
    since[action] = began if known is None else min(filter(None, (known, began)), default="")


def _level(tracker: Tracker, action: str) -> str:
    service, _, name = action.partition(":")
    info = tracker.catalogue().action(service, name)
    return info.levels[0] if info else "Unknown"
