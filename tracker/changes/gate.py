"""A gate: what of the forbidden a document grants, or newly grants against an earlier one, and by which statement."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tracker.changes.compare import compare
from tracker.changes.watching import gains
from tracker.model.asked import Moment, Question, Said
from tracker.model.catalogue import Catalogue
from tracker.model.change import Scope
from tracker.policy.access import identity, scope_order
from tracker.policy.document import Document, Place, Statement
from tracker.policy.granted import GrantedAction, granted
from tracker.policy.intervals import ALL_BUT, Interval, Intervals
from tracker.policy.patterns import covers, is_wild, matches, overlap
from tracker.policy.questions import concerns, exceeding, question

How = Literal["granted", "added", "widened", "rescoped"]
NOT_ACTION = "NotAction: "
_WHENEVER = Moment(datetime(1970, 1, 1, tzinfo=UTC), None, "look")


@dataclass(frozen=True, slots=True)
class Breach:
    """Something forbidden that one statement of a document grants."""

    forbidden: str  # the pattern, as it was given
    how: How  # 'granted' without an earlier document; else how it is new
    statement: int  # its place in the document, from 1
    sid: str  # or empty
    actions: tuple[
        str, ...
    ]  # sorted; empty: none that exists today, but the pattern will reach what AWS adds
    patterns: tuple[
        str, ...
    ]  # what the statement says: 's3:GetObject', 's3:Get*', 'NotAction: iam:*'; sorted
    scope: Scope  # where the statement allows it
    denied: tuple[Scope, ...] = ()  # where the same document takes a part of it back


def breaches(
    forbidden: Iterable[Question],
    document: Document,
    catalogue: Catalogue,
    before: Document | None = None,
    *,
    against: bool = False,
) -> tuple[Breach, ...]:
    """What of the forbidden a document grants, in the order of patterns and statements; with `against` what it newly grants.

    Deny is subtracted, scopes compared as sets, as everywhere. Of actions that no catalogue knows, a pattern counts that
    covers the forbidden one or is covered by it, as languages. `before` is None where there was no such document.
    """
    held = {
        f"{service}:{name}": one
        for service, names in granted(document, catalogue).items()
        for name, one in names.items()
    }
    hows: dict[str, How] = dict.fromkeys(held, "granted")
    if against:
        gained = gains(compare(before, document, catalogue))
        hows = {action: gain.how for action, gain in gained.items()}
        # What only the earlier document names is reached all the same, and no catalogue knows it.
        held = {action: GrantedAction(one.action, one.scopes) for action, one in gained.items()} | held
    grown = _Grown(document, before if against else None, catalogue)
    found: list[Breach] = []
    for asked in sorted(set(forbidden), key=lambda one: (one.pattern, one.asked)):
        hits = {action: held[action] for action in hows if matches(asked.pattern, action)}
        if hits:
            found += _by_statement(asked, hits, hows, grown)
        found += grown.open_ended(asked, hits, "added" if against else "granted")
    return tuple(found)


def _by_statement(
    asked: Question, hits: Mapping[str, GrantedAction], hows: Mapping[str, How], grown: "_Grown"
) -> Iterator[Breach]:
    grouped: dict[tuple[int, How], dict[str, str]] = defaultdict(dict)
    naming = [(one, _naming(one, hits)) for one in grown.document.statements if one.effect == "Allow"]
    stood = [(identity(_place(one)), _naming(one, hits)) for one in grown.allows_before]
    old: set[str] = set()  # actions that only statements name which stood before: a Deny went
    for action in hits if stood else ():
        if all(action in _of(identity(_place(one)), stood) for one, named in naming if action in named):
            old.add(action)
    for number, (one, named) in enumerate(naming):
        before = _of(identity(_place(one)), stood)
        for action, pattern in named.items():
            if action in old or action not in before:
                grouped[number, hows[action]][action] = pattern
    for (number, how), named in sorted(grouped.items()):
        one = naming[number][0]
        yield Breach(
            forbidden=asked.asked,
            how=how,
            statement=one.index + 1,
            sid=one.sid,
            actions=tuple(sorted((hits[action].spelling for action in named), key=_order)),
            patterns=tuple(sorted(set(named.values()), key=_order)),
            scope=one.scope,
            denied=tuple(
                sorted({scope for action in named for scope in hits[action].denied}, key=scope_order)
            ),
        )


def _of(place: object, stood: Iterable[tuple[object, Mapping[str, str]]]) -> set[str]:
    """The actions that statements of an earlier document named under the same scope."""
    return {action for where, named in stood if where == place for action in named}


def _place(statement: Statement) -> Place:
    return Place(statement.scope, statement.literal_variables)


def _naming(statement: Statement, actions: Iterable[str]) -> dict[str, str]:
    """Those of some actions that a statement names, each with the words that do."""
    spelt = {one.lower(): one for one in reversed(statement.listed)}
    wild = [one for one in spelt if is_wild(one)]
    if statement.actions is None:
        listed = NOT_ACTION + ", ".join(sorted(set(statement.listed), key=_order))
        return {
            action: listed
            for action in actions
            if action not in spelt and not any(matches(one, action) for one in wild)
        }
    found = {}
    for action in actions:
        by = action if action in spelt else next((one for one in wild if matches(one, action)), None)
        if by is not None:
            found[action] = spelt[by]
    return found


def _order(text: str) -> tuple[str, str]:
    return text.lower(), text


class _Grown:
    """A document's patterns, held against an earlier one's: what they let through that no catalogue knows."""

    def __init__(self, document: Document, before: Document | None, catalogue: Catalogue) -> None:
        self.document = document
        self.allows_before = [one for one in before.statements if one.effect == "Allow"] if before else []
        self._catalogue = catalogue
        self._said = _said(document)
        self._before = _said(before) if before else []

    def open_ended(self, asked: Question, hits: Mapping[str, object], how: How) -> Iterator[Breach]:
        """Statements whose pattern reaches of the forbidden only what AWS may yet invent."""
        for one in self.document.statements:
            if one.effect != "Allow":
                continue
            for pattern, words in _patterns_of(one):
                shared = _shared(pattern, asked, all_but=one.actions is None)
                if shared is None or any(_reaches(pattern, hit, one.actions is None) for hit in hits):
                    continue
                if self._is_known(shared) or not self._newly(shared):
                    continue
                yield Breach(asked.asked, how, one.index + 1, one.sid, (), (words,), one.scope)

    def _newly(self, shared: str) -> bool:
        what = question(shared)
        now = [each for each in self._said if concerns(what, each.how, each.pattern)]
        was = [each for each in self._before if concerns(what, each.how, each.pattern)]
        return exceeding(what, now, was)

    def _is_known(self, action: str) -> bool:
        """True for an action of the catalogue, of which it is known already whether it is granted."""
        service, _, name = action.partition(":")
        return not is_wild(action) and self._catalogue.action(service, name) is not None


def _patterns_of(statement: Statement) -> list[tuple[str, str]]:
    """Each wildcard of an Action list, or a whole NotAction list, in lower case and as written."""
    if statement.actions is None:
        listed = sorted({one.lower() for one in statement.listed})
        return [(" ".join(listed), NOT_ACTION + ", ".join(sorted(set(statement.listed), key=_order)))]
    return [(one.lower(), one) for one in sorted(set(statement.actions), key=_order) if is_wild(one)]


def _reaches(pattern: str, action: str, all_but: bool) -> bool:
    if all_but:
        return not any(matches(one, action) for one in pattern.split(" "))
    return matches(pattern, action)


def _shared(pattern: str, asked: Question, *, all_but: bool) -> str | None:
    """What a statement's pattern and the forbidden one share, where one includes the other; else None."""
    wire = asked.pattern
    if all_but:
        return None if any(overlap(one, wire) for one in pattern.split(" ")) else wire
    if covers((wire,), pattern):
        return pattern
    return wire if covers((pattern,), wire) else None


def _said(document: Document) -> list[Said]:
    made = Intervals()
    made.feed(0, document)
    return [_as_said(one) for one in made.open()]


def _as_said(one: Interval) -> Said:
    all_but = one.pattern.startswith(ALL_BUT)
    pattern = one.pattern.removeprefix(ALL_BUT)
    return Said(
        effect=one.effect,
        how="all-but" if all_but else "wildcard" if is_wild(pattern) else "name",
        pattern=pattern,
        spelling=one.spelling,
        scope=one.place.scope,
        literal_variables=one.place.literal_variables,
        statement=one.label.number,
        sid=one.label.sid,
        since=_WHENEVER,
        until=None,
    )
