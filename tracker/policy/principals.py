"""Principals of trust and resource policies as sets of strings: 'Service support.amazonaws.com', 'AWS arn:...'.

An account's id and its root ARN both stand for everybody in that account, and a role for its sessions, too:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re

from tracker.policy.languages import Alternative
from tracker.policy.values import Values

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?\Z", re.ASCII)
_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[^*?]*/)?([^/*?]+)\Z", re.ASCII)

Principal = tuple[tuple[str, tuple[str, ...]], ...]


def is_everybody(principal: Principal) -> bool:
    """True where '*' stands among the AWS principals."""
    return any(kind == "AWS" and "*" in who for kind, who in principal)


def principals(principal: Principal) -> Values:
    """The set of those who are named."""
    found: set[Alternative] = set()
    for kind, who in principal:
        for name in who:
            found |= _meant(kind, name)
    return Values("string", frozenset(found))


def _meant(kind: str, name: str) -> set[Alternative]:
    if kind != "AWS":
        return {("exact", f"{kind} {name}")}
    account = _ACCOUNT.match(name)
    if account and (name.isdigit() or name.endswith(":root")):
        return {("glob", f"AWS arn:*:{service}::{account[1]}:*") for service in ("iam", "sts")}
    role = _ROLE.match(name)
    if role:
        partition, number, short = role.groups()
        session = f"AWS arn:{partition}:sts::{number}:assumed-role/{short}/*"
        return {("exact", f"AWS {name}"), ("glob", session)}
    return {("exact", f"AWS {name}")}
