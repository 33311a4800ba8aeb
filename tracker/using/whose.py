"""Which role is meant, and which policies hang on it."""

import re

from tracker.collaborators import Tracker
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.identity import PolicyArn
from tracker.model.used import Role

SUPPORT = "AWSServiceRoleForSupport"
# (service, AWS managed policy) of service-linked roles.
# https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html and ...-ta.html
_KNOWN = {
    SUPPORT: ("support.amazonaws.com", "AWSSupportServiceRolePolicy"),
    "AWSServiceRoleForTrustedAdvisor": ("trustedadvisor.amazonaws.com", "AWSTrustedAdvisorServiceRolePolicy"),
}
_NAME = re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII)
_ARN = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:role/(?:(?P<path>[!-.0-~/]+)/)?(?P<name>[\w+=,.@-]{1,64})\Z", re.ASCII
)
_LINKED = re.compile(r"aws-service-role/(?P<service>[a-z0-9.-]+)\Z")


def role_of(text: str) -> Role:
    """The role that a name or an ARN means. Raises InputError for what is neither."""
    known = {name.lower(): name for name in _KNOWN}
    found = _ARN.match(text)
    if found:
        linked = _LINKED.match(found["path"] or "")
        return Role(found["name"], text, linked["service"] if linked else "")
    if not _NAME.match(text):
        raise InputError(
            f"neither the name nor the ARN of a role: {text!r}",
            advice=f"wanted: {SUPPORT}, or arn:aws:iam::111122223333:role/NAME",
        )
    name = known.get(text.lower(), text)
    return Role(name, service=_KNOWN.get(name, ("", ""))[0])


def policies_of(tracker: Tracker, role: Role, named: tuple[PolicyArn, ...]) -> tuple[PolicyArn, ...]:
    """The policies that a role's calls are held against: those named, else the one that AWS gives the role."""
    if named:
        return named
    policy = _KNOWN.get(role.name, ("", ""))[1]
    if not policy:
        return ()
    try:
        return (tracker.archive.resolve(policy, tracker.partition),)
    except UnknownPolicyError:
        return ()
