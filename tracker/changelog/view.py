"""A change laid out for the templates: grouped, counted, worded. Templates only place what stands here.

The fields are what a template of the user's own may rely on (docs/templates.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.changelog.actors import actor, lower_first
from tracker.changelog.findings import AttentionRow, attention_row, flagged, marks, shown
from tracker.changelog.headline import headline, kind_in_words, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin, origins
from tracker.changelog.roles import RoleLine, role_lines
from tracker.changelog.scopes import Line, delta, in_one_line, where
from tracker.changelog.scopes import lines as scope_lines
from tracker.changelog.services import ServiceGroup, SummaryRow, groups, summary
from tracker.changelog.trail import TrailView, trail_view
from tracker.changelog.verdict import Verdict, verdict_of
from tracker.changelog.wording import count
from tracker.model.catalogue import Catalogue
from tracker.model.change import (
    Change,
    DenyChange,
    PatternChange,
    Redundant,
    ScopeChange,
)
from tracker.model.identity import PolicyArn


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
    word: str  # 'widened', 'narrowed', 're-scoped'
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
    where: tuple[Line, ...]  # it holds
    reaches: int
    open_ended: bool

    @property
    def scope(self) -> str:
        """Where it holds, in plain words."""
        return in_one_line(self.where)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """All that a template needs of one change."""

    change: Change
    title: str  # 'AWSSupportServiceRolePolicy v19 to v20'
    headline: str
    actor: str
    versions: str
    kind: str  # 'Updated', 'Rolled back', ...
    attention: tuple[AttentionRow, ...]
    flagged: int  # findings that say more than 'not reviewed'
    verdict: Verdict  # whether to worry, in a sentence
    accepted: int  # findings that somebody answers for, counted and hidden
    new_services: tuple[ServiceGroup, ...]
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
    trail: TrailView | None = None  # how to learn whether it was used
    role: tuple[RoleLine, ...] = ()  # what of a role changed beside what its documents allow


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
        PatternRow(sign, word, one.pattern, one.effect, where(one.scopes), one.reaches, one.open_ended)
        for one in sorted(patterns, key=lambda one: (one.pattern.lower(), one.effect))
    ]


def change_view(change: Change, catalogue: Catalogue) -> ChangeView:
    """Lay a change out for the templates."""
    difference = change.difference
    marked = marks(change.attention)
    new = frozenset(service.service for service in difference.services_added)
    left = frozenset(service.service for service in difference.services_removed)
    added = groups(difference.actions_added, new, marked, catalogue)
    removed = groups(difference.actions_removed, left, {}, catalogue)
    moved = (
        MovedGroup(
            "Wider",
            "widened",
            "allowed in more places or under fewer conditions",
            _moved(difference.actions_widened),
        ),
        MovedGroup(
            "Narrower",
            "narrowed",
            "allowed in fewer places or under more conditions",
            _moved(difference.actions_narrowed),
        ),
        MovedGroup(
            "Re-scoped: please review",
            "re-scoped",
            "neither side can be proved to hold the other",
            _moved(difference.actions_rescoped),
        ),
    )
    told = {
        one.pattern
        for denies in (
            difference.denies_added,
            difference.denies_removed,
            difference.denies_widened,
            difference.denies_narrowed,
            difference.denies_rescoped,
        )
        for one in denies
    }  # these have lines of their own
    come, gone = (
        [one for one in found if one.effect == "Allow" or one.open_ended or one.pattern not in told]
        for found in (difference.patterns_added, difference.patterns_removed)
    )
    return ChangeView(
        change=change,
        title=f"{change.policy.name} {versions(change)}".strip(),
        headline=headline(change),
        actor=actor(change.policy),
        versions=versions(change),
        kind=kind_in_words(change),
        attention=tuple(map(attention_row, shown(change.attention))),
        flagged=len(flagged(change.attention)),
        verdict=verdict_of(change),
        accepted=sum(1 for item in change.attention if item.accepted),
        new_services=tuple(group for group in added if group.whole),
        added=added,
        removed=removed,
        moved=tuple(group for group in moved if group.rows),
        denies=tuple(
            _denies("+", "Newly denied", difference.denies_added)
            + _denies("−", "No longer denied", difference.denies_removed)
            + _denies("+", "Denied more widely", difference.denies_widened)
            + _denies("−", "Denied more narrowly", difference.denies_narrowed)
            + _denies("±", "Denied elsewhere or otherwise: please review", difference.denies_rescoped)
        ),
        patterns=tuple(_patterns("+", "added", come) + _patterns("−", "removed", gone)),
        redundant=tuple(sorted(difference.redundant, key=lambda one: (one.pattern.lower(), one.direction))),
        cosmetic=tuple(sorted(difference.cosmetic)),
        summary=summary(added, removed, difference, catalogue),
        origins=origins(change),
        console=console_link(change.policy),
        trail=trail_view(change.trail),
        role=role_lines(change.role),
    )


def cumulative_opening(policy: PolicyArn, newest_first: Sequence[Change]) -> str:
    """The first sentence of a policy's CHANGELOG: how many changes it holds, and between which versions."""
    who = lower_first(actor(policy))
    if not newest_first:
        return f"No change of what {who} can do is on record yet."
    first, last = newest_first[-1].transition, newest_first[0].transition
    oldest = first.before or first.after
    newest = last.after or last.before
    span = f", from {oldest.version} to {newest.version}" if oldest and newest else ""
    return f"What {who} can do, and since when: {count(len(newest_first), 'change')}{span}, newest first."
