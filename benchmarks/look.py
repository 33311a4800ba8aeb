"""What one look at an unchanged policy costs as a whole process, beside a bare boto3 script that calls GetPolicy.

Both ask the same server on loopback, which answers as IAM does. The script is the least that anybody would write.
"""

import os
import sys

from benchmarks import Figure
from benchmarks._timing import processes
from tests.support.fake_iam import FakeIam

ROUNDS = 15
ARN = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"
CREATED = "2026-08-19T17:37:19Z"
BARE = f"import boto3; boto3.client('iam').get_policy(PolicyArn={ARN!r})"
LOOK = f"""
from tracker.model.asking import Known
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.sources.iam import IamSource
v59 = (VersionId(59), parse_instant({CREATED!r}))
answer = IamSource().look(PolicyArn.parse({ARN!r}), Known(frozenset([v59]), v59, True, v59[1]))
assert answer.default == v59 and not answer.snapshots
"""


def figures() -> tuple[Figure, ...]:
    """Seconds and megabytes of a look beside those of the bare script."""
    with FakeIam() as iam:
        iam.put(ARN, "v59", '{"Version": "2012-10-17", "Statement": []}', CREATED)
        environment = {**os.environ, **iam.environment()}
        bare, ours = processes(
            [[sys.executable, "-c", BARE], [sys.executable, "-c", LOOK]],
            rounds=ROUNDS,
            environment=environment,
        )
        assert set(iam.actions) == {"GetPolicy"}
    script = "a bare boto3 script that calls GetPolicy"
    return (
        Figure("a look at an unchanged policy, cold process", ours.seconds, "s", 1.1, script, bare.seconds),
        Figure("its peak memory", ours.megabytes, "MB", 1.1, script, bare.megabytes),
    )
