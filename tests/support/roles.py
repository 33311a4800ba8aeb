"""Roles for tests: what IAM would say of one, and a source that says it from a dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tracker.errors import PermissionDeniedError, SourceUnavailableError
from tracker.model.asking import RoleNow
from tracker.model.identity import PolicyArn
from tracker.model.instants import parse_instant
from tracker.policy.roles import role_document

NAME = "AWSServiceRoleForSupport"
ARN = f"arn:aws:iam::123456789012:role/aws-service-role/support.amazonaws.com/{NAME}"
POLICY = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"


def trusting(principal: Mapping[str, object], **more: object) -> dict[str, object]:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": dict(principal), "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role_now(
    *,
    trust: Mapping[str, object] | None = None,
    attached: tuple[str, ...] = (POLICY,),
    inline: Mapping[str, Mapping[str, object]] | None = None,
    role_id: str = "AROA1",
    made: str = "2018-04-19T18:04:06Z",
    last_used: datetime | None = None,
    arn: str = ARN,
    boundary: str = "",
) -> RoleNow:
    """The role as AWS makes it, but for what is named."""
    document = role_document(
        arn=arn,
        role_id=role_id,
        made=made,
        trust=trust or trusting({"Service": "support.amazonaws.com"}),
        attached=attached,
        inline=inline,
        boundary=boundary,
    )
    hanging = tuple(sorted(map(PolicyArn.parse, attached)))
    region = "us-east-1" if last_used else ""
    return RoleNow(PolicyArn.parse(arn), parse_instant(made), role_id, hanging, document, last_used, region)


@dataclass
class Roles:
    """A RoleSource of a dictionary; `denied` and `down` are what goes wrong."""

    held: dict[str, RoleNow] = field(default_factory=dict)
    denied: str = ""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def role(self, name: str, partition: str) -> RoleNow | None:
        """As sources/iam_roles.py answers."""
        self.asked.append(name)
        if self.denied:
            raise PermissionDeniedError(f"GetRole of {name}: not allowed", action=self.denied)
        if self.down:
            raise SourceUnavailableError(f"GetRole of {name}: throttled")
        return self.held.get(name)
