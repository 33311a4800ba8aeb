"""The difference between two documents: what they allow today, and what they say."""

from collections.abc import Iterable, Mapping

from tracker.changes.difference_effective import Effective, Judge, effective
from tracker.changes.difference_explain import Evidence, Explanation, explain
from tracker.changes.difference_textual import Sides, textual
from tracker.model.catalogue import Catalogue
from tracker.model.change import ActionChange, Difference, Effect, Scope, ScopeChange, ServiceChange
from tracker.policy.access import (
    Access,
    Expander,
    Places,
    access_of,
    places_in,
    scope_order,
    signatures,
)
from tracker.policy.document import Document
from tracker.policy.remaining import remaining


def compare(before: Document | None, after: Document | None, catalogue: Catalogue) -> Difference:
    """What `after` allows and denies that `before` did not, and the other way round.

    None stands for a document that is not there: nothing is allowed. Both sides are expanded over `catalogue`,
    whose version the difference names.
    """
    places = Places()
    old, new = access_of(before, places), access_of(after, places)
    expander = Expander(catalogue, () if old.plain and new.plain else old.literals | new.literals)
    was, now = signatures(old, expander), signatures(new, expander)
    found = effective(was, now, Judge(places))
    quiet = not (found.added or found.removed or found.moved)
    text = textual(
        Sides(before, after, old, new, places), expander, {*found.added, *found.removed}, quiet=quiet
    )
    told = _Teller(catalogue, (old, was), (new, now))
    return Difference(
        services_added=told.services(found.services_added, new),
        services_removed=told.services(found.services_removed, old),
        actions_added=told.actions(found.added, new, now),
        actions_removed=told.actions(found.removed, old, was),
        actions_widened=told.moved(found, "widened"),
        actions_narrowed=told.moved(found, "narrowed"),
        actions_rescoped=told.moved(found, "rescoped"),
        denies_added=text.denies.added,
        denies_removed=text.denies.removed,
        denies_widened=text.denies.widened,
        denies_narrowed=text.denies.narrowed,
        denies_rescoped=text.denies.rescoped,
        patterns_added=text.patterns_added,
        patterns_removed=text.patterns_removed,
        redundant=text.redundant,
        cosmetic=text.cosmetic,
        equal_language=text.equal_language,
        catalogue=catalogue.version,
        services_before=found.services[0],
        services_after=found.services[1],
        actions_before=found.actions[0],
        actions_after=found.actions[1],
    )


__all__ = ["Evidence", "Explanation", "compare", "explain"]

EFFECTS: tuple[Effect, Effect] = ("Allow", "Deny")


class _Teller:
    """Puts spelling, access level, description and scopes to bare actions."""

    def __init__(
        self,
        catalogue: Catalogue,
        before: tuple[Access, Mapping[str, int]],
        after: tuple[Access, Mapping[str, int]],
    ) -> None:
        self._catalogue = catalogue
        self._before, self._after = before, after
        self._scopes: dict[tuple[int, int], tuple[Scope, ...]] = {}

    def services(self, found: Mapping[str, tuple[str, ...]], access: Access) -> tuple[ServiceChange, ...]:
        return tuple(
            ServiceChange(
                service,
                self._catalogue.service_name(service),
                tuple(self._spelt(action, access) for action in found[service]),
            )
            for service in sorted(found)
        )

    def actions(
        self, found: Iterable[str], access: Access, standing: Mapping[str, int]
    ) -> tuple[ActionChange, ...]:
        made = []
        for action in found:
            service, _, name = action.partition(":")
            info = self._catalogue.action(service, name)
            literal = access.spelling(action)
            signature = standing[action]
            tags = [
                tag
                for tag, holds in (
                    ("by-wildcard", literal is None),
                    ("under-deny", bool(places_in(signature, "Deny"))),
                    ("unknown", info is None),
                )
                if holds
            ]
            made.append(
                ActionChange(
                    action=literal or (f"{info.service}:{info.name}" if info else action),
                    service=service,
                    access_level=info.access_level if info else "Unknown",
                    description=info.description if info else "",
                    scopes=self._allowed(signature, access),
                    tags=tuple(tags),
                )
            )
        return tuple(made)

    def moved(self, found: Effective, wanted: str) -> tuple[ScopeChange, ...]:
        (old, was), (new, now) = self._before, self._after
        made = []
        for action in sorted(found.moved):
            verdict, proved = found.moved[action]
            if verdict != wanted:
                continue
            service, _, name = action.partition(":")
            info = self._catalogue.action(service, name)
            made.append(
                ScopeChange(
                    action=self._spelt(action, new),
                    service=service,
                    access_level=info.access_level if info else "Unknown",
                    before=self._allowed(was[action], old),
                    after=self._allowed(now[action], new),
                    proved=proved,
                )
            )
        return tuple(made)

    def _spelt(self, action: str, access: Access) -> str:
        literal = access.spelling(action)
        if literal is not None:
            return literal
        service, _, name = action.partition(":")
        info = self._catalogue.action(service, name)
        return f"{info.service}:{info.name}" if info else action

    def _allowed(self, signature: int, access: Access) -> tuple[Scope, ...]:
        key = (id(access), signature)
        if key not in self._scopes:
            allowed, denied = (
                [access.scopes[number] for number in places_in(signature, effect)] for effect in EFFECTS
            )
            left = remaining(allowed, denied) if denied else None
            self._scopes[key] = tuple(sorted(allowed if left is None else left, key=scope_order))
        return self._scopes[key]
