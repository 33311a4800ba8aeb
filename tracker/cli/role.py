"""`policy-tracker role`: who may assume a role, what it may do, since when, when it was last used."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.gravest import gravest_first
from tracker.cli.output import put, put_items, table
from tracker.cli.shell import Shell
from tracker.errors import UnknownPolicyError
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.model.change import Attention
    from tracker.role_facts import RoleFacts, ServiceAccess, Trusted

_LEVELS = ("List", "Read", "Write", "Tagging", "Permissions management", "Unknown")


@click.command(
    "role",
    cls=Examples,
    short_help="Who may assume a role, what it may do, when it was last used.",
    examples=(
        "policy-tracker role",
        "policy-tracker role AWSServiceRoleForSupport",
        "policy-tracker role AWSServiceRoleForSupport --json",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, names: tuple[str, ...], wanted: str) -> None:
    """Who may assume a watched role, what it may do by service, since when, when it was last used, how that has changed.

    Without a NAME: those in the settings. AWS is not asked: `policy-tracker check` does that.
    """
    from tracker.role_facts import role_facts
    from tracker.roles import archived_role

    tracker = shell.tracker()
    for name in names:
        if name not in tracker.roles and archived_role(tracker, name) is None:
            known = ", ".join(tracker.roles) or "none"
            raise UnknownPolicyError(
                f"no role {name} is watched", advice=f"watched are, by the setting `roles`: {known}"
            )
    found = [role_facts(tracker, name) for name in names or tracker.roles]
    if wanted == "json":
        put_items("roles", [_record(one) for one in found], catalogue=tracker.catalogue().version)
        return
    for number, one in enumerate(found):
        put(("\n" if number else "") + _head(one))
        if one.state == "there":
            _put_standing(one)
        if one.changes:
            put("\nHow it has changed")
            table(
                ("seen (UTC)", "kind", "severity", "what changed"),
                [
                    (words(row.observed_at).removesuffix(" UTC"), row.kind, row.severity, row.headline)
                    for row in one.changes
                ],
            )
    if not found:
        put("no role is watched (setting `roles`)")


def _head(one: "RoleFacts") -> str:
    """What it is and how well that is known, in a few lines."""
    told, lines = one.status, [one.name]
    if one.state == "there" and one.role:
        lines = [f"{one.name}  {one.arn}"]
        lines.append(f"  made             {one.role.made[:10]}, {one.role.role_id}")
        lines.append(f"  so since         {words(one.seen)}" if one.seen else "")
    elif one.state == "gone":
        lines.append(f"  gone             since {words(one.seen)}" if one.seen else "  gone")
    elif one.state == "absent":
        lines.append("  not there        the account has no such role; that is a state, not a fault")
    if told.asked_at:
        lines.append(f"  last looked at   {words(told.asked_at)}")
    if told.denied:
        when = f" at {words(told.denied_at)}" if told.denied_at else ""
        lines.append(f"  not read         {told.denied} was not allowed{when}; docs/iam-permissions.md")
    elif not told.asked_at:
        lines.append("  never looked at  policy-tracker check looks")
    if one.state == "there":
        used = (
            f"{words(told.last_used)} in {told.last_region or 'a region that AWS does not name'}"
            if told.last_used
            else "not in the 400 days that IAM tells of"
        )
        lines.append(f"  last used        {used}" if told.asked_at else "  last used        not known yet")
    return "\n".join(line for line in lines if line)


def _put_standing(one: "RoleFacts") -> None:
    put("\nMay be assumed by")
    table(("effect", "who", "under which conditions"), [_trust(each) for each in one.trust])
    put("\nAttached")
    if one.attached:
        table(
            ("policy", "version", "made (UTC)", "read"),
            [
                (
                    each.arn.name,
                    str(each.version or "not archived"),
                    f"{each.create_date:%Y-%m-%d}" if each.create_date else "",
                    f"{each.denied} is not allowed" if each.denied else "yes" if each.version else "not yet",
                )
                for each in one.attached
            ],
        )
    else:
        put("no managed policy")
    put(f"Inline policies: {', '.join(one.inline) or 'none'}")
    put("\nWhat it may do")
    if one.services:
        table(
            ("service", "prefix", "actions", "by access level", "since", "last added"),
            list(map(_service, one.services)),
        )
        put(f"{sum(each.actions for each in one.services):,} actions in {len(one.services):,} services")
    else:
        put("nothing, as far as its policies are archived")
    findings = gravest_first(each for each in one.attention if not each.accepted)
    if findings:
        put("\nWhat of the role itself deserves attention")
        table(("severity", "it can", "actions", "why"), _findings(findings))


def _findings(found: "Sequence[Attention]") -> list[tuple[str, ...]]:
    """A row for what is said of several actions alike."""
    from tracker.changelog.wording import some

    alike: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        alike.setdefault((one.severity, one.consequence, one.why), []).extend(one.actions)
    return [(how, can, some(sorted(set(actions)), 4), why) for (how, can, why), actions in alike.items()]


def _trust(each: "Trusted") -> tuple[str, ...]:
    from tracker.changelog.scopes import condition_text, principal_texts

    return (
        each.effect,
        ", ".join(principal_texts(each.scope)),
        " and ".join(condition_text(entry) for entry in each.scope.condition) or "none",
    )


def _service(each: "ServiceAccess") -> tuple[str, ...]:
    levels = ", ".join(f"{each.levels[level]:,} {level}" for level in _LEVELS if level in each.levels)
    return (
        each.name, each.service, f"{each.actions:,}", levels, each.since[:10] or "-", each.latest[:10] or "-",
    )  # fmt: skip


def _record(one: "RoleFacts") -> dict[str, Any]:
    from tracker.changelog.record import attention_record, scope_record

    told = one.status
    return {
        "role": one.name,
        "arn": str(one.arn) if one.state in ("there", "gone") else None,
        "state": one.state,
        "role_id": one.role.role_id if one.role else None,
        "made": one.role.made if one.role else None,
        "since": iso(one.seen) if one.seen else None,
        "last_look": iso(told.asked_at) if told.asked_at else None,
        "last_used": iso(told.last_used) if told.last_used else None,
        "last_used_region": told.last_region or None,
        "missing_permission": told.denied or None,
        "trust": [
            {"effect": each.effect, "actions": list(each.actions), **scope_record(each.scope)}
            for each in one.trust
        ],
        "attached": [
            {
                "arn": str(each.arn),
                "version": str(each.version) if each.version else None,
                "create_date": iso(each.create_date) if each.create_date else None,
                "missing_permission": each.denied or None,
            }
            for each in one.attached
        ],
        "inline": list(one.inline),
        "services": [
            {
                "service": each.service, "name": each.name, "actions": each.actions,
                "access_levels": dict(sorted(each.levels.items())), "since": each.since or None,
                "latest": each.latest or None,
            }
            for each in one.services
        ],
        "attention": [attention_record(each) for each in one.attention],
        "changes": [
            {
                "id": row.id, "kind": row.kind, "observed_at": iso(row.observed_at), "severity": row.severity,
                "headline": row.headline,
            }
            for row in one.changes
        ],
    }  # fmt: skip
