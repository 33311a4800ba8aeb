"""One document's statements as regions over actions, resources and conditions at once: nothing is expanded.

What an action string means for ever, for actions that AWS has yet to invent too, is asked here; what it reaches
today is asked of `access.signatures`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
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


def _service(pattern: str) -> str:
    service, colon, _ = pattern.partition(":")
    return service if colon and not is_wild(service) else ""


def _claim(patterns: Iterable[str], must: bool) -> Literal3:
    union = frozenset(("glob" if _service(one) or one == "*" else "action", one) for one in patterns)
    return ACTION, Predicate("one", Values("string", union)), must


_SOME_ACTION = _claim(("?*:?*",), True)  # what is no service and name is no action
Atom = tuple[Effect, Subject, int]  # the smallest thing that a document says; the number is its scope's


class Grants:
    """The statements of one document, asked about sets of actions."""

    def __init__(self, access: Access, places: Places) -> None:
        self.access = access
        self._groups = [_Group(one, claims_of(places.known[one.place])) for one in access.atoms]

    def near(
        self, effect: Effect, subject: Subject, but: Atom | None = None
    ) -> tuple[tuple[Claims, int], ...]:
        """Every (claims, scope) of an effect that shares an action with the subject; `but` leaves one atom out."""
        found = []
        for group in self._groups:
            if group.atoms.effect == effect and group.place is not None:
                action = group.action(subject, but)
                if action is not None:
                    found.append(((*action, *group.place), group.atoms.place))
        return tuple(found)

    def region(self, subject: Subject, but: Atom | None = None) -> Region:
        """What is allowed, of the actions that share something with the subject."""
        return Region(
            tuple(claims for claims, _ in self.near("Allow", subject, but)),
            tuple(claims for claims, _ in self.near("Deny", subject)),
        )

    def atom_region(self, subject: Subject, place: Place, *, denied: bool = True) -> Region:
        """What the subject under one scope allows here, less what is denied here."""
        claims = claims_of(place)
        whole = () if claims is None else (subject.claims + claims,)
        return Region(whole, tuple(c for c, _ in self.near("Deny", subject)) if denied else ())

    def covered_by_same_scope(self, subject: Subject, place: int) -> bool:
        """True where other action strings allowed under the very same scope cover an Action subject: the quick proof."""
        (wanted,) = subject.patterns
        near = {
            pattern
            for group in self._groups
            if group.atoms.effect == "Allow" and group.atoms.place == place
            for pattern in (group.every if subject.wild else group.wild).near(wanted)
        }
        return covers(near - {wanted}, wanted)

    @property
    def simple(self) -> bool:
        """True where `covered_by_same_scope` is the whole truth: one scope, no NotAction, no Deny."""
        return all(one.effect == "Allow" and one.excluded is None for one in self.access.atoms) and (
            len({one.place for one in self.access.atoms}) <= 1
        )


class _Group:
    """The atoms of one effect and scope, with an index of their action strings."""

    def __init__(self, atoms: Atoms, place: Claims | None) -> None:
        self.atoms = atoms
        self.place = place
        self.wild = _Index(atoms.wildcards)

    @cached_property
    def every(self) -> "_Index":
        """All action strings. Only wildcards are looked for here: a literal is found in the dictionary."""
        return _Index([*self.atoms.literals, *self.atoms.wildcards])

    def action(self, subject: Subject, but: Atom | None) -> Claims | None:
        """What it claims of an action that it shares with the subject; None where it shares none."""
        left_out = None
        if but is not None and (but[0], but[2]) == (self.atoms.effect, self.atoms.place):
            left_out = but[1]
        if self.atoms.excluded is not None:
            return self._not_action(self.atoms.excluded, subject, left_out)
        if not subject.wild:
            (one,) = subject.patterns
            named = one in self.atoms.literals and left_out != subject
            return () if named or any(matches(each, one) for each in self.wild.near(one)) else None
        patterns = self._sharing(subject)
        if left_out is not None and left_out.kind == "Action":
            patterns = [one for one in patterns if one != left_out.patterns[0]]
        if not patterns:
            return None
        return () if "*" in patterns else (_claim(patterns, True),)

    def _sharing(self, subject: Subject) -> list[str]:
        if subject.kind == "NotAction":
            return [*self.atoms.literals, *self.atoms.wildcards]
        (wanted,) = subject.patterns
        return [one for one in self.every.near(wanted) if overlap(one, wanted)]

    def _not_action(
        self, excluded: Iterable[str], subject: Subject, left_out: Subject | None
    ) -> Claims | None:
        if (
            left_out is not None
            and left_out.patterns == tuple(sorted(excluded))
            and left_out.kind == "NotAction"
        ):
            return None
        if subject.wild:
            return (_claim(excluded, False),)
        return None if any(matches(each, subject.patterns[0]) for each in excluded) else ()


class _Index:
    """Action strings by service."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_service: dict[str, list[str]] = {}  # '' holds those whose service is no plain text
        for pattern in patterns:
            self._by_service.setdefault(_service(pattern), []).append(pattern)

    def near(self, pattern: str) -> list[str]:
        """The strings that may share an action with a pattern."""
        service = _service(pattern)
        if not service:
            return [one for patterns in self._by_service.values() for one in patterns]
        return [*self._by_service.get(service, ()), *self._by_service.get("", ())]
