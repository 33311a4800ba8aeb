"""Who a policy is and which version: ARN and VersionId."""

import re
from dataclasses import dataclass, field
from typing import Literal

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z0-9-]*):iam::(?P<account>aws|\d{12}):(?P<kind>policy|role)(?P<path>/(?:[!-.0-~]+/)*)(?P<name>[\w+=,.@-]{1,128})\Z",
    re.ASCII,
)
UNKNOWN_ACCOUNT = "000000000000"  # of a role that was asked for and never seen
_PARTITION = re.compile(r"aws[a-z0-9-]{0,30}\Z")
_NAME = re.compile(r"[\w+=,.@-]{1,128}\Z", re.ASCII)
_SERVICE = re.compile(r"/aws-service-role/([^/]+)/\Z")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})(\.[A-Za-z0-9-]{0,64})?\Z")

ROLE = "role"  # begins the handle of a role
FILE = "file"  # in the place of the account: the document came out of a file, and no ARN with it


@dataclass(frozen=True, slots=True, order=True)
class PolicyArn:
    """An AWS managed policy, known by its ARN; or a role, whose trust and policies are archived like a policy's text."""

    partition: str  # 'aws', 'aws-us-gov', 'aws-cn', ...
    name: str  # 'AWSSupportServiceRolePolicy'
    path: str = "/"  # '/', '/aws-service-role/', ...: begins and ends with a slash
    account: str = "aws"  # 'aws', or twelve digits for a policy of a customer's own and for a role; FILE for none that AWS has
    kind: Literal["policy", "role"] = "policy"

    @classmethod
    def parse(cls, text: str) -> "PolicyArn":
        """Read `arn:aws:iam::aws:policy/aws-service-role/Name`. Raises ValueError for anything else."""
        found = _ARN.match(text)
        if not found or ".." in text or (found["kind"] == "role" and found["account"] == "aws"):
            raise ValueError(
                f"not the ARN of an IAM policy: {text!r:.200} (wanted: arn:aws:iam::aws:policy/ReadOnlyAccess)"
            )
        partition, account, kind, path, name = found.groups()
        return cls(partition, name, path, account, "role" if kind == "role" else "policy")

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{self.kind}{self.path}{self.name}"

    @property
    def is_role(self) -> bool:
        """True for a role."""
        return self.kind == "role"

    @property
    def handle(self) -> str:
        """What tells it from any other of its partition, and names its folders: a role is `role~X`, a customer's own policy
        `111122223333~X`. `~` is in no name of AWS's."""
        if self.is_role:
            return f"{ROLE}~{self.name}"
        return self.name if self.account in ("aws", FILE) else f"{self.account}~{self.name}"

    @property
    def service(self) -> str:
        """The service that a service-linked role is made for, 'support.amazonaws.com'; empty for any other role, and a policy."""
        found = _SERVICE.match(self.path) if self.is_role else None
        return found[1] if found else ""

    @property
    def service_linked(self) -> bool:
        """True for the policy of a service-linked role: AWS's own, which nobody attaches."""
        return self.path == "/aws-service-role/"


def role_arn(name: str, partition: str = "aws") -> PolicyArn:
    """A role of which only the name is known: its account and path are AWS's to tell."""
    return PolicyArn(partition, name, account=UNKNOWN_ACCOUNT, kind="role")


def split_partition(text: str, partition: str) -> tuple[str, str]:
    """(partition, name) of `aws-us-gov:ReadOnlyAccess`, of an ARN, or of a name alone, which is in the partition given."""
    if text.startswith("arn:"):
        arn = PolicyArn.parse(text)
        return arn.partition, arn.name
    before, colon, name = text.rpartition(":")
    return (before, name) if colon and _PARTITION.match(before) else (partition, text)


def is_policy_name(text: str) -> bool:
    """True for what IAM accepts as a policy's name (letters, digits and `+=,.@_-`, 128 at most)."""
    return bool(_NAME.match(text)) and text not in (".", "..")


@dataclass(frozen=True, slots=True, order=True)
class VersionId:
    """`v57`, or `v57.suffix`: ordered by the number, then the suffix.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html
    """

    number: int
    suffix: str = field(default="")  # with its dot, or empty

    @classmethod
    def parse(cls, text: str) -> "VersionId":
        """Read `v57`. Raises ValueError for anything else."""
        found = _VERSION.match(text)
        if not found:
            raise ValueError(f"not a policy version: {text!r:.60} (wanted: v57)")
        return cls(int(found[1]), found[2] or "")

    def __str__(self) -> str:
        return f"v{self.number}{self.suffix}"
