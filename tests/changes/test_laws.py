"""Laws of the comparison, on generated policies with all of the grammar."""

import copy
import random
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.prove.evaluate import as_list
from tests.prove.generate import Maker
from tests.prove.judge import CATALOGUE
from tracker.changes.compare import compare
from tracker.model.change import Difference, Scope
from tracker.policy.document import Document, placed
from tracker.policy.granted import granted
from tracker.policy.parse import parse_document
from tracker.policy.patterns import canonical_action
from tracker.policy.regions import Region, exceeds, region

chances = st.randoms(use_true_random=False)
Policy = dict[str, Any]


def read(policy: Policy) -> Document:
    return parse_document(policy, what="generated")


def difference(before: Policy, after: Policy) -> Difference:
    return compare(read(before), read(after), CATALOGUE)


def low(changes: Any) -> set[str]:
    return {one.action.lower() for one in changes}


def holds(policy: Policy) -> set[str]:
    """Every action that a policy grants, in lower case."""
    return {
        f"{service}:{name}" for service, each in granted(read(policy), CATALOGUE).items() for name in each
    }


def told(found: Difference) -> list[object]:
    """A difference without its spelling and without the edits of words alone."""

    def plain(changes: Any) -> set[tuple[object, ...]]:
        return {(one.action.lower(), getattr(one, "proved", True)) for one in changes}

    return [
        plain(found.actions_added), plain(found.actions_removed), plain(found.actions_widened),
        plain(found.actions_narrowed), plain(found.actions_rescoped),
        {one.pattern.lower() for one in found.denies_added}, {one.pattern.lower() for one in found.denies_removed},
        {one.pattern.lower() for one in found.denies_widened}, {one.pattern.lower() for one in found.denies_narrowed},
        {one.service for one in found.services_added}, {one.service for one in found.services_removed},
        (found.actions_before, found.actions_after, found.services_before, found.services_after),
        found.equal_language,
    ]  # fmt: skip


@given(chances)
@settings(max_examples=100, deadline=None)
def test_nothing_differs_from_itself(chance: random.Random) -> None:
    policy = Maker(chance).document()
    found = difference(policy, copy.deepcopy(policy))
    count = found.actions_before
    services = found.services_before
    assert found == Difference(
        equal_language=True, catalogue="few", services_before=services, services_after=services,
        actions_before=count, actions_after=count,
    )  # fmt: skip


def same(pattern: str) -> str:
    """A pattern without its spelling, which is the newer document's."""
    head, colon, tail = pattern.partition("NotAction: ")
    return colon + ", ".join(sorted(map(canonical_action, (tail or head).lower().split(", "))))


@given(chances)
@settings(max_examples=150, deadline=None)
def test_exchange_mirrors(chance: random.Random) -> None:
    before, after = Maker(chance).pair()
    there, back = difference(before, after), difference(after, before)
    assert there.actions_added == back.actions_removed
    assert there.actions_removed == back.actions_added
    assert low(there.actions_widened) == low(back.actions_narrowed)
    assert low(there.actions_narrowed) == low(back.actions_widened)
    assert low(there.actions_rescoped) == low(back.actions_rescoped)
    assert there.services_added == back.services_removed
    assert there.patterns_added == back.patterns_removed
    for name, other in (("added", "removed"), ("widened", "narrowed"), ("rescoped", "rescoped")):
        mirrored = {(same(one.pattern), one.after, one.before) for one in getattr(back, f"denies_{other}")}
        told_there = getattr(there, f"denies_{name}")
        assert {(same(one.pattern), one.before, one.after) for one in told_there} == mirrored
    turned = {"added": "removed", "removed": "added"}
    assert {(one.pattern, one.effect, turned[one.direction], one.scopes) for one in there.redundant} == {
        (one.pattern, one.effect, one.direction, one.scopes) for one in back.redundant
    }
    assert there.equal_language == back.equal_language


@given(chances)
@settings(max_examples=150, deadline=None)
def test_added_and_removed_are_what_granted_says(chance: random.Random) -> None:
    before, after = Maker(chance).pair()
    found = difference(before, after)
    was, now = holds(before), holds(after)
    added, removed = low(found.actions_added), low(found.actions_removed)
    moved = [low(one) for one in (found.actions_widened, found.actions_narrowed, found.actions_rescoped)]
    assert not added & removed
    assert added == now - was
    assert removed == was - now
    assert (was - removed) | added == now  # the record applied to the one side gives the other
    assert sum(map(len, moved)) == len(set().union(*moved))
    assert set().union(*moved) <= was & now
    services = [{action.partition(":")[0] for action in side} for side in (was, now)]
    assert {one.service for one in found.services_added} == services[1] - services[0]
    assert {one.service for one in found.services_removed} == services[0] - services[1]
    for service in found.services_added:
        assert {one.lower() for one in service.actions} == {
            one for one in added if one.startswith(f"{service.service}:")
        }


@given(chances)
@settings(max_examples=100, deadline=None)
def test_the_record_applied_to_the_one_side_gives_the_other(chance: random.Random) -> None:
    """Not only which actions: where each is allowed."""
    before, after = Maker(chance).pair()
    found = difference(before, after)
    held = regions(before)
    for one in found.actions_removed:
        del held[one.action.lower()]
    denied = denials(after)
    for changed in found.actions_added:
        held[changed.action.lower()] = where(after, changed.scopes, denied.get(changed.action.lower(), ()))
    for moved in (*found.actions_widened, *found.actions_narrowed, *found.actions_rescoped):
        held[moved.action.lower()] = where(after, moved.after, denied.get(moved.action.lower(), ()))
    wanted = regions(after)
    assert held.keys() == wanted.keys()
    for action, region_ in wanted.items():
        assert exceeds(region_, held[action]) is not True
        assert exceeds(held[action], region_) is not True


def where(policy: Policy, scopes: Iterable[Scope], denied: Iterable[Scope]) -> Region:
    old = policy.get("Version") != "2012-10-17"
    return region([placed(one, old) for one in scopes], [placed(one, old) for one in denied])


def regions(policy: Policy) -> dict[str, Region]:
    return {
        f"{service}:{name}": where(policy, one.scopes, one.denied)
        for service, each in granted(read(policy), CATALOGUE).items()
        for name, one in each.items()
    }


def denials(policy: Policy) -> dict[str, tuple[Scope, ...]]:
    return {
        f"{service}:{name}": one.denied
        for service, each in granted(read(policy), CATALOGUE).items()
        for name, one in each.items()
    }


@given(chances)
@settings(max_examples=100, deadline=None)
def test_three_versions_compose(chance: random.Random) -> None:
    maker = Maker(chance)
    first = maker.document()
    second, third = copy.deepcopy(first), None
    maker.edit(second)
    third = copy.deepcopy(second)
    maker.edit(third)
    one, two, both = difference(first, second), difference(second, third), difference(first, third)
    added, removed = (
        (low(one.actions_added), low(two.actions_added)),
        (low(one.actions_removed), low(two.actions_removed)),
    )
    assert low(both.actions_added) == (added[0] - removed[1]) | (added[1] - removed[0])
    assert low(both.actions_removed) == (removed[0] - added[1]) | (removed[1] - added[0])
    # what twice did not shrink has not shrunk
    shrunk = low(both.actions_narrowed) | {x.action.lower() for x in both.actions_rescoped if x.proved}
    shrinking = set().union(
        *(low(x) for d in (one, two) for x in (d.actions_narrowed, d.actions_rescoped, d.actions_removed))
    )
    assert not shrunk - shrinking
    if one.equal_language and two.equal_language:
        assert both.equal_language


def rewritten(policy: Policy, chance: random.Random) -> Policy:
    """The same said otherwise: order, case, Sids, repetition, a string as a list, statements split and said twice."""
    statements = []
    for one in as_list(copy.deepcopy(policy["Statement"])):
        key = "Action" if "Action" in one else "NotAction"
        actions = [chance.choice((str.lower, str.upper))(action) for action in as_list(one[key])]
        chance.shuffle(actions)
        one["Sid"] = f"S{chance.randrange(100)}"
        if key == "Action" and len(actions) > 1 and chance.random() < 0.5:
            cut = chance.randrange(1, len(actions))
            statements.append({**copy.deepcopy(one), key: actions[:cut]})
            actions = actions[cut:]
        one[key] = [*actions, actions[0]] if chance.random() < 0.3 else actions
        for place in one.keys() & {"Resource", "NotResource"}:
            listed = [*as_list(one[place])]
            chance.shuffle(listed)
            one[place] = listed
        statements.append(one)
    if chance.random() < 0.3:
        statements.append(copy.deepcopy(chance.choice(statements)))
    chance.shuffle(statements)
    return {**policy, "Statement": statements, "Id": "again"}


@given(chances)
@settings(max_examples=150, deadline=None)
def test_the_way_of_writing_never_matters(chance: random.Random) -> None:
    before, after = Maker(chance).pair()
    found = difference(before, after)
    assert told(difference(rewritten(before, chance), rewritten(after, chance))) == told(found)
    again = difference(before, rewritten(before, chance))
    assert again.equal_language
    assert again.cosmetic
    assert not again.redundant
    assert not again.patterns_added
    assert not again.actions_added


@given(chances)
@settings(max_examples=60, deadline=None)
def test_a_document_that_is_not_there_allows_nothing(chance: random.Random) -> None:
    policy = Maker(chance).document()
    made, gone = compare(None, read(policy), CATALOGUE), compare(read(policy), None, CATALOGUE)
    assert low(made.actions_added) == low(gone.actions_removed) == holds(policy)
    assert made.actions_added == gone.actions_removed
    assert not made.actions_removed
    assert not made.equal_language
    assert not made.cosmetic
    assert compare(None, None, CATALOGUE).equal_language
