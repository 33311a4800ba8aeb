"""What a policy said over time: each (effect, scope, action pattern) with the observations between which it held.

Patterns stay patterns: nothing is expanded, so no catalogue is asked and a newer one changes nothing here. Documents
are fed in the order in which they were seen as defaults; what two in a row have in common costs a comparison of keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tracker.model.change import Effect
from tracker.policy.access import Identity, identity
from tracker.policy.document import Document, Place, Statement
from tracker.policy.patterns import canonical_action, is_wild

ALL_BUT = "\0"  # begins the pattern of a NotAction list; no document holds this character


@dataclass(frozen=True, slots=True)
class Label:
    """Which statement of a document says something."""

    number: int  # from 1, as people count
    sid: str  # or empty


@dataclass(frozen=True, slots=True)
class Interval:
    """That a policy said a pattern under an effect and a scope, from one observation until another."""

    effect: Effect
    place: Place
    pattern: (
        str  # lower case, canonical; a NotAction list is ALL_BUT and its patterns, sorted, blanks between
    )
    spelling: str  # as documents spell it, the service in lower case; of several spellings the first in order
    since: int  # the line of the timeline's observation that began it
    until: int | None  # the line of the one that ended it; None: it holds in the last default seen
    label: Label  # where the last document says it in which it held


@dataclass(slots=True)
class _Said:
    """What one document says under one effect and scope: for each statement its label, and pattern -> as written."""

    effect: Effect
    place: Place
    parts: list[tuple[Label, dict[str, str]]]

    @property
    def written(self) -> dict[str, str]:
        """Pattern -> as the first statement that says it writes it."""
        first, *others = (patterns for _, patterns in self.parts)
        for patterns in others:
            first = {**patterns, **first}
        return first

    def label(self, pattern: str) -> Label:
        """The first statement that says a pattern."""
        return next(label for label, patterns in self.parts if pattern in patterns)


_Key = tuple[Effect, Identity]


@dataclass(slots=True)
class _Held:
    """What is said under one effect and scope since when, and where by the last document."""

    said: _Said
    since: dict[
        str, tuple[int, str]
    ]  # pattern -> the line that began it; of its spellings the first in order
    last: dict[str, str] = field(default_factory=dict)  # pattern -> as the last document wrote it

    def interval(self, pattern: str, until: int | None) -> Interval:
        since, written = self.since[pattern]
        said = self.said
        return Interval(said.effect, said.place, pattern, spelt(written), since, until, said.label(pattern))


class Intervals:
    """Makes intervals from documents in the order of their observations.

    `still` are the open intervals of the documents so far, where they were made before: then only later ones are fed.
    """

    def __init__(self, still: Iterable[Interval] = ()) -> None:
        self._held: dict[_Key, _Held] = {}
        # What the last document's statements say, by their own ids: the next one shares most of them.
        self._known: dict[int, tuple[Statement, dict[str, str] | None]] = {}
        self.closed: list[Interval] = []
        parts: dict[tuple[_Key, Label], dict[str, str]] = {}
        for one in still:
            key = (one.effect, identity(one.place))
            held = self._held.setdefault(key, _Held(_Said(one.effect, one.place, []), {}))
            held.since[one.pattern] = (one.since, one.spelling)
            parts.setdefault((key, one.label), {})[one.pattern] = one.spelling
        for (key, label), patterns in parts.items():
            self._held[key].said.parts.append((label, patterns))

    def feed(self, line: int, document: Document) -> None:
        """The next default: the observation on this line saw it."""
        patterns = [self._known.get(id(one), (one, None))[1] or _patterns(one) for one in document.statements]
        self._known = {id(one): (one, each) for one, each in zip(document.statements, patterns, strict=True)}
        now = _said(document, patterns)
        for key in self._held.keys() - now.keys():
            held = self._held.pop(key)
            self.closed += [held.interval(pattern, line) for pattern in held.since]
        for key, said in now.items():
            held = self._held.setdefault(key, _Held(said, {}))
            written, since = said.written, held.since
            if written.keys() != since.keys():
                for pattern in since.keys() - written.keys():
                    self.closed.append(held.interval(pattern, line))
                    del since[pattern]
                for pattern in written.keys() - since.keys():
                    since[pattern] = (line, written[pattern])
            for pattern, _ in written.items() ^ held.last.items():  # else it was looked at already
                if (text := written.get(pattern)) is not None:
                    begun, first = since[pattern]
                    if text != first and spelt(text) < spelt(first):
                        since[pattern] = (begun, text)
            held.last = written
            # The scope is told as it was first spelt: another spelling of it is no other interval.
            said.place = held.said.place
            held.said = said

    def open(self) -> Iterator[Interval]:
        """What the last document says."""
        for held in self._held.values():
            said, told = held.said, set[str]()
            for label, patterns in said.parts:  # of several statements that say it the first
                for pattern in patterns:
                    if pattern not in told:
                        since, written = held.since[pattern]
                        yield Interval(said.effect, said.place, pattern, spelt(written), since, None, label)
                if len(said.parts) > 1:
                    told |= patterns.keys()


def _said(document: Document, patterns: Iterable[dict[str, str]]) -> Mapping[_Key, _Said]:
    found: dict[_Key, _Said] = {}
    for statement, each in zip(document.statements, patterns, strict=True):
        place = Place(statement.scope, statement.literal_variables)
        said = found.setdefault((statement.effect, identity(place)), _Said(statement.effect, place, []))
        said.parts.append((Label(statement.index + 1, statement.sid), each))
    return found


def _patterns(statement: Statement) -> dict[str, str]:
    """Pattern -> as written, of each thing that a statement's Action or NotAction says."""
    lowered = [one.lower() for one in statement.listed]
    if is_wild("".join(lowered)) or statement.actions is None:
        lowered = [canonical_action(one) if is_wild(one) else one for one in lowered]
    found = dict(zip(lowered, statement.listed, strict=True))
    if statement.actions is None:
        patterns = sorted(found)
        return {ALL_BUT + " ".join(patterns): ", ".join(spelt(found[one]) for one in patterns)}
    return found


def spelt(action: str) -> str:
    """An action string with its service in lower case, which is how AWS writes services; its name as it is."""
    service, colon, name = action.partition(":")
    return service.lower() + colon + name
