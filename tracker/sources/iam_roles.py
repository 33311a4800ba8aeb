"""What IAM says of a role: who may assume it, what is attached to it, what it holds itself, when it was last used.

Three calls where it holds no policy of its own: GetRole, ListAttachedRolePolicies, ListRolePolicies. IAM has no date
that would tell that nothing changed.
"""

from collections.abc import Mapping
from typing import Any

from tracker.errors import SourceUnavailableError
from tracker.model.asking import RoleNow
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.policy.json_text import read_json
from tracker.policy.roles import role_document
from tracker.sources.iam_client import IamClient, element, moment_in


def role_now(iam: IamClient, name: str, partition: str) -> RoleNow | None:
    """A role as it is now; None: there is none of this name. Raises PermissionDeniedError, which names the call, and what any call raises."""
    answer = iam.call("GetRole", partition, name, RoleName=name)
    if answer is None:
        return None
    about = element(answer, "Role", dict, "GetRole", name)
    arn = _arn(element(about, "Arn", str, "GetRole", name), name)
    if not arn.is_role or arn.name != name:
        raise SourceUnavailableError(f"GetRole of {name}: AWS answers with {arn}", advice="Look again later.")
    attached = _listed(iam, "ListAttachedRolePolicies", "AttachedPolicies", name, partition)
    inline = _listed(iam, "ListRolePolicies", "PolicyNames", name, partition)
    if attached is None or inline is None:
        return None  # deleted between two calls
    policies = {}
    for policy in inline:
        found = iam.call("GetRolePolicy", partition, f"{name} {policy}", RoleName=name, PolicyName=policy)
        if found is not None:  # deleted between two calls
            text = element(found, "PolicyDocument", str, "GetRolePolicy", name)
            policies[policy] = read_json(text, f"{name}, its inline policy {policy}")
    last, region = _last_used(about)
    role_id = element(about, "RoleId", str, "GetRole", name)
    hanging = [
        _arn(element(one, "PolicyArn", str, "ListAttachedRolePolicies", name), name) for one in attached
    ]
    boundary = about.get("PermissionsBoundary") or {}
    return RoleNow(
        arn=arn,
        made=moment_in(about, "CreateDate", "GetRole", name),
        role_id=role_id,
        attached=tuple(sorted(hanging)),
        document=role_document(
            arn=str(arn),
            role_id=role_id,
            made=iso(moment_in(about, "CreateDate", "GetRole", name)),
            trust=read_json(
                element(about, "AssumeRolePolicyDocument", str, "GetRole", name), f"{name}, its trust policy"
            ),
            attached=tuple(map(str, hanging)),
            inline=policies,
            boundary=str(boundary.get("PermissionsBoundaryArn", "")),
        ),
        last_used=last,
        last_region=region,
    )


def _listed(iam: IamClient, action: str, key: str, name: str, partition: str) -> list[Any] | None:
    found: list[Any] = []
    for page in iam.pages(action, partition, name, RoleName=name):
        if page is None:
            return None
        found += element(page, key, list, action, name)
    return found


def _last_used(about: Mapping[str, Any]) -> tuple[Any, str]:
    """When and where; IAM tells the last 400 days, to which GetRole's answer says nothing where there was no use.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    used = about.get("RoleLastUsed") or {}
    if "LastUsedDate" not in used:
        return None, ""
    return moment_in(used, "LastUsedDate", "GetRole", "RoleLastUsed"), str(used.get("Region", ""))


def _arn(text: str, name: str) -> PolicyArn:
    try:
        return PolicyArn.parse(text)
    except ValueError as error:
        raise SourceUnavailableError(
            f"{name}: {error}", advice="The answer is not IAM's: check the endpoint and the proxy."
        ) from error
