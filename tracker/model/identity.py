"""Who a policy is and which version: ARN and VersionId."""

import re
from dataclasses import dataclass, field

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z0-9-]*):iam::(?P<account>aws|\d{12}):policy(?P<path>/(?:[!-.0-~]+/)*)(?P<name>[\w+=,.@-]{1,128})\Z",
    re.ASCII,
)
_PARTITION = re.compile(r"aws[a-z0-9-]{0,30}\Z")
_NAME = re.compile(r"[\w+=,.@-]{1,128}\Z", re.ASCII)
_VERSION = re.compile(r"v([1-9][0-9]{0,8})(\.[A-Za-z0-9-]*)?\Z")

FILE = "file"  # in the place of the account: the document came out of a file, and no ARN with it


@dataclass(frozen=True, slots=True, order=True)
class PolicyArn:
    """An AWS managed policy, known by its ARN."""

    partition: str  # 'aws', 'aws-us-gov', 'aws-cn', ...
    name: str  # 'AWSSupportServiceRolePolicy'
    path: str = "/"  # '/', '/aws-service-role/', ...: begins and ends with a slash
    account: str = (
        "aws"  # 'aws', or twelve digits for a policy of a customer's own; FILE for none that AWS has
    )

    @classmethod
    def parse(cls, text: str) -> "PolicyArn":
        """Read `arn:aws:iam::aws:policy/aws-service-role/Name`. Raises ValueError for anything else."""
        found = _ARN.match(text)
        if not found or ".." in text:
            raise ValueError(
                f"not the ARN of an IAM policy: {text!r} (wanted: arn:aws:iam::aws:policy/ReadOnlyAccess)"
            )
        return cls(**found.groupdict())

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:policy{self.path}{self.name}"

    @property
    def service_linked(self) -> bool:
        """True for the policy of a service-linked role: AWS's own, which nobody attaches."""
        return self.path == "/aws-service-role/"


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
            raise ValueError(f"not a policy version: {text!r} (wanted: v57)")
        return cls(int(found[1]), found[2] or "")

    def __str__(self) -> str:
        return f"v{self.number}{self.suffix}"
