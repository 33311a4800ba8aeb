"""What became of a role, in a reader's words."""

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.changelog.wording import listed
from tracker.model.change import Change, RoleChange
from tracker.model.history import Kind


@dataclass(frozen=True, slots=True)
class RoleLine:
    """One thing that came, went or changed."""

    sign: str  # '+', '−' or '~'
    word: str  # 'May be assumed by', 'Attached', ...
    what: str  # a principal, an ARN, a name


def role_headline(change: Change, role: RoleChange) -> str:
    """One sentence that ends with a full stop: 'The role X can now be assumed by arn:aws:iam::999999999999:root.'"""
    name = f"The role {change.policy.name}"
    told = listed(list(_parts(role)))
    match change.transition.kind:
        case Kind.REMOVED:
            return f"{name} is gone: nobody can assume it any more."
        case Kind.CREATED:
            return f"{name} is new: it {told}."
        case Kind.REAPPEARED:
            again = f"{name} is there again"
            return f"{again}: it {told}." if told else f"{again}, as it was."
        case Kind.ROLLED_BACK if change.transition.rollback:
            return f"{name} is again what it was at {change.transition.rollback.restored}: it {told}."
    if role.made_again:
        again = f"{name} was deleted and made again"
        return f"{again}: it {told}." if told else f"{again}; otherwise it is as it was."
    return f"{name} {told}." if told else f"{name} is as it was; only its documents were rewritten."


def _parts(role: RoleChange) -> Iterator[str]:
    if role.trusted_added:
        yield f"can now be assumed by {listed([who_may(one) for one in role.trusted_added])}"
    if role.trusted_removed:
        yield f"can no longer be assumed by {listed([who_may(one) for one in role.trusted_removed])}"
    if role.trust_changed and not (role.trusted_added or role.trusted_removed):
        yield "is trusted under other conditions"
    if role.attached_added:
        yield f"has {listed([_name(one) for one in role.attached_added])} attached"
    if role.attached_removed:
        yield f"has {listed([_name(one) for one in role.attached_removed])} attached no more"
    if role.inline_added:
        yield f"has the inline {_policies(role.inline_added)}"
    if role.inline_changed:
        yield f"has another text of the inline {_policies(role.inline_changed)}"
    if role.inline_removed:
        yield f"has the inline {_policies(role.inline_removed)} no more"
    before, after = role.boundary
    if before != after:
        yield f"has {'the permissions boundary ' + _name(after) if after else 'no permissions boundary any more'}"


def role_lines(role: RoleChange | None) -> tuple[RoleLine, ...]:
    """Every part of a role that changed, a line each; nothing for a policy."""
    if role is None:
        return ()
    lines = []
    for word, came, went in (
        ("May be assumed by", role.trusted_added, role.trusted_removed),
        ("Attached", role.attached_added, role.attached_removed),
        ("Inline policy", role.inline_added, role.inline_removed),
    ):
        lines += [RoleLine("+", word, one) for one in came]
        lines += [RoleLine("−", word, one) for one in went]
    lines += [RoleLine("~", "Inline policy, another text", one) for one in role.inline_changed]
    before, after = role.boundary
    if before != after:
        lines += [RoleLine("−", "Permissions boundary", before)] if before else []
        lines += [RoleLine("+", "Permissions boundary", after)] if after else []
    return tuple(lines)


def _policies(names: tuple[str, ...]) -> str:
    return f"{'policy' if len(names) == 1 else 'policies'} {listed(list(names))}"


def who_may(principal: str) -> str:
    """A principal as a reader would name it: `anybody`, `support.amazonaws.com`, `Federated x`."""
    kind, _, name = principal.partition(" ")
    if principal == "AWS *":
        return "anybody"
    return name if kind in ("AWS", "Service") else principal


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
