"""Which of a few actions a document allows: the short way agrees with the long one, on all real documents."""

import random

import pytest

from tests.support import history
from tests.support.policies import CATALOGUE, allowing, policy, statement
from tracker.catalogue.watchlist import load_rules
from tracker.changes.held import held
from tracker.changes.levels import grants_of
from tracker.policy.parse import parse_document

WATCHED = sorted({action for entry in load_rules().entries for action in entry.actions})


def test_no_document_holds_nothing() -> None:
    assert held(None, ["s3:getobject"], CATALOGUE) == {}


def test_a_literal_that_no_catalogue_knows_is_held_and_denied_like_any_other() -> None:
    assert list(held(allowing("foo:Bar"), ["foo:bar", "foo:baz"], CATALOGUE)) == ["foo:bar"]
    assert held(allowing("foo:*"), ["foo:bar"], CATALOGUE) == {}, "a wildcard reaches only what exists"
    assert held(policy(statement("foo:Bar"), statement("foo:*", effect="Deny")), ["foo:bar"], CATALOGUE) == {}


def test_wildcards_asked_for_are_spelt_out() -> None:
    assert "kms:decrypt" in held(allowing("kms:Decrypt", "foo:Bar"), ["kms:*", "foo:*"], CATALOGUE)
    assert "foo:bar" in held(allowing("kms:Decrypt", "foo:Bar"), ["kms:*", "foo:*"], CATALOGUE)


@pytest.mark.parametrize("name", ["policies of every kind", history.SUPPORT, "ReadOnlyAccess"])
def test_the_short_way_agrees_with_the_long_one_on_real_documents(name: str) -> None:
    if name in (history.SUPPORT, "ReadOnlyAccess"):
        chosen = list(history.snapshots(name).values())[-3:]
    else:
        chosen = [list(history.snapshots(each).values())[-1] for each in history.policies()]
    asked = [*random.Random(7).sample(WATCHED, 150), "kms:*"]
    for snapshot in chosen:
        document = parse_document(snapshot.document, what=snapshot.arn.name)
        whole = grants_of(document, CATALOGUE)
        short = held(document, asked, CATALOGUE)
        wanted = {a: g for a, g in whole.items() if a in asked or a.startswith("kms:")}
        assert {a: (g.scopes, g.denied) for a, g in short.items()} == {
            a: (g.scopes, g.denied) for a, g in wanted.items()
        }, snapshot.arn.name
