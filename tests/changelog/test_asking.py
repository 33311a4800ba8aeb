"""The answer to a search, laid out."""

from datetime import timedelta

import pytest

from tests.changelog.making import BILLING, CATALOGUE, SUPPORT, instant
from tests.support.fake_catalogue import FakeCatalogue
from tracker.changelog.asking import search_view, service_actions, suggestions
from tracker.changelog.holders import where_in_words
from tracker.changelog.rows import counts_record, holder_record
from tracker.model.asked import Holder, Moment, Question, Said, Span
from tracker.model.catalogue import ActionInfo
from tracker.model.change import Scope
from tracker.model.identity import PolicyArn

AT = instant("2024-01-01 00:00")
QUESTION = Question("s3:GetObject", "s3:getobject")


def holder(arn: PolicyArn, days: int | None) -> Holder:
    """A policy that allowed reading objects from the first of January on, for so many days."""
    since = Moment(AT, None, "look")
    until = None if days is None else Moment(AT + timedelta(days=days), None, "look")
    said = Said("Allow", "name", "s3:getobject", "s3:GetObject", Scope(), False, 1, "", since, until)
    return Holder(arn, (Span(since, until),), (said,))


class Forgetful(FakeCatalogue):
    """Lists actions of which it says nothing."""

    def action(self, service: str, name: str) -> ActionInfo | None:
        return super().action(service, name) if name == "putobject" else None


NOW, ONCE = holder(BILLING, None), holder(SUPPORT, 10)


@pytest.mark.parametrize(
    ("holders", "days", "told"),
    [
        ([], None, "No policy on record has ever allowed s3:GetObject."),
        ([NOW], None, "1 policy allows s3:GetObject today."),
        ([NOW, ONCE], None, "1 policy allows s3:GetObject today; 1 did once."),
        ([NOW, ONCE], 5, "2 policies allow s3:GetObject on 2024-01-06."),
        ([NOW, ONCE], 20, "1 policy allows s3:GetObject on 2024-01-21; 1 does so at another time."),
        ([NOW, ONCE], -1, "0 policies allow s3:GetObject on 2023-12-31; 2 do so at other times."),
    ],
)
def test_who_may_is_a_sentence(holders: list[Holder], days: int | None, told: str) -> None:
    moment = None if days is None else AT + timedelta(days=days)
    view = search_view(QUESTION, holders, CATALOGUE, moment)
    assert (view.sentence, view.total) == (told, len(holders))
    assert [row.holds for row in view.rows] == sorted((row.holds for row in view.rows), reverse=True)
    assert [holder_record(one, moment)["allows"] for one in holders] == [
        one.span_at(moment) is not None for one in holders
    ]


def test_what_the_catalogue_would_suggest() -> None:
    assert [one.name for one in suggestions("s3", FakeCatalogue())] == ["Amazon s3"]
    assert [one.name for one in suggestions("s3:object", FakeCatalogue())] == ["s3:GetObject", "s3:PutObject"]
    assert suggestions("*", FakeCatalogue()) == ()


def test_a_services_actions_stand_by_their_level_the_gravest_first() -> None:
    found = service_actions("iam", FakeCatalogue())
    assert [(level, [one.name for one in each]) for level, each in found] == [
        ("Permissions management, Write", ["iam:CreateUser", "iam:DeleteRole"])
    ]
    assert service_actions("nowhere", FakeCatalogue()) == ()
    (level, each), *_ = service_actions("s3", Forgetful())
    assert (level, [one.name for one in each]) == ("Write", ["s3:PutObject"])


def test_what_is_denied_again_is_told_with_where_it_is_allowed() -> None:
    (allowed,) = NOW.said
    told = where_in_words((allowed,), ())
    assert where_in_words((allowed,), (allowed, allowed)) == f"{told}; denied {told}"


def test_counts_are_sorted_by_name() -> None:
    assert list(counts_record({"b": 1, "a": 2})) == ["a", "b"]
