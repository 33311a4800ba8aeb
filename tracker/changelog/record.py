"""The JSON record, schema 1: what `--format json`, the files, webhooks and the pages carry. Additions only.

docs/architecture.md lists the keys. Every list is sorted, so that the same change gives the same bytes.
"""

import json
import re
from collections.abc import Iterable, Sequence
from operator import itemgetter

from tracker.changelog.headline import headline
from tracker.changelog.trail import athena, lake
from tracker.model.change import (
    ActionChange,
    Attention,
    Change,
    DenyChange,
    PatternChange,
    Period,
    Redundant,
    RoleChange,
    Scope,
    ScopeChange,
    ServiceChange,
    Transient,
)
from tracker.model.history import Endpoint
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.model.trail import Trail, Unlogged

SCHEMA = 1
# Controls that JSON lets stand, marks of direction, and what has no width: https://trojansource.codes
_UNSEEN = re.compile("[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
Record = dict[str, object]


def dumps(record: Record) -> str:
    """The record as JSON text: two-space indent, keys in the record's own order, one trailing newline.

    What a terminal or a review of a diff would act on or hide (a document may hold it) is written as an escape.
    """
    import msgspec  # where something is written, and not before

    try:
        text = msgspec.json.format(msgspec.json.encode(record), indent=2).decode()
    except (
        UnicodeEncodeError,
        OverflowError,
    ):  # half a surrogate, 65 bits: the standard library lets them stand
        text = json.dumps(record, indent=2, ensure_ascii=False)
    return _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n"


def scope_record(scope: Scope) -> Record:
    """`{"resources" | "not_resources": [...]}`, with "principal" and "condition" only where there are any."""
    record: Record = {}
    if scope.everywhere:
        return {"resources": ["*"]}
    if scope.not_resources is not None:
        record["not_resources"] = sorted(scope.not_resources)
    else:
        record["resources"] = sorted(scope.resources or ())
    if scope.principal is not None:
        who = {kind: sorted(names) for kind, names in sorted(scope.principal)}
        record["not_principal" if scope.not_principal else "principal"] = who
    if scope.condition:
        condition: dict[str, dict[str, list[str]]] = {}
        for entry in sorted(scope.condition):
            condition.setdefault(entry.operator, {})[entry.key] = sorted(entry.values)
        record["condition"] = condition
    return record


def _scopes(scopes: Sequence[Scope]) -> list[Record]:
    records = [scope_record(scope) for scope in scopes]
    return records if len(records) < 2 else sorted(records, key=_text)


def _text(record: Record) -> str:
    return json.dumps(record, sort_keys=True)


def _endpoint(end: Endpoint | None) -> Record | None:
    if end is None:
        return None
    return {
        "version": str(end.version),
        "create_date": iso(end.create_date),
        "observed_at": iso(end.observed_at) if end.observed_at else None,
        "basis": end.basis,
    }


def _service(service: ServiceChange) -> Record:
    return {"service": service.service, "name": service.name, "actions": sorted(service.actions)}


def _action(action: ActionChange) -> Record:
    return {
        "action": action.action,
        "service": action.service,
        "access_level": action.access_level,
        "description": action.description,
        "tags": sorted(action.tags),
        "scopes": _scopes(action.scopes),
    }


def _moved(change: ScopeChange) -> Record:
    return {
        "action": change.action,
        "service": change.service,
        "access_level": change.access_level,
        "before": _scopes(change.before),
        "after": _scopes(change.after),
        "proved": change.proved,
    }


def _deny(deny: DenyChange) -> Record:
    if deny.before and deny.after:
        return {
            "pattern": deny.pattern,
            "before": _scopes(deny.before),
            "after": _scopes(deny.after),
        }
    return {"pattern": deny.pattern, "scopes": _scopes(deny.after or deny.before)}


def _pattern(pattern: PatternChange) -> Record:
    return {
        "pattern": pattern.pattern,
        "effect": pattern.effect,
        "scopes": _scopes(pattern.scopes),
        "reaches": pattern.reaches,
        "open_ended": pattern.open_ended,
    }


def _redundant(edit: Redundant) -> Record:
    return {
        "pattern": edit.pattern,
        "effect": edit.effect,
        "direction": edit.direction,
        "scopes": _scopes(edit.scopes),
    }


def _attention(item: Attention) -> Record:
    return {
        "rule": item.rule,
        "kind": item.kind,
        "severity": item.severity,
        "actions": sorted(item.actions),
        "completes": sorted(item.completes),
        "consequence": item.consequence,
        "why": item.why,
        "source": item.source,
        "source_date": item.source_date,
        "scopes": _scopes(item.scopes),
        "accepted": item.accepted or None,
    }


def attention_record(item: Attention) -> Record:
    """A finding in force, with since when."""
    return _attention(item) | {"since": item.since or None}


def _sorted(records: Iterable[Record]) -> list[Record]:
    """Sorted by their first value (the action, pattern, service or rule), and where that is equal by all the rest."""
    found = list(records)
    firsts = [str(next(iter(record.values()))).lower() for record in found]
    if len(set(firsts)) == len(firsts):
        return [record for _, record in sorted(zip(firsts, found, strict=True), key=itemgetter(0))]
    return sorted(found, key=lambda record: (str(next(iter(record.values()))).lower(), _text(record)))


def policy_record(arn: PolicyArn) -> Record:
    """`{"arn", "name", "partition"}`."""
    return {"arn": str(arn), "name": arn.name, "partition": arn.partition}


def summary_record(change: Change) -> dict[str, int]:
    """The counts of a change: what `log` prints, and what the index keeps beside the headline."""
    lists = (
        "services_added", "services_removed", "actions_added", "actions_removed", "actions_widened",
        "actions_narrowed", "actions_rescoped", "denies_added", "denies_removed",
    )  # fmt: skip
    counts = {name: len(getattr(change.difference, name)) for name in lists}
    return counts | {"attention": sum(1 for item in change.attention if not item.accepted)}


def change_record(change: Change) -> Record:
    """One change as the record of schema 1."""
    transition, difference = change.transition, change.difference
    rollback = transition.rollback
    more = {"role": role_record(change.role)} if change.role else {}
    more |= {"trail": trail_record(change.trail)} if change.trail else {}
    return {
        "schema": SCHEMA,
        "type": "change",
        "id": change.id,
        "severity": change.severity,
        "headline": headline(change),
        "policy": policy_record(transition.policy),
        "kind": change.kind,
        "reinstated": transition.reinstated,
        "from": _endpoint(transition.before),
        "to": _endpoint(transition.after),
        "gap": [str(version) for version in sorted(transition.gap)],
        "versions_filled": [str(version) for version in sorted(transition.filled)],
        "rollback": rollback
        and {
            "restored": str(rollback.restored),
            "withdrawn": str(rollback.withdrawn),
            "in_force_min_s": rollback.in_force_min_s,
            "in_force_max_s": rollback.in_force_max_s,
        },
        "catalogue": difference.catalogue,
        **({"catalogue_before": difference.catalogue_before} if difference.catalogue_before else {}),
        "summary": summary_record(change),
        "attention": _sorted(map(_attention, change.attention)),
        "tripwires": _sorted(
            {"pattern": hit.pattern, "actions": sorted(hit.actions)} for hit in change.tripwires
        ),
        "services_added": _sorted(map(_service, difference.services_added)),
        "services_removed": _sorted(map(_service, difference.services_removed)),
        "actions_added": _sorted(map(_action, difference.actions_added)),
        "actions_removed": _sorted(map(_action, difference.actions_removed)),
        "actions_widened": _sorted(map(_moved, difference.actions_widened)),
        "actions_narrowed": _sorted(map(_moved, difference.actions_narrowed)),
        "actions_rescoped": _sorted(map(_moved, difference.actions_rescoped)),
        "denies_added": _sorted(map(_deny, difference.denies_added)),
        "denies_removed": _sorted(map(_deny, difference.denies_removed)),
        "denies_widened": _sorted(map(_deny, difference.denies_widened)),
        "denies_narrowed": _sorted(map(_deny, difference.denies_narrowed)),
        "denies_rescoped": _sorted(map(_deny, difference.denies_rescoped)),
        "patterns_added": _sorted(map(_pattern, difference.patterns_added)),
        "patterns_removed": _sorted(map(_pattern, difference.patterns_removed)),
        "redundant": _sorted(map(_redundant, difference.redundant)),
        "cosmetic": sorted(difference.cosmetic),
        **more,
    }


def trail_record(trail: Trail) -> Record:
    """How to learn from CloudTrail whether a role has used what a change newly grants."""
    return {
        "roles": list(trail.roles),
        "since": iso(trail.since),
        "actions": trail.actions,
        "lake": lake(trail) if trail.groups else None,
        "athena": athena(trail) if trail.groups else None,
        "data_only": [
            _unlogged(one) | {"resource_type": one.recorded.resource_type} for one in trail.data_only
        ],
        "never": [_unlogged(one) for one in trail.never],
    }


def _unlogged(one: Unlogged) -> Record:
    said = one.recorded
    return {"action": one.action, "why": said.why, "source": said.source, "source_date": said.source_date}


def role_record(role: RoleChange) -> Record:
    """What of a role changed beside its statements; only a role's change has it."""
    before, after = role.boundary
    return {
        "trusted_added": list(role.trusted_added),
        "trusted_removed": list(role.trusted_removed),
        "trust_changed": role.trust_changed,
        "attached_added": list(role.attached_added),
        "attached_removed": list(role.attached_removed),
        "inline_added": list(role.inline_added),
        "inline_removed": list(role.inline_removed),
        "inline_changed": list(role.inline_changed),
        "boundary_before": before or None,
        "boundary_after": after or None,
        "made_again": role.made_again,
        "gone": role.gone,
    }


def _transient(found: Iterable[Transient]) -> list[Record]:
    return [
        {"action": one.action, "direction": one.direction, "min_s": one.min_s, "max_s": one.max_s}
        for one in sorted(found, key=lambda one: (one.action.lower(), one.direction))
    ]


def _period_of_one(period: Period) -> Record:
    return {
        "policy": policy_record(period.policy),
        "net": change_record(period.net) if period.net else None,
        "transitions": [change_record(change) for change in period.transitions],
        "transient": _transient(period.transient),
        "transient_scopes": _transient(period.transient_scopes),
        "transient_attention": _sorted(map(_attention, period.transient_attention)),
        "looks": period.looks,
        "first_look": iso(period.first_look) if period.first_look else None,
        "last_look": iso(period.last_look) if period.last_look else None,
        "known_before": period.known_before,
    }


def period_record(period: Period, *others: Period) -> Record:
    """One period as the record of schema 1; more than one where several policies are reported together.

    Raises ValueError where they are not of the same stretch of time.
    """
    periods = sorted((period, *others), key=lambda one: str(one.policy))
    if any((one.since, one.until) != (period.since, period.until) for one in periods):
        raise ValueError("periods of one report must begin and end together")
    return {
        "schema": SCHEMA,
        "type": "period",
        "since": iso(period.since),
        "until": iso(period.until),
        "policies": [_period_of_one(one) for one in periods],
    }


def check_record(
    run: str,
    checked: Iterable[PolicyArn],
    changes: Sequence[Change],
    failed: Iterable[tuple[PolicyArn | str, str, str]],
) -> Record:
    """One round as the record of schema 1; `failed` is (policy, what went wrong, what to do next)."""
    return {
        "schema": SCHEMA,
        "type": "check",
        "run": run,
        "checked": sorted(str(arn) for arn in checked),
        "changes": [change_record(change) for change in changes],
        "failed": _sorted(
            {"policy": str(policy), "error": error, "advice": advice} for policy, error, advice in failed
        ),
    }
