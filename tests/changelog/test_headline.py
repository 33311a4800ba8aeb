"""The answer in one sentence, for every way in which a policy can change."""

import pytest

from tests.changelog import cases
from tests.changelog.making import BILLING, SUPPORT, by_hand, change, difference, document, endpoint
from tracker.changelog.actors import actor, short_actor
from tracker.changelog.headline import headline, kind_in_words
from tracker.changelog.origin import origins
from tracker.model.change import PatternChange, Scope
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn

SENTENCES = {
    "updated": "AWS Support can now call 6 more actions in 4 services, 3 of them new; 2 were withdrawn and 1 was widened.",
    "quiet": "AWS Support can now call 2 more actions in 2 services, 1 of them new.",
    "rolled-back": "Rolled back to v19: AWS Support can no longer call 2 actions and 1 action can be called again; "
    "v20 was in force for between 10 h and 10 h 25 min.",
    "reinstated": "v7 is back after it had been rolled back: anyone who holds ExampleBillingReadOnly can now call "
    "1 more action, ec2:describeVpcs.",
    "republished": "AWS published the same access again as v50 (it was v44): AWS Support can do exactly what it could "
    "do before.",
    "created": "ExampleBillingReadOnly is new (v7): anyone who holds ExampleBillingReadOnly can call 2 actions in "
    "2 services.",
    "recreated": "ExampleBillingReadOnly was made again and starts over at v1: anyone who holds ExampleBillingReadOnly "
    "can now call 1 more action, budgets:ViewBudget, of a service that is new.",
    "removed": "ExampleBillingReadOnly is no longer visible to this account; that alone withdraws no action.",
    "reappeared": "ExampleBillingReadOnly is visible to this account again (v7): anyone who holds "
    "ExampleBillingReadOnly can now call 1 more action, budgets:ViewBudget, of a service that is new.",
    "catalogue-growth": "AWS's list of actions moved, not the policy: anyone who holds ExampleBillingReadOnly can now "
    "call 1 more action, budgets:ModifyBudget.",
    "compared": "With v2 instead of v1, anyone who holds ExampleBillingReadOnly can call 1 more action, s3:getObject; "
    "1 was withdrawn.",
    "never-in-force": "AWS made v20, and nobody saw it in force: with it instead of v19, AWS Support could call "
    "1 more action, s3:getObject.",
    "denies": "Anyone who holds ExampleBillingReadOnly is now denied 2 more action patterns, is no longer denied "
    "s3:DeleteBucket, is denied s3:PutObject more narrowly and is denied sqs:SendMessage elsewhere or otherwise "
    "(please review).",
    "rescoped": "Anyone who holds ExampleBillingReadOnly can call the same actions as before, of which 1 was widened, "
    "1 was narrowed and 1 was re-scoped (please review).",
}


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_sentences(name: str) -> None:
    assert headline(cases.SMALL[name]()) == SENTENCES[name]


def test_every_kind_has_a_sentence_and_a_word() -> None:
    told = {cases.SMALL[name]().transition.kind for name in SENTENCES}
    assert told == set(Kind)
    assert {kind_in_words(cases.SMALL[name]()) for name in ("reinstated", "removed")} == {
        "updated, back again",
        "no longer visible",
    }


def _only(before: object, after: object) -> str:
    return headline(change(document({"Action": before}), document({"Action": after}), policy=BILLING))


def test_withdrawals_alone() -> None:
    assert _only(["s3:A", "s3:B", "ec2:C"], "ec2:C") == (
        "Anyone who holds ExampleBillingReadOnly can no longer call 2 actions in 1 service, of which nothing is left."
    )
    assert _only(["s3:A", "iam:B", "ec2:C", "ec2:D"], "ec2:D") == (
        "Anyone who holds ExampleBillingReadOnly can no longer call 3 actions in 3 services, of 2 of which nothing is left."
    )


def test_one_withdrawal_is_named() -> None:
    assert (
        _only(["s3:A", "s3:B"], "s3:B") == "Anyone who holds ExampleBillingReadOnly can no longer call s3:A."
    )
    assert _only(["s3:A", "ec2:B"], "ec2:B") == (
        "Anyone who holds ExampleBillingReadOnly can no longer call s3:A, the last of its service."
    )
    found = change(
        document({"Action": ["s3:A", "s3:B", "s3:C"]}), document({"Action": "s3:C"}), Kind.COMPARED
    )
    assert headline(found) == "With v7 instead of v6, AWS Support can no longer call 2 actions in 1 service."


def test_one_action_wider_is_named() -> None:
    before = document({"Action": "s3:A", "Resource": "arn:aws:s3:::a"})
    after = document({"Action": "s3:A", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]})
    assert (
        headline(change(before, after))
        == "AWS Support can call the same actions as before, s3:A more widely."
    )
    assert (
        headline(change(after, before))
        == "AWS Support can call the same actions as before, s3:A only more narrowly."
    )


def test_patterns_alone() -> None:
    literals = ["sts:AssumeRole", "sts:GetCallerIdentity"]
    assert _only(literals, "sts:*") == (
        "Anyone who holds ExampleBillingReadOnly can call the same actions as before, but sts:* will also allow what "
        "AWS adds there later."
    )
    assert _only("sts:*", literals) == (
        "Anyone who holds ExampleBillingReadOnly can call the same actions as before; what AWS adds later is no longer "
        "covered by sts:*."
    )


def test_other_patterns_for_the_same_actions() -> None:
    found = change(document({"Action": "s3:A"}), document({"Action": "s3:A"}))
    pattern = PatternChange("s3:A?", "Allow", (Scope(),), 0, open_ended=False)
    assert headline(by_hand(found, patterns_added=(pattern,))) == (
        "AWS Support can call the same actions as before; the patterns that allow them are others."
    )


def test_edits_without_effect_are_said_to_have_none() -> None:
    assert _only("s3:Get*", ["s3:Get*", "s3:GetObject"]) == (
        "Anyone who holds ExampleBillingReadOnly can do exactly what it could do before; 1 edit had no effect."
    )
    same = document({"Action": "s3:A", "Sid": "One"}), document({"Action": "s3:A", "Sid": "Two"})
    assert headline(change(*same)) == (
        "AWS Support can do exactly what it could do before; only the document was rewritten."
    )


def test_a_new_policy_of_denies_and_one_of_nothing() -> None:
    denies = document({"Effect": "Deny", "Action": ["s3:A", "s3:B"]})
    assert headline(change(None, denies, Kind.CREATED, policy=BILLING)) == (
        "ExampleBillingReadOnly is new (v7): anyone who holds ExampleBillingReadOnly is denied 2 actions."
    )
    nothing = by_hand(change(None, denies, Kind.CREATED, policy=BILLING), denies_added=())
    assert headline(nothing).endswith("can call no action yet.")


def test_a_policy_seen_again_after_nobody_knows_what() -> None:
    found = change(None, document({"Action": ["s3:A", "ec2:B"]}), Kind.REAPPEARED, policy=BILLING)
    assert headline(found) == (
        "ExampleBillingReadOnly is visible to this account again (v7): anyone who holds ExampleBillingReadOnly can call "
        "2 actions in 2 services."
    )


def test_denies_alone_each_way() -> None:
    one, two = ({"Effect": "Deny", "Action": actions} for actions in ("s3:A", ["s3:A", "s3:B", "s3:C"]))
    assert headline(change(document(one), document(two))) == "AWS Support is now denied 2 more actions."
    assert headline(change(document(two), document(one))) == "AWS Support is no longer denied 2 actions."
    narrow = {**one, "Resource": "arn:aws:s3:::a"}
    assert headline(change(document(narrow), document(one))) == "AWS Support is denied s3:A more widely."
    other = {**one, "Resource": "arn:aws:s3:::b"}
    assert headline(change(document(narrow), document(other))) == (
        "AWS Support is denied s3:A elsewhere or otherwise (please review)."
    )


def test_many_that_moved_alike() -> None:
    names = ["s3:A", "s3:B", "s3:C"]
    narrow = document({"Action": names, "Resource": "arn:aws:s3:::a"})
    assert headline(change(narrow, document({"Action": names}))) == (
        "AWS Support can call the same actions as before, s3:A and 2 others more widely."
    )


def test_a_rollback_without_effect() -> None:
    found = cases.rolled_back()
    same = type(found)(
        found.transition, difference(document({"Action": "s3:A"}), document({"Action": "s3:A"}))
    )
    assert headline(same) == (
        "Rolled back to v19: AWS Support can do exactly what it could do before; v20 was in force for between "
        "10 h and 10 h 25 min."
    )


def test_what_was_compared_by_hand_and_is_the_same_is_said_to_be() -> None:
    one, same = document({"Action": "s3:GetObject"}), endpoint("v6", "2026-04-02 09:00")
    assert headline(change(one, one, Kind.COMPARED)).endswith(
        "AWS Support can do exactly the same: it is the same document."
    )
    assert headline(change(one, one, Kind.COMPARED, ends=(same, same))) == (
        "v6 was compared with itself: it is the same version."
    )
    assert not any(
        str(each).count("no longer visible")
        for each in origins(change(one, one, Kind.COMPARED, ends=(None, None)))
    )


def test_actors() -> None:
    advisor = PolicyArn("aws", "AWSTrustedAdvisorServiceRolePolicy", "/aws-service-role/")
    other = PolicyArn("aws", "AmazonECSServiceRolePolicy", "/aws-service-role/")
    assert actor(SUPPORT) == "AWS Support"
    assert actor(advisor) == "AWS Trusted Advisor"
    assert actor(other) == "The AWS service behind AmazonECSServiceRolePolicy"
    assert actor(PolicyArn("aws", "ReadOnlyAccess")) == "Anyone who holds ReadOnlyAccess"
    # the name alone says nothing: only AWS's own path makes it a service's policy
    assert (
        actor(PolicyArn("aws", "AWSSupportServiceRolePolicy"))
        == "Anyone who holds AWSSupportServiceRolePolicy"
    )
    assert short_actor(advisor) == "AWS Trusted Advisor"
    assert short_actor(other) == "AmazonECSServiceRolePolicy"


@pytest.mark.parametrize("name", sorted(cases.SMALL))
def test_one_sentence_that_never_says_nothing_changed(name: str) -> None:
    found = cases.SMALL[name]()
    sentence = headline(found)
    assert sentence.endswith(".")
    assert "\n" not in sentence or name == "hostile"
    assert "nothing changed" not in sentence.lower()
    assert "1 actions" not in sentence
    assert "1 services" not in sentence
