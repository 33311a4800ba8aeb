"""One listing of everything, and looks that start from what it told: which calls each costs."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.sources.worlds import ARN, V19, V20, V21, document, fetched, known
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import no_such_entity
from tracker.errors import PermissionDeniedError, SourceUnavailableError
from tracker.model.asking import Answer, Known, Listed, Listing
from tracker.model.identity import PolicyArn, VersionId
from tracker.sources.iam import IamSource

OTHER = PolicyArn("aws", "ReadOnlyAccess")


@pytest.fixture(autouse=True)
def _two(iam: FakeIam) -> None:
    iam.put(OTHER, "v3", document("s3:Get*"), "2020-01-01")


def test_a_listing_tells_every_default_over_all_pages(iam: FakeIam, source: IamSource) -> None:
    iam.page_size = 1
    iam.attach(OTHER, 4)
    iam.put("arn:aws:iam::123456789012:policy/Ours", "v1", document("s3:Get*"), "2020-01-01")
    listing = source.listing("aws")
    assert listing.complete
    assert listing.policies[ARN] == Listed(ARN, VersionId(19), V19[1], 0)
    assert listing.policies[OTHER].attachments == 4
    assert len(listing.policies) == 2
    assert iam.actions == ["ListPolicies", "ListPolicies"]
    assert {call.parameters["Scope"] for call in iam.calls} == {"AWS"}


def test_a_listing_of_what_is_attached(iam: FakeIam, source: IamSource) -> None:
    assert source.listing("aws", attached=True) == Listing("aws", complete=False)
    iam.attach(OTHER)
    assert list(source.listing("aws", attached=True).policies) == [OTHER]
    assert iam.calls[-1].parameters["OnlyAttached"] == "true"


def test_a_listing_of_nothing_at_all_is_not_believed(iam: FakeIam, source: IamSource) -> None:
    iam.remove(ARN)
    iam.remove(OTHER)
    with pytest.raises(SourceUnavailableError, match="no AWS managed policy at all"):
        source.listing("aws")


@pytest.mark.parametrize("wrong", ["arn:aws:iam::aws:user/Somebody", "v0"])
def test_a_listing_that_is_not_iams_is_refused(iam: FakeIam, source: IamSource, wrong: str) -> None:
    reply = iam.list_policies()
    old = "v19" if wrong == "v0" else str(ARN)
    iam.next("ListPolicies", replace(reply, body=reply.body.replace(old.encode(), wrong.encode())))
    with pytest.raises(SourceUnavailableError, match=r"ListPolicies of .*: not (the ARN|a policy version)"):
        source.listing("aws")


def test_a_listing_that_breaks_off_or_is_denied_is_an_error(iam: FakeIam, source: IamSource) -> None:
    iam.next("ListPolicies", no_such_entity("gone"))
    with pytest.raises(SourceUnavailableError, match="broke off"):
        source.listing("aws")
    iam.deny("iam:ListPolicies")
    with pytest.raises(PermissionDeniedError, match="iam:ListPolicies is missing"):
        source.listing("aws")


def test_a_first_look_after_a_listing_is_one_call(iam: FakeIam, source: IamSource) -> None:
    listing = source.listing("aws")
    iam.forget_calls()
    answer = source.look(ARN, Known(), listing)
    assert (answer.default, fetched(answer)) == (V19, ["v19"])
    assert iam.actions == ["GetPolicyVersion"]


def test_where_the_default_is_not_the_newest_the_others_are_asked_for_too(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1], default=False)
    listing = source.listing("aws")
    iam.forget_calls()
    answer = source.look(ARN, Known(), listing)
    assert (answer.default, fetched(answer)) == (V19, ["v19", "v20"])
    assert iam.actions == ["GetPolicyVersion", "ListPolicyVersions", "GetPolicyVersion"]


def test_a_default_that_moved_is_looked_at_without_asking_which_it_is(
    iam: FakeIam, source: IamSource
) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1], default=False)
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    listing = source.listing("aws")
    iam.forget_calls()
    answer = source.look(ARN, known(V19), listing)
    assert (answer.default, fetched(answer)) == (V21, ["v20", "v21"])
    assert "GetPolicy" not in iam.actions


def test_a_listing_of_yesterday_is_found_out(iam: FakeIam, source: IamSource) -> None:
    """It names v19; the archive has seen v20, which is the default still."""
    listing = source.listing("aws")
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.forget_calls()
    answer = source.look(ARN, known(V19, V20), listing)
    assert answer.default == V20
    assert "GetPolicy" in iam.actions


def test_what_a_complete_listing_lacks_is_proved_to_be_gone_by_one_call(
    iam: FakeIam, source: IamSource
) -> None:
    iam.remove(ARN)
    listing = source.listing("aws")
    iam.forget_calls()
    assert source.look(ARN, known(V19), listing) == Answer(ARN, None)
    assert iam.actions == ["GetPolicy"]


def test_what_is_not_attached_is_not_gone(iam: FakeIam, source: IamSource) -> None:
    iam.attach(OTHER)
    listing = source.listing("aws", attached=True)
    iam.forget_calls()
    assert source.look(ARN, known(V19), listing).default == V19
    assert iam.actions == ["GetPolicy"]


@pytest.mark.parametrize(
    ("default", "update_date", "known_", "moved"),
    [
        ("v19", V19[1], known(V19), False),
        ("v19", V20[1], known(V19), True),
        ("v20", V20[1], known(V19), True),
        ("v19", V20[1], known(V19, V20), True),
        ("v19", V19[1], Known(), True),
        ("v19", V19[1], Known(frozenset({V19}), None, seen=True, newest=V19[1]), True),
    ],
)
def test_what_has_to_be_asked(default: str, update_date: datetime, known_: Known, moved: bool) -> None:
    listed = Listed(ARN, VersionId.parse(default), update_date)
    assert listed.moved(known_) is moved


def test_a_listing_whose_next_page_is_always_the_same_ends(iam: FakeIam, source: IamSource) -> None:
    more = b"<IsTruncated>true</IsTruncated><Marker>1</Marker>"
    reply = iam.list_policies()
    iam.always(
        "ListPolicies", replace(reply, body=reply.body.replace(b"<IsTruncated>false</IsTruncated>", more))
    )
    with pytest.raises(SourceUnavailableError, match="the listing does not end, after 2 pages"):
        source.listing("aws")
    assert iam.actions == ["ListPolicies", "ListPolicies"]
