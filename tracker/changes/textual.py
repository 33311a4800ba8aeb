"""What two documents say, as text: wildcards, NotAction lists and denies that came or went; cosmetic edits."""

from collections.abc import Iterable
from dataclasses import dataclass

from tracker.model.change import DenyChange, PatternChange, Redundant, Scope
from tracker.policy.access import Access, Atoms, Expander, scope_order
from tracker.policy.document import Document
from tracker.policy.patterns import is_wild

Key = tuple[str, str, int]  # effect, pattern in lower case, number of the scope


@dataclass(frozen=True, slots=True)
class Textual:
    """The textual layer of a difference."""

    denies_added: tuple[DenyChange, ...] = ()
    denies_removed: tuple[DenyChange, ...] = ()
    denies_widened: tuple[DenyChange, ...] = ()
    denies_narrowed: tuple[DenyChange, ...] = ()
    patterns_added: tuple[PatternChange, ...] = ()
    patterns_removed: tuple[PatternChange, ...] = ()
    redundant: tuple[Redundant, ...] = ()
    cosmetic: tuple[str, ...] = ()
    equal_language: bool = False


def textual(
    before: Document | None, after: Document | None, old: Access, new: Access, expander: Expander
) -> Textual:
    """The textual layer of the difference between two documents."""
    was, now = _shown(old), _shown(new)
    gone, come = was.keys() - now.keys(), now.keys() - was.keys()
    cosmetic: tuple[str, ...] = ()
    if not gone and not come and before != after:
        cosmetic = ("the same access is written otherwise",)
    return Textual(
        denies_added=_denies({key: now[key] for key in come}, new, added=True),
        denies_removed=_denies({key: was[key] for key in gone}, old, added=False),
        patterns_added=_patterns({key: now[key] for key in come}, new, expander),
        patterns_removed=_patterns({key: was[key] for key in gone}, old, expander),
        cosmetic=cosmetic,
        equal_language=not gone and not come,
    )


def _shown(access: Access) -> dict[Key, str]:
    """Every wildcard, NotAction list and deny, as spelt."""
    found: dict[Key, str] = {}
    for one in access.atoms:
        if one.excluded is not None:
            found[one.effect, not_action(one.excluded), one.place] = not_action(one.excluded.values())
            continue
        for low, action in _listed(one):
            found[one.effect, low, one.place] = action
    return found


def _listed(one: Atoms) -> Iterable[tuple[str, str]]:
    yield from one.wildcards.items()
    if one.effect == "Deny":
        yield from one.literals.items()


def not_action(patterns: Iterable[str]) -> str:
    """How a NotAction list is named."""
    return "NotAction: " + ", ".join(sorted(patterns))


def _denies(found: dict[Key, str], access: Access, *, added: bool) -> tuple[DenyChange, ...]:
    by_pattern: dict[str, list[Scope]] = {}
    spelt = {low: action for (_, low, _), action in found.items()}
    for effect, low, place in found:
        if effect == "Deny":
            by_pattern.setdefault(low, []).append(access.scopes[place])
    made = []
    for low in sorted(by_pattern):
        scopes = tuple(sorted(by_pattern[low], key=scope_order))
        made.append(DenyChange(spelt[low], () if added else scopes, scopes if added else ()))
    return tuple(made)


def _patterns(found: dict[Key, str], access: Access, expander: Expander) -> tuple[PatternChange, ...]:
    grouped: dict[tuple[str, str], list[Scope]] = {}
    spelt = {(effect, low): action for (effect, low, _), action in found.items()}
    for effect, low, place in found:
        grouped.setdefault((effect, low), []).append(access.scopes[place])
    made = []
    for effect, low in sorted(grouped):
        lost = low.startswith("NotAction: ")
        reach = (
            len(expander.everything()) - len({a for p in low[11:].split(", ") for a in expander.reach(p)})
            if lost
            else len(expander.reach(low))
        )
        made.append(
            PatternChange(
                pattern=spelt[effect, low],
                effect="Deny" if effect == "Deny" else "Allow",
                scopes=tuple(sorted(grouped[effect, low], key=scope_order)),
                reaches=reach,
                open_ended=lost or is_wild(low),
            )
        )
    return tuple(made)
