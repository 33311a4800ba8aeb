"""A stretch of time laid out for the templates: what lasted, what came and went, and how often anybody looked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.findings import AttentionRow, attention_row, shown
from tracker.changelog.headline import headline, kind_in_words, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin
from tracker.changelog.period_headline import looks, period_headline
from tracker.changelog.view import ChangeView, change_view
from tracker.changelog.wording import between, count, stretch, was
from tracker.model.catalogue import Catalogue
from tracker.model.change import Period, Transient
from tracker.model.history import Kind


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


@dataclass(frozen=True, slots=True)
class Folded:
    """Policies of which there is one and the same thing to say."""

    sentence: str  # '737 policies were republished with the same access.'
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """One period of one policy, or of many: those with news in full, the others in a line each."""

    name: str  # 'December 2021'
    count: int  # of policies
    views: tuple[PeriodView, ...]
    folded: tuple[Folded, ...]


def period_page(periods: Sequence[Period], catalogue: Catalogue) -> PeriodPage:
    """Lay the periods of several policies out, by name. A single policy is always told in full."""
    ordered = sorted(periods, key=lambda one: (one.policy.name.lower(), str(one.policy)))
    quiet = (
        {kind: [one for one in ordered if _quiet(one) == kind] for kind in _FOLDED}
        if len(ordered) > 1
        else {}
    )
    folded = [
        Folded(
            sentence.format(count(len(found), "policy", "policies"), was(len(found))),
            tuple(one.policy.name for one in found),
        )
        for kind, sentence in _FOLDED.items()
        if (found := quiet.get(kind))
    ]
    told = [one for one in ordered if not any(one in found for found in quiet.values())]
    return PeriodPage(
        name=stretch(ordered[0].since, ordered[0].until),
        count=len(ordered),
        views=tuple(period_view(one, catalogue) for one in told),
        folded=tuple(folded),
    )


_FOLDED = {
    "republished": "{0} {1} republished with the same access.",
    "unchanged": "{0} {1} looked at, and nothing changed.",
    "unknown": "At {0} nobody looked, so whether anything changed is not known.",
}


def _quiet(period: Period) -> str:
    """Which of the folded kinds a period is; empty where there is something to tell."""
    if period.net or period.transient:
        return ""
    if period.transitions:
        return (
            "republished"
            if all(one.transition.kind is Kind.REPUBLISHED for one in period.transitions)
            else ""
        )
    return "unchanged" if period.looks else "unknown"


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
        came_and_went=tuple(
            attention_row(item, verb="could for a while") for item in shown(period.transient_attention)
        ),
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
