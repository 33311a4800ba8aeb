"""One look: which calls it makes and what it answers, against a real HTTP server that speaks IAM."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.support.fake_iam import FakeIam
from tracker.model.asking import Answer, Known
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.sources.iam import IamSource

NAME = "AWSSupportServiceRolePolicy"
ARN = PolicyArn("aws", NAME, "/aws-service-role/")


def identity(version: str, create_date: str) -> tuple[VersionId, datetime]:
    return VersionId.parse(version), parse_instant(create_date)


def document(*actions: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


V19 = identity("v19", "2021-10-26T20:11:09Z")


@pytest.fixture
def iam() -> Iterator[FakeIam]:
    with FakeIam() as server:
        server.put(ARN, "v19", document("s3:ListBucket"), V19[1])
        yield server


@pytest.fixture
def source(iam: FakeIam, monkeypatch: pytest.MonkeyPatch) -> Iterator[IamSource]:
    for name, value in iam.environment().items():
        monkeypatch.setenv(name, value)
    made = IamSource(attempts=2, connect_timeout_s=2, read_timeout_s=2)
    yield made
    made.close()


def test_an_unchanged_policy_costs_one_call(iam: FakeIam, source: IamSource) -> None:
    known = Known(archived=frozenset({V19}), default=V19, seen=True, newest=V19[1])
    assert source.look(ARN, known) == Answer(ARN, V19)
    assert iam.actions == ["GetPolicy"]
