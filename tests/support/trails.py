"""CloudTrail events and log files of a few lines, as S3 holds them."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ACCOUNT = "111122223333"
SUPPORT_ROLE = "AWSServiceRoleForSupport"
SUPPORT_PATH = f"aws-service-role/support.amazonaws.com/{SUPPORT_ROLE}"


def event(
    name: str = "DescribeInstances",
    at: str = "2026-08-20T10:00:00Z",
    *,
    source: str = "ec2.amazonaws.com",
    identity: dict[str, Any] | None = None,
    number: int | str = 0,
    **more: Any,
) -> dict[str, Any]:
    """One event of AWS Support's role, or of whom `identity` says. Equal arguments make equal event ids."""
    return {
        "eventVersion": "1.11",
        "userIdentity": session() if identity is None else identity,
        "eventTime": at,
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-central-1",
        "requestParameters": {"filterSet": {}},
        "eventID": str(uuid5(NAMESPACE_URL, f"{source} {name} {at} {number}")),
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **more,
    }


def session(name: str = SUPPORT_ROLE, path: str = SUPPORT_PATH, **more: Any) -> dict[str, Any]:
    """The userIdentity of a session of a role."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}",
                "userName": name,
            }
        },
        **more,
    }


def text_of(events: Sequence[object]) -> bytes:
    """A log file's JSON, as CloudTrail writes it."""
    return json.dumps({"Records": list(events)}, separators=(",", ":")).encode()


def log_file(
    root: Path,
    events: Sequence[object],
    delivered: str = "20260820T1005Z",
    unique: str = "a",
    kind: str = "CloudTrail",
) -> Path:
    """Write a log file where S3 would have it under `root`."""
    day = f"{delivered[:4]}/{delivered[4:6]}/{delivered[6:8]}"
    folder = root / f"AWSLogs/{ACCOUNT}/{kind}/eu-central-1/{day}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ACCOUNT}_{kind}_eu-central-1_{delivered}_{unique}.json.gz"
    path.write_bytes(gzip.compress(text_of(events), mtime=0))
    return path
