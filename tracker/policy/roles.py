"""A role as one document: who may assume it, what it may do by itself, and what is attached to it.

    {"Role": {"Arn", "RoleId", "CreateDate", "PermissionsBoundary"?}, "AssumeRolePolicyDocument": {...},
     "AttachedPolicies": ["arn:aws:iam::aws:policy/..."], "RolePolicies": {"<name>": {...}}}

The elements have IAM's own names (GetRole, ListAttachedRolePolicies, GetRolePolicy). The statements of the trust policy
and of the inline policies are compared as those of any document are; what managed policies allow is in their own history.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tracker.model.identity import PolicyArn, is_policy_name
from tracker.policy.document import NEW_VERSION, Document, Role
from tracker.policy.json_text import refuse

Reader = Callable[[dict[str, object], str], Document]
_KEYS = {"Role", "AssumeRolePolicyDocument", "AttachedPolicies", "RolePolicies"}
_ROLE_KEYS = {"Arn", "RoleId", "CreateDate", "PermissionsBoundary"}


def role_document(
    *,
    arn: str,
    role_id: str,
    made: str,
    trust: Mapping[str, object],
    attached: tuple[str, ...] = (),
    inline: Mapping[str, Mapping[str, object]] | None = None,
    boundary: str = "",
) -> dict[str, object]:
    """The document of a role, from what IAM answers; `made` is written '2018-04-19T18:04:06Z'."""
    about = {"Arn": arn, "RoleId": role_id, "CreateDate": made}
    if boundary:
        about["PermissionsBoundary"] = boundary
    return {
        "Role": about,
        "AssumeRolePolicyDocument": dict(trust),
        "AttachedPolicies": sorted(attached),
        "RolePolicies": {name: dict(document) for name, document in sorted((inline or {}).items())},
    }


def read_role(value: Mapping[str, Any], read: Reader, what: str) -> Document:
    """A checked role; `read` checks a policy's document. Raises DocumentError for anything else."""
    about, trust = value.get("Role"), value["AssumeRolePolicyDocument"]
    attached, inline = value.get("AttachedPolicies"), value.get("RolePolicies")
    if value.keys() != _KEYS or not isinstance(about, dict) or not about.keys() <= _ROLE_KEYS:
        refuse(what, f"no document of a role: it has {', '.join(sorted(value))}")
    if not _texts(list(about.values())) or not about.keys() >= {"Arn", "RoleId", "CreateDate"}:
        refuse(what, "a role without Arn, RoleId and CreateDate", "Role")
    if not isinstance(trust, dict):
        refuse(what, "no trust policy", "AssumeRolePolicyDocument")
    if not isinstance(attached, list) or not _texts(attached) or not all(map(_is_policy, attached)):
        refuse(what, "no list of ARNs", "AttachedPolicies")
    if not isinstance(inline, dict) or not all(
        is_policy_name(name) and isinstance(one, dict) for name, one in inline.items()
    ):
        refuse(what, "no policies by their names", "RolePolicies")
    trusted = read(trust, f"{what}, its trust policy")
    own = tuple((name, read(inline[name], f"{what}, its inline policy {name}")) for name in sorted(inline))
    statements = [*trusted.statements, *(one for _, document in own for one in document.statements)]
    return Document(
        statements=tuple(replace(one, index=index) for index, one in enumerate(statements)),
        version=NEW_VERSION,
        role=Role(
            arn=about["Arn"],
            role_id=about["RoleId"],
            made=about["CreateDate"],
            trust=trusted,
            attached=tuple(sorted(attached)),
            inline=own,
            boundary=about.get("PermissionsBoundary", ""),
        ),
    )


def _is_policy(text: str) -> bool:
    try:
        return not PolicyArn.parse(text).is_role
    except ValueError:
        return False


def _texts(values: list[object]) -> bool:
    return all(isinstance(one, str) for one in values)
