"""Where everything stands under `snapshots/`: a name of AWS or of an import never becomes a path unchecked."""

import re
from datetime import UTC, datetime
from pathlib import Path

from tracker.errors import InputError
from tracker.model.identity import ROLE, PolicyArn, VersionId, is_policy_name, role_arn
from tracker.model.instants import utc

TIMELINE = "timeline.jsonl"
SOURCES = "sources.jsonl"
LOOKS = "looks.jsonl"
SIGNOFFS = "signoffs.jsonl"  # in the tracker's folder itself: no source wrote it
CATALOGUE = "catalogue"  # beside the partitions: no partition has such a name

Identity = tuple[VersionId, datetime]

_PARTITION = re.compile(r"aws[a-z0-9-]{0,30}\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_FILE = re.compile(
    r"(?P<made>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}(?:\.[0-9]{6})?Z)_(?P<version>v[1-9][0-9]{0,8}(?:\.[A-Za-z0-9-]*)?)\.json\Z"
)
# Neither of these can be the name of a snapshot: a version's suffix holds no second dot.
CONFLICT = re.compile(r"(?P<file>.+\.json)\.conflict-[0-9a-f]{12}\.json\Z")
DAMAGED = re.compile(r"(?P<file>.+\.json)\.damaged-[0-9a-f]{12}\Z")


def is_partition(text: str) -> bool:
    """True for `aws`, `aws-cn`, `aws-us-gov` and what AWS may add."""
    return bool(_PARTITION.match(text))


def folder_name(arn: PolicyArn) -> str:
    """The folder of a policy within its partition: its name; a customer's own is `<account>~<name>`, a role `role~<name>`.

    `~` is in no policy's name, so these never meet. A role's account is in its snapshots: it is asked for by its name
    alone, and one that is not there has none. Raises InputError where the ARN holds what no ARN may.
    """
    if not is_partition(arn.partition) or not is_policy_name(arn.name):
        raise InputError(
            f"not the ARN of an IAM policy: {str(arn)!r}",
            advice="wanted: arn:aws:iam::aws:policy/ReadOnlyAccess",
        )
    if not arn.is_role and arn.account == "aws":
        return f"aws~{arn.name}" if arn.name == LOOKS else arn.name  # a legal name, and taken
    if not arn.is_role and not _ACCOUNT.match(arn.account):
        raise InputError(f"not an AWS account: {arn.account!r}", advice="wanted: twelve digits, or 'aws'")
    return arn.handle


def policy_key(arn: PolicyArn) -> str:
    """`aws/AWSSupportServiceRolePolicy`: the policy's folder, and its key in the index."""
    return f"{arn.partition}/{folder_name(arn)}"


def arn_of_folder(partition: str, folder: str) -> PolicyArn | None:
    """The policy whose folder this is, its path unknown ('/'); None where no policy has such a folder."""
    account, tilde, name = folder.rpartition("~")
    if not is_partition(partition) or not is_policy_name(name):
        return None
    if account == ROLE:
        return role_arn(name, partition)
    arn = PolicyArn(partition, name, account=account if tilde else "aws")
    if arn.account != "aws" and not _ACCOUNT.match(arn.account):
        return None
    return arn if folder_name(arn) == folder else None


def policy_folder(root: Path, arn: PolicyArn) -> Path:
    """The folder of a policy under `snapshots/`. Raises InputError as `folder_name` does."""
    return root / arn.partition / folder_name(arn)


def file_name(identity: Identity) -> str:
    """`2026-08-19T173719Z_v59.json`; microseconds only where there are any, so that the name is the identity."""
    version, made = identity
    made = utc(made)
    text = made.strftime("%Y-%m-%dT%H%M%S") + (f".{made.microsecond:06d}" if made.microsecond else "")
    return f"{text}Z_{version}.json"


def identity_of(name: str) -> Identity | None:
    """What a snapshot's file name says; None for a name that `file_name` would not write."""
    found = _FILE.match(name)
    if not found:
        return None
    try:
        identity = (
            VersionId.parse(found["version"]),
            datetime.fromisoformat(found["made"]).astimezone(UTC),
        )
    except ValueError:  # the 31st of February
        return None
    return identity if file_name(identity) == name else None


def is_like_snapshot(name: str) -> bool:
    """True for every name that `file_name` writes, and for some that it would not: the quick question."""
    return _FILE.match(name) is not None


def oldest_first(identity: Identity) -> tuple[datetime, VersionId]:
    """The order of snapshots: by their date, then by their id."""
    return (identity[1], identity[0])
