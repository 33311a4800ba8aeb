"""A role as one document: what is none is refused in a sentence that names the element."""

from typing import Any

import pytest

from tests.support.roles import POLICY, role_now, trusting
from tracker.errors import DocumentError
from tracker.policy.parse import parse_document

INLINE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def test_its_statements_are_those_of_its_trust_and_its_own_policies() -> None:
    document = role_now(inline={"b": INLINE, "a": INLINE}, boundary=POLICY).document
    found = parse_document(document, what="role")
    assert [one.listed for one in found.statements] == [("sts:AssumeRole",), ("s3:Get*",), ("s3:Get*",)]
    assert [one.index for one in found.statements] == [0, 1, 2]
    assert found.role is not None
    assert [name for name, _ in found.role.inline] == ["a", "b"]
    assert (found.role.attached, found.role.boundary) == ((POLICY,), POLICY)


@pytest.mark.parametrize(
    ("element", "value", "says"),
    [
        (
            "Other",
            {},
            "no document of a role: it has AssumeRolePolicyDocument, AttachedPolicies, Other, Role",
        ),
        ("Role", ["Arn"], "no document of a role"),
        ("Role", {"Arn": "x", "RoleId": "y", "CreateDate": "z", "Path": "/"}, "no document of a role"),
        ("Role", {"Arn": "x", "RoleId": "y"}, "without Arn, RoleId and CreateDate"),
        ("Role", {"Arn": "x", "RoleId": 1, "CreateDate": "z"}, "without Arn, RoleId and CreateDate"),
        ("AssumeRolePolicyDocument", "x", "no trust policy"),
        ("AttachedPolicies", POLICY, "no list of ARNs"),
        ("AttachedPolicies", [1], "no list of ARNs"),
        ("AttachedPolicies", ["arn:aws:s3:::bucket"], "no list of ARNs"),
        ("AttachedPolicies", [str(role_now().arn)], "no list of ARNs"),
        ("RolePolicies", [], "no policies by their names"),
        ("RolePolicies", {"a/b": INLINE}, "no policies by their names"),
        ("RolePolicies", {"a": "x"}, "no policies by their names"),
        ("RolePolicies", {"a": trusting({"Service": "x"}) | {"Statement": 1}}, "role, its inline policy a"),
    ],
)
def test_what_is_no_role_is_refused(element: str, value: Any, says: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_document({**role_now().document, element: value}, what="role")
    assert says in str(refused.value)
