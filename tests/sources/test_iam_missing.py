"""A policy that AWS does not name: mistyped, or removed, which only a complete listing proves; and finding one."""

import json
from collections import Counter

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.sources.worlds import ARN, V19, V20, document, known
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import no_such_entity
from tracker.errors import PolicyMissingError, SourceUnavailableError, UnknownPolicyError
from tracker.model.asking import Answer, Known
from tracker.model.identity import PolicyArn
from tracker.sources.iam import PATHS, IamSource

OTHER = PolicyArn("aws", "ReadOnlyAccess")


@pytest.fixture(autouse=True)
def _removed(iam: FakeIam) -> None:
    for number in range(5):
        iam.put(f"arn:aws:iam::aws:policy/Other{number}", "v1", document("s3:Get*"), "2020-01-01")
    iam.remove(ARN)


def test_a_policy_never_seen_is_missing(iam: FakeIam, source: IamSource) -> None:
    with pytest.raises(PolicyMissingError, match="AWS knows no such policy") as caught:
        source.look(ARN, Known())
    assert str(ARN) in str(caught.value)
    assert "Check the ARN" in caught.value.advice
    assert caught.value.exit_code == 3
    assert iam.actions == ["GetPolicy"]


def test_a_complete_listing_without_it_proves_a_removal(iam: FakeIam, source: IamSource) -> None:
    iam.page_size = 2
    assert source.look(ARN, known(V19)) == Answer(ARN, None)
    assert iam.actions == ["GetPolicy", "ListPolicies", "ListPolicies", "ListPolicies"]
    assert {call.parameters["Scope"] for call in iam.calls[1:]} == {"AWS"}
    assert "OnlyAttached" not in iam.calls[1].parameters


def test_a_removal_on_record_costs_one_call(iam: FakeIam, source: IamSource) -> None:
    removed = Known(frozenset({V19}), None, seen=True, newest=V19[1])
    assert source.look(ARN, removed) == Answer(ARN, None)
    assert iam.actions == ["GetPolicy"]


def test_a_policy_that_comes_back_is_read(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v19", document("s3:ListBucket"), V19[1])
    assert source.look(ARN, Known(frozenset({V19}), None, seen=True, newest=V19[1])) == Answer(ARN, V19)


def test_without_the_listing_nothing_is_proved(iam: FakeIam, source: IamSource) -> None:
    iam.deny("iam:ListPolicies")
    with pytest.raises(PolicyMissingError, match="iam:ListPolicies is missing") as caught:
        source.look(ARN, known(V19))
    assert "Allow iam:ListPolicies" in caught.value.advice


def test_a_listing_that_breaks_off_proves_nothing(iam: FakeIam, source: IamSource) -> None:
    iam.page_size = 2
    iam.next("ListPolicies", iam.list_policies())
    iam.always("ListPolicies", no_such_entity("no such marker"))
    with pytest.raises(SourceUnavailableError, match=r"ListPolicies of .*: broke off"):
        source.look(ARN, known(V19))


def test_a_listing_that_names_it_is_a_contradiction_for_later(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v19", document("s3:ListBucket"), V19[1])
    iam.next("GetPolicy", no_such_entity("gone"))
    with pytest.raises(SourceUnavailableError, match="ListPolicies names it"):
        source.look(ARN, known(V19))


def test_a_server_without_any_policy_proves_nothing(iam: FakeIam, source: IamSource) -> None:
    for number in range(5):
        iam.remove(f"arn:aws:iam::aws:policy/Other{number}")
    with pytest.raises(PolicyMissingError, match="proves nothing") as caught:
        source.look(ARN, known(V19))
    assert "AWS_ENDPOINT_URL_IAM" in caught.value.advice


def test_a_policy_of_ones_own_is_looked_for_among_ones_own(iam: FakeIam, source: IamSource) -> None:
    own = PolicyArn("aws", "Ours", "/team/", "123456789012")
    assert source.look(own, known(V19)) == Answer(own, None)
    assert iam.calls[-1].parameters["Scope"] == "Local"


@pytest.mark.parametrize("path", PATHS)
def test_a_name_is_found_under_each_usual_path(path: str, iam: FakeIam, source: IamSource) -> None:
    iam.put(PolicyArn("aws", "Wanted", path), "v1", document("s3:Get*"), "2020-01-01")
    assert source.find("Wanted") == PolicyArn("aws", "Wanted", path)
    assert iam.actions == ["GetPolicy"] * (PATHS.index(path) + 1)


def test_a_policy_removed_before_its_versions_are_listed_is_judged_at_the_next_look(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v19", document("s3:ListBucket"), V20[1])
    iam.after("GetPolicy", lambda: iam.remove(ARN))
    assert source.look(ARN, known(V19)) == Answer(ARN, V19)
    assert iam.actions == ["GetPolicy", "ListPolicyVersions"]
    assert source.look(ARN, known(V19)) == Answer(ARN, None)


def test_a_name_is_found_in_its_partition(iam: FakeIam, source: IamSource) -> None:
    iam.put(PolicyArn("aws-cn", "Wanted"), "v1", document("s3:Get*"), "2020-01-01")
    assert source.find("Wanted", "aws-cn") == PolicyArn("aws-cn", "Wanted")


@pytest.mark.parametrize("name", ["Missing", "not a name", "", "a/b", "x" * 129])
def test_a_name_that_is_nowhere_asks_for_the_arn(name: str, iam: FakeIam, source: IamSource) -> None:
    with pytest.raises(UnknownPolicyError) as caught:
        source.find(name)
    assert repr(name) in str(caught.value)
    assert "ARN" in caught.value.advice
    assert caught.value.exit_code == 2
    assert len(iam.calls) == (len(PATHS) if name == "Missing" else 0)


def test_the_usual_paths_are_all_paths_of_the_managed_policies() -> None:
    """1,582 policies of moto 5.2.5; a later one may bring a path that PATHS does not have."""
    paths = Counter(policy["Path"] for policy in json.loads(aws_managed_policies_data).values())
    assert paths.total() >= 1582
    assert {path for path in paths if path not in PATHS} == set()
    assert list(PATHS) == sorted(paths, key=lambda path: -paths[path])
