"""Edits without effect: what was added though it was covered, what was withdrawn though it still is."""

from dataclasses import replace

from tracker.changes.difference_atoms import Edit, Edits, merged
from tracker.model.change import Redundant
from tracker.policy.document import Place, placed
from tracker.policy.grants import Grants
from tracker.policy.regions import Claims, Region, claims_of, exceeds, is_empty


def split_redundant(come: Edits, mine: Grants, other: Grants, places: list[Place]) -> tuple[Edits, Edits]:
    """The edits that matter, and those parts of them that something else covers, on either side.

    `come` are atoms of `mine` that `other` lacks. A part is redundant where the other side covers it already, and
    where it would be covered on its own side without it, too: else it replaces what it was covered by.
    """
    left: list[Edit] = []
    spare: list[Edit] = []
    for edit in come.edits:
        without = tuple(unit for unit in edit.units if _covered(edit, unit, mine, other, places[edit.place]))
        kept = tuple(unit for unit in edit.units if unit not in without)
        if kept:
            left.append(replace(edit, units=kept))
        if without:
            spare.append(replace(edit, units=without))
    return replace(come, edits=tuple(left)), replace(come, edits=tuple(spare))


def told(added: Edits, removed: Edits) -> tuple[Redundant, ...]:
    """The redundant edits of both sides as values, sorted."""
    made: list[Redundant] = []
    for side, direction in ((added, "added"), (removed, "removed")):
        gathered: dict[object, list[Edit]] = {}
        for edit in side.edits:
            gathered.setdefault((edit.effect, edit.subject), []).append(edit)
        for edits in gathered.values():
            scopes = merged(unit for edit in edits for unit in edit.units)
            spelt = side.spelt[edits[0].effect, edits[0].subject]
            made.append(
                Redundant(spelt, edits[0].effect, "added" if direction == "added" else "removed", scopes)
            )
    return tuple(sorted(made, key=lambda one: (one.pattern.lower(), one.pattern, one.effect, one.direction)))


def _covered(edit: Edit, unit: Place, mine: Grants, other: Grants, whole: Place) -> bool:
    return _covers(other, edit, unit, ()) and _covers(mine, edit, unit, _rest(edit, unit, whole))


def _covers(side: Grants, edit: Edit, unit: Place, rest: tuple[Claims, ...]) -> bool:
    """True where a side says what the unit says without the edit's atom, of which `rest` is left."""
    but = edit.atom
    if edit.effect == "Deny":
        there = tuple(claims for claims, _ in side.near("Deny", edit.subject, but))
        where = side.atom_region(edit.subject, unit, denied=False)
        return exceeds(where, Region((*there, *rest))) is False
    where = side.atom_region(edit.subject, unit)
    if edit.subject.kind == "Action":
        if side.covered_by_same_scope(edit.subject, edit.place):
            return True
        if side.simple and not rest and side.access.atoms and side.access.atoms[0].place == edit.place:
            return is_empty(where)
    return exceeds(where, Region((*side.region(edit.subject, but).allowed, *rest))) is False


def _rest(edit: Edit, unit: Place, whole: Place) -> tuple[Claims, ...]:
    """What is left of an atom without one of its resources."""
    others = tuple(one for one in whole.scope.resources or () if one not in (unit.scope.resources or ()))
    if not others:
        return ()
    claims = claims_of(placed(replace(whole.scope, resources=others), whole.literal_variables))
    return () if claims is None else (edit.subject.claims + claims,)
