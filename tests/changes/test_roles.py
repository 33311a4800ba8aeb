"""What became of a role, and what of it deserves attention: every rule of docs/role.md."""

from typing import Any

import pytest

from tests.support.policies import CATALOGUE, TODAY, allowing, assessed, statement
from tests.support.roles import ARN, POLICY, role_now, trusting
from tracker.catalogue.watchlist import load_rules
from tracker.changes.attention import in_force
from tracker.changes.roles import role_change, trusted
from tracker.model.change import Attention, Change
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

SUPPORT, RULES = PolicyArn.parse(ARN), load_rules()
OTHER = PolicyArn.parse("arn:aws:iam::123456789012:role/deploy")
FOREIGN = "arn:aws:iam::aws:policy/AdministratorAccess"
INLINE = {"Version": "2012-10-17", "Statement": [statement("s3:GetObject")]}


def role(of: PolicyArn = SUPPORT, **told: Any) -> Document:
    return parse_document(role_now(arn=str(of), **told).document, what=of.name)


def change(
    before: Document | None, after: Document | None, of: PolicyArn = SUPPORT, kind: Kind = Kind.UPDATED
) -> Change:
    return assessed(before, after, RULES, kind=kind, name=of)


def rules(found: tuple[Attention, ...]) -> list[tuple[str, str]]:
    return [(one.rule.removeprefix("role/"), one.severity) for one in found if one.rule.startswith("role/")]


def told(found: tuple[Attention, ...]) -> list[str]:
    return [one.consequence for one in found if one.rule.startswith("role/")]


def held(of: PolicyArn, document: Document) -> tuple[Attention, ...]:
    return in_force(of, document, RULES, CATALOGUE, lambda _: "", TODAY)


def test_a_policy_is_no_role() -> None:
    one = allowing("s3:GetObject")
    assert role_change(SUPPORT, one, one) is None
    assert change(one, one).role is None


def test_a_role_that_is_gone_says_that_alone() -> None:
    found = change(role(), role(), kind=Kind.REMOVED)
    assert found.role is not None
    assert found.role.gone
    assert found.role.trusted_removed == found.role.attached_removed == ()
    assert told(found.attention) == ["do nothing in this account any more"]
    still = change(role(), role())
    assert still.role is not None
    assert not still.role.gone
    assert told(still.attention) == []


def test_what_came_and_went_is_told_apart() -> None:
    before = role(inline={"a": INLINE, "b": INLINE}, boundary=FOREIGN)
    after = role(
        attached=(FOREIGN,),
        inline={"b": {**INLINE, "Statement": [statement("s3:PutObject")]}, "c": INLINE},
        trust=trusting({"Service": "ec2.amazonaws.com"}),
        role_id="AROA2",
    )
    found = change(before, after).role
    assert found is not None
    assert found.trusted_added == ("Service ec2.amazonaws.com",)
    assert found.trusted_removed == ("Service support.amazonaws.com",)
    assert (found.attached_added, found.attached_removed) == ((FOREIGN,), (POLICY,))
    assert (found.inline_added, found.inline_changed, found.inline_removed) == (("c",), ("b",), ("a",))
    assert (found.boundary, found.made_again, found.trust_changed) == ((FOREIGN, ""), True, True)
    assert found.policies == ("AWSSupportServiceRolePolicy", "AdministratorAccess")


def test_each_part_of_a_service_linked_role_that_changes_is_an_alarm_of_its_own() -> None:
    after = role(
        attached=(FOREIGN,), inline={"own": INLINE}, trust=trusting({"AWS": "111122223333"}), role_id="AROA2"
    )
    found = change(role(boundary=FOREIGN), after).attention
    assert sorted(rules(found)) == [
        ("attached-policy", "alarm"),
        ("expected-policy-gone", "attention"),
        ("foreign-principal", "alarm"),
        ("inline-policy", "alarm"),
        ("made-again", "attention"),
        ("no-boundary", "alarm"),
    ]


def test_of_another_role_only_what_changed_is_told_and_nothing_when_it_is_first_seen() -> None:
    whole = role(
        OTHER, attached=(FOREIGN,), inline={"own": INLINE}, trust=trusting({"Service": "ec2.amazonaws.com"})
    )
    bare = role(OTHER, attached=(), trust=trusting({"Service": "ec2.amazonaws.com"}))
    assert sorted(rules(change(bare, whole, OTHER).attention)) == [
        ("attached-policy", "attention"),
        ("inline-policy", "attention"),
    ]
    assert rules(change(None, whole, OTHER, Kind.CREATED).attention) == [("foreign-principal", "attention")]
    assert rules(change(whole, bare, OTHER).attention) == []


@pytest.mark.parametrize(
    ("trust", "who", "severity"),
    [
        (trusting({"AWS": "*"}), "anybody", "alarm"),
        (trusting({"AWS": "*"}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "anybody", "attention"),
        (trusting({"Federated": "accounts.google.com"}), "Federated accounts.google.com", "attention"),
        (
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]},
            "everybody but AWS 111122223333",
            "alarm",
        ),
    ],
)  # fmt: skip
def test_who_may_assume_it_is_told_in_words(trust: dict[str, object], who: str, severity: str) -> None:
    (found,) = held(OTHER, role(OTHER, trust=trust, attached=()))
    assert (found.consequence, found.severity) == (f"be assumed by {who}", severity)


def test_a_document_that_is_no_role_any_more_is_compared_and_nothing_of_it_said() -> None:
    found = change(role(), allowing("s3:GetObject"))
    assert found.role is not None
    assert found.role.trusted_removed == ("Service support.amazonaws.com",)
    assert rules(found.attention) == []


def test_who_is_denied_is_not_trusted() -> None:
    document = role(trust=trusting({"AWS": "111122223333"}, Effect="Deny")).role
    assert document is not None
    assert trusted(document) == ()


def test_what_is_in_force_is_judged_whatever_it_was_before() -> None:
    wrong = role(attached=(FOREIGN,), inline={"own": INLINE})
    assert sorted(rules(held(SUPPORT, wrong))) == [
        ("attached-policy", "alarm"),
        ("expected-policy-gone", "attention"),
        ("inline-policy", "alarm"),
    ]
    assert rules(held(SUPPORT, role())) == []
    assert rules(held(OTHER, role(OTHER, inline={"own": INLINE}))) == [("foreign-principal", "attention")]
