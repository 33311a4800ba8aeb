"""`policy-tracker show`: one version of a policy, and what it allows."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_json, put_json_text, table
from tracker.cli.policies import POLICY, Identity, archived, default_of, version_of
from tracker.cli.shell import Shell
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.collaborators import Tracker
    from tracker.model.catalogue import Catalogue
    from tracker.model.history import Observation
    from tracker.model.identity import PolicyArn
    from tracker.policy.granted import GrantedAction


@click.command(
    "show",
    cls=Examples,
    short_help="One version: what it allows.",
    examples=(
        "policy-tracker show AWSSupportServiceRolePolicy",
        "policy-tracker show AWSSupportServiceRolePolicy@v39 --actions",
        "policy-tracker show ReadOnlyAccess@2025-01-01 --document",
    ),
)
@click.argument("policy", type=POLICY, metavar="POLICY[@VERSION]")
@click.option("--actions", is_flag=True, help="Every action, with its access level and where it is allowed.")
@click.option(
    "--document", is_flag=True, help="The policy document itself, as canonical JSON, and nothing else."
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, policy: str, actions: bool, document: bool, wanted: str) -> None:
    """One version of a policy: where it comes from, when it was in force, and what it allows.

    VERSION is a version (v39), or a date at which it was the default; without it, the default of today.
    """
    tracker = shell.tracker()
    name, _, version = policy.partition("@")
    (arn,) = archived(tracker, [name])
    identity = version_of(tracker, arn, version) if version else default_of(tracker, arn)
    if document:
        put_json_text(tracker.archive.snapshot(arn, *identity).document)
        return
    from tracker.changelog.wording import count
    from tracker.policy.granted import granted

    catalogue = tracker.catalogue()
    allowed = granted(tracker.reading(arn).document(identity), catalogue)
    seen = [one for one in tracker.archive.observations(arn) if one.identity == identity]
    current = tracker.archive.known(arn).default == identity
    if wanted == "json":
        put_json(_record(tracker, arn, identity, seen, current, allowed, catalogue))
        return
    _say(tracker, arn, identity, seen, current)
    many = count(sum(map(len, allowed.values())), "action")
    where = " in its trust policy and its inline ones" if arn.is_role else ""
    put(f"  {many} in {count(len(allowed), 'service')}{where} (catalogue {catalogue.version})")
    put("")
    if actions:
        _put_actions(allowed, catalogue)
    else:
        rows = [
            (service, catalogue.service_name(service), f"{len(found):,}")
            for service, found in allowed.items()
        ]
        table(("service", "name", "actions"), rows)


def _say(
    tracker: "Tracker", arn: "PolicyArn", identity: Identity, seen: "list[Observation]", current: bool
) -> None:
    snapshot = tracker.archive.snapshot(arn, *identity)
    put(f"{arn.name} {identity[0]}{' (the default now)' if current else ''}")
    put(f"  {arn}")
    made = (
        "made by AWS"
        if not arn.is_role
        else "the role was made"
        if identity[0].number == 1
        else "first seen so"
    )
    put(f"  {made} {words(identity[1])}; source: {snapshot.source}; sha256 {snapshot.sha256}")
    if arn.is_role:
        _say_role(tracker, arn, identity)
    if not seen:
        put("  never seen as the default")
    for one in seen:
        how = (
            "taken for the default from its date on" if one.basis == "create_date" else "seen as the default"
        )
        put(f"  {how} {words(one.observed_at)}")


def _say_role(tracker: "Tracker", arn: "PolicyArn", identity: Identity) -> None:
    from tracker.changelog.version import role_standing
    from tracker.changelog.wording import listed

    role = role_standing(tracker.reading(arn).document(identity))
    if role is not None:
        put(f"  {role.sentence}")
        put(f"  attached: {listed(role.attached) or 'no managed policy'}")
        put(f"  inline policies: {listed(role.inline) or 'none'}")


def _put_actions(allowed: "Mapping[str, Mapping[str, GrantedAction]]", catalogue: "Catalogue") -> None:
    from tracker.changelog.scopes import all_in_words

    rows = []
    for service, found in allowed.items():
        for name, action in found.items():
            info = catalogue.action(service, name)
            rows.append(
                (action.spelling, info.access_level if info else "Unknown", all_in_words(action.scopes))
            )
    table(("action", "access level", "where"), rows)


def _record(
    tracker: "Tracker",
    arn: "PolicyArn",
    identity: Identity,
    seen: "list[Observation]",
    current: bool,
    allowed: "Mapping[str, Mapping[str, GrantedAction]]",
    catalogue: "Catalogue",
) -> dict[str, Any]:
    import json

    from tracker.changelog.record import policy_record, scope_record

    snapshot = tracker.archive.snapshot(arn, *identity)
    services = []
    for service, found in allowed.items():
        infos = {name: catalogue.action(service, name) for name in found}
        actions = [
            {
                "action": action.spelling,
                "access_level": info.access_level if (info := infos[name]) else "Unknown",
                "scopes": [scope_record(scope) for scope in action.scopes],
                "denied": [scope_record(scope) for scope in action.denied],
            }
            for name, action in found.items()
        ]
        services.append({"service": service, "name": catalogue.service_name(service), "actions": actions})
    return {
        "schema": 1,
        "type": "version",
        "policy": policy_record(arn),
        "version": str(identity[0]),
        "create_date": iso(identity[1]),
        "sha256": snapshot.sha256,
        "source": snapshot.source,
        "default": current,
        "observations": [{"observed_at": iso(one.observed_at), "basis": one.basis} for one in seen],
        "catalogue": catalogue.version,
        "services": services,
        "document": json.loads(snapshot.document),
    }
