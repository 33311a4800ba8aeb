"""What of a role changed beside its statements, and what of a role deserves attention. Pure.

A service-linked role is trusted by its service alone, and holds the policy that AWS wrote for it; its path tells the
service. Of another role nobody knows what is right: there, only what changed is told.
Rules and sources: docs/role.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracker.model.change import Attention, RoleChange, Scope, Severity
from tracker.model.identity import PolicyArn
from tracker.policy.access import scope_order
from tracker.policy.document import Document, Role, Statement

SLR = "IAM User Guide, Using service-linked roles (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html)"
SUPPORT = "AWS Support User Guide, Using service-linked roles for AWS Support (https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html)"
ADVISOR = "AWS Support User Guide, Using service-linked roles for Trusted Advisor (https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-ta.html)"
READ_ON = "2026-11-28"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a well-known role should hold."""

    policy: str  # name of the AWS managed policy
    source: str


EXPECTED = {
    "AWSServiceRoleForSupport": Expected("AWSSupportServiceRolePolicy", SUPPORT),
    "AWSServiceRoleForTrustedAdvisor": Expected("AWSTrustedAdvisorServiceRolePolicy", ADVISOR),
}


def role_change(
    arn: PolicyArn, before: Document | None, after: Document | None, *, gone: bool = False
) -> RoleChange | None:
    """What became of a role between two of its documents; None where neither is a role's."""
    old, new = before.role if before else None, after.role if after else None
    if old is None and new is None:
        return None
    had, has = set(old.attached if old else ()), set(new.attached if new else ())
    expected = {EXPECTED[arn.name].policy} if arn.name in EXPECTED else set()
    policies = _sorted({*map(_name, had | has), *expected})
    if gone:
        return RoleChange(gone=True, policies=policies)
    was, now = _trusted(old), _trusted(new)
    then, own = dict(old.inline if old else ()), dict(new.inline if new else ())
    return RoleChange(
        trusted_added=_sorted(now - was),
        trusted_removed=_sorted(was - now),
        attached_added=_sorted(has - had),
        attached_removed=_sorted(had - has),
        inline_added=_sorted(own.keys() - then.keys()),
        inline_removed=_sorted(then.keys() - own.keys()),
        inline_changed=_sorted(name for name in own.keys() & then.keys() if own[name] != then[name]),
        trust_changed=bool(old and new and old.trust != new.trust),
        boundary=(old.boundary if old else "", new.boundary if new else ""),
        policies=policies,
        made_again=bool(old and new and old.role_id != new.role_id),
    )


def findings_of_change(
    arn: PolicyArn, before: Document | None, after: Document | None, change: RoleChange
) -> Iterator[Attention]:
    """What of a role's change deserves attention."""
    old, new = before.role if before else None, after.role if after else None
    if change.gone:
        yield _found(
            "gone",
            arn,
            "do nothing in this account any more",
            "The role is gone: nobody can assume it.",
        )
        return
    if new is None:
        return
    if change.made_again:
        yield _found(
            "made-again", arn, f"act under a new identity, {new.role_id}",
            f"It was deleted and made again at {new.made}; it was {old.role_id if old else 'unknown'} before.",
        )  # fmt: skip
    yield from _principals(arn, new, set(change.trusted_added))
    for text in _unexpected(arn, change.attached_added, default=change.attached_added if old else ()):
        yield _attached(arn, text)
    expected = EXPECTED.get(arn.name)
    if expected and any(_name(text) == expected.policy for text in change.attached_removed):
        yield _gone(arn, expected)
    changed = (*change.inline_added, *change.inline_changed) if old or arn.service else ()
    for name in changed:
        yield _inline(arn, name, new)
    if change.boundary[0] and not change.boundary[1]:
        yield _found(
            "no-boundary", arn, "do what its permissions boundary kept it from",
            f"The boundary {change.boundary[0]} was taken away.", severity="alarm",
        )  # fmt: skip


def findings_in_force(arn: PolicyArn, role: Role) -> tuple[Attention, ...]:
    """What of a role deserves attention as it stands, whatever it was before."""
    found = list(_principals(arn, role, _trusted(role)))
    found += [_attached(arn, text) for text in _unexpected(arn, role.attached, default=())]
    expected = EXPECTED.get(arn.name)
    if expected and expected.policy not in map(_name, role.attached):
        found.append(_gone(arn, expected))
    if arn.service:
        found += [_inline(arn, name, role) for name, _ in role.inline]
    return tuple(sorted(found, key=lambda one: (one.rule, one.consequence)))


def trusted(role: Role) -> tuple[str, ...]:
    """Who may assume a role: 'Service support.amazonaws.com', sorted."""
    return _sorted(_trusted(role))


def _trusted(role: Role | None) -> set[str]:
    return {who for one in (role.trust.statements if role else ()) for who in _named(one)}


def _named(statement: Statement) -> Iterator[str]:
    if statement.effect != "Allow" or statement.scope.principal is None:
        return
    if statement.scope.not_principal:
        yield f"everybody but {_words(statement.scope)}"
        return
    for kind, names in statement.scope.principal:
        yield from (f"{kind} {name}" for name in names)


def _words(scope: Scope) -> str:
    return ", ".join(f"{kind} {name}" for kind, names in scope.principal or () for name in names)


def _principals(arn: PolicyArn, role: Role, among: set[str]) -> Iterator[Attention]:
    """Principals that are not the service's; of a role of nobody's service, those that are new."""
    own = f"Service {arn.service}"
    for statement in role.trust.statements:
        for who in sorted(set(_named(statement)) & among):
            if arn.service and who == own:
                continue
            yield Attention(
                rule="role/foreign-principal",
                kind="role",
                actions=tuple(sorted(statement.listed)),
                completes=(),
                consequence=f"be assumed by {_who(who)}",
                why=f"A service-linked role is its service's alone; this one is made for {arn.service}."
                if arn.service
                else "Whoever may assume a role can do all that the role may do.",
                source=SLR,
                source_date=READ_ON,
                scopes=(statement.scope,),
                severity="alarm" if arn.service or _anybody(who, statement) else "attention",
            )


def _anybody(principal: str, statement: Statement) -> bool:
    """Whether a statement lets the whole world in: everybody, or everybody but some, under no condition."""
    everybody = statement.scope.not_principal or principal == "AWS *"
    return everybody and not statement.scope.condition


def _who(principal: str) -> str:
    kind, _, name = principal.partition(" ")
    if principal == "AWS *":
        return "anybody"
    return name if kind in ("AWS", "Service") else principal


def _unexpected(arn: PolicyArn, attached: Iterable[str], *, default: Iterable[str]) -> list[str]:
    """Of attached policies those that AWS did not write for the role; `default` where nobody knows which it wrote."""
    expected = EXPECTED.get(arn.name)
    if expected is None:
        return sorted(default)
    own = f"arn:{arn.partition}:iam::aws:policy/aws-service-role/{expected.policy}"
    return sorted(text for text in attached if text != own)


def _attached(arn: PolicyArn, text: str) -> Attention:
    expected = EXPECTED.get(arn.name)
    why = f"{expected.policy} alone belongs to this role." if expected else "It was not attached before."
    return _found(
        "attached-policy", arn, f"do what {_name(text)} allows", f"{text} is attached. {why}",
        source=expected.source if expected else SLR, severity="alarm" if arn.service else "attention",
    )  # fmt: skip


def _gone(arn: PolicyArn, expected: Expected) -> Attention:
    return _found(
        "expected-policy-gone", arn, f"do nothing of what {expected.policy} allows",
        f"{expected.policy} is not attached, which AWS attaches to this role.", source=expected.source,
    )  # fmt: skip


def _inline(arn: PolicyArn, name: str, role: Role) -> Attention:
    document = dict(role.inline)[name]
    actions = sorted({action for one in document.statements for action in one.listed})
    scopes = sorted({one.scope for one in document.statements}, key=scope_order)
    return Attention(
        rule="role/inline-policy",
        kind="role",
        actions=tuple(actions),
        completes=(),
        consequence=f"do what its inline policy {name} says",
        why="AWS gives a service-linked role managed policies alone; an inline policy is somebody else's."
        if arn.service
        else "An inline policy stands in no list of policies.",
        source=SLR,
        source_date=READ_ON,
        scopes=tuple(scopes),
        severity="alarm" if arn.service else "attention",
    )


def _found(
    rule: str,
    arn: PolicyArn,
    consequence: str,
    why: str,
    *,
    source: str = SLR,
    severity: Severity = "attention",
) -> Attention:
    return Attention(
        rule=f"role/{rule}",
        kind="role",
        actions=(),
        completes=(),
        consequence=consequence,
        why=why,
        source=source,
        source_date=READ_ON,
        scopes=(),
        severity=severity,
    )


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values))
