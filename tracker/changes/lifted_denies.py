"""Denies that go although nothing is allowed here: what other policies allow may now take effect."""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace

from tracker.changes.held import held
from tracker.model.catalogue import Catalogue
from tracker.model.change import Attention, DenyChange, Difference, Scope
from tracker.model.rules import DENY_REMOVED
from tracker.policy.access import scope_order
from tracker.policy.document import Document
from tracker.policy.granted import allowed_actions, catalogue_spelling
from tracker.policy.patterns import is_wild, matches

_SOURCE = (
    "IAM User Guide, policy evaluation logic "
    "(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)"
)
_READ_ON = "2026-11-24"
_NAMED = 3
_MOST = 8  # findings
_NOT_ACTION = "NotAction:"  # how a difference writes a NotAction list


def deny_findings(
    difference: Difference,
    before: Document | None,
    after: Document | None,
    catalogue: Catalogue,
    allowed: Callable[[Document], Set[str]],
) -> Iterator[Attention]:
    """Actions whose deny is gone, narrower or elsewhere, and that the document itself does not allow: a finding for those that
    were denied in the same places.

    What it does allow is newly granted, and told as such. `allowed` tells the actions that a document allows.
    """
    gone = (*difference.denies_removed, *difference.denies_narrowed, *difference.denies_rescoped)
    if not gone or before is None or after is None:
        return
    lifted = _lifted(difference, before, after, catalogue, allowed)
    for scopes, actions in _by_place(lifted, gone):
        more = len(actions) - _NAMED
        words = ["any action" if action == "*" else action for action in actions[:_NAMED]]
        named = ", ".join(words) + (f" and {more:,} more" if more > 0 else "")
        yield Attention(
            rule=DENY_REMOVED,
            kind="deny",
            actions=actions,
            completes=(),
            consequence=f"call {named} where another policy allows it",
            why="This policy stopped it whatever other policies say, and no longer does.",
            source=_SOURCE,
            source_date=_READ_ON,
            scopes=scopes,
            severity="attention",
        )


def _by_place(
    lifted: tuple[str, ...], gone: Sequence[DenyChange]
) -> Iterator[tuple[tuple[Scope, ...], tuple[str, ...]]]:
    """(where they were denied, the actions): each action with the places of the denies that named it, in the order of actions.

    Past MOST groups what is left is one, with all of its places: a document may be made to have a thousand.
    """
    groups: dict[frozenset[Scope], list[str]] = {}
    every = frozenset(scope for one in gone for scope in one.before)
    for action in lifted:
        low = action.lower()
        places = frozenset(scope for one in gone if _named(one.pattern.lower(), low) for scope in one.before)
        groups.setdefault(places or every, []).append(action)
    told = list(groups.items())
    if len(told) > _MOST:
        rest = told[_MOST - 1 :]
        places = frozenset(scope for found, _ in rest for scope in found)
        told = [*told[: _MOST - 1], (places, sorted(action for _, actions in rest for action in actions))]
    yield from ((tuple(sorted(places, key=scope_order)), tuple(actions)) for places, actions in told)


def _named(pattern: str, action: str) -> bool:
    """Whether a deny of this pattern was one of this action, or of this pattern."""
    if pattern == action:
        return True
    if pattern.startswith(_NOT_ACTION.lower()):
        excluded = pattern.removeprefix(_NOT_ACTION.lower()).split(",")
        return not any(matches(one.strip(), action) for one in excluded)
    return matches(pattern, action)


def _lifted(
    difference: Difference,
    before: Document,
    after: Document,
    catalogue: Catalogue,
    allowed: Callable[[Document], Set[str]],
) -> tuple[str, ...]:
    """The actions, and where only a scope shrank the patterns, that are denied no more and not allowed here."""
    elsewhere = (
        *difference.denies_narrowed,
        *difference.denies_rescoped,
    )  # denied still, not everywhere it was
    patterns = {one.pattern.lower(): one.pattern for one in (*difference.denies_removed, *elsewhere)}
    narrowed = {one.pattern.lower() for one in elsewhere}
    plain = not any(is_wild(pattern) or pattern.startswith(_NOT_ACTION.lower()) for pattern in patterns)
    if plain:  # a few literals: nothing else needs to be looked at
        told = held(after, patterns, catalogue).keys()
        still = held(_denies(after), patterns, catalogue).keys()
        gone = {action for action in patterns if action not in still or action in narrowed} - told
        return tuple(sorted(patterns[action] for action in gone))
    here = allowed(after)
    free = allowed_actions(_denies(before), catalogue) - allowed_actions(_denies(after), catalogue) - here
    named = {catalogue_spelling(action, catalogue) for action in free}
    named |= {
        patterns[pattern]
        for pattern in narrowed
        if not pattern.startswith(_NOT_ACTION.lower()) and (is_wild(pattern) or pattern not in here)
    }
    return tuple(sorted(named))


def _denies(document: Document) -> Document:
    """What a document denies, put as if it allowed it."""
    return replace(
        document,
        statements=tuple(
            replace(statement, effect="Allow")
            for statement in document.statements
            if statement.effect == "Deny"
        ),
    )
