"""Edits of words alone, as sentences: what is written otherwise and means the same."""

from collections import Counter
from collections.abc import Iterator

from tracker.changes.difference_atoms import Edits
from tracker.policy.access import Access
from tracker.policy.document import Document

NAMED = 5  # actions that one sentence names at most


def cosmetic(
    before: Document, after: Document, old: Access, new: Access, *, equal: bool, come: Edits, gone: Edits
) -> tuple[str, ...]:
    """Sentences about what was edited without effect. `equal`: nothing else is different between the two."""
    if before == after:
        return ()
    found = [
        *_repeated((before, old), (after, new)),
        *_spelt(old, new),
        *_headers(before, after),
        *_statements(before, after),
    ]
    if equal and (come.edits or gone.edits):
        names = [
            *(f"−{name}" for name in sorted(gone.spelt.values())),
            *(f"+{name}" for name in sorted(come.spelt.values())),
        ]
        found.append(f"the same is said in other patterns: {_named(names)}")
    if equal and not found:
        if _shape(before) != _shape(after):
            found.append("a list of one is written as a string, or the other way round")
        else:
            found.append("statements, or the lists in them, are in another order or divided otherwise")
    return tuple(sorted(found))


def _repeated(before: tuple[Document, Access], after: tuple[Document, Access]) -> Iterator[str]:
    was, now = _twice(*before), _twice(*after)
    if now - was:
        yield f"{_count(now - was, 'action is', 'actions are')} now listed more than once: {_named(now - was)}"
    if was - now:
        yield f"{_count(was - now, 'action is', 'actions are')} no longer listed more than once: {_named(was - now)}"


def _twice(document: Document, access: Access) -> set[str]:
    """The actions that are listed more than once under one scope, as spelt."""
    distinct = sum(len(one.literals) + len(one.wildcards) for one in access.atoms)
    if sum(len(one.actions or ()) for one in document.statements) == distinct:
        return set()
    actions = [action for one in document.statements for action in one.actions or ()]
    numbers: dict[object, int] = {}
    scopes = Counter(
        (action.lower(), number)
        for one in document.statements
        for number in (numbers.setdefault((one.effect, one.scope), len(numbers)),)
        for action in one.actions or ()
    )
    twice = {key[0] for key, times in scopes.items() if times > 1}
    spelt: dict[str, str] = {}
    for action in sorted(actions, reverse=True):
        spelt[action.lower()] = action
    return {spelt[low] for low in twice}


def _spelt(old: Access, new: Access) -> Iterator[str]:
    theirs = {(one.effect, one.place): one for one in new.atoms if one.excluded is None}
    found: set[str] = set()
    for one in old.atoms:
        other = theirs.get((one.effect, one.place))
        if other is None or one.excluded is not None:
            continue
        for said, now in ((one.literals, other.literals), (one.wildcards, other.wildcards)):
            if said is now or said.items() <= now.items():
                continue
            found |= {f"{name} → {now[low]}" for low, name in said.items() if now.get(low, name) != name}
    if found:
        yield f"{_count(found, 'action is', 'actions are')} spelt otherwise: {_named(found)}"


def _headers(before: Document, after: Document) -> Iterator[str]:
    if before.version != after.version:
        yield f"Version {before.version} became {after.version}"
    if before.id != after.id:
        yield "the document's Id is another"
    sids = [sorted(one.sid for one in side.statements if one.sid) for side in (before, after)]
    if sids[0] != sids[1]:
        yield "Sids were renamed, added or removed"


def _statements(before: Document, after: Document) -> Iterator[str]:
    was, now = len(before.statements), len(after.statements)
    if was != now:
        yield f"the document has {now} {'statement' if now == 1 else 'statements'} where it had {was}"


def _shape(document: Document) -> object:
    return (document.single, [one.single for one in document.statements])


def _count(found: set[str], one: str, many: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else many}"


def _named(found: set[str] | list[str]) -> str:
    names = sorted(found) if isinstance(found, set) else found
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
