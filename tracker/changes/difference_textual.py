"""What two documents say, beside what they allow today.

Wildcards, NotAction lists and denies that came or went, edits without effect, and whether the same is said for ever,
for actions that AWS has yet to invent, too.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

from tracker.changes.difference_atoms import Edit, Edits, edits, merged
from tracker.changes.difference_cosmetic import cosmetic
from tracker.changes.difference_denies import Denies, denies
from tracker.changes.difference_redundant import split_redundant, told
from tracker.model.change import PatternChange, Redundant
from tracker.policy.access import Access, Places
from tracker.policy.document import Document
from tracker.policy.expanding import Expander
from tracker.policy.grants import Grants, Subject
from tracker.policy.regions import exceeds


@dataclass(frozen=True, slots=True)
class Textual:
    """The textual layer of a difference."""

    denies: Denies
    patterns_added: tuple[PatternChange, ...]
    patterns_removed: tuple[PatternChange, ...]
    redundant: tuple[Redundant, ...]
    cosmetic: tuple[str, ...]
    equal_language: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """Both documents, read."""

    before: Document | None
    after: Document | None
    old: Access
    new: Access
    places: Places


def textual(sides: Sides, expander: Expander, settled: Set[str], *, quiet: bool) -> Textual:
    """The textual layer. `settled` are the actions that came or went today; `quiet`: no action did, none moved."""
    come = edits(sides.new, sides.old, sides.places, settled)
    gone = edits(sides.old, sides.new, sides.places, settled)
    if come.edits or gone.edits:
        old, new = Grants(sides.old, sides.places), Grants(sides.new, sides.places)
        deny = denies(come, gone, old, new)
        equal = quiet and deny.equal and _equal(come, new, old) and _equal(gone, old, new)
        known = sides.places.known
        come, spare_come = split_redundant(come, new, old, known)
        gone, spare_gone = split_redundant(gone, old, new, known)
        redundant = told(spare_come, spare_gone)
    else:
        deny, redundant, equal = Denies(), (), quiet
    come, gone = _shown(come), _shown(gone)
    words: tuple[str, ...] = ()
    if sides.before is not None and sides.after is not None:
        words = cosmetic(
            sides.before,
            sides.after,
            sides.old,
            sides.new,
            equal=equal and not redundant,
            come=come,
            gone=gone,
        )
    return Textual(
        denies=deny,
        patterns_added=() if equal else _patterns(come, expander),
        patterns_removed=() if equal else _patterns(gone, expander),
        redundant=redundant,
        cosmetic=words,
        equal_language=equal and (sides.before is None) == (sides.after is None),
    )


def _equal(come: Edits, mine: Grants, other: Grants) -> bool:
    """True where everything that one side says in wildcards is allowed by the other, whatever AWS invents.

    Single actions need no such proof: they were compared already.
    """
    return all(
        exceeds(mine.atom_region(edit.subject, unit), other.region(edit.subject)) is False
        for edit in come.edits
        if edit.effect == "Allow" and edit.subject.wild
        for unit in edit.units
    )


def _shown(side: Edits) -> Edits:
    """Without plain Allows of one action: the effective layer tells of them."""
    return replace(
        side, edits=tuple(e for e in side.edits if e.units and (e.effect == "Deny" or e.subject.wild))
    )


def _patterns(side: Edits, expander: Expander) -> tuple[PatternChange, ...]:
    gathered: dict[tuple[str, Subject], list[Edit]] = {}
    for edit in side.edits:
        gathered.setdefault((edit.effect, edit.subject), []).append(edit)
    made = [
        PatternChange(
            pattern=side.spelt[listed[0].effect, subject],
            effect=listed[0].effect,
            scopes=merged(unit for edit in listed for unit in edit.units),
            reaches=_reaches(subject, expander),
            open_ended=subject.wild,
        )
        for (_, subject), listed in gathered.items()
    ]
    return tuple(sorted(made, key=lambda one: (one.pattern.lower(), one.effect, one.pattern)))


def _reaches(subject: Subject, expander: Expander) -> int:
    if subject.kind == "Action":
        return expander.reaches(subject.patterns)
    return expander.reaches(("*",)) - expander.reaches(subject.patterns)
