"""What two documents allow today, put side by side: the normalised dictionaries, and DeepDiff's answer on them.

`{service: {action: signature}}` holds what is allowed on each side. Entries that are equal are dropped first; DeepDiff
compares the rest, and what appears, disappears or changes is read from its answer. The shape does the work: a service
that appears is one added item of the outer dictionary, an action inside a known service one of an inner dictionary.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter

from tracker.policy.access import Places, place_order, places_in
from tracker.policy.document import Place
from tracker.policy.regions import Region, Verdict, is_empty, region, verdict

Side = dict[str, dict[str, int]]  # service -> action in lower case, prefix included -> signature
Ruling = tuple[Verdict, bool]  # the verdict, and whether it is proved


@dataclass(frozen=True, slots=True)
class Effective:
    """DeepDiff's answer, flattened to actions. Actions are in lower case, with their prefix."""

    services_added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # service -> its actions
    services_removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: Mapping[str, Ruling] = field(default_factory=dict)  # allowed on both sides, under other scopes
    services: tuple[int, int] = (0, 0)  # with at least one action allowed, before and after
    actions: tuple[int, int] = (0, 0)  # allowed, before and after


class Judge:
    """Rules on signatures, each pair once: thousands of actions share a handful."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._allowing: dict[int, bool] = {0: False}
        self._rulings: dict[tuple[int, int], Ruling] = {}

    def region(self, signature: int) -> Region:
        """Where an action of this signature is allowed."""
        return region(*(self._in_order(places_in(signature, effect)) for effect in ("Allow", "Deny")))

    def _in_order(self, numbers: Iterable[int]) -> list[Place]:
        """Scopes in an order that does not depend on what was compared before."""
        return sorted((self._places.known[number] for number in numbers), key=place_order)

    def allows(self, signature: int) -> bool:
        """False where nothing is allowed under this signature, proved."""
        if signature not in self._allowing:
            self._allowing[signature] = not is_empty(self.region(signature))
        return self._allowing[signature]

    def ruling(self, before: int, after: int) -> Ruling:
        """What becomes of an action whose signature goes from one to the other."""
        pair = (before, after)
        if pair not in self._rulings:
            self._rulings[pair] = verdict(self.region(before), self.region(after))
        return self._rulings[pair]


@dataclass(slots=True)
class Reach:
    """What one document reaches, counted once. `allows` tells of a signature whether it allows anything."""

    signatures: dict[str, int]  # action in lower case -> signature
    alone: "Reach | None" = (
        None  # without what a wildcard reaches only because the other document names it, if anything
    )
    _services: Set[str] | None = None
    _allowed: Set[str] | None = None

    def services(self, allows: Callable[[int], bool]) -> Set[str]:
        """The services with an action that is allowed."""
        if self._services is None:
            self._services = set(map(itemgetter(0), map(str.partition, self.allowed(allows), repeat(":"))))
        return self._services

    def allowed(self, allows: Callable[[int], bool]) -> Set[str]:
        """The actions that are allowed."""
        if self._allowed is None:
            every = set(self.signatures.values())
            allowing = set(filter(allows, every))
            if len(allowing) == len(every):
                self._allowed = self.signatures.keys()
            else:
                self._allowed = {one for one, signature in self.signatures.items() if signature in allowing}
        return self._allowed

    def counted(self, allows: Callable[[int], bool]) -> tuple[int, int]:
        """How many services and actions the document allows, not counting what only the other document knows of."""
        own = self.alone or self
        return len(own.services(allows)), len(own.allowed(allows))


def effective(before: Reach, after: Reach, judge: Judge) -> Effective:
    """The difference of what two documents reach."""
    differing = {action for action, _ in before.signatures.items() ^ after.signatures.items()}
    was, now = before.services(judge.allows), after.services(judge.allows)
    left: Side = {}
    right: Side = {}
    rulings: dict[str, Ruling] = {}
    for action in sorted(differing):
        service = action.partition(":")[0]
        old, new = before.signatures.get(action, 0), after.signatures.get(action, 0)
        ruling = rulings[action] = judge.ruling(old, new)
        if ruling[0] in ("nothing", "equal"):
            continue
        if service in was:
            mine = left.setdefault(service, {})
            if judge.allows(old):
                mine[action] = old
        if service in now:
            theirs = right.setdefault(service, {})
            if judge.allows(new):
                theirs[action] = new
    added, removed, changed = _read(left, right)
    counted = before.counted(judge.allows), after.counted(judge.allows)
    return Effective(
        services_added={path[0]: tuple(sorted(side)) for path, side in added if isinstance(side, dict)},
        services_removed={path[0]: tuple(sorted(side)) for path, side in removed if isinstance(side, dict)},
        added=_flat(added),
        removed=_flat(removed),
        moved={path[-1]: rulings[path[-1]] for path, _ in changed},
        services=(counted[0][0], counted[1][0]),
        actions=(counted[0][1], counted[1][1]),
    )


Item = tuple[list[str], object]  # path, and the value that appeared, disappeared or changed


def _read(left: Side, right: Side) -> tuple[list[Item], list[Item], list[Item]]:
    """What DeepDiff says was added, removed and changed.

    threshold_to_diff_deeper=0: else a service that changes much collapses into one change of the whole.
    ignore_private_variables=False: else keys that begin with two underscores are skipped. No max_diffs and no
    max_passes: past them DeepDiff answers 'no difference'. One worker: else it counts the cores each time.
    https://zepworks.com/deepdiff/current/diff_doc.html
    """
    if left == right:  # nothing is left to ask about
        return [], [], []
    from deepdiff import DeepDiff  # 0.3 s, and most pages of a site compare nothing

    tree = DeepDiff(
        left,
        right,
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
        multiprocessing_workers=1,
    )
    return (
        [(level.path(output_format="list"), level.t2) for level in tree.get("dictionary_item_added", ())],
        [(level.path(output_format="list"), level.t1) for level in tree.get("dictionary_item_removed", ())],
        [(level.path(output_format="list"), level.t2) for level in tree.get("values_changed", ())],
    )


def _flat(items: list[Item]) -> tuple[str, ...]:
    found: list[str] = []
    for path, value in items:
        found += value if isinstance(value, dict) else [path[-1]]
    return tuple(sorted(found))
