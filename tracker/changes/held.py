"""Which of a few actions a document allows, exactly, without looking at the thousands of others."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tracker.model.catalogue import Catalogue
from tracker.policy.document import Document, Statement
from tracker.policy.expanding import Expander
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
    lowered = [_lowered(statement) for statement in document.statements]
    named = {action for actions in lowered for action in actions}
    if is_wild("".join(named)):
        named = {action for action in named if not is_wild(action)}
    wanted = frozenset(
        action
        for action in _concrete(patterns, named, catalogue)
        if action in named or _known(action, catalogue)  # a wildcard reaches only what exists
    )
    statements = [
        _narrowed(statement, actions, wanted, catalogue)
        for statement, actions in zip(document.statements, lowered, strict=True)
    ]
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


def _lowered(statement: Statement) -> dict[str, str]:
    """Each pattern of Action or NotAction in lower case -> as it is written; lowered all at once, which is quickest."""
    return dict(zip("\n".join(statement.listed).lower().split("\n"), statement.listed, strict=True))


def _narrowed(
    statement: Statement, patterns: Mapping[str, str], wanted: frozenset[str], catalogue: Catalogue
) -> Statement:
    """The statement with the wanted actions that it matches, each named in full."""
    wild = [one for one in patterns if is_wild(one)] if is_wild("".join(patterns)) else []
    matched = wanted & patterns.keys()
    if wild:
        matched |= {action for action in wanted if any(matches(pattern, action) for pattern in wild)}
    if statement.actions is None:
        matched, patterns = wanted - matched, {}
    names = sorted(patterns.get(action) or catalogue_spelling(action, catalogue) for action in matched)
    return replace(statement, actions=tuple(names), not_actions=None)


def _known(action: str, catalogue: Catalogue) -> bool:
    service, _, name = action.partition(":")
    return catalogue.action(service, name) is not None
