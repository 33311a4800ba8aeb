"""One document's statements as regions over actions, resources and conditions at once: nothing is expanded.

What an action string means for ever, for actions that AWS has yet to invent too, is asked here; what it reaches
today is asked of `access.signatures`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tracker.model.change import Effect
from tracker.policy.access import Access, Atoms, Places
from tracker.policy.document import Place
from tracker.policy.patterns import covers, is_wild, matches, overlap
from tracker.policy.regions import Claims, Region, claims_of
from tracker.policy.values import ACTION, Literal3, Predicate, Values

Kind = Literal["Action", "NotAction"]


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """An action string, or a NotAction list: a set of actions. Lower case."""

    kind: Kind
    patterns: tuple[str, ...]  # one for an Action, sorted

    @property
    def wild(self) -> bool:
        """True where actions that AWS has yet to invent may be in it."""
        return self.kind == "NotAction" or is_wild(self.patterns[0])

    @property
    def claims(self) -> Claims:
        """The claims that a request's action is in it; none for a single action, of which alone all is asked then."""
        if not self.wild:
            return ()
        mine = _claim(self.patterns, self.kind == "Action")
        return (mine,) if self.kind == "Action" and self.patterns != ("*",) else (_SOME_ACTION, mine)


def _claim(patterns: Iterable[str], must: bool) -> Literal3:
    return ACTION, Predicate("one", Values("string", frozenset(("glob", one) for one in patterns))), must


_SOME_ACTION = _claim(("?*:?*",), True)  # what is no service and name is no action
Atom = tuple[Effect, Subject, int]  # the smallest thing that a document says; the number is its scope's


class Grants:
    """The statements of one document, asked about sets of actions."""

    def __init__(self, access: Access, places: Places) -> None:
        self.access = access
        self._places = places
        self._by_service = [_by_service(one) for one in access.atoms]

    def near(
        self, effect: Effect, subject: Subject, *, but: Iterable[Atom] = ()
    ) -> tuple[tuple[Claims, int], ...]:
        """Every (claims, scope) of an effect that shares an action with the subject. `but` leaves atoms out."""
        found = []
        left_out = frozenset(but)
        for atoms, index in zip(self.access.atoms, self._by_service, strict=True):
            place = claims_of(self._places.known[atoms.place])
            if atoms.effect != effect or place is None:
                continue
            action = self._action(atoms, index, subject, left_out)
            if action is not None:
                found.append(((*action, *place), atoms.place))
        return tuple(found)

    def region(self, subject: Subject, *, but: Iterable[Atom] = ()) -> Region:
        """What is allowed, of the actions that share something with the subject."""
        return Region(
            tuple(claims for claims, _ in self.near("Allow", subject, but=but)),
            tuple(claims for claims, _ in self.near("Deny", subject)),
        )

    def atom_region(self, subject: Subject, place: Place, *, denied: bool = True) -> Region:
        """What the subject under one scope allows here, less what is denied here."""
        claims = claims_of(place)
        whole = () if claims is None else (subject.claims + claims,)
        return Region(whole, tuple(c for c, _ in self.near("Deny", subject)) if denied else ())

    def covered_by_same_scope(self, subject: Subject, place: int) -> bool:
        """True where other action strings allowed under the very same scope cover an Action subject: the quick proof."""
        near = {
            pattern
            for atoms, index in zip(self.access.atoms, self._by_service, strict=True)
            if atoms.effect == "Allow" and atoms.place == place
            for pattern in _candidates(index, subject.patterns[0])
        }
        return covers(near - {subject.patterns[0]}, subject.patterns[0])

    @property
    def simple(self) -> bool:
        """True where `covered_by_same_scope` is the whole truth: one scope, no NotAction, no Deny."""
        return all(one.effect == "Allow" and one.excluded is None for one in self.access.atoms) and (
            len({one.place for one in self.access.atoms}) <= 1
        )

    def _action(
        self, atoms: Atoms, index: "_Index", subject: Subject, left_out: frozenset[Atom]
    ) -> Claims | None:
        if atoms.excluded is not None:
            mine = Subject("NotAction", tuple(sorted(atoms.excluded)))
            if (atoms.effect, mine, atoms.place) in left_out:
                return None
            if not subject.wild:
                named = any(matches(pattern, subject.patterns[0]) for pattern in atoms.excluded)
                return None if named else ()
            return (_claim(atoms.excluded, False),)
        patterns: Iterable[str]
        if subject.kind == "Action":
            wanted = subject.patterns[0]
            patterns = [one for one in _candidates(index, wanted) if overlap(one, wanted)]
        else:
            patterns = [*atoms.literals, *atoms.wildcards]
        if left_out:
            patterns = [
                one
                for one in patterns
                if (atoms.effect, Subject("Action", (one,)), atoms.place) not in left_out
            ]
        if not patterns:
            return None
        return () if "*" in patterns or not subject.wild else (_claim(patterns, True),)


_Index = dict[str, list[str]]  # service -> patterns; '' holds those whose service is no plain text


def _service(pattern: str) -> str:
    service, colon, _ = pattern.partition(":")
    return service if colon and not is_wild(service) else ""


def _by_service(atoms: Atoms) -> _Index:
    index: _Index = {}
    for patterns in (atoms.literals, atoms.wildcards):
        for pattern in patterns:
            index.setdefault(_service(pattern), []).append(pattern)
    return index


def _candidates(index: _Index, pattern: str) -> Iterable[str]:
    service = _service(pattern)
    if not service:
        return [one for patterns in index.values() for one in patterns]
    return [*index.get(service, ()), *index.get("", ())]
