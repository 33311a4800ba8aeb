"""From calls to the report: nothing is dropped, nothing counts twice, and each is judged by its own moment."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.using.worlds import SUPPORT, call, day, past, told
from tracker.changelog.used import used_record
from tracker.model.identity import VersionId
from tracker.model.used import MOST_RESOURCES, Call, Role

POLICY = past(
    {
        1: ["ec2:DescribeInstances", "ec2:DescribeVpcs"],
        2: ["ec2:DescribeInstances", "s3:GetObject", "iam:PassRole"],
    },
    [(2, 1, 1), (12, 2, 12)],
)


def test_an_action_with_its_calls() -> None:
    found = told(
        [
            call("DescribeInstances", day(3), region="us-east-1"),
            call("DescribeInstances", day(5), account="444455556666", error="Throttled"),
            call("DescribeInstances", day(4), resources=("arn:b", "arn:a")),
        ],
        POLICY,
    )
    (used,) = found.used
    assert (used.action, used.service, used.access_level, used.verdict) == (
        "ec2:DescribeInstances",
        "ec2",
        "List",
        "granted",
    )
    calls = used.calls
    assert (calls.number, calls.refused, calls.first, calls.last) == (3, 1, day(3), day(5))
    assert calls.regions == ("eu-central-1", "us-east-1")
    assert calls.accounts == ("111122223333", "444455556666")
    assert calls.errors == (("Throttled", 1),)
    assert (calls.resources, calls.more_resources) == (("arn:a", "arn:b"), False)
    assert found.total == calls


def test_a_call_that_is_delivered_twice_counts_once() -> None:
    one = call("DescribeInstances", day(3))
    found = told([one, call("DescribeInstances", day(3), number=1), one], POLICY)
    assert found.total is not None
    assert (found.total.number, found.duplicates) == (2, 1)


def test_an_id_that_is_none_of_awss_is_an_id_all_the_same() -> None:
    one = replace(call("DescribeInstances", day(3)), event_id="\ud800 mine")
    found = told([one, one], POLICY)
    assert (found.total.number if found.total else 0, found.duplicates) == (1, 1)


def test_each_call_is_judged_by_what_was_in_force_then() -> None:
    found = told(
        [call("DescribeVpcs", day(5)), call("DescribeVpcs", day(15)), call("DescribeVpcs", day(16))], POLICY
    )
    (used,), (ungranted,) = found.used, found.ungranted
    assert (used.verdict, used.calls.number) == ("not granted", 3)
    assert (ungranted.action, ungranted.verdict, ungranted.calls.number) == (
        "ec2:DescribeVpcs",
        "not granted",
        2,
    )
    assert [str(one.version) for one in ungranted.in_force] == ["v2"]


def test_an_event_with_no_known_action_is_listed() -> None:
    found = told([call("DescribeNothing", day(3), "example.amazonaws.com")], POLICY)
    (unnamed,) = found.unnamed
    assert (unnamed.source, unnamed.name, unnamed.calls.number) == (
        "example.amazonaws.com",
        "DescribeNothing",
        1,
    )
    assert found.total is not None
    assert (found.used, found.total.number) == ((), 1)


def test_an_event_that_may_be_several_actions_is_the_one_that_was_granted_and_none_of_them_is_never_used() -> (
    None
):
    policy = past({1: ["s3:DeleteObjectVersion", "s3:ListAllMyBuckets"]}, [(2, 1, 1)])
    found = told([call("DeleteObject", day(3), "s3.amazonaws.com")], policy)
    (used,) = found.used
    assert (used.action, used.instead, used.verdict) == (
        "s3:DeleteObjectVersion",
        ("s3:DeleteObject",),
        "granted",
    )
    assert [one.action for one in found.unused] == ["s3:ListAllMyBuckets"]


def test_granted_and_never_used_says_what_could_not_have_been_seen_and_what_is_gone() -> None:
    found = told([call("DescribeInstances", day(3))], POLICY, since=day(1), until=day(20))
    assert [(one.action, one.recorded, one.until) for one in found.unused] == [
        ("ec2:DescribeVpcs", "management", VersionId(1)),
        ("iam:PassRole", "none", None),
        ("s3:GetObject", "data", None),
    ]
    assert [(one.service, one.calls, one.granted, one.used, one.unseen) for one in found.services] == [
        ("ec2", 1, 2, 1, 0),
        ("iam", 0, 1, 0, 1),
        ("s3", 0, 1, 0, 1),
    ]


def test_not_one_call_is_a_result() -> None:
    found = told([], POLICY, since=day(1), until=day(20))
    assert found.total is None
    assert len(found.unused) == 4


def test_without_a_period_the_grants_are_those_from_the_first_call_to_the_last() -> None:
    assert [one.action for one in told([call("DescribeVpcs", day(15))], POLICY).unused] == [
        "ec2:DescribeInstances", "iam:PassRole", "s3:GetObject",
    ]  # fmt: skip


def test_what_the_service_does_in_other_names_is_told_apart_and_so_is_taking_the_role_on() -> None:
    sts = "sts.amazonaws.com"
    found = told(
        [
            call("AssumeRole", day(3), sts, via="assuming"),
            call("AssumeRole", day(4), sts, via="assuming"),
            call("AssumeRole", day(5), sts, via="service"),
            call("PutObject", day(6), "s3.amazonaws.com", via="service"),
        ],
        POLICY,
    )
    assert found.total is None
    assert (len(found.used), len(found.ungranted)) == (0, 0)
    assert found.assumed is not None
    assert found.assumed.number == 2
    assert [(one.name, one.calls.number) for one in found.in_other_names] == [
        ("PutObject", 1),
        ("AssumeRole", 1),
    ]


def test_without_a_policy_nothing_is_accused() -> None:
    found = told([call("DescribeVpcs", day(5))], role=Role("app"))
    assert [one.verdict for one in found.used] == ["unknown"]
    assert (len(found.ungranted), len(found.unused), len(found.policies)) == (0, 0, 0)


def test_of_many_resources_the_same_are_kept_however_they_come() -> None:
    calls = [
        call("DescribeVpcs", day(5), number=n, resources=(f"arn:{n:05}",)) for n in range(5 * MOST_RESOURCES)
    ]
    mixed = calls[:]
    random.Random(1).shuffle(mixed)
    first, second = told(calls, POLICY), told(mixed, POLICY)
    assert first == second
    assert first.used[0].calls.resources == tuple(f"arn:{n:05}" for n in range(MOST_RESOURCES))
    assert first.used[0].calls.more_resources


NAMES = ["DescribeInstances", "DescribeVpcs", "RunInstances", "Nonsense"]
CALLS = st.lists(
    st.builds(
        lambda name, on, number, error, via: call(name, day(on), number=number, error=error, via=via),
        st.sampled_from(NAMES), st.integers(1, 25), st.integers(0, 3), st.sampled_from(["", "AccessDenied"]), st.sampled_from(["role", "service", "assuming"]),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(CALLS, st.randoms(use_true_random=False))
def test_every_call_is_somewhere_once_and_the_order_says_nothing(
    calls: list[Call], dice: random.Random
) -> None:
    found = told(calls, POLICY)
    once = {one.event_id for one in calls}
    placed = [
        *(one.calls.number for one in found.used),
        *(one.calls.number for one in (*found.unnamed, *found.in_other_names)),
        found.assumed.number if found.assumed else 0,
    ]
    assert sum(placed) == len(once)
    assert found.duplicates == len(calls) - len(once)
    unique = list({one.event_id: one for one in calls}.values())
    again = unique[:]
    dice.shuffle(again)
    assert used_record(told(unique, POLICY)) == used_record(told(again, POLICY))


def test_the_public_record_names_no_account_resource_or_path() -> None:
    found = told(
        [call("DescribeVpcs", day(5), resources=("arn:aws:ec2:x:111122223333:vpc/v",))],
        POLICY,
        role=replace(SUPPORT, arn="arn:aws:iam::111122223333:role/x"),
    )
    assert "111122223333" in str(used_record(found))
    assert "111122223333" not in str(used_record(found, public=True))


def test_a_call_of_a_moment_of_which_nothing_is_on_record_is_counted_and_not_accused() -> None:
    found = told([call("DescribeVpcs", day(30, month=7)), call("DescribeVpcs", day(5))], POLICY)
    assert (found.unjudged, len(found.ungranted)) == (1, 0)
    assert [one.verdict for one in found.used] == ["unknown"]
