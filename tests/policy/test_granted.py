"""What one document allows today, and what a Deny leaves of an Allow."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.prove.generate import Maker
from tests.support.fake_catalogue import FakeCatalogue
from tracker.model.change import ConditionEntry, Scope
from tracker.policy.document import Document, placed
from tracker.policy.granted import allowed_actions, granted, saying
from tracker.policy.parse import parse_document
from tracker.policy.regions import exceeds, region
from tracker.policy.remaining import MOST, opposite, remaining

CATALOGUE = FakeCatalogue()
ANYWHERE = Scope()


def document(*statements: dict[str, Any]) -> Document:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, what="test")


def say(effect: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def test_wildcards_are_expanded_and_spelt_by_the_catalogue() -> None:
    found = granted(document(say("Allow", ["S3:get*", "s3:putobject", "foo:Bar"])), CATALOGUE)
    assert {service: sorted(actions) for service, actions in found.items()} == {
        "foo": ["bar"],
        "s3": ["getbucketacl", "getobject", "putobject"],
    }
    assert list(found["s3"]) == sorted(found["s3"])
    assert found["s3"]["getobject"].spelling == "s3:GetObject"
    assert found["s3"]["getobject"].by_wildcard
    assert found["s3"]["putobject"].spelling == "s3:putobject"  # as the document spells it
    assert not found["s3"]["putobject"].by_wildcard
    assert found["foo"]["bar"].spelling == "foo:Bar"
    assert found["foo"]["bar"].scopes == (ANYWHERE,)


def test_what_is_denied_everywhere_is_not_granted() -> None:
    read = document(
        say("Allow", "s3:*"),
        say("Deny", "s3:PutObject"),
        say("Deny", "s3:GetObject", "a"),
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "b"},
    )
    found = granted(read, CATALOGUE)
    assert "putobject" not in found["s3"]
    assert found["s3"]["getobject"].denied == (Scope(resources=("a",)),)
    assert found["iam"]["createuser"].scopes == (Scope(resources=("b",)),)
    assert granted(None, CATALOGUE) == {}


def entry(operator: str, *values: str, key: str = "k") -> ConditionEntry:
    return ConditionEntry(operator, key, values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("StringEquals", "a"), [entry("StringNotEquals", "a")]),
        (entry("StringNotEquals", "a"), [entry("StringEquals", "a")]),
        (entry("StringNotLikeIfExists", "a"), [entry("StringLike", "a")]),
        (entry("StringLikeIfExists", "a"), [entry("StringNotLike", "a"), entry("Null", "false")]),
        (entry("Null", "true"), [entry("Null", "false")]),
        (entry("Bool", "true"), [entry("BoolIfExists", "false")]),
        (entry("BoolIfExists", "false"), [entry("Bool", "true")]),
        (entry("NumericLessThan", "5"), [entry("NumericGreaterThanEqualsIfExists", "5")]),
        (entry("DateGreaterThanIfExists", "2024-01-01"), [entry("DateLessThanEquals", "2024-01-01")]),
        (entry("IpAddress", "10.0.0.0/8"), [entry("NotIpAddress", "10.0.0.0/8")]),
        (entry("ForAllValues:StringEquals", "a"), [entry("ForAnyValue:StringNotEquals", "a")]),
        (entry("ForAnyValue:StringLike", "a"), [entry("ForAllValues:StringNotLike", "a")]),
    ],
)  # fmt: skip
def test_the_opposite_of_a_condition(one: ConditionEntry, other: list[ConditionEntry]) -> None:
    assert list(opposite(one) or ()) == other
    whole, left = (
        region([placed(ANYWHERE, False)], [placed(Scope(condition=(one,)), False)]),
        Scope(condition=tuple(other)),
    )
    written = region([placed(left, False)], ())
    assert exceeds(whole, written) is False
    assert exceeds(written, whole) is False


@pytest.mark.parametrize(
    "one",
    [
        entry("BinaryEquals", "a"),
        entry("NumericLessThan", "1", "2"),
        entry("Bool", "true", "false"),
        entry("Null", "true", "false"),
        entry("ForAllValues:StringEqualsIfExists", "a"),
        entry("Wishful", "a"),
    ],
)
def test_some_conditions_have_no_opposite(one: ConditionEntry) -> None:
    assert opposite(one) is None
    assert remaining([ANYWHERE], [Scope(condition=(one,))]) is None


A, B, NOT_A = (
    Scope(resources=("a",)),
    Scope(resources=("b",)),
    Scope(resources=None, not_resources=("a",)),
)
BY = (("Service", ("x",)),)


@pytest.mark.parametrize(
    ("allowed", "denied", "left"),
    [
        ([ANYWHERE], [ANYWHERE], ()),
        ([ANYWHERE], [A], (NOT_A,)),
        ([ANYWHERE], [NOT_A], (A,)),
        ([NOT_A], [NOT_A], ()),
        ([NOT_A], [Scope(resources=None, not_resources=("b",))], None),
        ([NOT_A], [B], None),
        ([A], [B], (A,)),
        ([Scope(resources=("a", "b"))], [A], (B,)),
        ([Scope(resources=("a*",))], [Scope(resources=("ab",))], None),
        ([Scope(resources=("ab",))], [Scope(resources=("a*",))], ()),
        ([Scope(resources=("${v}",))], [Scope(resources=("${v}",))], ()),
        ([Scope(resources=("${v}",))], [A], None),
        ([ANYWHERE], [Scope(principal=BY)], None),
        ([Scope(principal=BY)], [Scope(principal=BY)], ()),
        (
            [ANYWHERE],
            [Scope(condition=(entry("Bool", "true"),))],
            (Scope(condition=(entry("BoolIfExists", "false"),)),),
        ),
        ([Scope(condition=(entry("Bool", "true"),))], [Scope(condition=(entry("Bool", "true"),))], ()),
        (
            [Scope(condition=(entry("StringNotEquals", "a"),))],
            [Scope(condition=(entry("StringEquals", "b"),))],
            (Scope(condition=(entry("StringNotEquals", "a", "b"),)),),
        ),
        (
            [Scope(condition=(entry("StringNotEquals", "a"),))],
            [Scope(condition=(entry("StringEquals", "a"),))],
            (Scope(condition=(entry("StringNotEquals", "a"),)),),
        ),
        (
            [Scope(condition=(entry("StringEquals", "a"),))],
            [Scope(condition=(entry("StringNotEquals", "b"),))],
            None,
        ),
        (
            [ANYWHERE],
            [Scope(resources=("a",), condition=(entry("StringEquals", "p"),))],
            (NOT_A, Scope(condition=(entry("StringNotEquals", "p"),))),
        ),
    ],
)
def test_what_a_deny_leaves(
    allowed: list[Scope], denied: list[Scope], left: tuple[Scope, ...] | None
) -> None:
    assert remaining(allowed, denied) == left


def test_a_list_that_helps_nobody_is_not_made() -> None:
    deny = Scope(condition=tuple(entry("StringEquals", "x", key=f"k{n}") for n in range(MOST + 1)))
    assert remaining([ANYWHERE], [deny]) is None


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_left_is_what_is_allowed_and_not_denied(chance: Any) -> None:
    maker = Maker(chance)
    read = [
        parse_document({"Version": "2012-10-17", "Statement": maker.statement()}, what="test")
        for _ in range(2)
    ]
    allowed, denied = (one.statements[0].scope for one in read)
    left = remaining([allowed], [denied])
    if left is not None:
        whole = region([placed(allowed, False)], [placed(denied, False)])
        written = region([placed(one, False) for one in left], ())
        assert exceeds(whole, written) is not True
        assert exceeds(written, whole) is not True


def test_each_action_has_the_numbers_of_the_statements_that_allow_and_deny_it() -> None:
    found = saying(
        document(
            say("Allow", "S3:getobject"),
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
            say("Allow", ["s3:Get*", "foo:Bar"]),
            say("Deny", "s3:GetObject"),
        ),
        CATALOGUE,
    )
    assert found["s3:getobject"] == ((1, 3), (4,))
    assert found["foo:bar"] == ((3,), (2,))
    assert {said for action, said in found.items() if not action.startswith(("s3:", "foo:"))} == {((), (2,))}


def test_which_actions_there_are_is_what_is_granted() -> None:
    one = document(say("Allow", ["s3:Get*", "foo:Bar"]), say("Deny", "s3:GetObject"))
    whole = {f"{service}:{name}" for service, names in granted(one, CATALOGUE).items() for name in names}
    assert allowed_actions(one, CATALOGUE) == whole
    assert allowed_actions(None, CATALOGUE) == frozenset()
