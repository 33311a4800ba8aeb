"""Catalogue growth: what a policy's wildcards gained or lost without a version of its own."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from tracker.changes.attention import assess
from tracker.changes.levels import Grants, grants_of
from tracker.model.catalogue import Catalogue, Upgrade
from tracker.model.change import ActionChange, Change, Difference, ServiceChange
from tracker.model.history import Endpoint, Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.rules import Rules
from tracker.policy.document import Document


def growth(
    policy: PolicyArn,
    version: Endpoint,
    document: Document,
    old: Catalogue,
    new: Catalogue,
    *,
    observed_at: datetime,
    rules: Rules,
    today: date,
    run: str = "",
) -> Change | None:
    """What one version reaches over `new` that it did not over `old`, as a change of its own kind; None for nothing.

    The policy said the same all the time, so nothing of this is ever mixed into a version's change.
    """
    difference = grown(document, old, new)
    if not (difference.actions_added or difference.actions_removed):
        return None
    return assess(
        Transition(policy, Kind.CATALOGUE_GROWTH, version, version, observed_at, run),
        difference,
        before=document,
        after=document,
        rules=rules,
        catalogue=new,
        today=today,
    )


def may_move(document: Document, upgrade: Upgrade) -> bool:
    """Whether a document's wildcards meet an action that only one of the two catalogues has: the quick question."""
    return any(
        grant.by_wildcard
        for part in (upgrade.came, upgrade.went)
        for grant in grants_of(document, part).values()
    )


def grown(document: Document, old: Catalogue, new: Catalogue) -> Difference:
    """The difference between one document over two catalogues. An action that it names in full is in both."""
    before, after = grants_of(document, old), grants_of(document, new)
    came, went = _only(after, before), _only(before, after)
    had, has = _services(before), _services(after)
    return Difference(
        services_added=_whole(came, has.keys() - had.keys(), new),
        services_removed=_whole(went, had.keys() - has.keys(), old),
        actions_added=tuple(_told(action, came, new) for action in came),
        actions_removed=tuple(_told(action, went, old) for action in went),
        catalogue=new.version,
        catalogue_before=old.version,
        services_before=len(had),
        services_after=len(has),
        actions_before=len(before),
        actions_after=len(after),
    )


def _only(these: Grants, others: Grants) -> Grants:
    return {action: these[action] for action in sorted(these.keys() - others.keys())}


def _services(actions: Iterable[str]) -> Mapping[str, None]:
    return dict.fromkeys(action.partition(":")[0] for action in actions)


def _whole(grants: Grants, services: Iterable[str], catalogue: Catalogue) -> tuple[ServiceChange, ...]:
    return tuple(
        ServiceChange(
            service,
            catalogue.service_name(service),
            tuple(sorted(grant.spelling for a, grant in grants.items() if a.startswith(f"{service}:"))),
        )
        for service in sorted(services)
    )


def _told(action: str, grants: Grants, catalogue: Catalogue) -> ActionChange:
    service, _, name = action.partition(":")
    known, grant = catalogue.action(service, name), grants[action]
    return ActionChange(
        action=grant.spelling,
        service=service,
        access_level=known.access_level if known else "Unknown",
        description=known.description if known else "",
        scopes=grant.scopes,
        tags=("by-wildcard",),
    )
