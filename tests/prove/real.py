"""The oracle on real documents: every two versions in a row, sampled on both sides of what their statements say."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from tests.prove.evaluate import as_list, glob
from tests.prove.grid import Axes, Grid, parts
from tests.prove.judge import fits, verdict_of
from tracker.model.catalogue import Catalogue
from tracker.model.change import Difference

Statement = dict[str, Any]
MOST_FILLINGS = 24  # texts that stand for a star


class Reading:
    """One real document: which statements speak of an action. Variables are filled in with one text each."""

    def __init__(self, document: str) -> None:
        filled = re.sub(r"\$\{([^}]*)\}", r"var-\1", document)
        self.undecided = "${" in document
        self.statements: list[Statement] = as_list(json.loads(filled)["Statement"])
        self._patterns: list[dict[str, list[str]]] = []
        for one in self.statements:
            index: dict[str, list[str]] = defaultdict(list)
            for pattern in as_list(one.get("Action", one.get("NotAction"))):
                low = pattern.lower()
                index[low.partition(":")[0] if ":" in low else "*"].append(low)
            self._patterns.append(index)

    def patterns(self) -> set[str]:
        """Every action string, in lower case."""
        return {pattern for index in self._patterns for listed in index.values() for pattern in listed}

    def naming(self, action: str) -> tuple[int, ...]:
        """The numbers of the statements that speak of an action."""
        service = action.partition(":")[0]
        found = []
        for number, (one, index) in enumerate(zip(self.statements, self._patterns, strict=True)):
            near = [*index.get(service, ()), *index.get("*", ())]
            hit = any(pattern == "*" or glob(pattern, action) for pattern in near)
            if hit == ("Action" in one):
                found.append(number)
        return tuple(found)


def universe(readings: Iterable[Reading], catalogue: Catalogue) -> tuple[set[str], set[str]]:
    """The actions to try: those that exist or are named, and those that wildcards would reach were they invented."""
    known = {f"{service}:{name}" for service in catalogue.services() for name in catalogue.actions(service)}
    invented = set()
    for reading in readings:
        for pattern in reading.patterns():
            if set("*?") & set(pattern):
                service, _, name = pattern.partition(":")
                for filling in ("", "zz9"):
                    text = f"{service}:{name or 'x'}".replace("*", filling).replace("?", "z")
                    if not text.startswith(":") and not text.endswith(":"):
                        invented.add(text)
            else:
                known.add(pattern)
    return known, invented - known


def judge_real(before: str, after: str, found: Difference, catalogue: Catalogue) -> tuple[list[str], int]:
    """What is wrong in a difference of two real documents, and how many of its verdicts are left to review."""
    old, new = Reading(before), Reading(after)
    known, invented = universe((old, new), catalogue)
    known_alone, _ = universe((), catalogue)
    old_named, new_named = old.patterns(), new.patterns()
    claims = _claims(found)
    wrong, same = [], True
    judged: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[int, int, bool]] = {}
    counts = [0, 0]
    for action in sorted(known | invented):
        key = (old.naming(action), new.naming(action))
        if key not in judged:
            judged[key] = _requests([old.statements[n] for n in key[0]], [new.statements[n] for n in key[1]])
        was, now, denied_alike = judged[key]
        same = same and was == now and denied_alike
        if action in invented:
            continue
        counts[0] += bool(was) and (action in known_alone or action in old_named)
        counts[1] += bool(now) and (action in known_alone or action in new_named)
        claim = claims.pop(action, "silent")
        if not fits(claim, was, now, old.undecided or new.undecided):
            wrong.append(f"{action}: called {claim}, is {verdict_of(was, now)}")
    wrong += [f"{action}: called {claim}, is not known" for action, claim in claims.items()]
    if found.equal_language and not same:
        wrong.append("called equal, and is not")
    if counts != [found.actions_before, found.actions_after]:
        wrong.append(f"counts {found.actions_before}, {found.actions_after} are {counts}")
    return wrong, sum(not one.proved for one in found.actions_rescoped)


def _claims(found: Difference) -> dict[str, str]:
    claims = {one.action.lower(): "added" for one in found.actions_added}
    claims |= {one.action.lower(): "removed" for one in found.actions_removed}
    claims |= {one.action.lower(): "widened" for one in found.actions_widened}
    claims |= {one.action.lower(): "narrowed" for one in found.actions_narrowed}
    claims |= {one.action.lower(): "rescoped" if one.proved else "review" for one in found.actions_rescoped}
    return claims


def _requests(old: list[Statement], new: list[Statement]) -> tuple[int, int, bool]:
    """The requests allowed before and after, and whether the same are denied."""
    grid = Grid([*old, *new], axes_for([*old, *new]))
    sides = []
    for statements in (old, new):
        allow = deny = 0
        for one in statements:
            if one["Effect"] == "Allow":
                allow |= grid.scope(one, False)
            else:
                deny |= grid.scope(one, False)
        sides.append((allow & ~deny, deny))
    return sides[0][0], sides[1][0], sides[0][1] == sides[1][1]


def axes_for(statements: list[Statement]) -> Axes:
    """Samples for all that these statements speak of: instances of every pattern, and what is just beside them."""
    listed: dict[str, list[tuple[str, list[str]]]] = {"resource": []}
    for one in statements:
        for axis, how, text in parts(one):
            values = [
                "true" if v is True else "false" if v is False else str(v) for v in as_list(json.loads(text))
            ]
            listed.setdefault(axis, []).append((how, values))
    return Axes({axis: _samples(axis, each) for axis, each in listed.items()})


def _samples(axis: str, listed: list[tuple[str, list[str]]]) -> tuple[Any, ...]:
    texts = sorted({value for _, values in listed for value in values})
    instances = _instances(texts)
    if axis == "resource":
        return tuple(instances)
    operators = {how.lower() for how, _ in listed}
    if any("bool" in how for how in operators):
        return (None, "true", "false")
    if any(":" in how for how in operators):
        several = [text for text in instances if text][:12]
        return (None, *(chosen for n in (1, 2, 3) for chosen in combinations(several, n)))
    return (None, *instances)


def _instances(texts: list[str]) -> list[str]:
    pieces = {piece for text in texts for piece in re.split(r"[*?]+", text) if piece}
    fillings = ["", "zz", *sorted(pieces, key=lambda one: (len(one), one))][:MOST_FILLINGS]
    found = {"zz", "zz:zz:zz:zz:zz:zz"}
    for text in texts:
        if not set("*?") & set(text):
            found |= {text, text + "z", text[:-1], text.swapcase()}
            continue
        for filling in fillings:
            instance = text.replace("*", filling).replace("?", "z")
            found |= {instance, instance + "z", instance[:-1]}
        first, _, rest = text.partition("*")
        found.add(f"{first}zz{rest.replace('*', '')}".replace("?", "z"))
        head, _, last = text.rpartition("*")
        found.add(f"{head.replace('*', '')}zz{last}".replace("?", "z"))
    return sorted(found)
