"""Tripwires: the user's own patterns against what a change newly grants, with inclusion semantics."""

from dataclasses import replace

import pytest

from tests.support.policies import allowing, assessed, policy, statement
from tracker.model.change import TripwireHit
from tracker.model.rules import Rules
from tracker.policy.document import Document

QUIET = allowing("ec2:DescribeVpcs")


def hits(after: Document, *tripwires: str, before: Document | None = QUIET) -> tuple[TripwireHit, ...]:
    return assessed(before, after, Rules(tripwires=tripwires)).tripwires


@pytest.mark.parametrize(
    ("tripwire", "granted", "actions"),
    [
        ("s3:GetObject", "s3:GetObject", ["s3:GetObject"]),
        ("S3:getobject", "s3:GetObject", ["s3:GetObject"]),
        ("s3:GetObject", "s3:Get*", ["s3:GetObject"]),
        ("s3:GetObject", "*", ["s3:GetObject"]),
        ("*:Decrypt", "kms:*", ["kms:Decrypt"]),
        ("secretsmanager:*", "secretsmanager:GetSecretValue", ["secretsmanager:GetSecretValue"]),
        ("s3:GetObject", "s3:GetObjectAcl", []),
        ("s3:Get*Object", "s3:List*", []),
        ("newservice:*", "newservice:GetThing", ["newservice:GetThing"]),
        ("newservice:*", "newservice:Get*", ["newservice:Get*"]),
        ("newservice:GetThing", "newservice:*", ["newservice:*"]),
        ("*:Decrypt", "s3:*", []),
        ("newservice:Put*", "newservice:Get*", []),
    ],
)
def test_what_hits(tripwire: str, granted: str, actions: list[str]) -> None:
    found = hits(allowing(granted), tripwire)
    assert found == ((TripwireHit(tripwire, tuple(actions)),) if actions else ())


def test_a_hit_is_an_alarm_whatever_is_accepted() -> None:
    change = assessed(QUIET, allowing("s3:GetObject"), Rules(tripwires=("s3:*",)))
    assert change.severity == "alarm"
    assert assessed(QUIET, allowing("s3:GetObject"), Rules()).severity == "info"


def test_what_was_allowed_before_hits_nothing() -> None:
    before = allowing("s3:GetObject", "newservice:*")
    after = replace(
        before, statements=(*before.statements, *allowing("s3:Get*", "newservice:Get*").statements)
    )
    assert hits(after, "s3:GetObject", "newservice:*", before=before) == ()


def test_a_wider_scope_hits() -> None:
    before = allowing("s3:GetObject", on="arn:aws:s3:::logs/*")
    assert hits(allowing("s3:GetObject"), "s3:GetObject", before=before) == (
        TripwireHit("s3:GetObject", ("s3:GetObject",)),
    )
    assert hits(before, "s3:GetObject", before=allowing("s3:GetObject")) == ()


def test_what_a_deny_withholds_hits_nothing() -> None:
    after = policy(
        statement("s3:*", "newservice:*"), statement("s3:GetObject", "newservice:*", effect="Deny")
    )
    assert hits(after, "s3:GetObject", "newservice:Get*") == ()


def test_not_action_hits_by_what_it_reaches() -> None:
    after = policy({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"})
    assert [hit.pattern for hit in hits(after, "s3:GetObject", "iam:CreateUser")] == ["s3:GetObject"]


def test_hits_are_sorted_and_once_each() -> None:
    found = hits(allowing("s3:GetObject", "kms:Decrypt"), "s3:*", "kms:Decrypt", "s3:*")
    assert [hit.pattern for hit in found] == ["kms:Decrypt", "s3:*"]


def test_a_created_policy_hits() -> None:
    assert hits(allowing("s3:GetObject"), "s3:GetObject", before=None)
