"""The watchlist held against what a change newly grants: single actions, and sets that a change completes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from tracker.changes.held import held
from tracker.model.catalogue import Catalogue
from tracker.model.change import Difference, Scope, Severity
from tracker.model.rules import Rules, WatchEntry
from tracker.policy.document import Document
from tracker.policy.granted import GrantedAction
from tracker.policy.patterns import is_wild, matches

How = Literal["added", "widened", "rescoped"]
_HOWS: tuple[How, ...] = ("added", "widened", "rescoped")


@dataclass(frozen=True, slots=True)
class Gain:
    """An action that a change grants newly, in more places, or in others."""

    action: str  # as the record spells it
    how: How
    scopes: tuple[Scope, ...]  # where it is allowed now
    levels: tuple[str, ...]  # its access level, split


@dataclass(slots=True)
class Found:
    """What one rule found, gathered while the entries are gone through."""

    entry: WatchEntry
    how: How
    further: bool  # the same could be done everywhere before, by other actions
    is_set: bool
    gained: dict[str, Gain] = field(default_factory=dict)
    completes: dict[str, str] = field(default_factory=dict)  # held before -> as spelt
    parts: list[tuple[Scope, ...]] = field(default_factory=list)  # the scopes of each action concerned

    @property
    def severity(self) -> Severity:
        """The entry's own, but no alarm where it could be done before, nothing is proved, or few resources are meant."""
        return self.severity_of(self.parts)

    def severity_of(self, parts: Iterable[tuple[Scope, ...]]) -> Severity:
        """The severity by the scopes of some of the actions: a set is as narrow as its narrowest, else the widest counts."""
        mild = self.further or self.how == "rescoped"
        if self.is_set:
            return weighed(self.entry.severity, parts, mild=mild)
        found = {weighed(self.entry.severity, [scopes], mild=mild) for scopes in parts}
        return "alarm" if "alarm" in found else next(iter(found))

    @property
    def consequence(self) -> str:
        """The entry's, with how the change comes by it."""
        if self.how == "widened":
            return f"{self.entry.consequence} in a wider scope"
        if self.how == "rescoped":
            return f"{self.entry.consequence} in another scope (please review)"
        return f"{self.entry.consequence} in further ways" if self.further else self.entry.consequence


def weighed(severity: Severity, parts: Iterable[Iterable[Scope]], *, mild: bool = False) -> Severity:
    """A severity where an alarm becomes attention if `mild`, or if one of the parts holds for named resources alone.

    The scopes of every action concerned are a part: a set is no wider than its narrowest.
    """
    if severity == "alarm" and (mild or any(_named_only(scopes) for scopes in parts)):
        return "attention"
    return severity


def _named_only(scopes: Iterable[Scope]) -> bool:
    """True where every scope lists resources by name: not `*`, not all of a type (`arn:aws:kms:*:*:key/*`)."""
    listed = [scope.resources for scope in scopes]
    return bool(listed) and all(each is not None and all(map(_is_named, each)) for each in listed)


def _is_named(resource: str) -> bool:
    """True for an ARN with a name in it. Its first word is a type, but for S3 and where it is the only word."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return False
    words = re.split("[:/]", parts[5].lstrip("/"))
    names = words if parts[2] == "s3" or len(words) == 1 else words[1:]
    return any(word.strip("*?") for word in names)


def gains(difference: Difference) -> dict[str, Gain]:
    """Action in lower case -> how the change grants it."""
    found = {
        one.action.lower(): Gain(one.action, "added", one.scopes, _levels(one.access_level))
        for one in difference.actions_added
    }
    for one in difference.actions_widened:
        found[one.action.lower()] = Gain(one.action, "widened", one.after, _levels(one.access_level))
    for one in difference.actions_rescoped:
        found[one.action.lower()] = Gain(one.action, "rescoped", one.after, _levels(one.access_level))
    return found


def watch(
    gained: Mapping[str, Gain],
    rules: Rules,
    *,
    before: Document | None,
    after: Document | None,
    catalogue: Catalogue,
) -> list[Found]:
    """What the list finds in a change, a finding for each rule and way of gaining."""
    touched = [(entry, hits) for entry, hits in _touched(gained, rules) if any(hits)]
    if not touched:
        return []
    meant = {entry.rule for entry, _ in touched}
    alternatives = [entry for entry in rules.entries if entry.rule in meant]
    wanted = frozenset(pattern for entry in alternatives for pattern in entry.actions)
    now = held(after, wanted, catalogue)
    new = {
        action for action, gain in gained.items() if gain.how == "added"
    }  # also where only the catalogue grew
    was = {action: grant for action, grant in held(before, wanted, catalogue).items() if action not in new}
    could = {entry.rule for entry in alternatives if _everywhere(entry, was)}
    found: dict[tuple[str, How, bool], Found] = {}
    for entry, hits in touched:
        rest = [_matching(pattern, now) for pattern, hit in zip(entry.actions, hits, strict=True) if not hit]
        if not all(rest):
            continue  # the set is not complete
        own = {action: gained[action] for hit in hits for action in hit}
        how = next(how for how in _HOWS if any(gain.how == how for gain in own.values()))
        is_set = len(entry.actions) > 1
        one = found.setdefault(
            (entry.rule, how, is_set), Found(entry, how, how == "added" and entry.rule in could, is_set)
        )
        one.gained.update(own)
        one.parts += [gain.scopes for gain in own.values()]
        for group in rest:
            one.completes.update({action: grant.spelling for action, grant in group.items()})
            one.parts += [grant.scopes for grant in group.values()]
    return _without_parts_of_sets(list(found.values()))


def complete_sets(
    grants: Mapping[str, GrantedAction], entries: Iterable[WatchEntry]
) -> list[tuple[WatchEntry, tuple[str, ...]]]:
    """Of all that a document allows: each entry that is complete with the actions that make it so, once each.

    An entry of one pattern comes once for every action that it matches. Actions are in lower case.
    """
    found: dict[tuple[str, tuple[str, ...]], WatchEntry] = {}
    for entry in entries:
        groups = [sorted(_matching(pattern, grants)) for pattern in entry.actions]
        if len(groups) == 1:
            for action in groups[0]:
                found.setdefault((entry.rule, (action,)), entry)
        elif all(groups):
            found.setdefault((entry.rule, tuple(sorted({a for group in groups for a in group}))), entry)
    sets = [(set(members), entry.severity) for (_, members), entry in found.items() if len(members) > 1]
    return [
        (entry, members)
        for (_, members), entry in found.items()
        if len(members) > 1
        or not any(
            members[0] in whole and (entry.severity != "alarm" or severity == "alarm")
            for whole, severity in sets
        )
    ]


def matching(pattern: str, actions: Iterable[str]) -> list[str]:
    """Those of some lower-case actions that a lower-case pattern matches."""
    return [action for action in actions if matches(pattern, action)]


def _touched(gained: Mapping[str, Gain], rules: Rules) -> Iterator[tuple[WatchEntry, list[list[str]]]]:
    """Every entry that may be meant with, for each of its patterns, the gained actions that it matches."""
    by_name, wild = _index(rules)
    numbers = {number for action in gained.keys() & by_name.keys() for number in by_name[action]}
    for pattern, meant in wild.items():
        if any(matches(pattern, action) for action in gained):
            numbers.update(meant)
    for number in sorted(numbers):
        entry = rules.entries[number]
        yield (
            entry,
            [
                matching(pattern, gained) if is_wild(pattern) else [pattern] if pattern in gained else []
                for pattern in entry.actions
            ],
        )


_Index = tuple[Mapping[str, list[int]], Mapping[str, list[int]]]  # action, or pattern -> numbers of entries


@lru_cache(maxsize=2)  # a process has one list
def _index(rules: Rules) -> _Index:
    """Which entries name an action, and which have a pattern: of five hundred few are meant by a change."""
    by_name: dict[str, list[int]] = {}
    wild: dict[str, list[int]] = {}
    for number, entry in enumerate(rules.entries):
        for pattern in entry.actions:
            (wild if is_wild(pattern) else by_name).setdefault(pattern, []).append(number)
    return by_name, wild


def _matching(pattern: str, grants: Mapping[str, GrantedAction]) -> dict[str, GrantedAction]:
    if not is_wild(pattern):
        return {pattern: grants[pattern]} if pattern in grants else {}
    return {action: grants[action] for action in matching(pattern, grants)}


def _everywhere(entry: WatchEntry, grants: Mapping[str, GrantedAction]) -> bool:
    """True where the entry's whole set is allowed on every resource, under no condition, with no deny."""
    return all(
        any(
            not grant.denied and any(s.everywhere for s in grant.scopes)
            for grant in _matching(p, grants).values()
        )
        for p in entry.actions
    )


def _without_parts_of_sets(found: list[Found]) -> list[Found]:
    """Less the single actions that a set found in the same change names anyway, unless they weigh more."""
    sets = [one for one in found if one.is_set]
    return [
        one
        for one in found
        if one.is_set
        or not any(
            one.gained.keys() <= whole.gained.keys() | whole.completes.keys()
            and (one.severity != "alarm" or whole.severity == "alarm")
            for whole in sets
        )
    ]


def _levels(access_level: str) -> tuple[str, ...]:
    return tuple(access_level.split(", "))
