"""The same source against moto's server, an IAM that was written by somebody else, with AWS's real documents."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.sources.worlds import ARN, NAME, known
from tracker.changes.roles import trusted
from tracker.demo.aws import EmbeddedAws
from tracker.errors import UnknownPolicyError
from tracker.model.asking import Answer, Known
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.policy.parse import canonical_text, digest, parse_document
from tracker.sources.iam import IamSource


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture
def moto(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[IamSource]:
    for name, value in {**aws.environment(), "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    source = IamSource(attempts=1)
    yield source
    source.close()


def snapshot(version: str, day: int, *actions: str) -> Snapshot:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    text = canonical_text({"Version": "2012-10-17", "Statement": [statement]}, what=version)
    date = datetime(2021, 12, day, tzinfo=UTC)
    return Snapshot(ARN, VersionId.parse(version), date, text, digest(text), "iam")


def test_real_policies_are_found_by_name_and_read_whole(aws: EmbeddedAws, moto: IamSource) -> None:
    """Every 48th of the managed policies, the largest and the oddest documents among them."""
    data = json.loads(aws_managed_policies_data)
    odd = ["ReadOnlyAccess", "AWSCompromisedKeyQuarantineV2", "AdministratorAccess", "SecurityAudit"]
    for name in sorted({*sorted(data)[::48], *odd} - {NAME}):
        arn = moto.find(name)
        assert arn == PolicyArn("aws", name, data[name]["Path"])
        answer = moto.look(arn, Known())
        (only,) = answer.snapshots
        assert answer == Answer(arn, only.identity, (only,))
        assert json.loads(only.document) == data[name]["Document"]
        assert str(only.version) == data[name]["DefaultVersionId"]
        assert moto.look(arn, known(only.identity)) == Answer(arn, only.identity)


def test_a_history_is_read_as_it_happens(aws: EmbeddedAws, moto: IamSource) -> None:
    v19, v20, v21 = (
        snapshot("v19", 1, "s3:ListBucket"),
        snapshot("v20", 21, "s3:GetObject"),
        snapshot("v21", 30, "s3:GetBucketAcl"),
    )
    aws.publish([v19], VersionId(19))
    assert moto.look(ARN, Known()) == Answer(ARN, v19.identity, (v19,))
    aws.publish([v19, v20], VersionId(20))
    assert moto.look(ARN, known(v19.identity)) == Answer(ARN, v20.identity, (v20,))
    aws.publish([v19, v20], VersionId(19))
    assert moto.look(ARN, known(v19.identity, v20.identity)) == Answer(ARN, v19.identity)
    aws.publish([v20, v21], VersionId(21))
    assert moto.look(ARN, known(v19.identity)) == Answer(ARN, v21.identity, (v20, v21))
    aws.remove(ARN)
    assert moto.look(ARN, known(v21.identity)) == Answer(ARN, None)


def test_a_name_that_nobody_has(moto: IamSource) -> None:
    with pytest.raises(UnknownPolicyError):
        moto.find("NoSuchPolicyAnywhere")


def test_a_service_linked_role_is_read_as_moto_makes_it(aws: EmbeddedAws, moto: IamSource) -> None:
    import boto3

    # a test before this one may have removed it
    aws.publish([snapshot("v19", 1, "s3:ListBucket")], VersionId(19))
    iam = boto3.client("iam", region_name="us-east-1", endpoint_url=aws.environment()["AWS_ENDPOINT_URL_IAM"])
    name = iam.create_service_linked_role(AWSServiceName="support.amazonaws.com")["Role"]["RoleName"]
    iam.attach_role_policy(RoleName=name, PolicyArn=str(ARN))
    now = moto.role(name, "aws")
    assert now is not None
    assert (now.arn.service, now.attached) == ("support.amazonaws.com", (ARN,))
    role = parse_document(now.document, what=name).role
    assert role is not None
    assert trusted(role) == ("Service support.amazonaws.com",)
    iam.detach_role_policy(RoleName=name, PolicyArn=str(ARN))
    iam.delete_role(RoleName=name)
    assert moto.role(name, "aws") is None
