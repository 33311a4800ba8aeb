"""A stretch of time laid out for the templates: what lasted, what came and went, and how often anybody looked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.actors import actor, lower_first, short_actor
from tracker.changelog.findings import AttentionRow, attention_row, shown
from tracker.changelog.headline import denied, headline, kind_in_words, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin
from tracker.changelog.subject import can_now, clip, signed
from tracker.changelog.view import ChangeView, change_view
from tracker.changelog.wording import between, count, listed, number, stretch
from tracker.model.catalogue import Catalogue
from tracker.model.change import Change, Period, Transient
from tracker.model.instants import words


@dataclass(frozen=True, slots=True)
class TransientGroup:
    """Actions that came and went (or went and came) together."""

    sign: str  # '+' granted for a while, '−' withdrawn for a while
    words: str  # 'granted for at most 10 h 25 min, then withdrawn again'
    services: tuple[tuple[str, str, tuple[str, ...]], ...]  # (prefix, human name, actions)
    count: int


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One transition inside the period, in a line."""

    observed_at: datetime
    versions: str
    kind: str
    headline: str
    severity: str


@dataclass(frozen=True, slots=True)
class PeriodView:
    """All that a template needs of one period of one policy."""

    period: Period
    title: str  # 'AWSSupportServiceRolePolicy in December 2021'
    name: str  # 'December 2021'
    headline: str
    net: ChangeView | None
    came_and_went: tuple[AttentionRow, ...]  # what deserves attention of it
    transient: tuple[TransientGroup, ...]
    transitions: tuple[TransitionRow, ...]
    looks: str  # one sentence
    console: str
    origins: tuple[Origin, ...]  # of the net change; empty where there is none


def period_view(period: Period, catalogue: Catalogue) -> PeriodView:
    """Lay a period out for the templates."""
    name = stretch(period.since, period.until)
    net = change_view(period.net, catalogue) if period.net else None
    return PeriodView(
        period=period,
        title=f"{period.policy.name}, {name}",
        name=name,
        headline=period_headline(period),
        net=net,
        came_and_went=tuple(attention_row(item, once=True) for item in shown(period.transient_attention)),
        transient=_transient(period.transient, catalogue),
        transitions=tuple(
            TransitionRow(
                change.transition.observed_at,
                versions(change),
                kind_in_words(change),
                headline(change),
                change.severity,
            )
            for change in period.transitions
        ),
        looks=looks(period),
        console=console_link(period.policy),
        origins=net.origins if net else (),
    )


def _transient(found: Iterable[Transient], catalogue: Catalogue) -> tuple[TransientGroup, ...]:
    groups: defaultdict[tuple[str, float, float], list[str]] = defaultdict(list)
    for one in found:
        groups[(one.direction, -one.max_s, -one.min_s)].append(one.action)
    made = []
    for (direction, most, least), actions in sorted(groups.items()):
        services: defaultdict[str, list[str]] = defaultdict(list)
        for action in sorted(actions, key=str.lower):
            services[action.partition(":")[0].lower()].append(action)
        granted, lasted = direction == "granted", between(-least, -most)
        made.append(
            TransientGroup(
                sign="+" if granted else "−",
                words=f"granted for {lasted}, then withdrawn again"
                if granted
                else f"withdrawn for {lasted}, then given back",
                services=tuple(
                    (service, catalogue.service_name(service), tuple(services[service]))
                    for service in sorted(
                        services, key=lambda one: (catalogue.service_name(one).lower(), one)
                    )
                ),
                count=len(actions),
            )
        )
    return tuple(made)


def looks(period: Period) -> str:
    """How often anybody looked, and what follows from it; never a bare 'nothing changed'."""
    if period.looks and period.last_look:
        first = f", first at {words(period.first_look)}" if period.first_look and period.looks > 1 else ""
        return f"Looked {count(period.looks, 'time')}{first}, last at {words(period.last_look)}."
    bases = {change.transition.after.basis for change in period.transitions if change.transition.after}
    if "look" in bases or not bases:
        return "Nobody looked in this period: what AWS changed and changed back in it is not known."
    how = "the commits of an archive" if "commit" in bases else "the versions' own dates"
    return f"Nobody looked in this period: what is told here follows {how}."


def _most(period: Period, direction: str) -> tuple[int, str]:
    """How many actions came and went, and how long the longest of them was in force."""
    found = [one for one in period.transient if one.direction == direction]
    if not found:
        return 0, ""
    longest = max(found, key=lambda one: (one.max_s, one.min_s))
    return len(found), between(longest.min_s, longest.max_s)


def _came_and_went(period: Period) -> str:
    """`could call 41 more actions, and 14 fewer, for at most 10 h 25 min`; empty where nothing came and went."""
    granted, for_how_long = _most(period, "granted")
    withdrawn, without = _most(period, "withdrawn")
    if not (granted or withdrawn):
        return ""
    if not withdrawn:
        return f"could call {count(granted, 'more action')} for {for_how_long}"
    if not granted:
        return f"could call {count(withdrawn, 'action')} fewer for {without}"
    if for_how_long == without:
        return f"could call {count(granted, 'more action')}, and {number(withdrawn)} fewer, for {without}"
    return f"could call {count(granted, 'more action')} for {for_how_long}, and {number(withdrawn)} fewer for {without}"


def period_headline(period: Period) -> str:
    """The answer of a period in one sentence: what lasted, and what came and went inside it."""
    name, who = stretch(period.since, period.until), lower_first(actor(period.policy))
    passing = _came_and_went(period)
    gained = _net(period.net) if period.net else ""
    if gained:
        return f"{name}: {who} {gained}{'; besides, it ' + passing if passing else ''}."
    if passing:
        return f"{name}: {who} gained and lost nothing that lasted, but {passing}."
    if period.transitions:
        what = listed(dict.fromkeys(f"{kind_in_words(one)} ({versions(one)})" for one in period.transitions))
        return f"{name}: {what}, after which {who} can do exactly what it could do before."
    if period.looks and period.last_look:
        return f"{name}: looked {count(period.looks, 'time')}, last at {words(period.last_look)}, nothing changed."
    return f"{name}: nobody looked, so whether anything changed is not known."


def _net(net: Change) -> str:
    """`gained 55 actions in 9 services, 2 of them new, and lost 15`; empty where nothing of it is effective."""
    difference = net.difference
    parts = []
    if added := difference.actions_added:
        services = count(len({one.service for one in added}), "service")
        new = len(difference.services_added)
        parts.append(
            f"gained {count(len(added), 'action')} in {services}{f', {number(new)} of them new,' if new else ''}"
        )
    if removed := difference.actions_removed:
        parts.append(f"lost {number(len(removed))}" if added else f"lost {count(len(removed), 'action')}")
    for moved, word in (
        (difference.actions_widened, "widened"),
        (difference.actions_narrowed, "narrowed"),
        (difference.actions_rescoped, "re-scoped (please review)"),
    ):
        if moved:
            parts.append(f"had {count(len(moved), 'action')} {word}")
    if difference.denies_added:
        parts.append(f"is now denied {denied(difference.denies_added, 'more ')}")
    if difference.denies_removed:
        parts.append(f"is no longer denied {denied(difference.denies_removed)}")
    return listed(parts).rstrip(",")


def period_subject(period: Period) -> str:
    """One line: 'AWS Support can now read S3 objects (+55 −15 actions, December 2021)'."""
    name, who = stretch(period.since, period.until), short_actor(period.policy)
    net = period.net
    added, removed = (
        (len(net.difference.actions_added), len(net.difference.actions_removed)) if net else (0, 0)
    )
    flagged = shown(net.attention) if net else []
    passing = [item for item in shown(period.transient_attention) if item.consequence]
    leading = next((item.consequence for item in flagged if item.consequence), "")
    if leading:
        return clip(f"{can_now(who, leading)} ({signed(added, removed)}, {name})")
    if passing:
        _, lasted = _most(period, "granted")
        could = f"{who} could {passing[0].consequence} for {lasted}"
        return clip(f"{could} ({name}, net {signed(added, removed) if added or removed else 'nothing'})")
    if added or removed:
        told = f"{number(len(flagged))} flagged" if flagged else "none flagged"
        new = len(net.difference.services_added) if net else 0
        more = f", {count(new, 'new service')}" if new else ""
        return clip(f"{who}: {signed(added, removed)}{more}, {told} ({name})")
    if period.transient:
        return clip(f"{who}: net nothing, {count(len(period.transient), 'action')} came and went ({name})")
    if period.transitions or net:
        return clip(
            f"{who}: nothing gained or lost, {count(len(period.transitions), 'change')} of the document ({name})"
        )
    if period.looks:
        return clip(f"{who}: looked {count(period.looks, 'time')}, nothing changed ({name})")
    return clip(f"{who}: nobody looked, nothing is known ({name})")
