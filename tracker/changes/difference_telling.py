"""From bare actions to what a reader is told of them: spelling, access level, description, where it holds."""

from collections.abc import Iterable, Mapping

from tracker.changes.difference_effective import Ruling
from tracker.model.catalogue import Catalogue
from tracker.model.change import ActionChange, Effect, Scope, ScopeChange, ServiceChange
from tracker.policy.access import Access, places_in, scope_order
from tracker.policy.granted import catalogue_spelling
from tracker.policy.remaining import remaining

_EFFECTS: tuple[Effect, Effect] = ("Allow", "Deny")
_Where = tuple[tuple[Scope, ...], tuple[str, ...]]  # scopes, and 'under-deny' where a Deny limits them


class Side:
    """One of the two documents, for telling of its actions. Actions are in lower case."""

    def __init__(self, access: Access, standing: Mapping[str, int], catalogue: Catalogue) -> None:
        self._access = access
        self._standing = standing
        self._catalogue = catalogue
        self._spellings = [one.literals for one in access.atoms if one.effect == "Allow" and one.literals]
        self._known: dict[int, _Where] = {}

    def services(self, found: Mapping[str, tuple[str, ...]]) -> tuple[ServiceChange, ...]:
        """Services with their human name and their actions."""
        return tuple(
            ServiceChange(
                service, self._catalogue.service_name(service), tuple(map(self.spelling, found[service]))
            )
            for service in sorted(found)
        )

    def actions(self, found: Iterable[str]) -> tuple[ActionChange, ...]:
        """Actions that this side has and the other has not."""
        made = []
        for action in found:
            service, _, name = action.partition(":")
            info = self._catalogue.action(service, name)
            literal = self._literal(action)
            scopes, tags = self.where(action)
            if literal is None:
                tags = ("by-wildcard", *tags)
            if info is None:
                spelling = literal or action
                made.append(ActionChange(spelling, service, "Unknown", "", scopes, (*tags, "unknown")))
            else:
                spelling = literal or f"{info.service}:{info.name}"
                made.append(
                    ActionChange(spelling, service, info.access_level, info.description, scopes, tags)
                )
        return tuple(made)

    def spelling(self, action: str) -> str:
        """An action as the document spells it; what a wildcard reaches as the catalogue does."""
        return self._literal(action) or catalogue_spelling(action, self._catalogue)

    def where(self, action: str) -> _Where:
        """Where an action is allowed: what its Denies leave of its scopes, where that can be written as scopes."""
        signature = self._standing[action]
        if signature not in self._known:
            allowed, denied = (
                [self._access.scopes[number] for number in places_in(signature, effect)]
                for effect in _EFFECTS
            )
            left = remaining(allowed, denied) if denied else None
            scopes = sorted(allowed if left is None else left, key=scope_order)
            self._known[signature] = (tuple(scopes), ("under-deny",) if denied else ())
        return self._known[signature]

    def _literal(self, action: str) -> str | None:
        if len(self._spellings) == 1:
            return self._spellings[0].get(action)
        return min((spelt[action] for spelt in self._spellings if action in spelt), default=None)


def moved(
    rulings: Mapping[str, Ruling], wanted: str, old: Side, new: Side, catalogue: Catalogue
) -> tuple[ScopeChange, ...]:
    """The actions that both sides allow, and of which `wanted` is the verdict."""
    made = []
    for action in sorted(rulings):
        verdict, proved = rulings[action]
        if verdict == wanted:
            service, _, name = action.partition(":")
            info = catalogue.action(service, name)
            level = info.access_level if info else "Unknown"
            before, after = old.where(action)[0], new.where(action)[0]
            made.append(ScopeChange(new.spelling(action), service, level, before, after, proved))
    return tuple(made)
