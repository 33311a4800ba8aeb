"""The embedded AWS answers over HTTP what it was told that AWS has published, and ends when it should."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tracker.demo.aws import EmbeddedAws
from tracker.errors import SetupError
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId

ARN = PolicyArn.parse("arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy")


def snapshot(version: str, day: int, action: str = "s3:ListBucket", arn: PolicyArn = ARN) -> Snapshot:
    document = f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}'
    return Snapshot(arn, VersionId.parse(version), datetime(2021, 12, day, tzinfo=UTC), document, "", "test")


V19, V20 = snapshot("v19", 1), snapshot("v20", 21, "s3:getObject")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture
def iam(aws: EmbeddedAws) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_it_holds_every_managed_policy(aws: EmbeddedAws) -> None:
    assert aws.policies > 1500


def test_a_published_default_is_what_iam_answers(aws: EmbeddedAws, iam: Any) -> None:
    aws.publish([V20, V19], VersionId.parse("v20"))
    policy = iam.get_policy(PolicyArn=str(ARN))["Policy"]
    assert policy["DefaultVersionId"] == "v20"
    assert policy["UpdateDate"] == V20.create_date
    listed = iam.list_policy_versions(PolicyArn=str(ARN))
    assert listed["IsTruncated"] is False
    assert [(each["VersionId"], each["IsDefaultVersion"]) for each in listed["Versions"]] == [
        ("v19", False),
        ("v20", True),
    ]
    version = iam.get_policy_version(PolicyArn=str(ARN), VersionId="v20")["PolicyVersion"]
    assert version["CreateDate"] == V20.create_date
    assert version["Document"]["Statement"][0]["Action"] == "s3:getObject"


def test_update_date_stays_where_the_default_goes_back(aws: EmbeddedAws, iam: Any) -> None:
    aws.publish([V19, V20], VersionId.parse("v20"))
    aws.publish([V19], VersionId.parse("v19"))
    policy = iam.get_policy(PolicyArn=str(ARN))["Policy"]
    assert (policy["DefaultVersionId"], policy["UpdateDate"]) == ("v19", V20.create_date)


def test_a_policy_of_its_own_can_come_and_go(aws: EmbeddedAws, iam: Any) -> None:
    arn = PolicyArn("aws", "BrandNew", "/job-function/")
    aws.publish([snapshot("v1", 3, arn=arn)], VersionId.parse("v1"))
    policy = iam.get_policy(PolicyArn=str(arn))["Policy"]
    assert (policy["Path"], policy["CreateDate"]) == ("/job-function/", datetime(2021, 12, 3, tzinfo=UTC))
    aws.remove(arn)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_policy(PolicyArn=str(arn))


def test_a_default_must_be_among_the_versions(aws: EmbeddedAws) -> None:
    with pytest.raises(ValueError, match="v21 is not among the versions"):
        aws.publish([V19], VersionId.parse("v21"))


def test_its_environment_leads_boto3_to_it_alone(aws: EmbeddedAws) -> None:
    code = "import boto3; print(boto3.client('iam').meta.endpoint_url, boto3.client('sts').get_caller_identity()['Account'])"
    said = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **aws.environment()}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert said.stdout.split() == [aws.endpoint, "123456789012"]


def test_it_ends_by_its_own_process_id_and_only_once() -> None:
    aws = EmbeddedAws().start()
    pid = aws.pid
    aws.stop()
    aws.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SetupError, match="not running"):
        assert aws.pid


def test_it_says_so_when_its_process_has_died() -> None:
    with EmbeddedAws() as aws:
        os.kill(aws.pid, signal.SIGKILL)
        with pytest.raises(SetupError, match="ended before it answered"):
            aws.publish([V19], VersionId.parse("v19"))


def test_it_ends_when_whoever_started_it_is_killed() -> None:
    """No orphan is left behind, not even after SIGKILL: the end of its standard input is its end."""
    code = "import time; from tracker.demo.aws import EmbeddedAws; print(EmbeddedAws().start().pid, flush=True); time.sleep(60)"
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie whose new parent has not reaped it yet has ended, too.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
