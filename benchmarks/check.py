"""What `policy-tracker check` of one unchanged policy costs as a whole process, beside a bare boto3 script."""

import os
import subprocess
import sys
import tempfile

from benchmarks import Figure
from benchmarks._timing import COMMAND, processes
from benchmarks.look import ARN, BARE, CREATED
from tests.support.fake_iam import FakeIam

ROUNDS = 15
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}'


def figures() -> tuple[Figure, ...]:
    """Seconds and megabytes of a check beside those of a script that calls GetPolicy and nothing else."""
    with FakeIam() as iam, tempfile.TemporaryDirectory() as folder:
        iam.put(ARN, "v59", DOCUMENT, CREATED)
        environment = {**os.environ, **iam.environment(), "POLICY_TRACKER_HOME": folder}
        for first in (["init", "--empty"], ["check"]):  # from here on nothing changes
            subprocess.run([COMMAND, *first], env=environment, check=True, stdout=subprocess.DEVNULL)
        before = len(iam.actions)
        bare, ours = processes(
            [[sys.executable, "-c", BARE], [COMMAND, "check"]], rounds=ROUNDS, environment=environment
        )
        assert set(iam.actions[before:]) == {"GetPolicy"}
    script = "a bare boto3 script that calls GetPolicy"
    return (
        Figure("`check` of one unchanged policy, cold process", ours.seconds, "s", 1.6, script, bare.seconds),
        Figure("its peak memory", ours.megabytes, "MB", 1.4, script, bare.megabytes),
    )
