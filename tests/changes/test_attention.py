"""What deserves attention: rules (a) to (e) of the list, acceptance, severity, and what is in force."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support import history
from tests.support.policies import CATALOGUE, POLICY, TODAY, allowing, assessed, by_rule, policy, statement
from tracker.catalogue.watchlist import load_rules
from tracker.changes.attention import in_force
from tracker.changes.levels import READ_ONLY_SHARE, Reading, grants_of, reading_of
from tracker.model.change import Attention, Severity
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn
from tracker.model.rules import Accepted, WatchEntry
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

RULES = load_rules()
QUIET = allowing("ec2:DescribeVpcs", "s3:ListAllMyBuckets")


def more(*actions: str, on: str | list[str] = "*", before: Document = QUIET) -> Document:
    """`before` with a statement more."""
    return replace(before, statements=(*before.statements, *allowing(*actions, on=on).statements))


# (a) the watchlist


def test_a_watched_action_is_flagged_with_reason_source_date_and_scope() -> None:
    found = by_rule(assessed(QUIET, more("s3:GetObject"), RULES))["customer-data/s3-objects"]
    assert (found.kind, found.actions, found.severity) == ("customer-data", ("s3:GetObject",), "alarm")
    assert found.consequence == "read S3 objects"
    assert found.why
    assert "Service Authorization Reference" in found.source
    assert found.source_date == "2026-10-27"
    assert [scope.resources for scope in found.scopes] == [("*",)]


def test_what_was_allowed_before_is_not_flagged() -> None:
    before = more("s3:GetObject")
    change = assessed(before, more("ec2:DescribeSubnets", before=before), RULES)
    assert (change.attention, change.severity) == ((), "info")


def test_spelling_and_wildcards_make_no_difference() -> None:
    for actions in (["S3:getobject"], ["s3:Get*"], ["s3:*"], ["*"]):
        assert "customer-data/s3-objects" in by_rule(assessed(QUIET, more(*actions), RULES))


def test_a_deny_beside_it_keeps_it_unflagged() -> None:
    after = policy(statement("s3:Get*"), statement("s3:GetObject*", effect="Deny"))
    assert "customer-data/s3-objects" not in by_rule(assessed(QUIET, after, RULES))


def test_an_alarm_for_named_resources_alone_is_attention() -> None:
    for on, severity in (
        ("*", "alarm"),
        ("arn:aws:secretsmanager:*:*:secret:*", "alarm"),
        ("arn:aws:secretsmanager:*:*:secret:rds!*", "attention"),
        (["arn:aws:secretsmanager:*:*:secret:rds!*", "arn:aws:secretsmanager:*:*:secret:*"], "alarm"),
    ):
        change = assessed(QUIET, more("secretsmanager:GetSecretValue", on=on), RULES)
        assert by_rule(change)["customer-data/secrets"].severity == severity, on


@pytest.mark.parametrize(
    ("action", "on", "severity"),
    [
        ("sqs:ReceiveMessage", "arn:aws:sqs:*:*:*", "alarm"),
        ("sqs:ReceiveMessage", "arn:aws:sqs:*:*:orders", "attention"),
        ("s3:GetObject", "arn:aws:s3:::*", "alarm"),
        ("s3:GetObject", "arn:aws:s3:::logs/*", "attention"),
        ("kms:Decrypt", "arn:aws:kms:*:*:key/*", "alarm"),
    ],
)
def test_what_counts_as_named(action: str, on: str, severity: Severity) -> None:
    (found,) = assessed(QUIET, more(action, on=on), RULES).attention
    assert found.severity == severity


def test_a_wider_scope_is_flagged_as_such() -> None:
    before = more("s3:GetObject", on="arn:aws:s3:::logs/*")
    found = by_rule(assessed(before, more("s3:GetObject"), RULES))["customer-data/s3-objects"]
    assert found.consequence == "read S3 objects in a wider scope"
    assert found.severity == "alarm"


def test_another_scope_is_flagged_for_review_and_is_no_alarm() -> None:
    before, after = more("s3:GetObject", on="arn:aws:s3:::a/*"), more("s3:GetObject", on="arn:aws:s3:::b/*")
    found = by_rule(assessed(before, after, RULES))["customer-data/s3-objects"]
    assert found.consequence == "read S3 objects in another scope (please review)"
    assert found.severity == "attention"


def test_a_narrower_scope_is_not_flagged() -> None:
    after = more("s3:GetObject", on="arn:aws:s3:::logs/*")
    assert assessed(more("s3:GetObject"), after, RULES).attention == ()


def test_a_further_way_to_what_could_be_done_before_is_no_alarm() -> None:
    before = more("logs:GetLogEvents")
    found = by_rule(assessed(before, more("logs:FilterLogEvents", before=before), RULES))[
        "customer-data/log-contents"
    ]
    assert (found.severity, found.consequence) == ("attention", "read log contents in further ways")


def test_a_further_way_is_an_alarm_where_it_could_be_done_in_part_only() -> None:
    before = more("logs:GetLogEvents", on="arn:aws:logs:*:*:log-group:mine")
    found = by_rule(assessed(before, more("logs:FilterLogEvents", before=before), RULES))[
        "customer-data/log-contents"
    ]
    assert found.severity == "alarm"


# (b) sets


def test_the_change_that_completes_a_set_is_flagged_and_names_what_completes_it() -> None:
    before = more("ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken")
    found = by_rule(assessed(before, more("ecr:BatchGetImage", before=before), RULES))
    whole = found["capability/pull-images"]
    assert whole.actions == ("ecr:BatchGetImage",)
    assert whole.completes == ("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer")
    assert (whole.consequence, whole.severity) == ("pull container images", "alarm")
    assert "customer-data/image-layers" not in found, "the set says it already"


def test_a_part_of_a_set_is_not_the_set() -> None:
    found = by_rule(assessed(QUIET, more("ecr:BatchGetImage", "ecr:GetAuthorizationToken"), RULES))
    assert "capability/pull-images" not in found
    assert found["customer-data/image-layers"].severity == "attention"


def test_a_set_is_no_wider_than_its_narrowest_action() -> None:
    before = policy(statement("iam:PassRole", on="arn:aws:iam::*:role/mine"))
    found = by_rule(assessed(before, more("ec2:RunInstances", before=before), RULES))["escalation/pass-role"]
    assert found.completes == ("iam:PassRole",)
    assert found.severity == "attention"
    assert {scope.resources for scope in found.scopes} == {("*",), ("arn:aws:iam::*:role/mine",)}


def test_a_set_that_a_deny_keeps_apart_is_not_complete() -> None:
    before = policy(statement("iam:PassRole"), statement("iam:PassRole", effect="Deny"))
    assert "escalation/pass-role" not in by_rule(
        assessed(before, more("ec2:RunInstances", before=before), RULES)
    )


def test_not_action_holds_the_rest_of_a_set() -> None:
    before = policy({"Effect": "Allow", "NotAction": ["ec2:*"], "Resource": "*"})
    found = by_rule(assessed(before, more("ec2:RunInstances", before=before), RULES))
    assert "escalation/pass-role" in found


# (c) more than reading on a policy that otherwise reads


WATCHED = {action for entry in RULES.entries for action in entry.actions}
READER = sorted({f"ec2:{name}" for name in CATALOGUE.actions("ec2") if name.startswith("describe")} - WATCHED)


def test_writing_newly_on_a_reading_policy_is_flagged_and_explained() -> None:
    before = allowing(*READER)
    found = by_rule(assessed(before, more("ec2:CreateTags", "ec2:StopInstances", before=before), RULES))
    assert found["level/write"].actions == ("ec2:StopInstances",)
    assert found["level/write"].consequence == "call ec2:StopInstances (access level Write)"
    assert found["level/write"].why == "AWS classes it as Write. Until now the policy only read."
    assert found["level/write"].source_date == "2026-10-27"
    assert found["level/tagging"].actions == ("ec2:CreateTags",)


def test_real_policies_are_read_only_or_clearly_not() -> None:
    """The threshold lies in a gap of real data: of 69 policies none has a share between 1.3% and 3.3%."""
    shares = {}
    for name in history.policies():
        snapshot = history.snapshots(name)[history.observations(name)[-1].identity]  # type: ignore[index] # of a kind that this test knows
        reading = reading_of(grants_of(parse_document(snapshot.document, what=name), CATALOGUE), CATALOGUE)
        if reading.total:
            shares[name] = reading.writing / reading.total
    assert {"ReadOnlyAccess", "SecurityAudit", history.SUPPORT} <= {
        n for n, share in shares.items() if share <= 0.013
    }
    assert not [name for name, share in shares.items() if 0.013 < share < 0.033]
    assert 0.013 <= READ_ONLY_SHARE <= 0.033


def test_the_scope_is_shown_beside_it() -> None:
    """'iam:DeleteRole, but only on Support's own role'."""
    role = "arn:aws:iam::*:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport"
    before = allowing(*READER)
    found = by_rule(assessed(before, more("iam:DeleteRole", before=before, on=role), RULES))
    assert [scope.resources for scope in found["level/write"].scopes] == [(role,)]


def test_a_policy_that_writes_anyway_is_not_flagged_for_writing_more() -> None:
    before = allowing("ec2:StopInstances", "ec2:DescribeVpcs")
    assert assessed(before, more("ec2:StartInstances", before=before), RULES).attention == ()


def test_a_watched_action_is_not_flagged_for_its_level_as_well() -> None:
    before = allowing(*READER)
    assert list(by_rule(assessed(before, more("s3:PutBucketPolicy", before=before), RULES))) == [
        "exposure/buckets"
    ]


def test_many_are_counted_in_the_consequence_and_all_listed() -> None:
    before = allowing(*READER)
    (found,) = assessed(
        before, more("ec2:StopInstances", "ec2:StartInstances", "ec2:RebootInstances", "ec2:CopyImage", before=before), RULES
    ).attention  # fmt: skip
    assert (
        found.consequence == "call ec2:CopyImage, ec2:RebootInstances and 2 more actions (access level Write)"
    )
    assert len(found.actions) == 4


# (d) what nobody reviewed


def test_what_no_catalogue_knows_is_counted_as_not_reviewed() -> None:
    change = assessed(QUIET, more("foo:GetBar", "codestar:ListProjects", "ec2:DescribeSubnets"), RULES)
    (found,) = change.attention
    assert (found.kind, found.actions) == ("not-reviewed", ("codestar:ListProjects", "foo:GetBar"))
    assert found.consequence == "call 2 actions that the watchlist has not reviewed"
    assert (found.severity, change.severity) == ("info", "info")
    assert found.source_date == RULES.reviewed_on


def test_what_came_after_the_review_is_not_reviewed() -> None:
    rules = replace(RULES, newer=frozenset({"ec2:describesubnets"}))
    (found,) = assessed(QUIET, more("ec2:DescribeSubnets"), rules).attention
    assert found.rule == "not-reviewed/new-actions"
    assert "1 action that" in found.consequence


# (e) tripwires: tests/changes/test_tripwires.py; and denies


def test_semantics_26_a_deny_removed_where_nothing_is_allowed() -> None:
    before = policy(statement("iam:CreateUser", "iam:PassRole", effect="Deny"))
    after = policy(statement("iam:CreateUser", effect="Deny"))
    change = assessed(before, after, RULES)
    (found,) = change.attention
    assert (found.kind, found.actions, change.severity) == ("deny", ("iam:PassRole",), "attention")
    assert found.consequence == "call iam:PassRole where another policy allows it"


def test_a_deny_removed_where_all_is_allowed_is_told_as_granted() -> None:
    before = policy(statement("ec2:*"), statement("ec2:StopInstances", effect="Deny"))
    change = assessed(before, policy(statement("ec2:*")), RULES)
    assert change.difference.actions_added
    assert not [one for one in change.attention if one.kind == "deny"]


def test_a_not_action_deny_that_grows_names_what_it_lets_go() -> None:
    before = policy({"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"})
    after = policy({"Effect": "Deny", "NotAction": ["s3:*", "sts:SetContext"], "Resource": "*"})
    (found,) = [one for one in assessed(before, after, RULES).attention if one.kind == "deny"]
    assert found.actions == ("sts:SetContext",)


def test_each_action_of_denies_that_went_is_told_with_its_own_places() -> None:
    def told(*denied: tuple[str, str]) -> list[Attention]:
        before = policy(
            statement("ec2:DescribeVpcs"), *(statement(action, effect="Deny", on=on) for action, on in denied)
        )
        change = assessed(before, policy(statement("ec2:DescribeVpcs")), RULES)
        return [one for one in change.attention if one.kind == "deny"]

    found = told(
        ("s3:GetObject", "arn:aws:s3:::a/*"),
        ("kms:Decrypt", "arn:aws:kms:::key/b"),
        ("s3:GetObjectAcl", "arn:aws:s3:::a/*"),
    )
    assert [(one.actions, [scope.resources for scope in one.scopes]) for one in found] == [
        (("kms:Decrypt",), [("arn:aws:kms:::key/b",)]),
        (("s3:GetObject", "s3:GetObjectAcl"), [("arn:aws:s3:::a/*",)]),
    ]
    many = [(f"s3:Get{number}", f"arn:aws:s3:::{number}") for number in range(20)]
    found = told(*many)
    assert len(found) == 8
    assert sorted(action for one in found for action in one.actions) == sorted(action for action, _ in many)


def test_a_deny_that_narrows_its_scope_is_flagged() -> None:
    before = policy(statement("s3:Delete*", effect="Deny"))
    after = policy(statement("s3:Delete*", effect="Deny", on="arn:aws:s3:::logs/*"))
    (found,) = [one for one in assessed(before, after, RULES).attention if one.kind == "deny"]
    assert found.actions == ("s3:Delete*",)


def test_denies_added_are_no_alarm() -> None:
    before = policy(statement("iam:CreateUser", effect="Deny"))
    after = policy(statement("iam:CreateUser", "iam:PassRole", effect="Deny"))
    assert (assessed(before, after, RULES).attention, assessed(before, after, RULES).severity) == ((), "info")


# severity


@pytest.mark.parametrize(
    ("kind", "severity"),
    [(Kind.UPDATED, "info"), (Kind.ROLLED_BACK, "attention"), (Kind.REMOVED, "attention"), (Kind.CREATED, "info"),
     (Kind.RECREATED, "info"), (Kind.CATALOGUE_GROWTH, "info"), (Kind.COMPARED, "info")],
)  # fmt: skip
def test_severity_by_kind_where_nothing_is_flagged(kind: Kind, severity: Severity) -> None:
    assert assessed(QUIET, more("ec2:DescribeSubnets"), RULES, kind=kind).severity == severity


def test_severity_none_for_cosmetic_and_republished() -> None:
    assert (
        assessed(QUIET, policy(*[statement("S3:listallmybuckets", "ec2:DescribeVpcs")]), RULES).severity
        == "none"
    )
    assert assessed(QUIET, QUIET, RULES, kind=Kind.REPUBLISHED).severity == "none"


def test_the_id_is_the_transitions() -> None:
    assert len(assessed(QUIET, more("s3:GetObject"), RULES).id) == 16


# acceptance


def accepting(pattern: str = "s3:getobject", **more: Any) -> Accepted:
    return replace(Accepted(pattern, "a contract covers it", "J. Doe"), **more)


def s3(
    change_rules: list[Accepted], *, before: Document = QUIET, after: Document | None = None, **how: Any
) -> Attention:
    rules = replace(RULES, accepted=tuple(change_rules))
    change = assessed(before, after or more("s3:GetObject"), rules, **how)
    return by_rule(change)["customer-data/s3-objects"]


def test_an_accepted_finding_stays_with_its_reason_and_owner_and_weighs_nothing() -> None:
    assert s3([accepting()]).accepted == "a contract covers it (J. Doe)"
    rules = replace(RULES, accepted=(accepting(),))
    assert assessed(QUIET, more("s3:GetObject"), rules).severity == "info"


def test_an_acceptance_holds_through_its_last_day() -> None:
    one = accepting(expires=TODAY)
    assert s3([one]).accepted == "a contract covers it (J. Doe, until 2026-11-24)"
    assert s3([one], today=TODAY + timedelta(days=1)).accepted == ""


def test_an_acceptance_is_of_the_policies_that_it_names() -> None:
    assert s3([accepting(policy="AWSSupport*")]).accepted
    assert not s3([accepting(policy="AWSSupport*")], name=PolicyArn("aws", "ReadOnlyAccess")).accepted


def test_an_accepted_finding_comes_back_when_its_scope_widens() -> None:
    before = more("s3:GetObject", on="arn:aws:s3:::logs/*")
    assert not s3([accepting()], before=before).accepted
    assert not s3([accepting(resources=("arn:aws:s3:::*",))], before=before).accepted
    assert s3([accepting(resources=("*",))], before=before).accepted


def test_an_acceptance_of_named_resources_is_of_no_others() -> None:
    logs = more("s3:GetObject", on="arn:aws:s3:::logs/*")
    one = accepting(resources=("arn:aws:s3:::logs/*",))
    assert s3([one], after=logs).accepted
    assert not s3([one]).accepted
    elsewhere = policy({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::logs/*"})
    assert not s3([one], after=elsewhere).accepted


def test_what_is_accepted_is_told_apart_from_what_is_not() -> None:
    rules = replace(RULES, accepted=(accepting(),))
    change = assessed(QUIET, more("s3:GetObject", "s3:GetObjectVersion"), rules)
    assert [(one.actions, bool(one.accepted)) for one in change.attention] == [
        (("s3:GetObject",), True), (("s3:GetObjectVersion",), False),
    ]  # fmt: skip
    assert change.severity == "alarm"


def test_a_set_is_accepted_only_whole() -> None:
    half = replace(RULES, accepted=(accepting("ecr:batchgetimage"),))
    whole = replace(RULES, accepted=(accepting("ecr:*"),))
    after = more("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken")
    assert not by_rule(assessed(QUIET, after, half))["capability/pull-images"].accepted
    assert by_rule(assessed(QUIET, after, whole))["capability/pull-images"].accepted


# a user's own entries


def test_an_own_entry_of_wildcards() -> None:
    mine = WatchEntry(
        "own/tickets", "capability", ("support:*", "kms:*"), "close our tickets", "Ours.", "us", ""
    )
    rules = load_rules(own=[mine])
    before = more("kms:DescribeKey")
    found = by_rule(assessed(before, more("support:ResolveCase", before=before), rules))["own/tickets"]
    assert (found.actions, found.completes) == (("support:ResolveCase",), ("kms:DescribeKey",))
    assert "own/tickets" not in by_rule(assessed(QUIET, more("support:ResolveCase"), rules))


def test_a_silenced_rule_is_silent() -> None:
    rules = load_rules(
        silenced=[
            "customer-data/s3-objects",
            "level/write",
            "not-reviewed/new-actions",
            "deny/no-longer-denied",
        ]
    )
    before = replace(
        allowing(*READER),
        statements=(*allowing(*READER).statements, *policy(statement("a:b", effect="Deny")).statements),
    )
    change = assessed(
        before, more("s3:GetObject", "ec2:StopInstances", "foo:Bar", before=allowing(*READER)), rules
    )
    assert change.attention == ()


# in force


def force(document: Document) -> list[Attention]:
    since = {"s3:getobject": "2021-12-21T23:48:04Z", "ecr:batchgetimage": "2026-08-19T17:37:19Z"}
    return list(
        in_force(
            POLICY,
            document,
            RULES,
            CATALOGUE,
            lambda action: since.get(action, "2019-01-01T00:00:00Z"),
        )
    )


def test_in_force_lists_each_action_with_since_when() -> None:
    found = force(more("s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt"))
    assert [(one.rule, one.actions, one.since) for one in found] == [
        ("customer-data/decryption", ("kms:Decrypt",), "2019-01-01T00:00:00Z"),
        ("customer-data/s3-objects", ("s3:GetObject",), "2021-12-21T23:48:04Z"),
        ("customer-data/s3-objects", ("s3:GetObjectVersion",), "2019-01-01T00:00:00Z"),
    ]


def test_in_force_a_set_is_complete_since_its_last_action_came() -> None:
    (found,) = force(more("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"))
    assert (found.rule, found.since) == ("capability/pull-images", "2026-08-19T17:37:19Z")
    assert found.actions == ("ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer")


def test_in_force_nobody_knows_since_when() -> None:
    (found,) = in_force(POLICY, more("s3:GetObject"), RULES, CATALOGUE, lambda _: "")
    assert found.since == ""


def test_in_force_names_what_writes_on_a_reading_policy_and_counts_the_unreviewed() -> None:
    role = "arn:aws:iam::*:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport"
    document = more("iam:DeleteRole", on=role, before=allowing(*READER, "foo:Bar"))
    level, unknown = force(document)
    assert (level.rule, level.actions) == ("level/write", ("iam:DeleteRole",))
    assert "The policy only reads, but for 1 of" in level.why
    assert (Reading(5, 0).but, Reading(1, 1).but) == ("", ", but for 1 of 1 action (100.0%)")
    assert level.since == "2019-01-01T00:00:00Z"
    assert unknown.consequence == "call 1 action that the watchlist has not reviewed"


def test_in_force_acceptances_that_expire_need_to_know_the_day() -> None:
    rules = replace(RULES, accepted=(accepting(expires=date(2027, 1, 1)),))
    document = more("s3:GetObject")
    for today, accepted in ((None, False), (TODAY, True), (date(2027, 1, 2), False)):
        (found,) = in_force(POLICY, document, rules, CATALOGUE, lambda _: "", today)
        assert bool(found.accepted) is accepted


# the real documents


def real(before: str, after: str) -> dict[str, Attention]:
    old, new = (parse_document(history.document(history.SUPPORT, one), what=one) for one in (before, after))
    return by_rule(assessed(old, new, RULES))


def test_real_v19_to_v20_is_an_alarm_for_s3_objects_and_for_nothing_else() -> None:
    found = real("v19", "v20")
    assert {rule: (one.actions, one.severity) for rule, one in found.items()} == {
        "customer-data/s3-objects": (("s3:getObject",), "alarm")
    }


def test_real_quiet_updates_are_quiet() -> None:
    for before, after in (("v6", "v7"), ("v13", "v14"), ("v21", "v22"), ("v33", "v34"), ("v37", "v38")):
        assert not [one for one in real(before, after).values() if one.severity == "alarm"], (before, after)
    assert real("v33", "v34") == {}


def test_real_first_writing_actions_are_named() -> None:
    assert real("v9", "v10")["level/write"].actions == ("ssm:labelParameterVersion",)


def test_real_alarms_are_few() -> None:
    """Of 37 real changes of the support policy at most a handful may ring; each is named here with its reason."""
    alarms = {}
    for before, after in history.adjacent(history.SUPPORT):
        old, new = (parse_document(each.document, what=str(each.version)) for each in (before, after))
        loud = [one.rule for one in assessed(old, new, RULES).attention if one.severity == "alarm"]
        if loud:
            alarms[f"{before.version}-{after.version}"] = loud
    assert alarms == {"v19-v20": ["customer-data/s3-objects"], "v31-v32": ["customer-data/glue-data"]}


def shipped(version: str) -> Document:
    """A shipped document of the support policy."""
    (path,) = (history.ROOT / "snapshots" / "aws" / history.SUPPORT).glob(f"*_{version}.json")
    return parse_document(json.loads(path.read_text())["document"], what=version)


def test_shipped_v57_to_v59_completes_the_set_that_pulls_images() -> None:
    """v57 has none of the three actions, v59 all of them on every resource: seen in the shipped documents."""
    change = assessed(shipped("v57"), shipped("v59"), RULES)
    found = by_rule(change)
    whole = found["capability/pull-images"]
    assert [one.lower() for one in whole.actions] == [
        "ecr:batchgetimage", "ecr:getauthorizationtoken", "ecr:getdownloadurlforlayer",
    ]  # fmt: skip
    assert (whole.completes, whole.severity) == ((), "alarm")
    assert all(scope.everywhere for scope in whole.scopes)
    assert change.severity == "alarm"
    loud = {rule for rule, one in found.items() if one.severity == "alarm"}
    assert loud == {"capability/pull-images", "customer-data/durable-functions"}


def test_shipped_what_is_in_force_in_v59() -> None:
    """What the public lists miss is there, each with its scope; 'iam:DeleteRole' only on Support's own role."""
    found = in_force(POLICY, shipped("v59"), RULES, CATALOGUE, lambda _: "")
    by_action = {action.lower(): one for one in found for action in one.actions}
    for action in ("states:getexecutionhistory", "ec2:getconsolescreenshot", "ssm:getcommandinvocation"):
        assert by_action[action].severity == "alarm", action
    assert by_action["ecr:batchgetimage"].rule == "capability/pull-images"
    delete = by_action["iam:deleterole"]
    assert delete.rule == "level/write"
    assert [scope.resources for scope in delete.scopes] == [
        ("arn:aws:iam::*:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport",)
    ]
    assert found[-1].kind == "not-reviewed"


def test_findings_are_the_same_whatever_the_hash_seed() -> None:
    """Same input, same order: sets are never printed in the order of their hashes."""
    one = assessed(shipped("v43"), shipped("v57"), RULES).attention
    assert list(one) == sorted(
        one, key=lambda each: (each.rule, each.consequence, each.actions, each.accepted)
    )
    assert all(list(each.actions) == sorted(each.actions) for each in one)
