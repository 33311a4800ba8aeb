"""Two documents atom by atom: what is said on one side only, taken apart by resource."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from tracker.model.change import Effect, Scope
from tracker.policy.access import Access, Atoms, Identity, Places, identity, scope_order
from tracker.policy.document import Place
from tracker.policy.grants import Atom, Subject

Group = tuple[Effect, Subject]


@dataclass(frozen=True, slots=True)
class Edit:
    """An atom that one side has and the other lacks, and which parts of its scope the other side lacks."""

    effect: Effect
    subject: Subject
    place: int
    units: tuple[Place, ...]  # by resource; empty where the other side says each of them in other atoms

    @property
    def atom(self) -> Atom:
        """The atom itself."""
        return (self.effect, self.subject, self.place)


@dataclass(frozen=True, slots=True)
class Edits:
    """The atoms of one side that the other lacks, and how this side spells them."""

    edits: tuple[Edit, ...] = ()
    spelt: Mapping[Group, str] = field(default_factory=dict)


def edits(mine: Access, other: Access, places: Places, settled: Set[str]) -> Edits:
    """What `mine` says and `other` does not.

    Allowed literals that are `settled` are left out: they are no edits of words alone, the action came or went.
    """
    theirs = {(one.effect, one.place, _apart(one)): one for one in other.atoms}
    found: list[Atom] = []
    spelt: dict[Group, str] = {}
    for one in mine.atoms:
        same = theirs.get((one.effect, one.place, _apart(one)))
        if one.excluded is not None:
            if same is None:
                subject = Subject("NotAction", tuple(sorted(one.excluded)))
                found.append((one.effect, subject, one.place))
                spelt[one.effect, subject] = "NotAction: " + ", ".join(
                    one.excluded[low] for low in sorted(one.excluded)
                )
            continue
        for kind in ("literals", "wildcards"):
            said: dict[str, str] = getattr(one, kind)
            known: dict[str, str] = getattr(same, kind) if same else {}
            if said is known:
                continue
            come = said.keys() - known.keys()
            for low in come - settled if one.effect == "Allow" and kind == "literals" else come:
                subject = Subject("Action", (low,))
                found.append((one.effect, subject, one.place))
                held = spelt.get((one.effect, subject))
                spelt[one.effect, subject] = min(held, said[low]) if held else said[low]
    return Edits(tuple(_taken_apart(found, mine, other, places)) if found else (), spelt)


def _apart(one: Atoms) -> tuple[str, ...] | None:
    return None if one.excluded is None else tuple(sorted(one.excluded))


def _taken_apart(found: list[Atom], mine: Access, other: Access, places: Places) -> Iterator[Edit]:
    def parts(access: Access, number: int) -> dict[Identity, Place]:
        whole = Place(access.scopes[number], places.known[number].literal_variables)
        return {identity(unit): unit for unit in whole.units}

    ours = {number: parts(mine, number) for number in {number for _, _, number in found}}
    theirs = {one.place: parts(other, one.place) for one in other.atoms}
    for effect, subject, number in sorted(found):
        known = {
            unit
            for one in other.atoms
            if one.effect == effect and _says(one, subject)
            for unit in theirs[one.place]
        }
        yield Edit(
            effect, subject, number, tuple(unit for key, unit in ours[number].items() if key not in known)
        )


def _says(one: Atoms, subject: Subject) -> bool:
    if subject.kind == "NotAction":
        return one.excluded is not None and tuple(sorted(one.excluded)) == subject.patterns
    return subject.patterns[0] in one.literals or subject.patterns[0] in one.wildcards


def merged(units: Iterable[Place]) -> tuple[Scope, ...]:
    """Scopes that differ in their resources only, put together again; sorted."""
    gathered: dict[tuple[object, ...], list[Scope]] = {}
    for unit in units:
        gathered.setdefault(identity(unit)[2:], []).append(unit.scope)
    made: list[Scope] = []
    for scopes in gathered.values():
        positive = sorted({one for scope in scopes for one in scope.resources or ()})
        made += {scope for scope in scopes if scope.resources is None}
        if positive:
            first = min((scope for scope in scopes if scope.resources is not None), key=scope_order)
            made.append(Scope(tuple(positive), None, first.principal, first.not_principal, first.condition))
    return tuple(sorted(made, key=scope_order))
