"""What AWS says of a policy in its own words, to stand beside what the document allows."""

from dataclasses import dataclass

from tracker.model.identity import PolicyArn


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of AWS's."""

    text: str
    source: str


# Read 2026-11-24. The page also says that fields which could hold customer data are redacted before agents see them.
_CLAIMS = {
    "AWSSupportServiceRolePolicy": Claim(
        "resource metadata, not customer data",
        "https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html",
    )
}


def claim(policy: PolicyArn) -> Claim | None:
    """What AWS claims of a policy; None where nothing is on record."""
    return _CLAIMS.get(policy.name) if policy.service_linked else None
