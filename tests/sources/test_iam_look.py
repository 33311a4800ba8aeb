"""One look: which calls it makes and what it answers, where AWS's answers agree with each other."""

import json

import pytest

from tests.sources.worlds import ARN, V19, V20, V21, document, fetched, identity, known
from tests.support.fake_iam import FakeIam
from tracker.errors import SourceUnavailableError
from tracker.model.asking import Answer, Known
from tracker.model.identity import VersionId
from tracker.policy.parse import canonical_text, digest
from tracker.sources.iam import IamSource


def test_an_unchanged_policy_costs_one_call(iam: FakeIam, source: IamSource) -> None:
    assert source.look(ARN, known(V19)) == Answer(ARN, V19)
    assert iam.actions == ["GetPolicy"]


def test_the_first_look_brings_the_default_and_all_that_iam_still_has(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v18", document("s3:ListAllMyBuckets"), "2021-09-01", default=False)
    answer = source.look(ARN, Known())
    assert answer.default == V19
    assert fetched(answer) == ["v18", "v19"]
    assert iam.actions == ["GetPolicy", "GetPolicyVersion", "ListPolicyVersions", "GetPolicyVersion"]


def test_a_snapshot_is_canonical_and_names_where_it_came_from(iam: FakeIam, source: IamSource) -> None:
    (snapshot,) = source.look(ARN, Known()).snapshots
    assert snapshot.document == canonical_text(document("s3:ListBucket"), what="v19")
    assert json.loads(snapshot.document) == document("s3:ListBucket")
    assert snapshot.sha256 == digest(snapshot.document)
    assert (snapshot.arn, snapshot.identity, snapshot.source) == (ARN, V19, "iam")


def test_a_new_default_is_fetched_and_what_came_between_is_filled(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V21, answer.snapshots)
    assert fetched(answer) == ["v20", "v21"]
    assert iam.actions == ["GetPolicy", "GetPolicyVersion", "ListPolicyVersions", "GetPolicyVersion"]


def test_a_version_is_brought_though_the_default_has_gone_back_already(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.set_default(ARN, "v19")  # UpdateDate still tells of v20
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V19, answer.snapshots)
    assert fetched(answer) == ["v20"]
    assert iam.actions == ["GetPolicy", "ListPolicyVersions", "GetPolicyVersion"]
    iam.forget_calls()
    assert source.look(ARN, known(V19, V20, default=V19)) == Answer(ARN, V19)
    assert iam.actions == ["GetPolicy"]


def test_an_archived_version_that_becomes_the_default_is_asked_for_but_not_brought_again(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    assert source.look(ARN, known(V19, V20, default=V19)) == Answer(ARN, V20)
    assert iam.actions == ["GetPolicy", "GetPolicyVersion"]


def test_a_server_that_never_moves_update_date_is_read_by_its_default(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V19[1])  # as moto: UpdateDate stays where it was
    answer = source.look(ARN, known(V19))
    assert answer.default == (VersionId(20), V19[1])
    assert iam.actions == ["GetPolicy", "GetPolicyVersion"]


def test_listings_are_read_to_their_last_page(iam: FakeIam, source: IamSource) -> None:
    for number in range(20, 27):
        iam.put(ARN, f"v{number}", document(f"s3:Get{number}"), f"2022-01-{number}")
    iam.page_size = 2
    answer = source.look(ARN, known(V19))
    assert fetched(answer) == [f"v{number}" for number in range(20, 27)]
    assert iam.actions.count("ListPolicyVersions") == 4
    assert iam.actions.count("GetPolicyVersion") == 7


def test_a_version_deleted_between_listing_and_reading_is_named_as_unread(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    iam.after("ListPolicyVersions", lambda: iam.drop_version(ARN, "v20"))
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V21, answer.snapshots, unread=(VersionId(20),))
    assert fetched(answer) == ["v21"]


def test_what_iam_no_longer_has_is_simply_not_brought(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    iam.drop_version(ARN, "v20")
    assert fetched(source.look(ARN, known(V19))) == ["v21"]


def test_a_policy_made_again_is_told_by_its_create_date(iam: FakeIam, source: IamSource) -> None:
    first, second = identity("v1", "2019-01-01"), identity("v1", "2019-06-01")
    iam.remove(ARN)
    iam.put(ARN, "v1", document("cloudformation:ListStacks"), second[1])
    answer = source.look(ARN, known(first))
    assert answer == Answer(ARN, second, answer.snapshots)
    assert [snapshot.identity for snapshot in answer.snapshots] == [second]
    assert iam.actions == ["GetPolicy", "ListPolicyVersions", "GetPolicyVersion"]


def test_a_policy_made_again_whose_document_is_archived_is_still_its_new_default(
    iam: FakeIam, source: IamSource
) -> None:
    first, second = identity("v1", "2019-01-01"), identity("v1", "2019-06-01")
    iam.remove(ARN)
    iam.put(ARN, "v1", document("cloudformation:ListStacks"), second[1])
    iam.put(ARN, "v2", document("cloudformation:ListStackSets"), "2019-07-01", default=False)
    answer = source.look(ARN, known(first, second, default=first))
    assert answer.default == second
    assert fetched(answer) == ["v2"]


def test_a_document_of_three_digit_versions_and_great_size_is_read(iam: FakeIam, source: IamSource) -> None:
    large = document(*(f"service{number % 300}:action{number:05}é" for number in range(9000)))
    iam.put(ARN, "v188", large, "2026-08-19")
    answer = source.look(ARN, known(V19))
    assert answer.default == identity("v188", "2026-08-19")
    assert json.loads(answer.snapshots[0].document) == large


def test_another_version_than_the_one_asked_for_is_no_answer(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.always("GetPolicyVersion", lambda call: iam.get_policy_version(str(ARN), "v19", is_default=True))
    with pytest.raises(SourceUnavailableError, match=r"v20.*answers with v19"):
        source.look(ARN, known(V19))
