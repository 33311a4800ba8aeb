"""The cases of docs/semantics.md that concern two documents, each with its number.

Each runs as it stands, with before and after exchanged, and with statements, lists and the case of actions shuffled.
The cases about observations (35, and 37 to 43) are in tests/changes/test_history.py and test_period.py; what they
say of two documents (35, 40, 41) is here, too.
"""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.fake_catalogue import FakeCatalogue
from tracker.changes.compare import compare
from tracker.errors import DocumentError
from tracker.model.change import Difference
from tracker.policy.parse import parse_document

Statement = dict[str, Any]
CATALOGUE = FakeCatalogue()
S3 = {"s3:getbucketacl", "s3:getobject", "s3:listbucket", "s3:putobject"}
GETS = {"s3:getbucketacl", "s3:getobject"}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Statement:
    key = more.pop("key", "Action")
    where = more.pop("where", "Resource")
    return {"Effect": "Allow", key: action, where: resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Statement:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def when(operator: str, *values: str, key: str = "aws:k") -> dict[str, Any]:
    return {operator: {key: list(values)}}


Pair = tuple[str, str]  # (effect and direction in one word or a pattern, pattern)


@dataclass(frozen=True)
class Expected:
    """All that a difference holds, in lower case; what is not named must be empty."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    widened: set[str] = field(default_factory=set)
    narrowed: set[str] = field(default_factory=set)
    rescoped: set[str] = field(default_factory=set)
    review: set[str] = field(default_factory=set)  # of the re-scoped: those not proved
    services_added: set[str] = field(default_factory=set)
    services_removed: set[str] = field(default_factory=set)
    denies_added: set[str] = field(default_factory=set)
    denies_removed: set[str] = field(default_factory=set)
    denies_widened: set[str] = field(default_factory=set)
    denies_narrowed: set[str] = field(default_factory=set)
    denies_rescoped: set[str] = field(default_factory=set)
    patterns_added: set[str] = field(default_factory=set)
    patterns_removed: set[str] = field(default_factory=set)
    redundant_added: set[str] = field(default_factory=set)
    redundant_removed: set[str] = field(default_factory=set)
    equal: bool = False

    def mirrored(self) -> "Expected":
        """What is expected of the exchanged pair."""
        turned = {"added": "removed", "removed": "added", "widened": "narrowed", "narrowed": "widened"}
        made = {}
        for name in self.__dataclass_fields__:
            head, _, tail = name.rpartition("_")
            other = turned.get(tail, tail)
            made[f"{head}_{other}" if head else other] = getattr(self, name)
        return Expected(**made)


def seen(found: Difference) -> Expected:
    """A difference in the shape of an expectation."""

    def lower(names: Iterable[str]) -> set[str]:
        return {name.lower().replace("notaction: ", "not ") for name in names}

    return Expected(
        added=lower(one.action for one in found.actions_added),
        removed=lower(one.action for one in found.actions_removed),
        widened=lower(one.action for one in found.actions_widened),
        narrowed=lower(one.action for one in found.actions_narrowed),
        rescoped=lower(one.action for one in found.actions_rescoped),
        review=lower(one.action for one in found.actions_rescoped if not one.proved),
        services_added={one.service for one in found.services_added},
        services_removed={one.service for one in found.services_removed},
        denies_added=lower(one.pattern for one in found.denies_added),
        denies_removed=lower(one.pattern for one in found.denies_removed),
        denies_widened=lower(one.pattern for one in found.denies_widened),
        denies_narrowed=lower(one.pattern for one in found.denies_narrowed),
        denies_rescoped=lower(one.pattern for one in found.denies_rescoped),
        patterns_added=lower(one.pattern for one in found.patterns_added),
        patterns_removed=lower(one.pattern for one in found.patterns_removed),
        redundant_added=lower(one.pattern for one in found.redundant if one.direction == "added"),
        redundant_removed=lower(one.pattern for one in found.redundant if one.direction == "removed"),
        equal=found.equal_language,
    )


def difference(before: object, after: object) -> Difference:
    sides = [
        parse_document(json.dumps({"Version": "2012-10-17", "Statement": one}), what="test")
        for one in (before, after)
    ]
    return compare(sides[0], sides[1], CATALOGUE)


SAME = Expected(equal=True)
X, C = "s3:GetObject", "s3:getobject"
MANY = [f"svc{n % 40}:Action{n}" for n in range(3442)]
MORE = [f"{'new' if n % 13 < 4 else 'svc'}{n % 13}:Added{n}" for n in range(255)]
A, B = "arn:aws:s3:::a", "arn:aws:s3:::b"

# number, what it is, before, after, what is expected
CASES: list[tuple[str, object, object, Expected]] = [
    ("1 a string or a list of one", [allow(X)], [allow([X])], SAME),
    ("2 one statement or a list of one", allow(X), [allow(X)], SAME),
    ("3 spelling", [allow("EC2:describeinstances")], [allow("ec2:DescribeInstances")], SAME),
    (
        "4 prefixes of mixed case",
        [allow(["cloudWatch:GetMetricData"])],
        [allow(["cloudWatch:GetMetricData", "cloudwatch:ListMetrics"])],
        Expected(added={"cloudwatch:listmetrics"}),
    ),
    ("5 a Sid renamed", [allow(X, Sid="A")], [allow(X, Sid="B")], SAME),
    ("5 a Sid removed", [allow(X, Sid="A")], [allow(X)], SAME),
    (
        "6 order",
        [allow([X, "s3:PutObject"]), allow("ec2:RunInstances", [A, B])],
        [allow("ec2:RunInstances", [B, A]), allow(["s3:PutObject", X])],
        SAME,
    ),
    ("7 listed again", [allow([X, X])], [allow([X])], SAME),
    ("7 listed again in another statement", [allow([X])], [allow([X]), allow([X])], SAME),
    (
        "8 one statement split into three of one scope, 255 additions in 13 services",
        [allow(MANY)],
        [allow(MANY[:1000] + MORE[:100]), allow(MANY[1000:2000]), allow(MANY[2000:] + MORE[100:])],
        Expected(added={one.lower() for one in MORE}, services_added={f"new{n}" for n in range(4)}),
    ),
    (
        "9 moved to another statement of the same scope",
        [allow([X, "s3:PutObject"]), allow("s3:ListBucket")],
        [allow(X), allow(["s3:ListBucket", "s3:PutObject"])],
        SAME,
    ),
    (
        "10 on more ARNs",
        [allow("apigateway:GET", [f"arn:aws:apigateway:*::/a{n}" for n in range(29)])],
        [allow("apigateway:GET", [f"arn:aws:apigateway:*::/a{n}" for n in range(49)])],
        Expected(widened={"apigateway:get"}),
    ),
    (
        "11 covered by a wildcard before",
        [allow("ec2:Describe*")],
        [allow(["ec2:Describe*", "ec2:DescribeVpcs"])],
        Expected(redundant_added={"ec2:describevpcs"}, equal=True),
    ),
    (
        "12 still covered by a wildcard",
        [allow(["ec2:Describe*", "ec2:DescribeVpcs"])],
        [allow("ec2:Describe*")],
        Expected(redundant_removed={"ec2:describevpcs"}, equal=True),
    ),
    (
        "13 a literal becomes a wildcard",
        [allow("ec2:DescribeVpcs")],
        [allow("ec2:Describe*")],
        Expected(added={"ec2:describeimages", "ec2:describeinstances"}, patterns_added={"ec2:describe*"}),
    ),
    (
        "14 all known literals become a wildcard",
        [allow(sorted(S3))],
        [allow("s3:*")],
        Expected(patterns_added={"s3:*"}),
    ),
    (
        "15 a wildcard becomes all known literals",
        [allow("s3:*")],
        [allow(sorted(S3))],
        Expected(patterns_removed={"s3:*"}),
    ),
    (
        "16 s3:Get* and s3:Get?* differ in s3:Get alone, which nobody knows",
        [allow("s3:Get*")],
        [allow("s3:Get?*")],
        Expected(patterns_added={"s3:get?*"}, patterns_removed={"s3:get*"}),
    ),
    (
        "16 where it is a real action it goes",
        [allow("managedblockchain:Get*")],
        [allow("managedblockchain:Get?*")],
        Expected(
            removed={"managedblockchain:get"},
            patterns_added={"managedblockchain:get?*"},
            patterns_removed={"managedblockchain:get*"},
        ),
    ),
    (
        "17 a wider wildcard",
        [allow("s3:Get*")],
        [allow("s3:*")],
        Expected(added=S3 - GETS, patterns_added={"s3:*"}, patterns_removed={"s3:get*"}),
    ),
    ("18 on one resource", [allow(X)], [allow(X, A)], Expected(narrowed={C})),
    ("19 on one more", [allow(X, A)], [allow(X, [A, B])], Expected(widened={C})),
    (
        "19 on one more that is covered",
        [allow(X, A + "*")],
        [allow(X, [A + "*", A + "b"])],
        Expected(redundant_added={C}, equal=True),
    ),
    ("20 elsewhere", [allow(X, A)], [allow(X, B)], Expected(rescoped={C})),
    (
        "21 a condition added",
        [allow(X)],
        [allow(X, Condition=when("StringEquals", "p"))],
        Expected(narrowed={C}),
    ),
    (
        "21 a condition removed",
        [allow(X, Condition=when("StringEquals", "p"))],
        [allow(X)],
        Expected(widened={C}),
    ),
    (
        "22 a value more",
        [allow(X, Condition=when("StringEquals", "p"))],
        [allow(X, Condition=when("StringEquals", "p", "q"))],
        Expected(widened={C}),
    ),
    (
        "22 a value more of a negated operator",
        [allow(X, Condition=when("StringNotEquals", "p"))],
        [allow(X, Condition=when("StringNotEquals", "p", "q"))],
        Expected(narrowed={C}),
    ),
    (
        "23 IfExists",
        [allow(X, Condition=when("StringEquals", "p"))],
        [allow(X, Condition=when("StringEqualsIfExists", "p"))],
        Expected(widened={C}),
    ),
    (
        "23 IfExists adds nothing to a negated operator",
        [allow(X, Condition=when("StringNotEquals", "p"))],
        [allow(X, Condition=when("StringNotEqualsIfExists", "p"))],
        SAME,
    ),
    *(
        (
            f"23 {quantifier} with IfExists",
            [allow(X, Condition=when(f"{quantifier}:StringEquals", "p"))],
            [allow(X, Condition=when(f"{quantifier}:StringEqualsIfExists", "p"))],
            Expected(rescoped={C}, review={C}),
        )
        for quantifier in ("ForAllValues", "ForAnyValue")
    ),
    (
        "24 a second statement without the condition",
        [allow(X, Condition=when("StringEquals", "p"))],
        [allow(X, Condition=when("StringEquals", "p")), allow(X)],
        Expected(widened={C}),
    ),
    (
        "25 a deny of what is allowed",
        [allow([X, "s3:PutObject"])],
        [allow([X, "s3:PutObject"]), deny(X)],
        Expected(removed={C}, denies_added={C}, patterns_added={C}),
    ),
    (
        "25 a deny of what is not allowed here",
        [allow("s3:PutObject")],
        [allow("s3:PutObject"), deny(X)],
        Expected(denies_added={C}, patterns_added={C}),
    ),
    (
        "26 a deny withdrawn, a wildcard stands",
        [allow("s3:*"), deny(X)],
        [allow("s3:*")],
        Expected(added={C}, denies_removed={C}, patterns_removed={C}),
    ),
    (
        "26 a deny withdrawn where nothing is allowed",
        [allow("s3:PutObject"), deny(X)],
        [allow("s3:PutObject")],
        Expected(denies_removed={C}, patterns_removed={C}),
    ),
    (
        "27 the deny of all of it gains a condition",
        [allow([X, "s3:PutObject"]), deny(X)],
        [allow([X, "s3:PutObject"]), deny(X, Condition=when("StringEquals", "p"))],
        Expected(added={C}, denies_narrowed={C}, patterns_added={C}, patterns_removed={C}),
    ),
    (
        "27 the deny of a part of it gains a condition",
        [allow(X), deny(X, A)],
        [allow(X), deny(X, A, Condition=when("StringEquals", "p"))],
        Expected(widened={C}, denies_narrowed={C}, patterns_added={C}, patterns_removed={C}),
    ),
    (
        "28 Allow becomes Deny",
        [allow([X, "s3:PutObject"])],
        [allow("s3:PutObject"), deny(X)],
        Expected(removed={C}, denies_added={C}, patterns_added={C}),
    ),
    (
        "29 Allow NotAction grows",
        [allow("iam:*", key="NotAction")],
        [allow(["iam:*", "sts:*"], key="NotAction")],
        Expected(
            removed={"sts:assumerole", "sts:getcalleridentity"},
            services_removed={"sts"},
            patterns_removed={"not iam:*"},
            patterns_added={"not iam:*, sts:*"},
        ),
    ),
    (
        "30 Deny NotAction grows where it denied all",
        [allow("sts:*"), deny(["iam:*"], key="NotAction")],
        [allow("sts:*"), deny(["iam:*", "sts:*"], key="NotAction")],
        Expected(
            added={"sts:assumerole", "sts:getcalleridentity"},
            services_added={"sts"},
            denies_narrowed={"not iam:*"},
            patterns_removed={"not iam:*"},
            patterns_added={"not iam:*, sts:*"},
        ),
    ),
    (
        "30 Deny NotAction grows where it denied a part",
        [allow("sts:*"), deny(["iam:*"], A, key="NotAction")],
        [allow("sts:*"), deny(["iam:*", "sts:*"], A, key="NotAction")],
        Expected(
            widened={"sts:assumerole", "sts:getcalleridentity"},
            denies_narrowed={"not iam:*"},
            patterns_removed={"not iam:*"},
            patterns_added={"not iam:*, sts:*"},
        ),
    ),
    (
        "30 Deny NotAction grows over nothing",
        [allow("iam:CreateUser"), deny(["iam:*"], key="NotAction")],
        [allow("iam:CreateUser"), deny(["iam:*", "sts:*"], key="NotAction")],
        Expected(
            denies_narrowed={"not iam:*"},
            patterns_removed={"not iam:*"},
            patterns_added={"not iam:*, sts:*"},
        ),
    ),
    (
        "31 everything becomes NotAction",
        [allow("*")],
        [allow("iam:*", key="NotAction")],
        Expected(
            removed={"iam:createuser", "iam:deleterole"},
            services_removed={"iam"},
            patterns_removed={"*"},
            patterns_added={"not iam:*"},
        ),
    ),
    (
        "32 Allow NotResource grows",
        [allow(X, A, where="NotResource")],
        [allow(X, [A, B], where="NotResource")],
        Expected(narrowed={C}),
    ),
    (
        "33 a second resource in a statement of its own",
        [allow(X, A)],
        [allow(X, B), allow(X, A)],
        Expected(widened={C}),
    ),
    (
        "34 known to nobody",
        [allow(X)],
        [allow([X, "foo:Bar"])],
        Expected(added={"foo:bar"}, services_added={"foo"}),
    ),
    ("35 the same document under another version id", [allow(X)], [allow(X)], SAME),
    (
        "36 the last action of a service",
        [allow([X, "sts:AssumeRole"])],
        [allow([X])],
        Expected(removed={"sts:assumerole"}, services_removed={"sts"}),
    ),
    (
        "36 one of two statements with it",
        [allow([X, "sts:AssumeRole"]), allow("sts:AssumeRole")],
        [allow([X]), allow("sts:AssumeRole")],
        SAME,
    ),
    ("40 actions listed twice", [allow([*MANY, *MANY[:8]])], [allow(MANY)], SAME),
    (
        "41 the same name made again, other actions",
        [allow(X)],
        [allow("s3:PutObject")],
        Expected(added={"s3:putobject"}, removed={C}),
    ),
]
named = pytest.mark.parametrize(
    ("name", "before", "after", "expected"), CASES, ids=[case[0].replace(" ", "-") for case in CASES]
)


@named
def test_case(name: str, before: object, after: object, expected: Expected) -> None:
    assert seen(difference(before, after)) == expected


@named
def test_case_exchanged(name: str, before: object, after: object, expected: Expected) -> None:
    assert seen(difference(after, before)) == expected.mirrored()


@named
def test_case_shuffled(name: str, before: object, after: object, expected: Expected) -> None:
    for seed in range(3):
        chance = random.Random(f"{name} {seed}")
        assert seen(difference(shuffled(before, chance), shuffled(after, chance))) == expected


def shuffled(statements: Any, chance: random.Random) -> list[Statement]:
    """The same statements in another order, their lists too, their actions in another case; some said twice."""
    listed = [dict(one) for one in (statements if isinstance(statements, list) else [statements])]
    for one in listed:
        for key in one.keys() & {"Action", "NotAction", "Resource", "NotResource"}:
            values = [one[key]] if isinstance(one[key], str) else list(one[key])
            chance.shuffle(values)
            if "Action" in key:
                values = [chance.choice((str.upper, str.lower, str.swapcase))(value) for value in values]
            one[key] = values[0] if len(values) == 1 and chance.random() < 0.5 else values
        if chance.random() < 0.5:
            one["Sid"] = f"S{chance.randrange(1000)}"
    listed += [dict(one) for one in listed if chance.random() < 0.2]
    chance.shuffle(listed)
    return listed


def test_every_case_is_somewhere() -> None:
    here = {int(case[0].split()[0]) for case in CASES}
    observed = {
        37,
        38,
        39,
        42,
        43,
    }  # what was seen when: tests/changes/test_history.py, test_period.py; 39 also below
    assert here | observed == set(range(1, 44))


@pytest.mark.parametrize("cut", ["", "  ", '{"Version": "2012-10-17", "Statement": [{"Effect": "All'])
def test_case_39_an_empty_or_cut_off_document_is_refused(cut: str) -> None:
    with pytest.raises(DocumentError, match="AWSSupportServiceRolePolicy v7"):
        parse_document(cut, what="AWSSupportServiceRolePolicy v7")


def test_case_27_says_under_which_condition() -> None:
    (added,) = difference(
        [allow(X), deny(X)], [allow(X), deny(X, Condition=when("StringEquals", "p"))]
    ).actions_added
    assert added.tags == ("under-deny",)
    (scope,) = added.scopes
    assert [(one.operator, one.key, one.values) for one in scope.condition] == [
        ("StringNotEquals", "aws:k", ("p",))
    ]


def test_cosmetic_edits_are_said() -> None:
    for name, before, after, expected in CASES:
        found = difference(before, after)
        if expected == SAME and not name.startswith("35"):
            assert found.cosmetic, name
