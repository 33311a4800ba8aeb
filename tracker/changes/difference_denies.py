"""Denies compared as their own: a Deny also overrides what other policies allow, so it counts even over nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tracker.changes.difference_atoms import Edits
from tracker.model.change import DenyChange, Scope
from tracker.policy.access import Access, scope_order
from tracker.policy.grants import Grants, Subject
from tracker.policy.patterns import overlap
from tracker.policy.regions import Claims, Region, exceeds, is_empty

Ruling = Literal["equal", "added", "removed", "widened", "narrowed", "rescoped"]


@dataclass(frozen=True, slots=True)
class Denies:
    """What became of the denied set, by action string."""

    added: tuple[DenyChange, ...] = ()
    removed: tuple[DenyChange, ...] = ()
    widened: tuple[DenyChange, ...] = ()
    narrowed: tuple[DenyChange, ...] = ()
    rescoped: tuple[DenyChange, ...] = ()  # neither way, or not provable either way

    @property
    def equal(self) -> bool:
        """True where the same is denied as before, for ever."""
        return self == Denies()


def denies(come: Edits, gone: Edits, old: Grants, new: Grants) -> Denies:
    """What became of the denied set. Only action strings that were edited are looked at."""
    added = {edit.subject for edit in come.edits if edit.effect == "Deny"}
    removed = {edit.subject for edit in gone.edits if edit.effect == "Deny"}
    found: dict[Ruling, list[DenyChange]] = {}
    for subject in sorted(added | removed):
        was, now = old.near("Deny", subject), new.near("Deny", subject)
        ruling = _ruling(subject, _within(subject, was), _within(subject, now), added, removed)
        spelt = come.spelt.get(("Deny", subject)) or gone.spelt["Deny", subject]
        before = _scopes(old.access, was) if ruling != "added" else ()
        after = _scopes(new.access, now) if ruling != "removed" else ()
        found.setdefault(ruling, []).append(DenyChange(spelt, before, after))
    return Denies(
        *(tuple(found.get(ruling, ())) for ruling in ("added", "removed", "widened", "narrowed", "rescoped"))
    )


def _ruling(subject: Subject, was: Region, now: Region, added: set[Subject], removed: set[Subject]) -> Ruling:
    lost, gained = exceeds(was, now), exceeds(now, was)
    if lost is None or gained is None or (lost and gained):
        return "rescoped"
    if not lost and not gained:
        return "equal"
    if is_empty(was) or is_empty(now):
        return "added" if gained else "removed"
    # A wildcard that overlaps other denies: where it takes the place of one of them it is that one, widened.
    if gained:
        alone = subject.wild and subject not in removed and not any(_share(one, subject) for one in removed)
        return "added" if alone else "widened"
    alone = subject.wild and subject not in added and not any(_share(one, subject) for one in added)
    return "removed" if alone else "narrowed"


def _within(subject: Subject, near: Iterable[tuple[Claims, int]]) -> Region:
    return Region(tuple(subject.claims + claims for claims, _ in near))


def _share(one: Subject, other: Subject) -> bool:
    if "NotAction" in (one.kind, other.kind):
        return True
    return overlap(one.patterns[0], other.patterns[0])


def _scopes(access: Access, near: Iterable[tuple[Claims, int]]) -> tuple[Scope, ...]:
    return tuple(sorted((access.scopes[number] for number in {n for _, n in near}), key=scope_order))
