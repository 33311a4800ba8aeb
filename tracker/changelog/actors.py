"""Who can do what a policy allows, in the reader's words."""

from tracker.model.identity import PolicyArn

# Sources: https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html
# and https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-ta.html
_KNOWN = {
    "AWSSupportServiceRolePolicy": "AWS Support",
    "AWSTrustedAdvisorServiceRolePolicy": "AWS Trusted Advisor",
}


def actor(policy: PolicyArn) -> str:
    """`AWS Support`, `The AWS service behind X` for another service-linked role's policy, else `Anyone who holds X`."""
    if policy.is_role:
        return f"The role {policy.name}"
    if policy.service_linked:
        return _KNOWN.get(policy.name, f"The AWS service behind {policy.name}")
    return f"Anyone who holds {policy.name}"


def short_actor(policy: PolicyArn) -> str:
    """The actor where room is short, as in a subject: `AWS Support`, else the policy's name."""
    return _KNOWN.get(policy.name, policy.name) if policy.service_linked else policy.name


def lower_first(who: str) -> str:
    """The actor inside a sentence: `anyone who holds X`, but `AWS Support`."""
    return who if who.startswith("AWS ") else who[0].lower() + who[1:]
