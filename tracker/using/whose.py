"""Which role is meant, and which policies it had when."""

import re

from tracker.changes.roles import EXPECTED
from tracker.collaborators import Tracker
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.catalogue import Catalogue
from tracker.model.identity import PolicyArn
from tracker.model.used import Basis, Role
from tracker.reading import Reading
from tracker.roles import archived_role
from tracker.using.grants import Grants

SUPPORT = "AWSServiceRoleForSupport"
# https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html and ...-ta.html
_SERVICES = {
    SUPPORT: "support.amazonaws.com",
    "AWSServiceRoleForTrustedAdvisor": "trustedadvisor.amazonaws.com",
}
_NAME = re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII)
_ARN = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:role/(?:(?P<path>[!-.0-~/]+)/)?(?P<name>[\w+=,.@-]{1,64})\Z", re.ASCII
)
_LINKED = re.compile(r"aws-service-role/(?P<service>[a-z0-9.-]+)\Z")


def role_of(tracker: Tracker, text: str) -> Role:
    """The role that a name or an ARN means. Raises InputError for what is neither."""
    known = {name.lower(): name for name in _SERVICES}
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
    archived = archived_role(tracker, name)
    return Role(name, service=archived.service if archived else _SERVICES.get(name, ""))


def grants_of(tracker: Tracker, role: Role, named: tuple[PolicyArn, ...]) -> tuple[Grants, Basis]:
    """What a role's calls are held against, and whence that is known.

    The policies that were named; else what hung on the role at each moment, by the looks at it; where nobody looked at
    it, the one that AWS writes for it. Raises InputError for a damaged file of the archive.
    """
    catalogue = tracker.catalogue()
    if named:
        return Grants(map(tracker.reading, named), catalogue), Basis("named")
    archived = archived_role(tracker, role.name)
    if archived is not None and role.arn in ("", str(archived)):
        return _by_looks(tracker, archived, catalogue)
    try:
        expected = EXPECTED[role.name].policy
        return Grants(
            [tracker.reading(tracker.archive.resolve(expected, tracker.partition))], catalogue
        ), Basis("aws")
    except (KeyError, UnknownPolicyError):
        return Grants((), catalogue), Basis("nobody")


def _by_looks(tracker: Tracker, archived: PolicyArn, catalogue: Catalogue) -> tuple[Grants, Basis]:
    past = tracker.reading(archived)
    first = past.observations[0].observed_at if past.observations else None
    hung = map(tracker.reading, sorted(_ever_attached(past)))
    return Grants(hung, catalogue, past), Basis("archive", first, linked=bool(archived.service))


def _ever_attached(past: Reading) -> set[PolicyArn]:
    """Every policy that hung on a role at any look."""
    documents = (past.document(one.identity) for one in past.observations if one.identity)
    return {
        PolicyArn.parse(text) for document in documents if document.role for text in document.role.attached
    }
