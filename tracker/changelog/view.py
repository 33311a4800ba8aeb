"""A change laid out for the templates: grouped, counted, worded. Templates only place what stands here.

The fields are what a template of the user's own may rely on (docs/templates.md).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.changelog.actors import actor
from tracker.changelog.headline import headline, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin, origins
from tracker.changelog.scopes import Line, all_in_words, delta, everywhere
from tracker.changelog.scopes import lines as scope_lines
from tracker.changelog.subject import shown
from tracker.model.catalogue import Catalogue
from tracker.model.change import (
    ActionChange,
    Attention,
    Change,
    DenyChange,
    PatternChange,
    Redundant,
    ScopeChange,
)

LEVELS = ("Permissions management", "Write", "Tagging", "Read", "List")  # gravest first; any other comes last


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action that came or went."""

    action: str  # 's3:GetObject'
    name: str  # 'GetObject'
    description: str  # 'retrieve objects from Amazon S3': to follow 'may', possibly empty
    scope: str  # where it holds, in words; empty for every resource
    flagged: bool  # it deserves attention, and stands there with the reason
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelGroup:
    """The actions of one service at one access level."""

    level: str
    actions: tuple[ActionRow, ...]


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """The actions of one service, gravest access level first."""

    service: str  # 's3'
    name: str  # 'Amazon S3'
    whole: bool  # all that is allowed of it came with this change (or all of it went)
    levels: tuple[LevelGroup, ...]
    count: int
    flagged: int  # how many of the actions deserve attention


@dataclass(frozen=True, slots=True)
class MovedRow:
    """An action allowed before and after, in another scope."""

    action: str
    level: str
    lines: tuple[Line, ...]
    proved: bool


@dataclass(frozen=True, slots=True)
class MovedGroup:
    """All actions of one verdict."""

    verdict: str  # 'Wider', 'Narrower', 'Re-scoped: please review'
    meaning: str
    rows: tuple[MovedRow, ...]


@dataclass(frozen=True, slots=True)
class DenyRow:
    """A deny that came, went or moved."""

    sign: str
    word: str
    pattern: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A pattern of the document that came or went."""

    sign: str
    word: str
    pattern: str
    effect: str
    scope: str
    reaches: int
    open_ended: bool


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One thing that deserves attention."""

    what: str  # 'Can now read S3 objects', 'Write on a policy that is otherwise read-only'
    actions: tuple[str, ...]
    completes: tuple[str, ...]
    why: str
    scope: str
    source: str
    source_date: str
    severity: str
    rule: str
    since: str


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One service in one row."""

    service: str
    name: str
    added: int
    removed: int
    moved: int
    new: bool
    gone: bool
    flagged: int
    names: tuple[str, ...]  # of the actions added, in the order of the list


@dataclass(frozen=True, slots=True)
class ChangeView:
    """All that a template needs of one change."""

    change: Change
    title: str  # 'AWSSupportServiceRolePolicy v19 to v20'
    headline: str
    actor: str
    versions: str
    attention: tuple[AttentionRow, ...]
    accepted: int  # findings that somebody answers for, counted and hidden
    new_services: tuple[ServiceGroup, ...]
    gone_services: tuple[ServiceGroup, ...]
    added: tuple[ServiceGroup, ...]
    removed: tuple[ServiceGroup, ...]
    moved: tuple[MovedGroup, ...]
    denies: tuple[DenyRow, ...]
    patterns: tuple[PatternRow, ...]
    redundant: tuple[Redundant, ...]
    cosmetic: tuple[str, ...]
    summary: tuple[SummaryRow, ...]
    origins: tuple[Origin, ...]
    console: str  # link to the policy in the IAM console, or empty


def _plain(description: str) -> str:
    """AWS's sentence without its first words, to follow the action's name."""
    text = description.strip().removesuffix(".")
    for opening in ("Grants permission to ", "Grants permissions to ", "Grant permission to "):
        text = text.removeprefix(opening)
    return text


def _level_order(level: str) -> tuple[int, str]:
    first = level.split(",")[0].strip()
    return (LEVELS.index(first) if first in LEVELS else len(LEVELS), level)


def _groups(
    actions: Iterable[ActionChange], whole: frozenset[str], flagged: frozenset[str], catalogue: Catalogue
) -> tuple[ServiceGroup, ...]:
    by_service: defaultdict[str, defaultdict[str, list[ActionRow]]] = defaultdict(lambda: defaultdict(list))
    for one in actions:
        row = ActionRow(
            action=one.action,
            name=one.action.partition(":")[2] or one.action,
            description=_plain(one.description),
            scope="" if everywhere(one.scopes) else all_in_words(one.scopes),
            flagged=one.action.lower() in flagged,
            tags=one.tags,
        )
        by_service[one.service][one.access_level].append(row)
    groups = []
    for service, levels in by_service.items():
        rows = tuple(
            LevelGroup(level, tuple(sorted(levels[level], key=lambda row: row.name.lower())))
            for level in sorted(levels, key=_level_order)
        )
        every = [row for level in rows for row in level.actions]
        groups.append(
            ServiceGroup(
                service=service,
                name=catalogue.service_name(service),
                whole=service in whole,
                levels=rows,
                count=len(every),
                flagged=sum(row.flagged for row in every),
            )
        )
    return tuple(sorted(groups, key=lambda group: (group.name.lower(), group.service)))


def _moved(changes: Iterable[ScopeChange]) -> tuple[MovedRow, ...]:
    return tuple(
        MovedRow(one.action, one.access_level, delta(one.before, one.after), one.proved)
        for one in sorted(changes, key=lambda one: one.action.lower())
    )


def _denies(sign: str, word: str, denies: Iterable[DenyChange]) -> list[DenyRow]:
    return [
        DenyRow(
            sign,
            word,
            one.pattern,
            delta(one.before, one.after)
            if one.before and one.after
            else tuple(line for scope in one.after or one.before for line in scope_lines(scope)),
        )
        for one in sorted(denies, key=lambda one: one.pattern.lower())
    ]


def _patterns(sign: str, word: str, patterns: Iterable[PatternChange]) -> list[PatternRow]:
    return [
        PatternRow(sign, word, one.pattern, one.effect, all_in_words(one.scopes), one.reaches, one.open_ended)
        for one in sorted(patterns, key=lambda one: (one.pattern.lower(), one.effect))
    ]


def attention_row(item: Attention) -> AttentionRow:
    """One finding laid out for a reader; the sentence without a consequence names what it is about."""
    what = item.consequence and f"can now {item.consequence}"
    if not what:
        what = {
            "level": "more than reading",
            "not-reviewed": "not reviewed yet",
            "deny": "less is denied",
        }.get(item.kind, item.kind)
    return AttentionRow(
        what=what[0].upper() + what[1:],
        actions=item.actions,
        completes=item.completes,
        why=item.why,
        scope=all_in_words(item.scopes) if item.scopes else "",
        source=item.source,
        source_date=item.source_date,
        severity=item.severity,
        rule=item.rule,
        since=item.since,
    )


def _summary(
    added: Iterable[ServiceGroup], removed: Iterable[ServiceGroup], change: Change, catalogue: Catalogue
) -> tuple[SummaryRow, ...]:
    come, gone = {one.service: one for one in added}, {one.service: one for one in removed}
    moved: defaultdict[str, int] = defaultdict(int)
    difference = change.difference
    for one in (*difference.actions_widened, *difference.actions_narrowed, *difference.actions_rescoped):
        moved[one.service] += 1
    rows = [
        SummaryRow(
            service=service,
            name=catalogue.service_name(service),
            added=come[service].count if service in come else 0,
            removed=gone[service].count if service in gone else 0,
            moved=moved[service],
            new=service in come and come[service].whole,
            gone=service in gone and gone[service].whole,
            flagged=come[service].flagged if service in come else 0,
            names=tuple(row.name for level in come[service].levels for row in level.actions)
            if service in come
            else (),
        )
        for service in {*come, *gone, *moved}
    ]
    return tuple(sorted(rows, key=lambda row: (row.name.lower(), row.service)))


def change_view(change: Change, catalogue: Catalogue) -> ChangeView:
    """Lay a change out for the templates."""
    difference = change.difference
    flagged = frozenset(action.lower() for item in shown(change.attention) for action in item.actions)
    new = frozenset(service.service for service in difference.services_added)
    left = frozenset(service.service for service in difference.services_removed)
    added = _groups(difference.actions_added, new, flagged, catalogue)
    removed = _groups(difference.actions_removed, left, frozenset(), catalogue)
    moved = (
        MovedGroup(
            "Wider", "allowed in more places or under fewer conditions", _moved(difference.actions_widened)
        ),
        MovedGroup(
            "Narrower",
            "allowed in fewer places or under more conditions",
            _moved(difference.actions_narrowed),
        ),
        MovedGroup(
            "Re-scoped: please review",
            "neither side can be proved to hold the other",
            _moved(difference.actions_rescoped),
        ),
    )
    return ChangeView(
        change=change,
        title=f"{change.policy.name} {versions(change)}".strip(),
        headline=headline(change),
        actor=actor(change.policy),
        versions=versions(change),
        attention=tuple(map(attention_row, shown(change.attention))),
        accepted=sum(1 for item in change.attention if item.accepted),
        new_services=tuple(group for group in added if group.whole),
        gone_services=tuple(group for group in removed if group.whole),
        added=added,
        removed=removed,
        moved=tuple(group for group in moved if group.rows),
        denies=tuple(
            _denies("+", "Newly denied", difference.denies_added)
            + _denies("−", "No longer denied", difference.denies_removed)
            + _denies("+", "Denied more widely", difference.denies_widened)
            + _denies("−", "Denied more narrowly", difference.denies_narrowed)
        ),
        patterns=tuple(
            _patterns("+", "added", difference.patterns_added)
            + _patterns("−", "removed", difference.patterns_removed)
        ),
        redundant=tuple(sorted(difference.redundant, key=lambda one: (one.pattern.lower(), one.direction))),
        cosmetic=tuple(sorted(difference.cosmetic)),
        summary=_summary(added, removed, change, catalogue),
        origins=origins(change),
        console=console_link(change.policy),
    )
