"""All AWS managed policies on moto's server: a sweep that finds nothing changed, and the first one, which stores everything.

Beside the first stands a script that pages ListPolicies and does nothing with it; beside the second one that fetches each
default by as many threads and keeps nothing. Every run is a process of its own, theirs and ours turn about.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import Figure
from benchmarks._timing import COMMAND
from tracker.demo.aws import EmbeddedAws

THREADS = 8
LIST = """
import boto3
pages = boto3.client("iam").get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 1000})
policies = [policy for page in pages for policy in page["Policies"]]
"""
FETCH = f"""{LIST}
from concurrent.futures import ThreadPoolExecutor
from botocore.config import Config
client = boto3.client("iam", config=Config(max_pool_connections={THREADS}))
def fetch(policy):
    return client.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
with ThreadPoolExecutor({THREADS}) as pool:
    documents = list(pool.map(fetch, policies))
assert len(documents) > 1_000
"""


def figures() -> tuple[Figure, ...]:
    """Seconds of each, the least of several turns about: what else the machine does can only add."""
    with EmbeddedAws() as aws, tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environment = {**os.environ, **aws.environment(), "POLICY_TRACKER_HOME": str(home)}

        def run(*arguments: str) -> float:
            start = time.perf_counter()
            done = subprocess.run(arguments, env=environment, stdout=subprocess.PIPE, check=True, text=True)
            taken = time.perf_counter() - start
            assert arguments[-1] != "--all" or f"looked at {aws.policies:,} policies" in done.stdout, (
                done.stdout
            )
            return taken

        def empty() -> None:
            shutil.rmtree(home, ignore_errors=True)
            run(COMMAND, "init", "--empty")

        first, fetch = _turns(
            3, lambda: run(COMMAND, "check", "--all"), lambda: run(sys.executable, "-c", FETCH), before=empty
        )
        again, listing = _turns(
            7, lambda: run(COMMAND, "check", "--all"), lambda: run(sys.executable, "-c", LIST)
        )
    many = f"{aws.policies:,} policies"
    return (
        Figure(f"`check --all` of {many}, nothing changed", again, "s", 1.2, "paging ListPolicies", listing),
        Figure(
            f"first `check --all` of {many}, everything stored",
            first,
            "s",
            1.2,
            f"fetching them by {THREADS} threads",
            fetch,
        ),
    )


def _turns(
    rounds: int,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    before: Callable[[], None] = lambda: None,
) -> tuple[float, float]:
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        before()
        for runs, one in zip(taken, (ours, theirs), strict=True):
            seconds = one()
            if number:  # the first warms the disk's cache
                runs.append(seconds)
    return min(taken[0]), min(taken[1])
