"""What was granted at a moment: by the version then in force, and by one that may have been, where nobody looked."""

from datetime import datetime

import pytest

from tests.using.worlds import CATALOGUE, OTHER, POLICY, day, past, role_past
from tracker.model.identity import VersionId
from tracker.model.used import InForce
from tracker.using.grants import Grants

VERSIONS = {1: ["ec2:DescribeVpcs"], 2: ["ec2:DescribeVpcs", "s3:GetObject"], 3: ["ec2:Describe*"]}
# v1 seen on the 2nd; v2 made on the 10th, seen on the 12th; v3 made on the 20th and seen then.
SEEN = [(2, 1, 1), (12, 2, 10), (20, 3, 20)]


def verdict(grants: Grants, moment: datetime, *actions: str) -> str:
    return grants.verdict(grants.stretch(moment), actions)[0]


@pytest.mark.parametrize(
    ("on", "expected"),
    [(1, "unknown"), (5, "not granted"), (9.5, "not granted"), (10, "perhaps"), (11.5, "perhaps"), (12, "granted"), (19.5, "granted"), (20, "not granted")],
)  # fmt: skip
def test_an_action_that_came_with_one_version_and_went_with_the_next(on: float, expected: str) -> None:
    assert verdict(Grants([past(VERSIONS, SEEN)], CATALOGUE), day(on), "s3:GetObject") == expected


def test_a_look_that_still_saw_the_old_default_ends_the_doubt_up_to_then() -> None:
    grants = Grants([past(VERSIONS, SEEN, looks=[5, 11])], CATALOGUE)
    assert verdict(grants, day(10.5), "s3:GetObject") == "not granted"
    assert verdict(grants, day(11.5), "s3:GetObject") == "perhaps"


def test_before_the_first_look_what_it_found_may_have_been_in_force() -> None:
    grants = Grants([past(VERSIONS, [(12, 2, 10)])], CATALOGUE)
    assert [verdict(grants, day(on), "s3:GetObject") for on in (9, 11, 13)] == [
        "unknown",
        "perhaps",
        "granted",
    ]
    assert verdict(grants, day(11), "kms:Decrypt") == "unknown"


def test_a_default_that_went_back_is_in_force_again() -> None:
    grants = Grants([past(VERSIONS, [(2, 1, 1), (12, 2, 10), (14, 1, 1)])], CATALOGUE)
    assert [verdict(grants, day(on), "s3:GetObject") for on in (11, 13, 15)] == [
        "perhaps",
        "granted",
        "not granted",
    ]


def test_a_policy_that_is_out_of_sight_tells_nothing() -> None:
    grants = Grants([past(VERSIONS, [(2, 1, 1), (12, None, None)])], CATALOGUE)
    assert verdict(grants, day(13), "ec2:DescribeVpcs") == "unknown"
    assert grants.at(day(13))[0].version is None


def test_wildcards_reach_what_they_reach_and_case_says_nothing() -> None:
    grants = Grants([past(VERSIONS, SEEN)], CATALOGUE)
    assert verdict(grants, day(21), "EC2:describeinstances") == "granted"
    assert verdict(grants, day(21), "ec2:RunInstances") == "not granted"


def test_one_policy_of_several_is_enough_and_speaks_for_the_action_it_allows() -> None:
    other = past({7: ["s3:DeleteObjectVersion"]}, [(3, 7, 3)], arn=OTHER)
    grants = Grants([past(VERSIONS, SEEN), other], CATALOGUE)
    stretch = grants.stretch(day(5))
    assert grants.verdict(stretch, ("s3:DeleteObject", "s3:DeleteObjectVersion")) == (
        "granted",
        "s3:DeleteObjectVersion",
    )
    assert grants.verdict(stretch, ("s3:DeleteObject",)) == ("not granted", "s3:DeleteObject")
    assert [one.policy.name for one in grants.in_force(stretch)] == ["AWSSupportServiceRolePolicy", "Other"]


def test_in_force_names_the_version_and_the_one_that_may_have_been() -> None:
    reading = past(VERSIONS, SEEN)
    grants = Grants([reading], CATALOGUE)
    assert grants.in_force(grants.stretch(day(11))) == (InForce(reading.arn, VersionId(1), VersionId(2)),)
    assert grants.in_force(grants.stretch(day(1).replace(month=7))) == (InForce(reading.arn, None),)


def test_what_was_granted_over_a_period_names_what_is_gone_at_its_end() -> None:
    grants = Grants([past(VERSIONS, SEEN)], CATALOGUE)
    assert grants.over(day(3), day(13)) == {"ec2:describevpcs": None, "s3:getobject": None}
    over = grants.over(day(13), day(25))
    assert over["s3:getobject"] == VersionId(2)
    assert over["ec2:describeinstances"] is None
    assert "s3:getobject" not in grants.over(day(21), day(25))
    assert grants.over(day(1), day(1)) == {}


def test_without_a_policy_nothing_is_judged() -> None:
    grants = Grants([], CATALOGUE)
    assert not grants
    assert grants.verdict(grants.stretch(day(5)), ("s3:GetObject",)) == ("unknown", "s3:GetObject")
    assert grants.over(day(1), day(2)) == {}


OTHERS = past({7: ["kms:Decrypt"]}, [(1, 7, 1)], arn=OTHER)
# The other policy and an inline one came between the looks of the 9th and the 10th, and were gone by that of the 15th.
STATES = {1: ((POLICY,), ()), 2: ((POLICY, OTHER), ("sqs:ReceiveMessage",))}
ROLE = role_past(STATES, [(5, 1), (10, 2), (15, 1)], looks=[5, 9, 10, 14, 15])


@pytest.mark.parametrize(
    ("on", "kms", "sqs", "hung"),
    [
        (4, "not granted", "not granted", ["v1"]),
        (8, "not granted", "not granted", ["v1"]),
        (9.5, "perhaps", "perhaps", ["v1", "v7 perhaps", "v1"]),
        (11, "granted", "granted", ["v1", "v7", "v2"]),
        (14.5, "granted", "granted", ["v2", "v7", "v2"]),
        (16, "not granted", "not granted", ["v2"]),
    ],
)
def test_a_policy_counts_while_it_hung_on_the_role(on: float, kms: str, sqs: str, hung: list[str]) -> None:
    grants = Grants([past(VERSIONS, SEEN), OTHERS], CATALOGUE, ROLE)
    assert (verdict(grants, day(on), "kms:Decrypt"), verdict(grants, day(on), "sqs:ReceiveMessage")) == (
        kms,
        sqs,
    )
    assert verdict(grants, day(on), "ec2:DescribeVpcs") == "granted"
    assert [f"{one.version}{' perhaps' if one.perhaps else ''}" for one in grants.at(day(on))] == hung


def test_what_was_granted_over_a_period_heeds_what_hung_when() -> None:
    over = Grants([past(VERSIONS, SEEN), OTHERS], CATALOGUE, ROLE).over(day(3), day(18))
    assert over["kms:decrypt"] == VersionId(7)
    assert over["sqs:receivemessage"] == VersionId(2)
    assert over["ec2:describevpcs"] is None


def test_a_role_that_nobody_looked_at_yet_is_judged_only_where_aws_alone_attaches() -> None:
    linked, own = role_past(STATES, [(10, 2)]), role_past(STATES, [(10, 2)], path="/")
    assert verdict(Grants([OTHERS], CATALOGUE, linked), day(5), "kms:Decrypt") == "granted"
    grants = Grants([OTHERS], CATALOGUE, own)
    assert verdict(grants, day(5), "kms:Decrypt") == "perhaps"
    assert verdict(grants, day(5), "s3:GetObject") == "unknown"
    assert verdict(grants, day(11), "s3:GetObject") == "not granted"


def test_a_role_that_was_gone_and_a_policy_that_nobody_archived_accuse_nobody() -> None:
    gone = Grants([OTHERS], CATALOGUE, role_past(STATES, [(5, 2), (10, None)]))
    assert verdict(gone, day(11), "s3:GetObject") == "unknown"
    assert gone.over(day(11), day(12)) == {}
    unseen = Grants([past({}, [], arn=OTHER)], CATALOGUE, role_past(STATES, [(5, 2)]))
    assert verdict(unseen, day(6), "s3:GetObject") == "unknown"
    bare = Grants([], CATALOGUE, role_past({1: ((), ())}, [(5, 1)]))
    assert verdict(bare, day(6), "s3:GetObject") == "not granted"


def test_between_two_defaults_with_versions_that_nobody_saw_one_of_those_may_have_been_in_force() -> None:
    versions = {57: ["ec2:DescribeVpcs"], 59: ["ec2:DescribeVpcs", "s3:GetObject"]}
    seen = [(2, 57, 2), (20, 59, 20)]
    grants = Grants([past(versions, seen)], CATALOGUE)
    assert verdict(grants, day(10), "s3:GetObject") == "perhaps"
    assert verdict(grants, day(10), "kms:Decrypt") == "not granted"
    watched = Grants([past(versions, seen, looks=[15])], CATALOGUE)
    assert [verdict(watched, day(on), "s3:GetObject") for on in (10, 16)] == ["not granted", "perhaps"]
