"""Tripwires: patterns of the user's own, held against what a change newly grants."""

from collections.abc import Iterable, Mapping

from tracker.changes.watching import Gain, matching
from tracker.model.catalogue import Catalogue
from tracker.model.change import Difference, TripwireHit
from tracker.policy.document import Document
from tracker.policy.patterns import covers, is_wild


def tripped(
    tripwires: Iterable[str],
    gained: Mapping[str, Gain],
    difference: Difference,
    *,
    before: Document | None,
    after: Document | None,
    catalogue: Catalogue,
) -> tuple[TripwireHit, ...]:
    """The tripwires that a change hits, each with what hits it, sorted.

    An action that is newly granted (or granted in more or other places) hits a tripwire that matches it. Of actions
    that no catalogue knows, a new wildcard hits a tripwire that it covers or that covers it, as languages.
    """
    allowed_before, denied_after = _patterns(before, "Allow"), _everywhere_denied(after)
    wild = [
        one.pattern
        for one in difference.patterns_added
        if one.effect == "Allow" and not one.pattern.startswith("NotAction:")
    ]
    found = []
    for tripwire in sorted(set(tripwires)):
        wire = tripwire.lower()
        hits = [gained[action].action for action in matching(wire, gained)]
        for pattern in wild if not hits else ():
            new = pattern.lower()
            shared = new if covers((wire,), new) else wire if covers((new,), wire) else ""
            if shared and not (
                _known(shared, catalogue) or covers(allowed_before, shared) or covers(denied_after, shared)
            ):
                hits.append(pattern)
        if hits:
            found.append(TripwireHit(tripwire, tuple(sorted(hits, key=lambda hit: (hit.lower(), hit)))))
    return tuple(found)


def _known(action: str, catalogue: Catalogue) -> bool:
    """True for an action of the catalogue: whether it is newly granted is known already, exactly."""
    service, _, name = action.partition(":")
    return not is_wild(action) and catalogue.action(service, name) is not None


def _patterns(document: Document | None, effect: str) -> frozenset[str]:
    return frozenset(
        action.lower()
        for statement in (document.statements if document else ())
        if statement.effect == effect
        for action in statement.actions or ()
    )


def _everywhere_denied(document: Document | None) -> frozenset[str]:
    return frozenset(
        action.lower()
        for statement in (document.statements if document else ())
        if statement.effect == "Deny" and statement.scope.everywhere
        for action in statement.actions or ()
    )
