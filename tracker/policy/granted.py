"""What one document allows today: every action by service, with where it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tracker.model.catalogue import Catalogue
from tracker.model.change import Scope
from tracker.policy.access import Access, Places, access_of, places_in, scope_order, signatures
from tracker.policy.document import Document
from tracker.policy.expanding import Expander
from tracker.policy.patterns import canonical_action, is_wild
from tracker.policy.regions import is_empty, region


@dataclass(frozen=True, slots=True)
class GrantedAction:
    """One action that a document allows."""

    spelling: str  # 's3:GetObject': as the document spells it, for a wildcard's reach as the catalogue does
    scopes: tuple[Scope, ...]  # where it is allowed
    denied: tuple[Scope, ...] = ()  # where the same document takes it back
    by_wildcard: bool = False  # no statement names it in full


Granted = Mapping[str, Mapping[str, GrantedAction]]  # service -> action name -> what is granted


def granted(document: Document | None, catalogue: Catalogue) -> Granted:
    """Service (lower case) -> action name (lower case, without the prefix) -> what is granted; both sorted.

    An action that a Deny withholds everywhere is not in it. Wildcards are expanded over the catalogue.
    """
    places = Places()
    access = access_of(document, places)
    expander = Expander(catalogue, access.literals)
    found = signatures(access, expander)
    shown: dict[int, tuple[tuple[Scope, ...], tuple[Scope, ...]] | None] = {
        signature: _shown(signature, access, places) for signature in set(found.values())
    }
    spelt, listed = _spellings(access), _listed(catalogue)  # type: ignore[arg-type] # hashed by its identity
    made: dict[str, dict[str, GrantedAction]] = {}
    for action in sorted(found):
        held = shown[found[action]]
        if held is not None:
            service, _, name = action.partition(":")
            literal = spelt.get(action)
            spelling = literal or listed.get(action)
            if spelling is None:
                spelling = catalogue_spelling(action, catalogue)
                if spelling != action:  # the catalogue's own, of which there are so many and no more
                    listed[action] = spelling
            if service not in made:
                made[service] = {}
            made[service][name] = GrantedAction(spelling, held[0], held[1], literal is None)
    return made


@lru_cache(maxsize=2)
def _listed(catalogue: Catalogue) -> dict[str, str]:
    """Action in lower case -> as a catalogue spells it, filled as they are met: the same for every document."""
    return {}


def saying(document: Document, catalogue: Catalogue) -> Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Action in lower case -> the numbers of the statements that allow it and of those that deny it, from 1."""
    literals = {action.lower() for one in document.statements for action in one.listed if not is_wild(action)}
    expander = Expander(catalogue, literals)
    found: dict[str, int] = {}  # a bit for each statement and side: most actions share a handful of numbers
    for number, one in enumerate(document.statements):
        reached: dict[str, None] = {}
        for action in one.listed:
            low = action.lower()
            reached |= dict.fromkeys(expander.reach(canonical_action(low)) if is_wild(low) else (low,))
        names = (
            reached
            if one.actions is not None
            else (each for each in expander.everything() if each not in reached)
        )
        bit = 1 << (2 * number + (one.effect == "Deny"))
        for name in names:
            found[name] = found.get(name, 0) | bit
    told = {bits: (_numbers(bits), _numbers(bits >> 1)) for bits in set(found.values())}
    return {name: told[bits] for name, bits in found.items()}


def _numbers(bits: int) -> tuple[int, ...]:
    """The places of every other bit that is set, from 1."""
    return tuple(place // 2 + 1 for place in range(0, bits.bit_length(), 2) if bits >> place & 1)


def allowed_actions(document: Document | None, catalogue: Catalogue) -> frozenset[str]:
    """The actions of `granted` alone, in lower case with their prefix: where it is only asked which there are."""
    places = Places()
    access = access_of(document, places)
    found = signatures(access, Expander(catalogue, access.literals))
    every = set(found.values())
    held = {signature for signature in every if _shown(signature, access, places) is not None}
    if len(held) == len(every):
        return frozenset(found)
    return frozenset(action for action, signature in found.items() if signature in held)


def _spellings(access: Access) -> dict[str, str]:
    """Every allowed literal, in lower case -> as spelt; of several spellings the first in order."""
    spelt: dict[str, str] = {}
    for one in access.atoms:
        if one.effect == "Allow":
            known = spelt.keys() & one.literals.keys() if spelt else ()
            earlier = {low: min(spelt[low], one.literals[low]) for low in known}
            spelt |= one.literals
            spelt |= earlier
    return spelt


def catalogue_spelling(action: str, catalogue: Catalogue) -> str:
    """An action as the catalogue spells it; as given where the catalogue does not know it."""
    service, _, name = action.partition(":")
    known = catalogue.action(service, name)
    return f"{known.service}:{known.name}" if known else action


def _shown(
    signature: int, access: Access, places: Places
) -> tuple[tuple[Scope, ...], tuple[Scope, ...]] | None:
    allowed, denied = places_in(signature, "Allow"), places_in(signature, "Deny")
    where = region((places.known[n] for n in allowed), (places.known[n] for n in denied))
    if is_empty(where):
        return None
    return (
        tuple(sorted((access.scopes[number] for number in allowed), key=scope_order)),
        tuple(sorted((access.scopes[number] for number in denied), key=scope_order)),
    )
