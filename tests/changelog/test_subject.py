"""Subjects: the consequence in the first forty characters, the counts after it."""

from dataclasses import replace

import pytest

from tests.changelog import cases
from tests.changelog.making import BILLING, RULES, by_hand, change, document, endpoint
from tracker.changelog.period_headline import period_headline, period_subject
from tracker.changelog.subject import clip, signed, subject
from tracker.model.rules import Rules

READS = cases.READS


def test_a_consequence_leads() -> None:
    before = document({"Action": [*READS, *(f"ec2:Old{n}" for n in range(14))]})
    after = document({"Action": [*READS, "s3:getObject", *(f"ec2:describeNew{n}" for n in range(40))]})
    found = change(
        before,
        after,
        ends=(endpoint("v19", "2021-11-12 00:01"), endpoint("v20", "2021-12-21 23:48")),
    )
    assert subject(found) == "AWS Support can now read S3 objects (+41 actions, v19 to v20)"
    assert subject(found)[:40].startswith("AWS Support can now read S3 objects")


def test_nothing_flagged() -> None:
    new = [f"{service}:describe{n}" for service in ("a", "b", "c", "d", "e", "f") for n in range(18)]
    after = document({"Action": [*READS, *new, "ec2:describeOne", "ec2:describeTwo"]})
    found = change(
        document({"Action": READS}),
        after,
        ends=(endpoint("v42", "2025-11-12 00:01"), endpoint("v43", "2025-12-21 23:48")),
    )
    assert subject(found) == "AWS Support: +110 actions, 6 new services, none flagged (v42 to v43)"


def test_a_long_name_comes_after_the_consequence() -> None:
    found = change(
        document({"Action": READS}), document({"Action": [*READS, "s3:getObject"]}), policy=BILLING
    )
    assert subject(found) == "Can now read S3 objects: ExampleBillingReadOnly (+1 action, v6 to v7)"


SUBJECTS = {
    "updated": "AWS Support can now read S3 objects (+6 actions, 2 flagged, v6 to v7)",
    "quiet": "AWS Support: +2 actions, 1 new service, none flagged (v41 to v43)",
    "rolled-back": "AWS Support: back to v19, −2 +1 actions (v20 was in force for between 10 h and 10 h 25 min)",
    "reinstated": "ExampleBillingReadOnly: back again, +1 action, none flagged (v6 to v7)",
    "republished": "AWS Support: republished, same access (v44 to v50)",
    "created": "ExampleBillingReadOnly: new policy, +2 actions, 2 new services, none flagged (v7)",
    "removed": "ExampleBillingReadOnly is no longer visible to this account (v7)",
    "never-in-force": "AWS Support could read S3 objects with v20, never seen in force (+1 action, 1 flagged)",
    "rescoped": "Can now read S3 objects in another scope (please review): ExampleBillingReadOnly (wider scope, v6 to v7)",
    "denies": "Can now call s3:DeleteBucket, s3:PutObject where another policy allows it: ExampleBillingReadOnly "
    "(less is denied, 2 flagged, v6 to v7)",
}


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_subjects(name: str) -> None:
    assert subject(cases.SMALL[name]()) == SUBJECTS[name]


def test_what_nobody_reviewed_is_never_called_unflagged_alone() -> None:
    rules = Rules(reviewed="0.1.plain", reviewed_on="2026-11-24", newer=frozenset({"ec2:describevpcs"}))
    found = change(
        document({"Action": READS}), document({"Action": [*READS, "ec2:describeVpcs"]}), rules=rules
    )
    assert subject(found) == "AWS Support: +1 action, none flagged, 1 not reviewed (v6 to v7)"


def test_a_tripwire_leads_where_nothing_else_does() -> None:
    rules = Rules(tripwires=("ec2:describeV*",), reviewed="0.1.plain")
    found = change(
        document({"Action": READS}), document({"Action": [*READS, "ec2:describeVpcs"]}), rules=rules
    )
    assert found.tripwires
    assert subject(found) == "AWS Support can now call ec2:describeVpcs (+1 action, v6 to v7)"


def test_moves_and_denies_are_counted_where_nothing_is_flagged() -> None:
    place = {"Action": "kms:ListKeys", "Resource": "arn:aws:kms:*:*:key/a"}
    wider = change(document(place), document({"Action": "kms:ListKeys"}), rules=Rules(reviewed="0.1.plain"))
    assert subject(wider) == "AWS Support: 1 widened, none flagged (v6 to v7)"
    denied = change(
        document({"Action": READS}), document({"Action": READS}, {"Effect": "Deny", "Action": "iam:*"})
    )
    assert subject(denied) == "AWS Support: iam:* newly denied, none flagged (v6 to v7)"
    plain = by_hand(denied, denies_added=())
    assert subject(plain) == "AWS Support: same actions, other wording, none flagged (v6 to v7)"
    gone = by_hand(plain, denies_removed=denied.difference.denies_added)
    assert subject(gone) == "AWS Support: iam:* no longer denied, none flagged (v6 to v7)"
    otherwise = by_hand(plain, denies_rescoped=denied.difference.denies_added)
    flagged = replace(otherwise, attention=cases.updated().attention)
    assert subject(flagged) == "AWS Support can now read S3 objects (denied otherwise, 2 flagged, v6 to v7)"
    assert subject(otherwise) == "AWS Support: iam:* denied otherwise, none flagged (v6 to v7)"


def test_a_subject_is_one_line_of_bounded_length() -> None:
    for name in cases.SMALL:
        line = subject(cases.SMALL[name]())
        assert line.isprintable(), name
        assert len(line) <= 180
    assert clip("a\r\nBcc: x@example.com") == "a\\r\\nBcc: x@example.com"
    assert clip("x" * 999).endswith("…")


def test_signs() -> None:
    assert signed(41, 14) == "+41 −14 actions"
    assert signed(41, 14, back=True) == "−14 +41 actions"
    assert signed(1, 0) == "+1 action"
    assert signed(0, 1_000) == "−1,000 actions"
    assert signed(0, 0) == "±0 actions"


PERIODS = {
    "period-nothing": "AWS Support: looked 30 times, nothing changed (May 2026)",
    "period-nobody-looked": "AWS Support: nobody looked, nothing is known (May 2026)",
    "period-net": "AWS Support can now read S3 objects (+6 −2 actions, May 2026)",
    "period-transient": "AWS Support could read S3 objects for between 10 h and 10 h 25 min (May 2026, net nothing)",
    "period-scopes": "ExampleBillingReadOnly: net nothing, 3 actions came and went (May 2026)",
    "period-unknown-before": "AWS Support: +2 actions, 2 new services, none flagged (May 2026)",
}


@pytest.mark.parametrize("name", sorted(PERIODS))
def test_period_subjects(name: str) -> None:
    assert period_subject(cases.PERIODS[name]()) == PERIODS[name]


def test_a_period_of_republications_and_one_of_quiet_transients() -> None:
    again = cases.month(transitions=(cases.republished(),))
    assert period_subject(again) == "AWS Support: nothing gained or lost, 1 change of the document (May 2026)"
    grown = cases.month(transitions=(cases.catalogue_growth(),))
    assert period_subject(grown) == "AWS Support: +1 action by its wildcards, no new version (May 2026)"
    assert period_headline(grown) == (
        "May 2026: AWS made no other version the default; by AWS's newer list of actions its wildcards reach 1 action more."
    )
    passing = cases.month(transient=cases.passing())
    assert period_subject(passing) == "AWS Support: net nothing, 4 actions came and went (May 2026)"


def test_the_rules_of_the_tests_are_reviewed() -> None:
    assert RULES.reviewed == "0.1.plain"
