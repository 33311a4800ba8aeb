"""What a gate says of a document: everything forbidden that it grants, nothing else, and by which statement."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_catalogue import FakeCatalogue
from tests.support.policies import allowing, policy, statement
from tracker.changes.compare import compare
from tracker.changes.gate import Breach, breaches
from tracker.changes.watching import gains
from tracker.policy.document import Document
from tracker.policy.granted import granted
from tracker.policy.patterns import matches
from tracker.policy.questions import question

CATALOGUE = FakeCatalogue()


def found(*forbidden: str, document: Document) -> tuple[Breach, ...]:
    return breaches(map(question, forbidden), document, CATALOGUE)


def newly(*forbidden: str, before: Document | None, after: Document) -> tuple[Breach, ...]:
    return breaches(map(question, forbidden), after, CATALOGUE, before, against=True)


def test_it_names_action_pattern_statement_and_scope() -> None:
    document = policy(
        statement("ec2:RunInstances"), statement("S3:Get*", on="arn:aws:s3:::a/*", Sid="Read", effect="Allow")
    )
    (one,) = found("s3:*", document=document)
    assert (one.forbidden, one.how, one.statement, one.sid) == ("s3:*", "granted", 2, "Read")
    assert one.actions == ("s3:GetBucketAcl", "s3:GetObject")
    assert one.patterns == ("S3:Get*",)
    assert one.scope.resources == ("arn:aws:s3:::a/*",)


def test_two_statements_that_grant_it_are_both_named() -> None:
    document = policy(statement("s3:GetObject"), statement("s3:Get*"))
    assert [(one.statement, one.patterns) for one in found("s3:GetObject", document=document)] == [
        (1, ("s3:GetObject",)),
        (2, ("s3:Get*",)),
    ]


def test_a_deny_is_subtracted_and_one_of_a_part_is_told() -> None:
    everywhere = policy(statement("s3:GetObject"), statement("s3:*", effect="Deny"))
    assert found("s3:GetObject", document=everywhere) == ()
    part = policy(statement("s3:GetObject"), statement("s3:*", on="arn:aws:s3:::a/*", effect="Deny"))
    (one,) = found("s3:GetObject", document=part)
    assert [scope.resources for scope in one.denied] == [("arn:aws:s3:::a/*",)]


@pytest.mark.parametrize("by", ["svc:*", "svc:Do*", "*"])
def test_a_wildcard_grants_what_no_catalogue_knows_yet(by: str) -> None:
    (one,) = found("svc:DoIt", document=allowing(by))
    assert (one.actions, one.patterns) == ((), (by,))


def test_and_is_found_where_the_forbidden_pattern_is_the_wider_one() -> None:
    (one,) = found("svc:*", document=allowing("svc:Do*"))
    assert (one.actions, one.patterns) == ((), ("svc:Do*",))


def test_a_not_action_list_grants_it_too() -> None:
    document = policy({"Effect": "Allow", "NotAction": ["iam:*", "ec2:*"], "Resource": "*"})
    (one,) = found("svc:DoIt", document=document)
    assert one.patterns == ("NotAction: ec2:*, iam:*",)
    (known,) = found("sts:AssumeRole", document=document)
    assert known.actions == ("sts:AssumeRole",)
    assert found("iam:AnyThing", "iam:CreateUser", document=document) == ()


def test_what_a_deny_withholds_of_the_unknown_is_no_breach() -> None:
    document = policy(statement("svc:*"), statement("svc:Do*", effect="Deny"))
    assert found("svc:DoIt", document=document) == ()
    assert [one.patterns for one in found("svc:*", document=document)] == [("svc:*",)]


def test_patterns_that_only_might_meet_are_no_breach() -> None:
    assert found("s3:*Password*", document=allowing("s3:Get*")) == ()


def test_new_is_what_was_not_granted_before() -> None:
    before, after = allowing("s3:GetObject"), policy(statement("s3:GetObject"), statement("s3:Get*"))
    (one,) = newly("s3:*", before=before, after=after)
    assert (one.how, one.actions, one.statement) == ("added", ("s3:GetBucketAcl",), 2)
    assert newly("s3:GetObject", before=before, after=after) == ()


def test_without_a_document_before_all_of_it_is_new() -> None:
    (one,) = newly("s3:GetObject", before=None, after=allowing("s3:GetObject"))
    assert one.how == "added"


def test_a_wider_scope_is_new_and_the_statement_that_widens_it_is_named() -> None:
    before = allowing("s3:GetObject", on="arn:aws:s3:::a/*")
    after = policy(statement("s3:GetObject", on="arn:aws:s3:::a/*"), statement("s3:GetObject"))
    (one,) = newly("s3:GetObject", before=before, after=after)
    assert (one.how, one.statement) == ("widened", 2)


def test_another_scope_counts_since_nobody_can_say_that_it_is_harmless() -> None:
    before = allowing("s3:GetObject", on="arn:aws:s3:::a/*")
    (one,) = newly("s3:GetObject", before=before, after=allowing("s3:GetObject", on="arn:aws:s3:::b/*"))
    assert one.how == "rescoped"


def test_a_deny_that_goes_makes_the_statement_that_stood_grant_it_newly() -> None:
    allow, deny = statement("s3:*"), statement("s3:GetObject", effect="Deny")
    (one,) = newly("s3:GetObject", before=policy(allow, deny), after=policy(allow))
    assert (one.how, one.statement, one.patterns) == ("added", 1, ("s3:*",))


def test_a_literal_list_that_becomes_a_wildcard_grants_the_future_newly() -> None:
    listed = [f"s3:{name}" for name in CATALOGUE.actions("s3")]
    (one,) = newly("s3:*", before=allowing(*listed), after=allowing("s3:*"))
    assert (one.actions, one.patterns) == ((), ("s3:*",))
    assert newly("s3:*", before=allowing("s3:*"), after=allowing("s3:*", "s3:Get*")) == ()


ACTIONS = st.sampled_from(
    ["s3:GetObject", "s3:Get*", "S3:*", "*", "ec2:Describe*", "ec2:RunInstances", "iam:*", "foo:Bar", "foo:*"]
)
STATEMENTS = st.builds(
    lambda names, effect, on, key: {"Effect": effect, key: names, "Resource": on},
    st.lists(ACTIONS, min_size=1, max_size=3),
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
)
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=4).map(lambda made: policy(*made))
PATTERNS = st.one_of(ACTIONS, st.sampled_from([f"{one}3:*" for one in string.ascii_lowercase[17:20]]))


@given(PATTERNS, DOCUMENTS)
@settings(max_examples=80, deadline=None)
def test_law_all_that_is_granted_and_forbidden_is_found_and_nothing_else(
    pattern: str, document: Document
) -> None:
    told = {action.lower() for one in found(pattern, document=document) for action in one.actions}
    allowed = {
        f"{service}:{name}" for service, names in granted(document, CATALOGUE).items() for name in names
    }
    assert told == {action for action in allowed if matches(question(pattern).pattern, action)}


@given(PATTERNS, DOCUMENTS, DOCUMENTS)
@settings(max_examples=80, deadline=None)
def test_law_all_that_is_gained_and_forbidden_is_found_and_nothing_else(
    pattern: str, before: Document, after: Document
) -> None:
    told = {action.lower() for one in newly(pattern, before=before, after=after) for action in one.actions}
    gained = gains(compare(before, after, CATALOGUE))
    assert told == {action for action in gained if matches(question(pattern).pattern, action)}


@given(PATTERNS, DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_law_nothing_is_new_against_itself(pattern: str, document: Document) -> None:
    assert newly(pattern, before=document, after=document) == ()
