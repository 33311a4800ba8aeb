"""The lattice of conditions, resources and principals: what is inside of what, proved, disproved or left to review."""

from itertools import combinations, pairwise
from typing import Any

import pytest

from tracker.policy.document import Place
from tracker.policy.logic import outside, satisfiable
from tracker.policy.parse import parse_document
from tracker.policy.regions import Claims, Verdict, claims_of, is_empty, region, verdict

K = "aws:k"


def place(version: str = "2012-10-17", **parts: Any) -> Place:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        **({"Resource": "*"} if "NotResource" not in parts else {}),
    }
    read = parse_document({"Version": version, "Statement": {**statement, **parts}}, what="test")
    (one,) = read.statements
    return Place(one.scope, one.literal_variables)


def when(**operators: Any) -> Place:
    """`when(StringEquals='a')`: a condition on one key; `ForAnyValue_X` is `ForAnyValue:X`."""
    return place(Condition={name.replace("_", ":"): {K: value} for name, value in operators.items()})


def on(*resources: str) -> Place:
    return place(Resource=list(resources))


def ruled(
    before: list[Place], after: list[Place], deny_before: Any = (), deny_after: Any = ()
) -> tuple[Verdict, bool]:
    found = verdict(region(before, deny_before), region(after, deny_after))
    turned = verdict(region(after, deny_after), region(before, deny_before))
    mirror = {"added": "removed", "removed": "added", "widened": "narrowed", "narrowed": "widened"}
    assert turned == (mirror.get(found[0], found[0]), found[1])
    return found


ANYWHERE = place()
SAME, WIDER, NARROWER = ("equal", True), ("widened", True), ("narrowed", True)
OTHER, REVIEW = ("rescoped", True), ("rescoped", False)

TABLE: list[tuple[str, list[Place], list[Place], tuple[str, bool]]] = [
    ("complementary conditions", [when(StringEquals="a"), when(StringNotEquals="a")], [ANYWHERE], SAME),
    ("not complementary", [when(StringEquals="a"), when(StringNotEquals=["a", "b"])], [ANYWHERE], WIDER),
    ("Null and its opposite", [when(Null="true"), when(Null="false")], [ANYWHERE], SAME),
    ("Null with both values", [when(Null=["true", "false"])], [ANYWHERE], SAME),
    ("Null with no value", [when(Null=[]), when(StringEquals="a")], [when(StringEquals="a")], SAME),
    ("Null with another value", [when(Null="perhaps")], [ANYWHERE], REVIEW),
    ("Null and IfExists", [when(StringEqualsIfExists="a", Null="false")], [when(StringEquals="a")], SAME),
    ("Null true and IfExists", [when(StringEqualsIfExists="a", Null="true")], [when(Null="true")], SAME),
    ("a key that is there and is not a", [when(StringNotEquals="a", Null="false")], [when(StringNotEquals="a")], WIDER),
    ("CIDR halves", [when(IpAddress=["10.0.0.0/9", "10.128.0.0/9"])], [when(IpAddress="10.0.0.0/8")], SAME),
    ("CIDR halves in two statements", [when(IpAddress="10.0.0.0/9"), when(IpAddress="10.128.0.0/9")],
     [when(IpAddress="10.0.0.0/8")], SAME),
    ("NotIpAddress", [when(IpAddress="10.0.0.0/8"), when(NotIpAddress="10.0.0.0/8")], [ANYWHERE], SAME),
    ("all of IPv4 is not all", [when(IpAddress="0.0.0.0/0")], [when(Null="false")], WIDER),
    ("numbers", [when(NumericLessThan="5"), when(NumericGreaterThanEquals="5"), when(Null="true")], [ANYWHERE], SAME),
    ("numbers are not whole", [when(NumericLessThan="5")], [when(NumericLessThanEquals="4")], NARROWER),
    ("1 and 1.0", [when(NumericEquals="1")], [when(NumericEquals="1.0")], SAME),
    ("dates", [when(DateLessThan="2024-01-01")], [when(DateLessThan="2024-01-01T00:00:00Z")], SAME),
    ("later", [when(DateLessThan="2024-01-01")], [when(DateLessThan="2025-01-01")], WIDER),
    ("not a number", [when(NumericEquals="many")], [when(NumericEquals="1")], REVIEW),
    ("true, false and missing", [when(Bool=["true", "false"]), when(Null="true")], [ANYWHERE], SAME),
    ("true and not false", [when(Bool="true")], [when(BoolIfExists="true")], WIDER),
    ("like and equals", [when(StringLike="a*")], [when(StringEquals=["ab", "ac"])], NARROWER),
    ("a star means itself to StringEquals", [when(StringEquals="a*")], [when(StringEquals="ab")], OTHER),
    ("without regard to case", [when(StringEqualsIgnoreCase="ab")], [when(StringEquals=["ab", "AB", "Ab", "aB"])], SAME),
    ("negated without regard to case", [when(StringNotEquals="ab")], [when(StringNotEqualsIgnoreCase="AB")], NARROWER),
    ("ArnEquals is ArnLike", [when(ArnEquals="arn:aws:s3:::a*")], [when(ArnLike="arn:aws:s3:::a*")], SAME),
    ("ArnLike within its parts", [when(ArnLike="arn:aws:sns:*:1:a")], [when(StringLike="arn:aws:sns:*:1:a")], WIDER),
    ("no ARN", [when(ArnLike="sns")], [when(ArnLike="arn:aws:sns:*:1:a")], REVIEW),
    ("binary", [when(BinaryEquals="QQ==")], [when(StringEquals="QQ==")], SAME),
    ("text and truth", [when(StringEquals="true", Bool="true")], [when(Bool="true", Null="false")], SAME),
    ("text and number", [when(StringEquals="7", NumericLessThan="5")], [when(StringEquals="7")], ("added", True)),
    ("text and number agree", [when(StringEquals="3", NumericLessThan="5")], [when(StringEquals="3")], SAME),
    ("some text and a number", [when(StringLike="3*", NumericLessThan="5")], [when(StringLike="3*")], REVIEW),
    ("text that is no number", [when(StringEquals="x", NumericLessThan="5")], [when(StringEquals="x")], REVIEW),
    ("text that is no number, negated", [when(StringEquals="x", NumericNotEquals="5")], [when(StringEquals="x")], REVIEW),
    ("text and a variable number", [when(StringEquals="x", NumericEquals="${v}")], [when(StringEquals="x")], REVIEW),
    ("every value", [when(ForAllValues_StringEquals="a")], [when(ForAllValues_StringEquals=["a", "b"])], WIDER),
    ("any value", [when(ForAnyValue_StringEquals="a")], [when(ForAnyValue_StringEquals=["a", "b"])], WIDER),
    ("every value is none other", [when(ForAllValues_StringEquals="a"), when(ForAnyValue_StringNotEquals="a")], [ANYWHERE], SAME),
    ("any value and none", [when(ForAnyValue_StringEquals="a"), when(ForAllValues_StringNotEquals="a")], [ANYWHERE], SAME),
    ("two values at once", [when(ForAnyValue_StringEquals="a", ForAnyValue_StringLike="b")], [when(ForAnyValue_StringEquals="a")], WIDER),
    ("every and any", [when(ForAllValues_StringEquals="a", ForAnyValue_StringEquals="b")], [when(StringEquals="x")], ("added", True)),
    ("a plain operator on several", [when(ForAnyValue_StringEquals="a")], [when(StringEquals="a")], REVIEW),
    ("IfExists on several", [when(ForAnyValue_StringEqualsIfExists="a")], [when(ForAnyValue_StringEqualsIfExists="a")], SAME),
    ("IfExists on several, and not", [when(ForAllValues_StringEqualsIfExists="a")], [when(ForAllValues_StringEquals="a")], REVIEW),
    ("an unknown operator", [when(Wishful="a")], [when(Wishful="a")], SAME),
    ("an unknown operator, otherwise", [when(Wishful="a")], [when(Wishful="b")], REVIEW),
    ("an unknown operator withdrawn", [when(Wishful="a")], [ANYWHERE], REVIEW),
    ("no values", [when(StringEquals=[]), on("a")], [on("a")], SAME),
    ("resources together", [on("a", "a?*")], [on("a*")], SAME),
    ("resources apart", [on("a"), on("b")], [on("b", "a")], SAME),
    ("everything but a, and a", [place(NotResource="a"), on("a")], [ANYWHERE], SAME),
    ("everything but everything", [place(NotResource=["*"]), on("a")], [on("a")], SAME),
    ("case of resources", [on("arn:A")], [on("arn:a")], OTHER),
    ("a variable is itself", [on("${aws:username}")], [on("${aws:username}")], SAME),
    ("a variable in a list", [on("a", "${aws:username}")], [on("${aws:username}"), on("a")], SAME),
    ("a variable and something", [on("arn:${aws:username}")], [on("arn:bob")], REVIEW),
    ("everything and a variable", [ANYWHERE], [on("arn:${aws:username}")], REVIEW),
    ("one more beside a variable", [on("arn:${aws:username}")], [on("arn:${aws:username}", "b")], WIDER),
    ("one more that it may stand for", [on("arn:${aws:username}")], [on("arn:${aws:username}", "arn:b")], REVIEW),
    ("a variable in a condition", [when(StringEquals="${aws:username}")], [when(StringEquals="bob")], REVIEW),
    ("a variable in a condition, the same", [when(StringLike="${aws:username}*")], [when(StringLike="${aws:username}*")], SAME),
    ("a condition with a variable added", [ANYWHERE], [when(StringEquals="${aws:username}")], NARROWER),
    ("a negated one", [ANYWHERE], [when(StringNotEquals="${aws:username}", Null="false")], NARROWER),
    ("a variable that is the key itself", [place(Condition={"Null": {"a": "false"}})],
     [place(Condition={"StringEquals": {"A": "${a}"}})], REVIEW),
    ("a condition with a variable and a text added", [when(Null="false")], [when(StringEquals=["${aws:username}", "a"])], REVIEW),
    ("keys without regard to case", [place(Condition={"Bool": {"A": "true"}})], [place(Condition={"bool": {"a": "true"}})], SAME),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"), [one[1:] for one in TABLE], ids=[one[0] for one in TABLE]
)
def test_verdict(before: list[Place], after: list[Place], expected: tuple[str, bool]) -> None:
    assert ruled(before, after) == expected


def test_a_variable_of_the_old_version_is_text() -> None:
    old = place("2008-10-17", Resource="a${aws:username}")
    assert ruled([old], [on("a${aws:username}")]) == REVIEW
    assert ruled([old], [on("a*")]) == WIDER
    assert ruled([place("2008-10-17", Resource="a")], [on("a")]) == SAME


def test_an_allow_inside_a_deny() -> None:
    deny = [on("a*")]
    assert ruled([ANYWHERE], [ANYWHERE, on("ab")], deny, deny) == SAME
    assert ruled([on("ab")], [on("ab", "b")], deny, deny) == ("added", True)
    assert ruled([ANYWHERE], [ANYWHERE], deny, [on("ab")]) == WIDER
    assert is_empty(region([on("ab")], deny))
    assert not is_empty(region([on("b")], deny))
    assert ruled([ANYWHERE], [place(NotResource="a*")], deny, ()) == SAME


def test_two_denies_that_cover_together() -> None:
    halves = [when(StringEquals="a"), when(StringNotEquals="a")]
    assert is_empty(region([ANYWHERE], halves))
    assert is_empty(region([ANYWHERE], [ANYWHERE]))
    assert not is_empty(region([ANYWHERE], halves[:1]))
    assert is_empty(region([], []))


TRUST: list[tuple[Any, Any, tuple[str, bool]]] = [
    ("*", {"AWS": "*"}, SAME),
    ({"AWS": "111122223333"}, {"AWS": "arn:aws:iam::111122223333:root"}, SAME),
    ({"AWS": "arn:aws:iam::111122223333:role/p/r"}, {"AWS": "111122223333"}, WIDER),
    (
        {"AWS": "arn:aws:iam::111122223333:role/p/r"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/r/x"},
        NARROWER,
    ),
    ({"AWS": "arn:aws:iam::111122223333:user/u"}, {"AWS": "arn:aws:iam::111122223333:user/v"}, OTHER),
    ({"Service": "a.amazonaws.com"}, {"Service": ["a.amazonaws.com", "b.amazonaws.com"]}, WIDER),
    ({"Service": "a.amazonaws.com"}, {"Federated": "a.amazonaws.com"}, OTHER),
    ({"Service": "a.amazonaws.com"}, "*", WIDER),
]


@pytest.mark.parametrize(("before", "after", "expected"), TRUST)
def test_principals(before: Any, after: Any, expected: tuple[str, bool]) -> None:
    assert ruled([place(Principal=before)], [place(Principal=after)]) == expected


def test_principals_that_are_left_out() -> None:
    but_a = place(NotPrincipal={"Service": "a.amazonaws.com"})
    assert ruled([but_a, place(Principal={"Service": "a.amazonaws.com"})], [place(Principal="*")]) == SAME
    assert ruled([place(NotPrincipal="*"), on("a")], [on("a")]) == SAME


def test_a_key_read_in_two_ways_with_a_variable_is_left_to_review() -> None:
    deny = [when(StringLike="x${aws:username}")]
    assert ruled([when(StringLike="3", NumericLessThan="5")], [when(StringLike="3")], deny, deny) == REVIEW


def test_a_search_that_grows_too_large_is_given_up() -> None:
    """Colouring a map of requests: each key one of three values, and no two neighbours the same one."""

    def claims(**keys: str) -> Claims:
        found = claims_of(place(Condition={"StringEquals": keys}))
        assert found is not None
        return found

    keys = [f"k{n}" for n in range(9)]
    base = [
        one for key in keys for one in claims_of(place(Condition={"StringEquals": {key: list("abc")}})) or ()
    ]
    clauses = [
        outside(claims(**{one: c, other: c})) for one, other in combinations(keys[:4], 2) for c in "abc"
    ]
    assert satisfiable(base, clauses) is False  # four neighbours, three colours
    assert satisfiable(base, clauses, steps=3) is None
    ring = [outside(claims(**{one: c, other: c})) for one, other in pairwise(keys) for c in "abc"]
    assert satisfiable(base, ring) is True
    assert satisfiable([*base, *claims(k0="x")], ring) is False
