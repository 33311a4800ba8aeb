"""From when until when a document said a pattern, document by document; tests/archive/test_grants.py compares it with files."""

from tests.support.policies import policy, statement
from tracker.policy.document import Document
from tracker.policy.intervals import ALL_BUT, Interval, Intervals


def fed(*documents: Document) -> Intervals:
    made = Intervals()
    for line, document in enumerate(documents, 1):
        made.feed(line, document)
    return made


def told(intervals: Intervals) -> list[tuple[str, str, int, int | None]]:
    found: list[Interval] = [*intervals.closed, *intervals.open()]
    return sorted((one.effect, one.spelling, one.since, one.until) for one in found)


ON_A = statement("s3:Get*", "s3:PutObject", on="arn:aws:s3:::a")


def test_what_stays_is_one_interval_and_what_goes_is_closed() -> None:
    found = fed(policy(ON_A), policy(ON_A), policy(statement("s3:Get*", "s3:List*", on="arn:aws:s3:::a")))
    assert told(found) == [
        ("Allow", "s3:Get*", 1, None),
        ("Allow", "s3:List*", 3, None),
        ("Allow", "s3:PutObject", 1, 3),
    ]


def test_another_scope_or_effect_is_another_interval() -> None:
    found = fed(
        policy(ON_A), policy(statement("s3:Get*", on="arn:aws:s3:::b"), statement("s3:Get*", effect="Deny"))
    )
    assert told(found) == [
        ("Allow", "s3:Get*", 1, 2),
        ("Allow", "s3:Get*", 2, None),
        ("Allow", "s3:PutObject", 1, 2),
        ("Deny", "s3:Get*", 2, None),
    ]


def test_of_two_statements_the_first_that_says_it_is_named() -> None:
    (one,) = fed(policy(statement("s3:Get*", Sid="One"), statement("S3:get*", Sid="Two"))).open()
    assert (one.spelling, one.label.sid) == ("s3:Get*", "One")


def test_a_list_of_exceptions_is_one_pattern_sorted_and_wildcards_have_one_spelling() -> None:
    but = {"Effect": "Allow", "NotAction": ["s3:**", "iam:Get?*"], "Resource": "*"}
    named = statement("s3:**", "s3:GetObject", on="arn:aws:s3:::a")
    opened = list(fed(policy(but, named)).open())
    assert sorted((one.pattern, one.label.number) for one in opened) == [
        (f"{ALL_BUT}iam:get?* s3:*", 1),
        ("s3:*", 2),
        ("s3:getobject", 2),
    ]


def test_of_several_spellings_the_first_in_order_stays() -> None:
    for first, second in (("s3:getobject", "s3:GetObject"), ("s3:GetObject", "s3:getobject")):
        (one,) = fed(policy(statement(first)), policy(statement(second))).open()
        assert (one.spelling, one.since) == ("s3:GetObject", 1)


def test_it_goes_on_where_it_left_off() -> None:
    first, second = policy(ON_A), policy(statement("s3:Get*", on="arn:aws:s3:::a"))
    whole = fed(first, second)
    later = Intervals(fed(first).open())
    later.feed(2, second)
    assert told(later) == told(whole)
