"""Who may call what, since when: one policy's words held against a question."""

from datetime import UTC, datetime, timedelta

import pytest

from tracker.asking import gains
from tracker.errors import InputError
from tracker.model.asked import Holder, How, Moment, Question, Said
from tracker.model.change import ConditionEntry, Effect, Scope
from tracker.model.identity import PolicyArn, VersionId
from tracker.policy.questions import allowed, concerns, covered, question, spans

BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
EVERYWHERE = Scope()
OBJECTS = Scope(("arn:aws:s3:::*/*",))
ONE_BUCKET = Scope(("arn:aws:s3:::mine/*",))
MFA = Scope(condition=(ConditionEntry("Bool", "aws:MultiFactorAuthPresent", ("true",)),))


def day(number: int) -> Moment:
    return Moment(BEGIN + timedelta(days=number), VersionId(number + 1), "look", first=number == 0)


def said(
    pattern: str,
    since: int = 0,
    until: int | None = None,
    *,
    effect: Effect = "Allow",
    scope: Scope = EVERYWHERE,
    how: How | None = None,
) -> Said:
    low = pattern.lower()
    told: How = how or ("wildcard" if "*" in low or "?" in low else "name")
    return Said(
        effect, told, low, pattern, scope, False, 1, "", day(since), None if until is None else day(until)
    )


def days(text: str, *rows: Said, every: bool = False) -> list[tuple[int, int | None]]:
    """The spans of an answer, in days from the beginning."""
    found = spans(question(text), sorted(rows, key=lambda one: one.since.at), every=every)
    return [
        ((one.since.at - BEGIN).days, None if one.until is None else (one.until.at - BEGIN).days)
        for one in found
    ]


# -- questions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pattern", "single"),
    [
        ("s3:GetObject", "s3:getobject", True),
        (" S3:GETOBJECT ", "s3:getobject", True),
        ("s3:**", "s3:*", False),
        ("*", "*", False),
        ("*:*", "*", False),
        ("*:Decrypt", "*:decrypt", False),
        ("s3:Get?bject", "s3:get?bject", False),
    ],
)
def test_a_question_is_read_without_regard_to_case(text: str, pattern: str, single: bool) -> None:
    asked = question(text)
    assert (asked.pattern, asked.single) == (pattern, single)


@pytest.mark.parametrize(
    "text", ["", "GetObject", "s3:", ":GetObject", "s3 GetObject", "s3:Get Object", "a:b:c"]
)
def test_what_is_no_question_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(InputError, match="neither an action nor a pattern") as told:
        question(text)
    assert "s3:GetObject" in told.value.advice
    assert ("*:GetObject" in told.value.advice) == (text == "GetObject")


@pytest.mark.parametrize(
    ("text", "how", "pattern", "concerned"),
    [
        ("s3:GetObject", "name", "s3:getobject", True),
        ("s3:GetObject", "wildcard", "s3:get*", True),
        ("s3:GetObject", "wildcard", "s3:get?bject", True),
        ("s3:GetObject", "wildcard", "ec2:*", False),
        ("s3:GetObject", "all-but", "iam:* sts:*", True),
        ("s3:GetObject", "all-but", "iam:* s3:get*", False),
        ("s3:GetObject", "all-but", "iam:* s3:getobject", False),
        ("s3:Get*", "name", "s3:getobject", True),
        ("s3:Get*", "wildcard", "s3:*object", True),
        ("s3:Get*", "wildcard", "s3:put*", False),
        ("s3:Get*", "all-but", "s3:getobject", True),
        ("s3:Get*", "all-but", "s3:*", False),
        ("*:Decrypt", "name", "kms:decrypt", True),
        ("*:Decrypt", "all-but", "kms:decrypt", True),
        ("*:Decrypt", "all-but", "*:d*", False),
        ("*", "name", "kms:decrypt", True),
    ],
)
def test_a_pattern_concerns_a_question_where_they_have_an_action_in_common(
    text: str, how: How, pattern: str, concerned: bool
) -> None:
    assert concerns(question(text), how, pattern) is concerned


# -- since when, until when ---------------------------------------------------------------------------------------------


def test_the_same_in_other_words_or_elsewhere_is_no_break() -> None:
    assert days(
        "s3:GetObject", said("s3:Get*", 0, 3), said("s3:GetObject", 3, 5, scope=OBJECTS), said("s3:*", 5)
    ) == [(0, None)]


def test_a_break_makes_two_spans() -> None:
    assert days("s3:GetObject", said("s3:GetObject", 0, 3), said("s3:Get*", 4, 6)) == [(0, 3), (4, 6)]


def test_a_default_that_nobody_saw_does_not_count() -> None:
    assert days("s3:GetObject", said("s3:GetObject", 2, 2)) == []
    assert days("s3:GetObject", said("s3:GetObject", 2, 2), said("iam:*", 0, effect="Deny")) == []


def test_of_a_pattern_any_action_is_enough_unless_all_are_asked_for() -> None:
    rows = (said("s3:GetObject", 1), said("s3:Get*", 4, 6))
    assert days("s3:Get*", *rows) == [(1, None)]
    assert days("s3:Get*", *rows, every=True) == [(4, 6)]


def test_all_of_a_pattern_may_be_let_through_by_several() -> None:
    assert days("s3:*", said("s3:?et*"), said("s3:*", 2, 3), every=True) == [(2, 3)]
    assert days("s3:Get*", said("s3:Get?*"), said("s3:Get", 1), every=True) == [(1, None)]
    assert days("s3:Get*", said("iam:* sts:*", 2, how="all-but"), every=True) == [(2, None)]
    assert days("*", said("iam:*", how="all-but"), said("iam:*", 3), every=True) == [(3, None)]


# -- denies -------------------------------------------------------------------------------------------------------------


def test_what_a_deny_takes_back_everywhere_is_not_allowed() -> None:
    assert days("s3:GetObject", said("s3:*"), said("s3:GetObject", 2, 5, effect="Deny")) == [
        (0, 2),
        (5, None),
    ]
    assert days(
        "s3:GetObject", said("s3:*", scope=ONE_BUCKET), said("s3:Get*", 2, effect="Deny", scope=OBJECTS)
    ) == [(0, 2)]
    assert days("s3:GetObject", said("s3:*"), said("ec2:*", 2, effect="Deny", how="all-but")) == [(0, 2)]


def test_what_a_deny_takes_back_in_part_is_allowed() -> None:
    for scope in (ONE_BUCKET, MFA):
        assert days("s3:GetObject", said("s3:*"), said("s3:GetObject", 2, effect="Deny", scope=scope)) == [
            (0, None)
        ]
    assert days("s3:Get*", said("s3:*"), said("s3:GetObject", 2, effect="Deny")) == [(0, None)]


def test_all_of_a_pattern_is_not_allowed_where_one_is_taken_back() -> None:
    assert days("s3:Get*", said("s3:*"), said("s3:GetObject", 2, effect="Deny"), every=True) == [(0, 2)]
    assert days("s3:Get*", said("s3:*"), said("s3:GetObject", 2, effect="Deny", scope=MFA), every=True) == [
        (0, None)
    ]
    assert days("s3:Get*", said("s3:*"), said("ec2:*", 2, effect="Deny"), every=True) == [(0, None)]


def test_two_denies_may_take_back_everything_together() -> None:
    not_mine = Scope(None, ("arn:aws:s3:::mine/*",))
    rows = (
        said("s3:*"),
        said("s3:GetObject", 1, effect="Deny", scope=ONE_BUCKET),
        said("s3:Get*", 2, effect="Deny", scope=not_mine),
    )
    assert days("s3:GetObject", *rows) == [(0, 2)]


def test_nothing_said_allows_nothing() -> None:
    assert not allowed(Question("s3:GetObject", "s3:getobject"), [], every=False)
    assert not allowed(question("s3:GetObject"), [said("s3:GetObject", effect="Deny")], every=False)


# -- what was newly let through -----------------------------------------------------------------------------------------


def newly(text: str, *rows: Said, since: int = 1, until: int | None = None) -> list[tuple[int, list[str]]]:
    ordered = tuple(sorted(rows, key=lambda one: one.since.at))
    holder = Holder(PolicyArn("aws", "Mine"), spans(question(text), ordered, every=False), ordered)
    found = gains(question(text), [holder], day(since).at, None if until is None else day(until).at)
    return [((one.moment.at - BEGIN).days, sorted(each.spelling for each in one.said)) for one in found]


def test_what_comes_is_new_and_what_was_there_when_first_seen_is_not() -> None:
    assert newly("s3:Get*", said("s3:GetObject"), said("s3:GetBucketAcl", 3), since=0) == [
        (3, ["s3:GetBucketAcl"])
    ]


def test_the_same_in_other_words_is_not_new() -> None:
    assert newly("s3:Get*", said("s3:*", 0, 3), said("s3:GetObject", 3)) == []
    assert newly("s3:Get*", said("s3:GetObject", 0, 3), said("s3:GetObject", 3, scope=OBJECTS)) == []
    assert newly("s3:GetObject", said("s3:GetObject"), said("s3:Get*", 3)) == []
    assert newly("s3:Get*", said("iam:*", how="all-but"), said("s3:Get*", 3)) == []
    assert newly("s3:Get*", said("s3:Get*"), said("iam:*", 3, how="all-but")) == []


def test_a_pattern_that_lets_through_more_is_new() -> None:
    assert newly("s3:Get*", said("s3:GetObject"), said("s3:Get*", 3)) == [(3, ["s3:Get*"])]
    assert newly("s3:*", said("s3:Get*"), said("s3:?et*", 3)) == [(3, ["s3:?et*"])]


def test_what_came_and_went_before_or_after_is_not_asked_for() -> None:
    rows = (said("s3:GetObject", 2, 4), said("s3:GetObject", 6), said("s3:GetBucketAcl", 8))
    assert newly("s3:Get*", *rows, since=5, until=8) == [(6, ["s3:GetObject"])]


def test_a_deny_that_goes_lets_through_what_stood() -> None:
    assert newly("s3:GetObject", said("s3:*"), said("s3:GetObject", 0, 4, effect="Deny")) == [(4, ["s3:*"])]
    assert newly("s3:GetObject", said("s3:*"), said("s3:GetObject", 2, effect="Deny")) == []


def test_what_neither_pattern_covers_alone_is_judged_by_what_they_have_in_common() -> None:
    asked, one = question("s3:get*"), said("s3:*object")
    assert covered(asked, one, [said("s3:get*object")])
    assert not covered(asked, one, [said("s3:get*x")])


def test_a_deny_that_no_request_meets_takes_nothing_back() -> None:
    never = said("s3:GetObject", effect="Deny", scope=Scope(None, not_resources=("*",)))
    assert days("s3:GetObject", said("s3:GetObject"), never) == [(0, None)]
