"""The access of a document: which actions its statements name, and under which scope, allowed and denied.

A scope is numbered once for both documents of a comparison (`Places`), so that an action's standing is one whole
number, its signature: bit 2n says 'allowed under scope n', bit 2n+1 'denied under scope n'. Thousands of actions
share a handful of signatures, and two documents differ in an action only where its signatures differ.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tracker.model.change import Effect, Scope
from tracker.policy.document import Document, Place, Statement
from tracker.policy.expanding import Expander
from tracker.policy.patterns import canonical_action, is_wild

MANY = 16  # actions under one scope, from which on a dictionary of their own pays
Identity = tuple[object, ...]  # of a scope: equal where two scopes say the same in the same words


def identity(place: Place) -> Identity:
    """What tells scopes apart: all but the case of condition operators and keys."""
    scope = place.scope
    condition = tuple((one.operator.lower(), one.key.lower(), one.values) for one in scope.condition)
    return (
        scope.resources,
        scope.not_resources,
        scope.principal,
        scope.not_principal,
        tuple(sorted(condition)),
        place.literal_variables,
    )


def scope_order(scope: Scope) -> tuple[object, ...]:
    """A sort key for scopes: resources, then principal, then condition."""
    return (
        scope.resources or (),
        scope.not_resources or (),
        scope.principal or (),
        scope.not_principal,
        scope.condition,
    )


def place_order(place: Place) -> tuple[object, ...]:
    """A sort key for scopes as documents hold them."""
    return (*scope_order(place.scope), place.literal_variables)


class Places:
    """The scopes of one or two documents, numbered."""

    def __init__(self) -> None:
        self._numbers: dict[Identity, int] = {}
        self.known: list[Place] = []

    def number(self, place: Place) -> int:
        """The number of a scope; a new one where it was not met before."""
        key = identity(place)
        if key not in self._numbers:
            self._numbers[key] = len(self.known)
            self.known.append(place)
        return self._numbers[key]


@dataclass(frozen=True, slots=True)
class Atoms:
    """What a document names under one effect and one scope. `excluded` is one NotAction list, then the rest is empty."""

    effect: Effect
    place: int
    literals: dict[str, str]  # action in lower case -> as spelt; of several spellings the first in order
    wildcards: dict[str, str]
    excluded: dict[str, str] | None = None

    @property
    def bit(self) -> int:
        """Its bit in a signature."""
        return 1 << (2 * self.place + (self.effect == "Deny"))


@dataclass(frozen=True, slots=True)
class Access:
    """A document as atoms, in the order of effect and scope; and how it spells its scopes."""

    atoms: tuple[Atoms, ...] = ()
    scopes: Mapping[int, Scope] = field(default_factory=dict)  # by number, as this document spells them

    @property
    def literals(self) -> set[str]:
        """Every action that the document names without a wildcard, in lower case, NotAction lists included."""
        found: set[str] = set()
        for one in self.atoms:
            found.update(one.literals)
            if one.excluded:
                found.update(action for action in one.excluded if not is_wild(action))
        return found

    @property
    def plain(self) -> bool:
        """True where no wildcard and no NotAction stands in it: then no catalogue is needed."""
        return not any(one.wildcards or one.excluded is not None for one in self.atoms)


Kept = dict[tuple[object, ...], tuple[list[Statement], Atoms]]  # by effect, scope and statements


def access_of(document: Document | None, places: Places, kept: Kept | None = None) -> Access:
    """The access of a document, its scopes numbered in `places`. None is a document that is not there: no access.

    `kept` holds the atoms of the document that was asked about before, and then those of this one: statements that both
    have are gone through once.
    """
    if document is None:
        return Access()
    gathered: dict[tuple[Effect, int, Identity], list[Statement]] = {}
    scopes: dict[int, Scope] = {}
    for statement in document.statements:
        number = places.number(Place(statement.scope, statement.literal_variables))
        if number not in scopes or scope_order(statement.scope) < scope_order(scopes[number]):
            scopes[number] = statement.scope
        apart: Identity = ()
        if statement.actions is None:
            apart = tuple(sorted({canonical_action(action.lower()) for action in statement.listed}))
        gathered.setdefault((statement.effect, number, apart), []).append(statement)
    ordered = sorted(
        gathered.items(), key=lambda item: (item[0][0], place_order(places.known[item[0][1]]), item[0][2])
    )
    made: Kept = {}
    for (effect, number, _), statements in ordered:
        key = (effect, number, *map(id, statements))
        found = kept.get(key) if kept else None
        made[key] = (statements, _atoms(effect, number, statements)) if found is None else found
    if kept is not None:
        kept.clear()
        kept.update(made)
    atoms = [each for _, each in made.values()]
    return Access(tuple(atoms), scopes)


def _atoms(effect: Effect, number: int, statements: list[Statement]) -> Atoms:
    listed = [action for one in statements for action in one.listed]
    text = "\n".join(listed).lower()
    lowered = text.split("\n")  # no action holds a line break, and this is the quickest way
    spelt = dict(zip(lowered, listed, strict=True))
    if len(spelt) != len(lowered):  # listed twice, perhaps in two spellings: the first in order stands
        for low, action in zip(lowered, listed, strict=True):
            if action < spelt[low]:
                spelt[low] = action
    if statements[0].actions is None:
        return Atoms(effect, number, {}, {}, {canonical_action(low): spelt[low] for low in sorted(spelt)})
    if "*" not in text and "?" not in text:
        return Atoms(effect, number, spelt, {})
    literals = {low: action for low, action in spelt.items() if not is_wild(low)}
    wildcards: dict[str, str] = {}
    for low, action in sorted(spelt.items()):
        if is_wild(low):
            wildcards.setdefault(canonical_action(low), action)
    return Atoms(effect, number, literals, wildcards)


def signatures(access: Access, expander: Expander) -> dict[str, int]:
    """Action in lower case -> signature, for every action that a statement reaches today."""
    found: dict[str, int] = {}
    for one in access.atoms:
        if one.excluded is not None:
            rest = dict.fromkeys(expander.everything())
            for action in {action for pattern in one.excluded for action in expander.reach(pattern)}:
                rest.pop(action, None)
            _mark(found, rest, one.bit)
            continue
        _mark(found, one.literals, one.bit)
        for pattern in one.wildcards:
            _mark(found, expander.reach(pattern), one.bit)
    return found


def _mark(found: dict[str, int], actions: Collection[str], bit: int) -> None:
    if len(actions) > MANY:  # in bulk: most of them stand under one scope alone
        more = dict.fromkeys(actions, bit)
        for action in found.keys() & more.keys() if found else ():
            more[action] |= found[action]
        found.update(more)
        return
    get = found.get
    for action in actions:
        found[action] = get(action, 0) | bit


def places_in(signature: int, effect: Effect) -> tuple[int, ...]:
    """The numbers of the scopes that a signature holds under an effect."""
    found, number = [], 0
    rest = signature >> (effect == "Deny")
    while rest:
        if rest & 1:
            found.append(number)
        rest >>= 2
        number += 1
    return tuple(found)
