"""A fake IAM with one policy in it, and a source that asks it."""

import os
from collections.abc import Iterator

import pytest

from tests.sources.worlds import ARN, V19, document
from tests.support.fake_iam import FakeIam
from tracker.sources.iam import IamSource


@pytest.fixture(autouse=True)
def _no_aws_of_the_developers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, profile or proxy of whoever runs the tests has a say in them."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIam]:
    """A server that knows one policy at v19, and the environment that points at it."""
    with FakeIam() as server:
        server.put(ARN, "v19", document("s3:ListBucket"), V19[1])
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def source(iam: FakeIam) -> Iterator[IamSource]:
    """A source with short time-outs and one retry."""
    made = IamSource(attempts=2, connect_timeout_s=2, read_timeout_s=2)
    yield made
    made.close()
