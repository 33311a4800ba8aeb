"""A stretch of time laid out for the templates: what lasted, what came and went, and how often anybody looked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tracker.changelog.findings import AttentionRow, attention_row, shown
from tracker.changelog.headline import headline, kind_in_words, versions
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin
from tracker.changelog.overall import SEVEREST
from tracker.changelog.period_headline import looks, period_headline
from tracker.changelog.view import ChangeView, change_view
from tracker.changelog.wording import between, count, stretch, was
from tracker.model.catalogue import Catalogue
from tracker.model.change import Period, Transient
from tracker.model.history import Kind
from tracker.model.instants import words


@dataclass(frozen=True, slots=True)
class TransientGroup:
    """Actions that came and went (or went and came) together."""

    sign: str  # '+' more for a while, '−' less for a while, or empty
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
    growths: tuple[ChangeView, ...]  # what upgrades of the catalogue gave or took, oldest first
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
    """Lay the periods of several policies out, the gravest first, else by name. A single policy is always told in full."""
    ordered = sorted(periods, key=lambda one: (one.policy.name.lower(), str(one.policy)))
    kinds = [_quiet(one) if len(ordered) > 1 else "" for one in ordered]
    told = sorted((one for one, kind in zip(ordered, kinds, strict=True) if not kind), key=_gravity)
    folded = [
        Folded(
            sentence.format(count(len(found), "policy", "policies"), was(len(found)), _last(found)),
            tuple(one.policy.name for one in found),
        )
        for kind, sentence in _FOLDED.items()
        if (found := [one for one, its in zip(ordered, kinds, strict=True) if its == kind])
    ]
    return PeriodPage(
        name=stretch(ordered[0].since, ordered[0].until),
        count=len(ordered),
        views=tuple(period_view(one, catalogue) for one in told),
        folded=tuple(folded),
    )


def _gravity(period: Period) -> int:
    """How little a period deserves attention: 0 where anything in it is an alarm."""
    found = [one.severity for one in (*period.transitions, *((period.net,) if period.net else ()))]
    found += [one.severity for one in period.transient_attention]
    return min((SEVEREST.index(one) for one in found), default=len(SEVEREST))


def _last(periods: Iterable[Period]) -> str:
    """The instant until which all of them have been looked at."""
    return words(
        min((one.last_look for one in periods if one.last_look), default=datetime.max.replace(tzinfo=UTC))
    )


_FOLDED = {
    "republished": "{0} {1} republished with the same access.",
    "unchanged": "{0} {1} looked at, last at {2}, and nothing changed.",
    "unknown": "At {0} nobody looked, so whether anything changed is not known.",
}


def _quiet(period: Period) -> str:
    """Which of the folded kinds a period is; empty where there is something to tell."""
    if period.net or period.transient or period.transient_scopes:
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
        growths=tuple(change_view(one, catalogue) for one in period.growths),
        came_and_went=tuple(
            attention_row(item, verb="could for a while") for item in shown(period.transient_attention)
        ),
        transient=_transient((*period.transient, *period.transient_scopes), catalogue),
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


# direction -> (sign, words before the duration, words after it)
_PASSING = {
    "granted": ("+", "granted", "then withdrawn again"),
    "withdrawn": ("−", "withdrawn", "then given back"),
    "widened": ("+", "allowed more widely", "then as before"),
    "narrowed": ("−", "allowed more narrowly", "then as before"),
    "re-scoped": ("", "allowed elsewhere or otherwise (please review)", "then as before"),
}


def _transient(found: Iterable[Transient], catalogue: Catalogue) -> tuple[TransientGroup, ...]:
    """What came and went, by direction and the longest first."""
    groups: defaultdict[tuple[int, float, float], list[Transient]] = defaultdict(list)
    for one in found:
        groups[(list(_PASSING).index(one.direction), -one.max_s, -one.min_s)].append(one)
    return tuple(_group(groups[key], catalogue) for key in sorted(groups))


def _group(found: Sequence[Transient], catalogue: Catalogue) -> TransientGroup:
    sign, before, after = _PASSING[found[0].direction]
    services: defaultdict[str, list[str]] = defaultdict(list)
    for action in sorted((one.action for one in found), key=str.lower):
        services[action.partition(":")[0].lower()].append(action)
    names = {service: catalogue.service_name(service) for service in services}
    return TransientGroup(
        sign=sign,
        words=f"{before} for {between(found[0].min_s, found[0].max_s)}, {after}",
        services=tuple(
            (service, names[service], tuple(services[service]))
            for service in sorted(services, key=lambda one: (names[one].lower(), one))
        ),
        count=len(found),
    )
