"""Scopes in words, and what came and went between two sets of them."""

from typing import Any

from tests.changelog.making import change, document
from tracker.changelog.scopes import Line, all_in_words, delta, lines, where
from tracker.model.change import ConditionEntry, Scope

ACCOUNT = ConditionEntry("StringEquals", "aws:SourceAccount", ("111111111111",))
SECURE = ConditionEntry("Bool", "aws:SecureTransport", ("true",))


def on(*resources: str, **more: Any) -> Scope:
    return Scope(resources=resources, **more)


def told(before: list[Scope], after: list[Scope]) -> list[str]:
    return [f"{line.sign} {line.told} {line.code}".strip() for line in delta(before, after)]


def test_forty_nine_to_fifty_shows_which_one_was_added() -> None:
    places = [f"arn:aws:apigateway:*::/{number:02}" for number in range(49)]
    assert told([on(*places)], [on(*places, "arn:aws:apigateway:*::/new")]) == [
        "49 → 50 resources, 49 of them as before",
        "+ now on arn:aws:apigateway:*::/new",
    ]
    assert told([on(*places)], [on(*places[1:])]) == [
        "49 → 48 resources, 48 of them as before",
        "− no longer on arn:aws:apigateway:*::/00",
    ]


def test_one_for_another() -> None:
    assert told([on("a", "b")], [on("a", "c")]) == [
        "2 resources, 1 of them as before",
        "+ now on c",
        "− no longer on b",
    ]
    assert told([on("a")], [on("*")]) == ["+ now on every resource", "− no longer on a"]


def test_conditions_and_principals() -> None:
    assert told([on("*")], [on("*", condition=(ACCOUNT,))]) == [
        "on every resource",
        "+ now only if StringEquals aws:SourceAccount: 111111111111",
    ]
    assert told([on("a", condition=(ACCOUNT, SECURE))], [on("a", condition=(SECURE,))]) == [
        "on a",
        "− no longer only if StringEquals aws:SourceAccount: 111111111111",
        "only if Bool aws:SecureTransport: true",
    ]
    service = (("Service", ("support.amazonaws.com",)),)
    assert told([on("*")], [on("*", principal=service)]) == [
        "on every resource",
        "+ now for Service support.amazonaws.com",
    ]
    assert told([on("*", principal=service)], [on("*", principal=service, not_principal=True)]) == [
        "on every resource",
        "+ now for anybody but Service support.amazonaws.com",
        "− no longer for Service support.amazonaws.com",
    ]


def test_places_that_are_left_out() -> None:
    before, after = (Scope(resources=None, not_resources=places) for places in (("a", "b"), ("a", "b", "c")))
    assert told([before], [after]) == [
        "2 → 3 resources, 2 of them as before",
        "+ now on every resource except c",
    ]
    assert told([on("*")], [after])[0] == "+ now on every resource except a"


def test_scopes_that_stand_on_both_sides_are_counted() -> None:
    more = told([on("a"), on("x", "y")], [on("a"), on("x", "y"), on("b", condition=(SECURE,))])
    assert more == ["+ now on b", "+ now only if Bool aws:SecureTransport: true", "2 other scopes as before"]
    less = told([on("a"), on("b", condition=(SECURE,))], [on("a")])
    assert less == [
        "− no longer on b",
        "− no longer only if Bool aws:SecureTransport: true",
        "1 other scope as before",
    ]


def test_a_partner_is_found_by_its_condition() -> None:
    before = [on("a", condition=(SECURE,)), on("b", condition=(ACCOUNT,))]
    after = [on("a", "a2", condition=(SECURE,)), on("b", condition=(ACCOUNT,))]
    assert told(before, after)[:2] == ["1 → 2 resources, 1 of them as before", "+ now on a2"]


def test_where_only_a_deny_moved() -> None:
    scope = [on("*")]
    assert told(scope, scope) == ["the allowing statements as before; what a deny withholds is other"]


def test_in_one_line() -> None:
    assert all_in_words([on("*")]) == "on every resource"
    assert all_in_words([on("a"), on("*")]) == "on every resource"
    assert all_in_words([on("a", "b")]) == "on a, on b"
    assert (
        all_in_words([on("b", condition=(SECURE,)), on("a")])
        == "on a, or on b, only if Bool aws:SecureTransport: true"
    )
    many = [on(*(f"r{number}" for number in range(49)))]
    assert where(many) == (Line("", "on 49 resources such as", "r0"),)
    left_out = [Scope(resources=None, not_resources=("a", "b", "c", "d"))]
    assert all_in_words(left_out) == "on every resource except 4 resources such as a"


def test_laid_out() -> None:
    scope = on("a", principal=(("AWS", ("1", "2")),), condition=(SECURE,))
    assert lines(scope, "+") == (
        Line("+", "on", "a"),
        Line("+", "for", "AWS 1, 2"),
        Line("+", "only if", "Bool aws:SecureTransport: true"),
    )


def test_a_real_comparison_reads_so() -> None:
    before = document({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a"})
    after = document({"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]})
    (moved,) = change(before, after).difference.actions_widened
    assert told(list(moved.before), list(moved.after)) == [
        "1 → 2 resources, 1 of them as before",
        "+ now on arn:aws:s3:::b",
    ]
