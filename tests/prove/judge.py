"""What the oracle makes of a difference that the comparison found: every claim in it, against the grid of requests."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tests.prove.evaluate import as_list, glob
from tests.prove.grid import Grid, words
from tests.prove.units import Unit, as_statements, units
from tests.support.fake_catalogue import FakeCatalogue
from tracker.model.change import DenyChange, Difference, Redundant, Scope

Policy = Mapping[str, Any]

# Two services that AWS is said to have; what else is tried stands for what it has yet to invent.
CATALOGUE = FakeCatalogue({service: dict.fromkeys(words("ab", 3)[1:], "Read") for service in ("s", "t")})
KNOWN = frozenset(f"{service}:{name}" for service in ("s", "t") for name in words("ab", 3)[1:])
UNIVERSE = tuple(f"{service}:{name}" for service in ("s", "t", "u", "ss") for name in words("abq", 4)[1:])


@dataclass
class Findings:
    """Where the two disagree, and how often the comparison proved what."""

    wrong: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)


@lru_cache(maxsize=50_000)
def _row(pattern: str) -> int:
    """Which actions of the universe a lower-case pattern matches, as bits."""
    return sum(1 << n for n, action in enumerate(UNIVERSE) if glob(pattern, action))


class Actions:
    """The actions that one pair is tried with, as bits: the universe, and what the pair names beside it."""

    def __init__(self, named: set[str]) -> None:
        self.known = (*UNIVERSE, *sorted(named - set(UNIVERSE)))
        self.every = (1 << len(self.known)) - 1

    def matching(self, key: str, patterns: Iterable[str]) -> int:
        """The actions that an Action or a NotAction list speaks of."""
        found = 0
        for pattern in patterns:
            found |= _row(pattern)
            for n, action in enumerate(self.known[len(UNIVERSE) :], len(UNIVERSE)):
                found |= glob(pattern, action) << n
        return found if key == "Action" else self.every & ~found

    def named(self, pattern: str) -> int:
        """The actions that a pattern of a difference speaks of."""
        if pattern.startswith("NotAction: "):
            return self.matching("NotAction", pattern.removeprefix("NotAction: ").lower().split(", "))
        return self.matching("Action", [pattern.lower()])

    def groups(self, rows: Iterable[int]) -> list[int]:
        """The actions in groups that no row tells apart."""
        groups = [self.every]
        for row in rows:
            groups = [part for group in groups for part in (group & row, group & ~row) if part]
        return groups


def live(document: Policy) -> bool:
    """Whether a document's Version has variables."""
    return document.get("Version") == "2012-10-17"


Standing = tuple[int, int, int]  # requests: allowed and not denied; denied; allowed by some statement


def _sealed(statement: Mapping[str, Any]) -> bool:
    """Whether a statement has what the comparison leaves to review: a quantifier with IfExists, a key read in two ways."""
    return any(
        (":" in one and one.lower().endswith("ifexists"))
        or (one.startswith("String") and any(key.lower() == "k:number" for key in block))
        for one, block in statement.get("Condition", {}).items()
    )


class Side:
    """One document on the grid: for an action, which requests are allowed, and which denied."""

    def __init__(self, document: Policy, grid: Grid, actions: Actions) -> None:
        self.live = live(document)
        self._grid = grid
        self.statements: list[tuple[bool, int, int, bool]] = []  # allows, actions, requests, is beyond proof
        for one in as_list(document["Statement"]):
            key = "Action" if "Action" in one else "NotAction"
            row = actions.matching(key, [pattern.lower() for pattern in as_list(one[key])])
            variable = (self.live and "${" in repr(one)) or _sealed(one)
            self.statements.append((one["Effect"] == "Allow", row, grid.scope(one, self.live), variable))

    def of(self, group: int) -> Standing:
        """The standing of a group of actions that no statement tells apart."""
        allow = deny = 0
        for allows, row, scope, _ in self.statements:
            if row & group and allows:
                allow |= scope
            elif row & group:
                deny |= scope
        return allow & ~deny, deny, allow

    def undecided(self, group: int) -> bool:
        """Whether something has a part in it that is beyond proof: then more may be left to review."""
        return any(row & group and variable for _, row, _, variable in self.statements)

    def scopes(self, scopes: Iterable[Scope]) -> int:
        """The requests inside at least one scope of a difference."""
        mask = 0
        for scope in scopes:
            mask |= self._grid.scope(as_statement(scope), self.live)
        return mask


def as_statement(scope: Scope) -> dict[str, Any]:
    """A scope as it would stand in a document."""
    made: dict[str, Any] = {}
    if scope.resources is not None:
        made["Resource"] = list(scope.resources)
    else:
        made["NotResource"] = list(scope.not_resources or ())
    if scope.principal is not None:
        made["NotPrincipal" if scope.not_principal else "Principal"] = {
            kind: list(who) for kind, who in scope.principal
        }
    condition: dict[str, dict[str, list[str]]] = {}
    for entry in scope.condition:
        condition.setdefault(entry.operator, {})[entry.key] = list(entry.values)
    return {**made, "Condition": condition}


@dataclass
class Pair:
    """Two documents on one grid."""

    actions: Actions
    old: Side
    new: Side
    groups: list[int]
    standings: list[tuple[Standing, Standing]]

    def __init__(self, before: Policy, after: Policy) -> None:
        statements = [one for document in (before, after) for one in as_list(document["Statement"])]
        self.named_by = [_named(document) for document in (before, after)]
        self.named = self.named_by[0] | self.named_by[1]
        self.actions = Actions(self.named)
        grid = Grid(statements)
        self.old, self.new = (Side(document, grid, self.actions) for document in (before, after))
        rows = [row for side in (self.old, self.new) for _, row, _, _ in side.statements]
        self.groups = self.actions.groups(rows)
        self.standings = [(self.old.of(group), self.new.of(group)) for group in self.groups]
        self._group_of = {
            action: n
            for n, group in enumerate(self.groups)
            for bit, action in enumerate(self.actions.known)
            if group >> bit & 1
        }

    def of(self, action: str) -> tuple[Standing, Standing]:
        """What became of one action."""
        return self.standings[self._group_of[action]]

    def undecided(self, action: str) -> bool:
        """Whether something that is beyond proof has a part in it."""
        group = self.groups[self._group_of[action]]
        return self.old.undecided(group) or self.new.undecided(group)


def _named(document: Policy) -> set[str]:
    """The single actions that a document names."""
    return {
        action.lower()
        for one in as_list(document["Statement"])
        for action in as_list(one.get("Action", one.get("NotAction")))
        if not set("*?") & set(action)
    }


def judge(before: Policy, after: Policy, found: Difference, findings: Findings) -> None:
    """Check one difference; what is wrong is added to the findings."""
    pair = Pair(before, after)
    wrong = findings.wrong
    wrong += _actions(found, pair, findings.verdicts)
    wrong += _scopes(found, pair)
    wrong += _denies(found, pair)
    wrong += _redundant(found, pair)
    wrong += _patterns(found, pair.actions)
    wrong += unmentioned(before, after, found)
    same = all(was[:2] == now[:2] for was, now in pair.standings)
    if found.equal_language and not same:
        wrong.append("called equal, and is not")
    findings.verdicts["equal" if found.equal_language else "not proved equal" if same else "different"] += 1


def _actions(found: Difference, pair: Pair, seen: Counter[str]) -> list[str]:
    claims, wrong = _claims(found)
    allowed: list[set[str]] = [set(), set()]
    exact = True
    for action in sorted(KNOWN | pair.named):
        (was, _, _), (now, _, _) = pair.of(action)
        for side, mask in zip(allowed, (was, now), strict=True):
            if mask:
                side.add(action)
        claim = claims.pop(action, "silent")
        seen[claim] += 1
        undecided = pair.undecided(action)
        exact = exact and not undecided
        if not fits(claim, was, now, undecided):
            wrong.append(f"{action}: called {claim}, is {verdict_of(was, now)}")
    wrong += [f"{action}: called {claim}, is not known" for action, claim in claims.items()]
    services = [{action.partition(":")[0] for action in side} for side in allowed]
    told = (
        {one.service for one in found.services_added},
        {one.service for one in found.services_removed},
        (found.actions_before, found.actions_after, found.services_before, found.services_after),
    )
    # what only the other document names, and nobody knows, is compared; it is not counted
    counted = [side & (KNOWN | named) for side, named in zip(allowed, pair.named_by, strict=True)]
    sizes = [len({action.partition(":")[0] for action in side}) for side in counted]
    true = (services[1] - services[0], services[0] - services[1], (*map(len, counted), *sizes))
    if exact and told != true:
        wrong.append(f"services and counts: {told} are {true}")
    return wrong


def fits(claim: str, was: int, now: int, undecided: bool) -> bool:
    """Whether a claim is true; with something beyond proof in play whether it is at least not false."""
    if claim == verdict_of(was, now):
        return True
    if claim == "review":
        return undecided or bool(was and now)
    if not undecided:
        return False
    lost, gained = was & ~now, now & ~was
    return {"added": not was, "removed": not now, "widened": not lost, "narrowed": not gained}.get(
        claim, False
    )


def _claims(found: Difference) -> tuple[dict[str, str], list[str]]:
    """What is told of each action, and what is told twice."""
    claims: dict[str, str] = {}
    twice = []
    for verdict, listed in (
        ("added", found.actions_added),
        ("removed", found.actions_removed),
        ("widened", found.actions_widened),
        ("narrowed", found.actions_narrowed),
        ("rescoped", found.actions_rescoped),
    ):
        for one in listed:
            low = one.action.lower()
            if low in claims:
                twice.append(f"{low} is told twice")
            claims[low] = verdict if getattr(one, "proved", True) else "review"
    return claims, twice


def verdict_of(was: int, now: int) -> str:
    if was == now:
        return "silent"
    if not was or not now:
        return "added" if now else "removed"
    if not was & ~now:
        return "widened"
    return "narrowed" if not now & ~was else "rescoped"


def _scopes(found: Difference, pair: Pair) -> list[str]:
    """The scopes that are shown are where the action is allowed, or (then a Deny is told beside) would be without a Deny."""
    shown = [
        *((one.action, 1, one.scopes) for one in found.actions_added),
        *((one.action, 0, one.scopes) for one in found.actions_removed),
    ]
    for moved in (*found.actions_widened, *found.actions_narrowed, *found.actions_rescoped):
        shown += [(moved.action, 0, moved.before), (moved.action, 1, moved.after)]
    wrong = []
    for action, at, scopes in shown:
        allowed, _, unlimited = pair.of(action.lower())[at]
        if (pair.old, pair.new)[at].scopes(scopes) not in (allowed, unlimited):
            wrong.append(f"{action}: the scopes shown are not where it is allowed")
    return wrong


def _denies(found: Difference, pair: Pair) -> list[str]:
    gained = lost = 0
    for group, ((_, was, _), (_, now, _)) in zip(pair.groups, pair.standings, strict=True):
        gained |= group if now & ~was else 0
        lost |= group if was & ~now else 0

    def reach(listed: Iterable[DenyChange]) -> int:
        found = 0
        for one in listed:
            found |= pair.actions.named(one.pattern)
        return found

    wrong = []
    if gained & ~reach((*found.denies_added, *found.denies_widened, *found.denies_rescoped)):
        wrong.append("a deny that came is not told")
    if lost & ~reach((*found.denies_removed, *found.denies_narrowed, *found.denies_rescoped)):
        wrong.append("a deny that went is not told")
    for listed, must, must_not in (
        ((*found.denies_added, *found.denies_widened), gained, lost),
        ((*found.denies_removed, *found.denies_narrowed), lost, gained),
    ):
        for one in listed:
            names = pair.actions.named(one.pattern)
            if not names & must or names & must_not:
                wrong.append(f"the deny of {one.pattern} is told wrongly")
    return wrong


def _redundant(found: Difference, pair: Pair) -> list[str]:
    return [
        f"{one.pattern} is called redundant ({one.direction})"
        for one in found.redundant
        if not _is_redundant(one, pair, 0 if one.direction == "added" else 1)
    ]


def _is_redundant(one: Redundant, pair: Pair, other: int) -> bool:
    scope = (pair.new, pair.old)[other].scopes(one.scopes)
    named = pair.actions.named(one.pattern)
    for group, standings in zip(pair.groups, pair.standings, strict=True):
        _, deny, allow = standings[other]
        if group & named and scope & ~deny & ~(allow if one.effect == "Allow" else 0):
            return False
    return True


def _patterns(found: Difference, actions: Actions) -> list[str]:
    known = sum(1 << n for n, action in enumerate(actions.known) if action in KNOWN)
    wrong = []
    for one in (*found.patterns_added, *found.patterns_removed):
        reaches = (actions.named(one.pattern) & known).bit_count()
        wild = one.pattern.startswith("NotAction") or bool(set("*?") & set(one.pattern))
        if (one.reaches, one.open_ended) != (reaches, wild):
            wrong.append(f"{one.pattern} reaches {reaches}, not {one.reaches}")
    return wrong


def unmentioned(before: Policy, after: Policy, found: Difference) -> list[str]:
    """Parts of a statement that came or went without effect, and are not called redundant."""
    told = {
        (one.direction, one.effect, one.pattern.lower(), resource)
        for one in found.redundant
        for scope in one.scopes
        for resource in scope.resources or ()
    }
    moved = {one.action.lower() for one in (*found.actions_added, *found.actions_removed)}
    wrong = []
    for direction, mine, other in (("added", after, before), ("removed", before, after)):
        known, theirs = units(mine), units(other)
        if not known or not theirs or len(known) > 30:
            continue
        wrong += [
            f"{unit.action} on {unit.resource} is redundant ({direction}), and not told"
            for unit in sorted(known - theirs)
            if (direction, unit.effect, unit.action, unit.resource) not in told
            and not (unit.effect == "Allow" and unit.action in moved)  # told as what came or went
            and _spare(unit, known, mine)
            and _spare(unit, theirs, other)
        ]
    return wrong


def _spare(unit: Unit, known: set[Unit], document: Policy) -> bool:
    """Whether a document without a unit says all that it says with it."""
    without = {**document, "Statement": as_statements(known - {unit})}
    pair = Pair({**document, "Statement": as_statements(known | {unit})}, without)
    at = 1 if unit.effect == "Deny" else 0
    return all(one[at] == other[at] for one, other in pair.standings) and not any(
        pair.old.undecided(group) for group in pair.groups
    )
