"""Subjects of mails: the consequence first, since a telephone shows forty characters."""

from collections.abc import Sequence

from tracker.changelog.actors import short_actor
from tracker.changelog.findings import flagged, unreviewed
from tracker.changelog.headline import denied, unseen, versions
from tracker.changelog.inert import inert
from tracker.changelog.wording import MINUS, between, count, number
from tracker.model.change import Attention, Change, Difference
from tracker.model.history import Kind

_ACTOR_FIRST = 28  # characters of 'AWS Support can now ': what may stand before the consequence
_LONGEST = 180  # well under the 998 of RFC 5322, so that no server folds it badly


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
        case Kind.REMOVED if change.role:
            return f"{change.policy.name} is gone from this account ({between_versions})"
        case Kind.REMOVED:
            return f"{change.policy.name} is no longer visible to this account ({between_versions})"
        case Kind.REPUBLISHED:
            return f"{who}: republished, same access ({between_versions})"
        case Kind.ROLLED_BACK if (back := change.transition.rollback) and not change.role:
            difference = change.difference
            counts = signed(len(difference.actions_added), len(difference.actions_removed), back=True)
            lasted = between(back.in_force_min_s, back.in_force_max_s)
            return f"{who}: back to {back.restored}, {counts} ({back.withdrawn} was in force for {lasted})"
    if unseen(change):
        return _unseen(change)
    if leading := _consequence(change):
        found = len(flagged(change.attention))
        told = [
            _gained(change.difference),
            f"{number(found)} flagged" if found > 1 else "",
            between_versions,
        ]
        return f"{can_now(who, leading)} ({', '.join(filter(None, told))})"
    return f"{who}: {', '.join(_counts(change))} ({between_versions})"


def _gained(difference: Difference) -> str:
    """What a leading consequence came by: `+41 actions`, `wider scope`, `less is denied`."""
    if difference.actions_added:
        return signed(len(difference.actions_added), 0)
    if difference.actions_widened:
        return "wider scope"
    if difference.denies_removed or difference.denies_narrowed:
        return "less is denied"
    return "denied otherwise" if difference.denies_rescoped else ""


def _unseen(change: Change) -> str:
    """The subject of a version that was made and never seen in force."""
    who, version = short_actor(change.policy), versions(change).rpartition(" ")[2]
    could = _consequence(change)
    lead = (
        f"{who} could {could} with {version}, never seen in force"
        if could
        else f"{who}: {version} made, never seen in force"
    )
    return f"{lead} ({', '.join(_counts(change))})"


def _consequence(change: Change) -> str:
    """What can be done now, to follow 'can now': of a tripwire of the user's own, else of the gravest finding."""
    found = [
        item.consequence
        for item in flagged(change.attention)
        if item.consequence and (item.actions or item.kind == "role")
    ]
    tripped = [f"call {hit.actions[0]}" for hit in change.tripwires if hit.actions]
    return next(iter(found + tripped), "")


def _counts(change: Change) -> list[str]:
    """The parts of a quiet subject: '+110 actions', '6 new services', 'none flagged'."""
    difference = change.difference
    added, removed = len(difference.actions_added), len(difference.actions_removed)
    parts = {Kind.CREATED: ["new policy"], Kind.CATALOGUE_GROWTH: ["by its wildcards"]}.get(
        change.transition.kind, []
    )
    parts = parts + ["back again"] * change.transition.reinstated
    if added or removed:
        parts.append(signed(added, removed))
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
    if difference.denies_rescoped:
        parts.append(f"{denied(difference.denies_rescoped)} denied otherwise")
    return [*(parts or ["same actions, other wording"]), verdict(change.attention)]


def verdict(items: Sequence[Attention]) -> str:
    """`none flagged`, `3 flagged`, `none flagged, 11 not reviewed`."""
    found, new = len(flagged(items)), unreviewed(items)
    told = f"{number(found) if found else 'none'} flagged"
    return f"{told}, {number(new)} not reviewed" if new else told


def signed(added: int, removed: int, *, back: bool = False) -> str:
    """`+41 actions`, `−14 actions`, `+41 −14 actions`; `back`: what was withdrawn comes first."""
    counts = [f"+{number(added)}"] * bool(added) + [f"{MINUS}{number(removed)}"] * bool(removed)
    told = " ".join(reversed(counts) if back else counts)
    return f"{told or '±0'} {'action' if added + removed == 1 else 'actions'}"
