"""Under which path AWS keeps a policy of which only the name is told, as the answers of get-policy-version tell it.

A path says whether a policy can be attached at all: those under /aws-service-role/ can't. The names are facts out of
moto's data, which `python -m tests.make_paths` reads again; a policy that AWS made since, or took back, is not in it.
"""

import json
from functools import cache
from pathlib import Path

from tracker.model.identity import PolicyArn

_DATA = Path(__file__).with_suffix(".json")


@cache
def _paths() -> dict[str, str]:
    told = json.loads(_DATA.read_text(encoding="utf-8"))["paths"]
    return {name: path for path, names in told.items() for name in names}


def arn_by_name(name: str, partition: str) -> PolicyArn:
    """The ARN of an AWS managed policy by its name; under '/' where nobody told otherwise."""
    return PolicyArn(partition, name, _paths().get(name, "/"))
