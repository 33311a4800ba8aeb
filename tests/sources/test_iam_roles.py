"""What IAM says of a role, asked over real HTTP: whole, paged, in pieces, and wrong."""

from datetime import UTC, datetime

import pytest

from tests.sources.worlds import document
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import answer
from tests.support.roles import NAME, POLICY, trusting
from tracker.errors import DocumentError, SourceUnavailableError
from tracker.policy.parse import parse_document
from tracker.sources.iam import IamSource

TRUST = trusting({"Service": "support.amazonaws.com"})


def test_a_role_is_three_calls_and_one_more_for_each_inline_policy(iam: FakeIam, source: IamSource) -> None:
    arn = iam.put_role(NAME, TRUST, attached=[POLICY], last_used="2026-11-20T10:00:00Z")
    now = source.role(NAME, "aws")
    assert now is not None
    assert iam.actions == ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies"]
    assert (str(now.arn), now.role_id, now.made) == (
        arn,
        "AROAEXAMPLE1",
        datetime(2018, 4, 19, 18, 4, 6, tzinfo=UTC),
    )
    assert (now.last_used, now.last_region) == (datetime(2026, 11, 20, 10, tzinfo=UTC), "us-east-1")
    assert [str(one) for one in now.attached] == [POLICY]
    role = parse_document(now.document, what="a role").role
    assert role is not None
    assert role.trust == parse_document(TRUST, what="its trust policy")
    iam.put_role(NAME, TRUST, inline={"a": document("s3:Get*"), "b": document("s3:Put*")})
    again = source.role(NAME, "aws")
    assert again is not None
    assert iam.actions[3:].count("GetRolePolicy") == 2
    assert (again.last_used, list(again.document["RolePolicies"])) == (None, ["a", "b"])  # type: ignore[call-overload] # a mapping, as written


def test_it_is_read_over_all_pages(iam: FakeIam, source: IamSource) -> None:
    iam.page_size = 2
    attached = [f"arn:aws:iam::aws:policy/P{number}" for number in range(5)]
    iam.put_role(NAME, TRUST, attached=attached, inline={f"i{n}": document("s3:Get*") for n in range(3)})
    now = source.role(NAME, "aws")
    assert now is not None
    assert [str(one) for one in now.attached] == attached
    assert len(now.document["RolePolicies"]) == 3  # type: ignore[arg-type] # a mapping


def test_none_where_there_is_none_and_where_it_goes_between_two_calls(
    iam: FakeIam, source: IamSource
) -> None:
    assert source.role(NAME, "aws") is None
    iam.put_role(NAME, TRUST)
    iam.after("GetRole", lambda: iam.remove_role(NAME))
    assert source.role(NAME, "aws") is None


def test_what_is_no_policy_or_no_answer_of_iam_is_refused(iam: FakeIam, source: IamSource) -> None:
    iam.put_role(NAME, "{")
    with pytest.raises(DocumentError, match="its trust policy"):
        source.role(NAME, "aws")
    iam.next("GetRole", answer("GetRole", "<Role><Path>/</Path></Role>"))
    with pytest.raises(SourceUnavailableError, match="has no Arn"):
        source.role(NAME, "aws")
    other = "<Role><Arn>arn:aws:iam::123456789012:role/Other</Arn></Role>"
    iam.next("GetRole", answer("GetRole", other))
    with pytest.raises(SourceUnavailableError, match="AWS answers with"):
        source.role(NAME, "aws")
    iam.put_role(NAME, TRUST, attached=["arn:nonsense"])
    with pytest.raises(SourceUnavailableError, match="not the ARN"):
        source.role(NAME, "aws")
