"""What a subscription wants to hear of: a change and a filter in; the part that is wanted, or nothing, out. Pure.

`services` cuts a change down to what concerns them; everything else decides whether what is left is wanted. Of a list
any entry is enough; all that is set must hold. The preview, the outbox and the digests ask these same functions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tracker.model.change import ActionChange, Attention, Change, Difference, Period, ScopeChange
from tracker.model.history import Kind
from tracker.model.rules import DENY_REMOVED, LEVEL_RULES, NOT_REVIEWED

# From the mildest: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html
LEVELS = ("List", "Read", "Tagging", "Write", "Permissions management")
WATCH_KINDS = (
    "capability", "credentials", "customer-data", "deny", "escalation", "exposure", "level", "not-reviewed",
)  # fmt: skip
KINDS = tuple(sorted(map(str, Kind)))
_NOT_LISTED = {*LEVEL_RULES.values(), NOT_REVIEWED, DENY_REMOVED}  # judged by level, not by the watchlist
_ABOUT_NO_ACTION = {Kind.REMOVED, Kind.REAPPEARED}  # of every service alike


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked of a change beside its policy; as it is made, everything."""

    services: tuple[str, ...] = ()  # prefixes, lower case, sorted; empty: all
    level: str = ""  # one of LEVELS: at least one action of it or above, or of a level that nobody knows
    watch: tuple[str, ...] = ()  # of WATCH_KINDS, sorted: findings of any of these
    tripwires: bool = False  # only what hits a tripwire
    additions: bool = False  # only what allows more than before, or may
    kinds: tuple[str, ...] = ()  # of KINDS, sorted; empty: all
    least: int = 0  # so many actions at least


EVERYTHING = Filter()


def selected(change: Change, asked: Filter) -> Change | None:
    """The part of a change that a filter asks for; None where it asks for nothing of it."""
    part = narrowed(change, asked.services)
    return part if part is not None and _passes(part, asked) else None


def selected_period(period: Period, asked: Filter) -> Period | None:
    """The same of a period: it is wanted where its net change is, or any transition inside.

    Of the transitions those are left that it asks for; the net change stays whole, since it says how the period ended.
    What came and went has its transitions, so a right that was granted for ten hours is found like one that stayed.
    """
    part = narrowed_period(period, asked.services)
    steps = tuple(one for one in part.transitions if _passes(one, asked))
    if not steps and not (part.net and _passes(part.net, asked)):
        return None
    return part if len(steps) == len(part.transitions) else replace(part, transitions=steps)


def watchlisted(change: Change) -> bool:
    """Whether a change hits a tripwire, or an entry of the watchlist that nobody has accepted."""
    return bool(change.tripwires) or any(
        one.rule not in _NOT_LISTED and not one.accepted for one in change.attention
    )


def narrowed(change: Change, services: tuple[str, ...]) -> Change | None:
    """A change cut down to some services; itself where nothing is cut; None where nothing is left."""
    if not services or change.transition.kind in _ABOUT_NO_ACTION:
        return change
    wanted = frozenset(services)
    difference = _difference(change.difference, wanted)
    if difference == change.difference:
        return change if _touches(difference) else None
    if not _touches(difference):
        return None
    from tracker.changes.attention import severity_of

    attention = _attention(change.attention, wanted)
    tripwires = tuple(
        replace(hit, actions=left)
        for hit in change.tripwires
        if (left := _of(hit.actions, wanted))
    )  # fmt: skip
    severity = severity_of(change.transition.kind, difference, attention, tripwires)
    return replace(change, difference=difference, attention=attention, tripwires=tripwires, severity=severity)


def narrowed_period(period: Period, services: tuple[str, ...]) -> Period:
    """A period cut down to some services."""
    if not services:
        return period
    wanted = frozenset(services)
    return replace(
        period,
        net=narrowed(period.net, services) if period.net else None,
        transitions=tuple(
            part for one in period.transitions if (part := narrowed(one, services)) is not None
        ),
        transient=tuple(one for one in period.transient if _service(one.action) in wanted),
        transient_scopes=tuple(one for one in period.transient_scopes if _service(one.action) in wanted),
        transient_attention=_attention(period.transient_attention, wanted),
    )


def actions_outside(change: Change, part: Change) -> int:
    """How many actions a change concerns that a part of it left out."""
    return len(set(_names(change.difference)) - set(_names(part.difference)))


def _passes(change: Change, asked: Filter) -> bool:
    difference = change.difference
    return (
        (not asked.kinds or change.kind in asked.kinds)
        and (not asked.tripwires or bool(change.tripwires))
        and (not asked.watch or any(one.kind in asked.watch and not one.accepted for one in change.attention))
        and (not asked.additions or _allows_more(difference))
        and (not asked.level or _reaches(difference, asked))
        and len(set(_names(difference, asked.additions))) >= asked.least
    )


def _allows_more(difference: Difference) -> bool:
    """Whether anything can be done that could not, or may be: what can't be proved either way is not hidden."""
    return bool(
        difference.actions_added
        or difference.actions_widened
        or difference.actions_rescoped
        or _lifted(difference)
        or _open_ended(difference)
    )


def _reaches(difference: Difference, asked: Filter) -> bool:
    """Whether an action of the asked level or above is concerned; what has no level counts as above all."""
    least = LEVELS.index(asked.level)
    if _lifted(difference) or _open_ended(difference):
        return True
    if not asked.additions and (difference.denies_added or difference.denies_widened):
        return True
    return any(_rank(one.access_level) >= least for one in _actions(difference, asked.additions))


def _rank(access_level: str) -> int:
    return max(
        LEVELS.index(one) if one in LEVELS else len(LEVELS)
        for one in (part.strip() for part in access_level.split(","))
    )


def _lifted(difference: Difference) -> bool:
    return bool(difference.denies_removed or difference.denies_narrowed or difference.denies_rescoped)


def _open_ended(difference: Difference) -> bool:
    return any(one.open_ended and one.effect == "Allow" for one in difference.patterns_added)


def _actions(difference: Difference, additions_only: bool = False) -> Iterator[ActionChange | ScopeChange]:
    yield from difference.actions_added
    yield from difference.actions_widened
    yield from difference.actions_rescoped
    if not additions_only:
        yield from difference.actions_removed
        yield from difference.actions_narrowed


def _names(difference: Difference, additions_only: bool = False) -> list[str]:
    return [one.action.lower() for one in _actions(difference, additions_only)]


def _difference(whole: Difference, wanted: frozenset[str]) -> Difference:
    return replace(
        whole,
        services_added=tuple(one for one in whole.services_added if one.service in wanted),
        services_removed=tuple(one for one in whole.services_removed if one.service in wanted),
        actions_added=tuple(one for one in whole.actions_added if one.service in wanted),
        actions_removed=tuple(one for one in whole.actions_removed if one.service in wanted),
        actions_widened=tuple(one for one in whole.actions_widened if one.service in wanted),
        actions_narrowed=tuple(one for one in whole.actions_narrowed if one.service in wanted),
        actions_rescoped=tuple(one for one in whole.actions_rescoped if one.service in wanted),
        denies_added=tuple(one for one in whole.denies_added if _concerns(one.pattern, wanted)),
        denies_removed=tuple(one for one in whole.denies_removed if _concerns(one.pattern, wanted)),
        denies_widened=tuple(one for one in whole.denies_widened if _concerns(one.pattern, wanted)),
        denies_narrowed=tuple(one for one in whole.denies_narrowed if _concerns(one.pattern, wanted)),
        denies_rescoped=tuple(one for one in whole.denies_rescoped if _concerns(one.pattern, wanted)),
        patterns_added=tuple(one for one in whole.patterns_added if _concerns(one.pattern, wanted)),
        patterns_removed=tuple(one for one in whole.patterns_removed if _concerns(one.pattern, wanted)),
        redundant=tuple(one for one in whole.redundant if _concerns(one.pattern, wanted)),
    )


def _touches(difference: Difference) -> bool:
    """Whether anything is left that can be told: redundant and cosmetic edits alone are nothing to a service."""
    return bool(
        any(_actions(difference))
        or _lifted(difference)
        or difference.denies_added
        or difference.denies_widened
        or difference.patterns_added
        or difference.patterns_removed
    )


def _attention(found: Iterable[Attention], wanted: frozenset[str]) -> tuple[Attention, ...]:
    """The findings that touch these services. One that takes several actions together keeps all of them."""
    return tuple(one for one in found if _of(one.actions, wanted))


def _of(actions: Iterable[str], wanted: frozenset[str]) -> tuple[str, ...]:
    return tuple(one for one in actions if _concerns(one, wanted))


def _concerns(pattern: str, wanted: frozenset[str]) -> bool:
    """Whether a pattern may be about one of these services: a list of exceptions and a bare `*` are about all."""
    service = _service(pattern)
    return service in wanted or not service.replace("-", "").isalnum()


def _service(action: str) -> str:
    service = action.partition(":")[0].lower() if ":" in action else "*"
    return "*" if service == "notaction" else service  # 'NotAction: iam:*' is about all that it does not name
