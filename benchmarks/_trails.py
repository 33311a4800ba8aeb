"""CloudTrail logs made up by a seed: the folders, file names and records that S3 holds, of several accounts and regions.

The shapes are those of the CloudTrail User Guide's examples (userIdentity of users, roles, services; data of KMS, EC2, S3,
STS); names, numbers and times are drawn. About one event in thirty is of AWS Support's role.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2")
SUPPORT = "AWSServiceRoleForSupport"
_EVERY = timedelta(minutes=5)
_READS = (
    ("ec2.amazonaws.com", "DescribeInstances"), ("ec2.amazonaws.com", "DescribeVolumes"), ("ec2.amazonaws.com", "DescribeVpcs"),
    ("s3.amazonaws.com", "ListBuckets"), ("s3.amazonaws.com", "GetBucketPolicy"), ("lambda.amazonaws.com", "ListFunctions20150331"),
    ("iam.amazonaws.com", "GetRole"), ("iam.amazonaws.com", "ListRoles"), ("rds.amazonaws.com", "DescribeDBInstances"),
    ("monitoring.amazonaws.com", "DescribeAlarms"), ("config.amazonaws.com", "DescribeConfigRules"), ("sts.amazonaws.com", "GetCallerIdentity"),
)  # fmt: skip
# What AWS Support calls in these logs: mostly what its role may, once in a while what it may not, or a name nobody knows.
_SUPPORTS = (
    ("ec2.amazonaws.com", "DescribeInstances", 40), ("monitoring.amazonaws.com", "DescribeAlarms", 12),
    ("s3.amazonaws.com", "GetBucketLocation", 9), ("lambda.amazonaws.com", "GetFunction20150331v2", 6),
    ("rds.amazonaws.com", "DescribeDBInstances", 8), ("elasticloadbalancing.amazonaws.com", "DescribeLoadBalancers", 7),
    ("ec2.amazonaws.com", "TerminateInstances", 1), ("example.amazonaws.com", "DescribeNothing", 1),
)  # fmt: skip


@dataclass(slots=True)
class Made:
    """What was made, for whoever checks a count."""

    files: int = 0
    events: int = 0
    supports: int = 0  # events of AWS Support's role
    json_bytes: int = 0
    packed_bytes: int = 0
    calls: dict[str, int] = field(
        default_factory=dict
    )  # 'ec2.amazonaws.com DescribeInstances' -> of AWS Support's role


def make(
    root: Path,
    *,
    json_bytes: int,
    seed: int = 8,
    per_file: tuple[int, int] = (20, 900),
    share: float = 1 / 30,
) -> Made:
    """Write a tree of logs of about so many bytes of JSON under `root`; `share` of the events are AWS Support's."""
    dice = random.Random(seed)
    made = Made()
    for account, region, moment in _places():
        if made.json_bytes >= json_bytes:
            return made
        records = [_event(dice, made, account, region, moment, share) for _ in range(dice.randint(*per_file))]
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        packed = gzip.compress(text, 6, mtime=0)
        folder = root / f"AWSLogs/{account}/CloudTrail/{region}/{moment:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{_word(dice, 16)}.json.gz"
        (folder / name).write_bytes(packed)
        made.files += 1
        made.events += len(records)
        made.json_bytes += len(text)
        made.packed_bytes += len(packed)
    return made


def _places() -> Iterator[tuple[str, str, datetime]]:
    moment = BEGIN
    while True:
        for account in ACCOUNTS:
            for region in REGIONS:
                yield account, region, moment
        moment += _EVERY


def _event(
    dice: random.Random, made: Made, account: str, region: str, moment: datetime, share: float
) -> dict[str, Any]:
    at = moment - timedelta(seconds=dice.randint(0, 299))
    if dice.random() < share:
        source, name, _ = dice.choices(_SUPPORTS, [weight for *_, weight in _SUPPORTS])[0]
        made.supports += 1
        made.calls[f"{source} {name}"] = made.calls.get(f"{source} {name}", 0) + 1
        return support_event(dice, account, region, at, source, name)
    return dice.choices(_KINDS, _WEIGHTS)[0](dice, account, region, at)


def support_event(
    dice: random.Random, account: str, region: str, at: datetime, source: str, name: str, **more: Any
) -> dict[str, Any]:
    """A call made in a session of AWS Support's role."""
    identity = _role(dice, account, SUPPORT, f"aws-service-role/support.amazonaws.com/{SUPPORT}", at)
    identity["invokedBy"] = "support.amazonaws.com"
    refused = (
        {"errorCode": "AccessDenied", "errorMessage": "not authorized"}
        if name == "TerminateInstances"
        else {}
    )
    return {
        **_head(dice, identity, at, source, name, account, region),
        "sourceIPAddress": "support.amazonaws.com",
        "userAgent": "support.amazonaws.com",
        "requestParameters": {"maxResults": 100, "filterSet": {}},
        "responseElements": None,
        "readOnly": True,
        **refused,
        **more,
    }


def _head(
    dice: random.Random,
    identity: dict[str, Any],
    at: datetime,
    source: str,
    name: str,
    account: str,
    region: str,
) -> dict[str, Any]:
    return {
        "eventVersion": "1.11", "userIdentity": identity, "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": source,
        "eventName": name, "awsRegion": region, "sourceIPAddress": f"203.0.113.{dice.randint(1, 254)}",
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13.7 cfg/retry-mode#standard",
        "requestID": _uuid(dice), "eventID": _uuid(dice), "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": account, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{source.partition('.')[0]}.{region}.amazonaws.com"},
    }  # fmt: skip


def _role(dice: random.Random, account: str, name: str, path: str, at: datetime) -> dict[str, Any]:
    unique = f"AROA{_word(dice, 16)}"
    return {
        "type": "AssumedRole", "principalId": f"{unique}:{_word(dice, 12)}", "accountId": account,
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{_word(dice, 12)}", "accessKeyId": f"ASIA{_word(dice, 16)}",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": unique, "arn": f"arn:aws:iam::{account}:role/{path}", "accountId": account, "userName": name},
            "attributes": {"creationDate": f"{at - timedelta(minutes=12):%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"},
        },
    }  # fmt: skip


def _by_user(dice: random.Random, account: str, region: str, at: datetime) -> dict[str, Any]:
    source, name = dice.choice(_READS)
    user = f"user-{dice.randint(1, 40)}"
    identity = {
        "type": "IAMUser", "principalId": f"AIDA{_word(dice, 16)}", "arn": f"arn:aws:iam::{account}:user/{user}",
        "accountId": account, "accessKeyId": f"AKIA{_word(dice, 16)}", "userName": user,
    }  # fmt: skip
    return {
        **_head(dice, identity, at, source, name, account, region),
        "requestParameters": {
            "maxResults": dice.randint(5, 1000),
            "nextToken": _word(dice, dice.randint(0, 300)),
        },
        "responseElements": None,
        "readOnly": True,
        "sessionCredentialFromConsole": "true",
    }


def _by_role(dice: random.Random, account: str, region: str, at: datetime) -> dict[str, Any]:
    source, name = dice.choice(_READS)
    role = f"app-{dice.randint(1, 60)}-{dice.choice(('prod', 'test'))}"
    event = _head(dice, _role(dice, account, role, role, at), at, source, name, account, region)
    event |= {"requestParameters": {"roleName": role, "path": "/", "filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": f"vpc-0{_word(dice, 16)}"}]}}]}}}  # fmt: skip
    if dice.random() < 0.08:
        event |= {
            "errorCode": "AccessDenied",
            "errorMessage": f"User: {role} is not authorized to perform: {name} because no identity-based policy allows the action",
        }
    return event | {"responseElements": None, "readOnly": True}


def _assume(dice: random.Random, account: str, region: str, at: datetime) -> dict[str, Any]:
    service = dice.choice(("lambda", "ec2", "config", "support", "ecs-tasks"))
    identity = {"type": "AWSService", "invokedBy": f"{service}.amazonaws.com"}
    path = (
        f"aws-service-role/support.amazonaws.com/{SUPPORT}"
        if service == "support"
        else f"app-{dice.randint(1, 60)}"
    )
    role = f"arn:aws:iam::{account}:role/{path}"
    return {
        **_head(dice, identity, at, "sts.amazonaws.com", "AssumeRole", account, region),
        "requestParameters": {"roleArn": role, "roleSessionName": _word(dice, 20), "durationSeconds": 3600},
        "responseElements": {"credentials": {"accessKeyId": f"ASIA{_word(dice, 16)}", "sessionToken": _word(dice, 600), "expiration": "Aug 1, 2026, 1:00:00 PM"}},
        "readOnly": True,
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
        "sharedEventID": _uuid(dice),
    }  # fmt: skip


def _decrypt(dice: random.Random, account: str, region: str, at: datetime) -> dict[str, Any]:
    key = f"arn:aws:kms:{region}:{account}:key/{_uuid(dice)}"
    role = f"app-{dice.randint(1, 60)}-prod"
    return {
        **_head(dice, _role(dice, account, role, role, at), at, "kms.amazonaws.com", "Decrypt", account, region),
        "requestParameters": {"encryptionContext": {"aws:lambda:FunctionArn": f"arn:aws:lambda:{region}:{account}:function:{role}"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        "responseElements": None,
        "readOnly": True,
        "resources": [{"accountId": account, "type": "AWS::KMS::Key", "ARN": key}],
    }  # fmt: skip


def _run(dice: random.Random, account: str, region: str, at: datetime) -> dict[str, Any]:
    items = [
        {"instanceId": f"i-0{_word(dice, 16)}", "imageId": f"ami-0{_word(dice, 16)}", "instanceState": {"code": 0, "name": "pending"},
         "privateDnsName": f"ip-10-0-{n}-7.{region}.compute.internal", "keyName": "ops", "instanceType": "m7g.large", "subnetId": f"subnet-0{_word(dice, 16)}",
         "placement": {"availabilityZone": f"{region}a", "tenancy": "default"}, "groupSet": {"items": [{"groupId": f"sg-0{_word(dice, 16)}", "groupName": "web \"front\" {a},{b}"}]},
         "tagSet": {"items": [{"key": "Name", "value": f"web-{n}"}, {"key": "note", "value": "costs: 5 \\u20ac"}]}}
        for n in range(dice.randint(1, 8))
    ]  # fmt: skip
    return {
        **_head(dice, _role(dice, account, "deploy", "deploy", at), at, "ec2.amazonaws.com", "RunInstances", account, region),
        "requestParameters": {"instancesSet": {"items": [{"imageId": "ami-0", "minCount": 1, "maxCount": len(items)}]}, "userData": "<sensitiveDataRemoved>"},
        "responseElements": {"requestId": _uuid(dice), "reservationId": f"r-0{_word(dice, 16)}", "instancesSet": {"items": items}},
        "readOnly": False,
    }  # fmt: skip


_KINDS: tuple[Callable[[random.Random, str, str, datetime], dict[str, Any]], ...] = (
    _by_user,
    _by_role,
    _assume,
    _decrypt,
    _run,
)
_WEIGHTS = (15, 45, 18, 17, 5)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _word(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(_LETTERS, k=length))


def _uuid(dice: random.Random) -> str:
    text = f"{dice.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
