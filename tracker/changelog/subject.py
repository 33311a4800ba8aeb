"""Subjects of mails: the consequence first, since a telephone shows forty characters."""

from collections.abc import Iterable

from tracker.changelog.actors import short_actor
from tracker.changelog.headline import denied, versions
from tracker.changelog.inert import inert
from tracker.changelog.wording import MINUS, between, count, number
from tracker.model.change import Attention, Change, Severity
from tracker.model.history import Kind

_SEVERITY: dict[Severity, int] = {"alarm": 0, "attention": 1, "info": 2, "none": 3}
_KINDS = (
    "customer-data",
    "credentials",
    "escalation",
    "exposure",
    "capability",
    "deny",
    "level",
    "not-reviewed",
)
_ACTOR_FIRST = 28  # characters of 'AWS Support can now ': what may stand before the consequence
_LONGEST = 180  # well under the 998 of RFC 5322, so that no server folds it badly


def by_weight(items: Iterable[Attention]) -> list[Attention]:
    """What deserves attention, the gravest first: severity, then kind, then unscoped before scoped, then rule."""

    def weight(item: Attention) -> tuple[int, int, bool, str]:
        kind = _KINDS.index(item.kind) if item.kind in _KINDS else len(_KINDS)
        everywhere = any(scope.everywhere for scope in item.scopes)
        return (_SEVERITY[item.severity], kind, not everywhere, item.rule)

    return sorted(items, key=weight)


def shown(items: Iterable[Attention]) -> list[Attention]:
    """What nobody has accepted, the gravest first."""
    return by_weight(item for item in items if not item.accepted)


def subject(change: Change) -> str:
    """One line, free of control characters: 'AWS Support can now read S3 objects (+41 actions, v19 to v20)'."""
    return clip(_subject(change))


def clip(line: str) -> str:
    """A subject line that no header can break on: inert, and cut at 180 characters."""
    line = inert(line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def can_now(change_policy_name: str, consequence: str) -> str:
    """'AWS Support can now read S3 objects', or the consequence first where the actor's name is long."""
    lead = f"{change_policy_name} can now "
    if len(lead) <= _ACTOR_FIRST:
        return lead + consequence
    return f"Can now {consequence}: {change_policy_name}"


def _subject(change: Change) -> str:
    who, between_versions = short_actor(change.policy), versions(change)
    match change.transition.kind:
        case Kind.REMOVED:
            return f"{change.policy.name} is no longer visible to this account ({between_versions})"
        case Kind.REPUBLISHED:
            return f"{who}: republished, same access ({between_versions})"
        case Kind.ROLLED_BACK if back := change.transition.rollback:
            signed = _signed(len(change.difference.actions_added), len(change.difference.actions_removed))
            lasted = between(back.in_force_min_s, back.in_force_max_s)
            return f"{who}: back to {back.restored}, {signed} ({back.withdrawn} was in force for {lasted})"
    if leading := _consequence(change):
        added = len(change.difference.actions_added)
        counts = _signed(added, 0) if added else "wider scope"
        return f"{can_now(who, leading)} ({counts}, {between_versions})"
    return f"{who}: {', '.join(_counts(change))} ({between_versions})"


def _consequence(change: Change) -> str:
    """What can be done now, to follow 'can now': of a tripwire of the user's own, else of the gravest finding."""
    flagged = [item.consequence for item in shown(change.attention) if item.consequence and item.actions]
    tripped = [f"call {hit.actions[0]}" for hit in change.tripwires if hit.actions]
    return next(iter(flagged + tripped), "")


def _counts(change: Change) -> list[str]:
    """The parts of a quiet subject: '+110 actions', '6 new services', 'none flagged'."""
    difference = change.difference
    added, removed = len(difference.actions_added), len(difference.actions_removed)
    parts = {Kind.CREATED: ["new policy"], Kind.CATALOGUE_GROWTH: ["by its wildcards"]}.get(
        change.transition.kind, []
    )
    parts = parts + ["back again"] * change.transition.reinstated
    if added or removed:
        parts.append(_signed(added, removed))
    if new := len(difference.services_added):
        parts.append(count(new, "new service"))
    for moved, word in (
        (difference.actions_widened, "widened"),
        (difference.actions_narrowed, "narrowed"),
        (difference.actions_rescoped, "re-scoped"),
    ):
        parts += [f"{number(len(moved))} {word}"] * bool(moved)
    if difference.denies_added:
        parts.append(f"{denied(difference.denies_added)} newly denied")
    if difference.denies_removed:
        parts.append(f"{denied(difference.denies_removed)} no longer denied")
    flagged = len(shown(change.attention))
    return [*(parts or ["same actions, other wording"]), f"{number(flagged) if flagged else 'none'} flagged"]


def _signed(added: int, removed: int) -> str:
    """`+41 actions`, `−14 actions`, `+41 −14 actions`."""
    counts = [f"+{number(added)}"] * bool(added) + [f"{MINUS}{number(removed)}"] * bool(removed)
    return f"{' '.join(counts) or '±0'} {'action' if added + removed == 1 else 'actions'}"
