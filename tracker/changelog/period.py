"""A stretch of time laid out for the templates: what lasted, what came and went, and how often anybody looked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.findings import AttentionRow, attention_row, shown
from tracker.changelog.headline import headline, kind_in_words, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin
from tracker.changelog.period_headline import looks, period_headline
from tracker.changelog.view import ChangeView, change_view
from tracker.changelog.wording import between, stretch
from tracker.model.catalogue import Catalogue
from tracker.model.change import Period, Transient


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
