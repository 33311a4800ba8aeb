"""Which of a few actions a document allows, exactly, without looking at the thousands of others."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tracker.model.catalogue import Catalogue
from tracker.policy.access import Expander
from tracker.policy.document import Document, Statement
from tracker.policy.granted import GrantedAction, catalogue_spelling, granted
from tracker.policy.patterns import is_wild, matches


def held(
    document: Document | None, patterns: Iterable[str], catalogue: Catalogue
) -> Mapping[str, GrantedAction]:
    """Action in lower case -> what is granted, of the actions that lower-case `patterns` match today.

    The verdict on an action depends on the statements that match it alone, so all else is left out before asking.
    """
    if document is None:
        return {}
    named = {
        action.lower()
        for statement in document.statements
        for action in statement.actions or statement.not_actions or ()
        if not is_wild(action)
    }
    wanted = frozenset(
        action
        for action in _concrete(patterns, named, catalogue)
        if action in named or _known(action, catalogue)  # a wildcard reaches only what exists
    )
    statements = [_narrowed(statement, wanted, catalogue) for statement in document.statements]
    kept = tuple(statement for statement in statements if statement.actions)
    found = granted(replace(document, statements=kept), catalogue)
    return {f"{service}:{name}": one for service, names in found.items() for name, one in names.items()}


def _concrete(patterns: Iterable[str], named: set[str], catalogue: Catalogue) -> frozenset[str]:
    plain = frozenset(pattern for pattern in patterns if not is_wild(pattern))
    wild = [pattern for pattern in patterns if is_wild(pattern)]
    if not wild:
        return plain
    expander = Expander(catalogue, named)
    return plain.union(*(expander.reach(pattern) for pattern in wild))


def _narrowed(statement: Statement, wanted: frozenset[str], catalogue: Catalogue) -> Statement:
    """The statement with the wanted actions that it matches, each named in full."""
    if statement.actions is None:
        spelt: dict[str, str] = {}
        excluded = [action.lower() for action in statement.not_actions or ()]
        reached = {action for action in wanted if not any(matches(pattern, action) for pattern in excluded)}
    else:
        spelt = {action.lower(): action for action in statement.actions}
        wild = [pattern for pattern in spelt if is_wild(pattern)]
        reached = {
            action
            for action in wanted
            if action in spelt or any(matches(pattern, action) for pattern in wild)
        }
    names = sorted(spelt.get(action) or catalogue_spelling(action, catalogue) for action in reached)
    return replace(statement, actions=tuple(names), not_actions=None)


def _known(action: str, catalogue: Catalogue) -> bool:
    service, _, name = action.partition(":")
    return catalogue.action(service, name) is not None
