"""A policy's page laid out: what it is for, what it allows today, how it grew, and everything that happened to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.actors import actor, lower_first
from tracker.changelog.chart import Chart, Point, chart
from tracker.changelog.entries import Batch, Entry, by_year, entry, kind_word, unseen_note
from tracker.changelog.inert import console_link
from tracker.changelog.wording import between, count
from tracker.model.history import Kind, Observation, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import words
from tracker.model.recorded import ChangeRow


@dataclass(frozen=True, slots=True)
class Today:
    """What the default of today allows."""

    version: VersionId
    create_date: datetime  # UTC
    seen: Observation
    actions: int
    services: int
    denies: bool = False  # it denies, and allows nothing


@dataclass(frozen=True, slots=True)
class Watch:
    """How well a policy is watched."""

    last: datetime | None  # the last look that read it
    next: datetime | None  # None: nobody looks at it by plan
    stale: bool  # a planned look did not happen
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to narrow the timeline down."""

    label: str
    file: str  # in the policy's folder
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class TimelineView:
    """All that the page of a policy needs."""

    policy: PolicyArn
    actor: str
    purpose: str
    today: Today | None
    console: str
    watch: Watch | None  # None: a site of files, which can't know
    watched: str  # one sentence, or empty
    flagged: int | None  # findings in force; None: not reckoned
    charts: tuple[Chart, ...]  # wide, narrow; empty where there is nothing to draw
    points: tuple[Point, ...]  # newest first
    defaults: int  # different versions that were in force; one that came back is one
    batches: tuple[Batch, ...]
    filters: tuple[Filter, ...]
    shown: str  # 'all', '2024', 'rolled back'
    total: int  # changes on record


def purpose(arn: PolicyArn) -> str:
    """What a policy is for, as far as its name and path tell."""
    if arn.is_role:
        return f"A role of account {arn.account}."
    if arn.account != "aws":
        return f"A policy of account {arn.account}'s own."
    if arn.service_linked:
        who = actor(arn)
        return f"What {lower_first(who)} may do in every account that has its service-linked role. Nobody attaches it, and nobody can detach it."
    if arn.path == "/job-function/":
        return "A policy that AWS manages for a job function. Whoever an account attaches it to may do this."
    return "A policy that AWS manages. Whoever an account attaches it to may do this; AWS changes it without asking."


def entries_of(
    transitions: Sequence[Transition], ids: Mapping[int, str], stems: Mapping[str, ChangeRow]
) -> tuple[Entry, ...]:
    """The transitions with their rows of the log, newest first. `ids`: the change id of each, by its place."""
    by_id = {row.id: (stem, row) for stem, row in stems.items()}
    found = []
    for number, one in enumerate(transitions):
        if ids[number] not in by_id:
            continue  # seen, and not indexed yet: the next round does it
        stem, row = by_id[ids[number]]
        notes = unseen_note(map(str, one.gap), map(str, one.filled))
        following = transitions[number + 1].rollback if number + 1 < len(transitions) else None
        if following:
            lasted = between(following.in_force_min_s, following.in_force_max_s)
            notes = (f"in force for {lasted}, then rolled back", *notes)
        if one.reinstated:
            notes = ("back again after it had been rolled back", *notes)
        found.append(entry(row, stem, notes))
    return tuple(reversed(found))


def points_of(
    observations: Sequence[Observation],
    transitions: Sequence[Transition],
    rows: Sequence[ChangeRow | None],
    today: Today | None,
) -> tuple[Point, ...]:
    """How many actions were allowed from when on, reckoned back from today by what each change added and withdrew.

    `rows`: the row of each transition, None where it has none.
    """
    counts: list[int | None] = []
    now = today.actions if today else 0
    for one, row in zip(reversed(transitions), reversed(rows), strict=True):
        counts.append(None if one.kind is Kind.REMOVED else max(now, 0))
        if row is not None and one.before is not None:
            now -= row.summary.get("actions_added", 0) - row.summary.get("actions_removed", 0)
    counts.reverse()
    found = []
    if observations and (not transitions or transitions[0].before is not None) and observations[0].identity:
        found.append(Point(observations[0].observed_at, max(now, 0), str(observations[0].version), ""))
    for one, actions in zip(transitions, counts, strict=True):
        rollback = one.rollback
        found.append(
            Point(
                one.observed_at,
                actions,
                str(one.after.version) if one.after else "",
                kind_word(one.kind),
                len(one.gap),
                between(rollback.in_force_min_s, rollback.in_force_max_s) if rollback else "",
            )
        )
    return tuple(found)


def filters_of(entries: Sequence[Entry], chosen: str) -> tuple[Filter, ...]:
    """By year, newest first, then by kind and alarm; what there is none of is left out."""
    years = Counter(f"{one.observed_at:%Y}" for one in entries)
    kinds = Counter(one.kind for one in entries)
    flagged = sum(one.loud for one in entries)
    found = [Filter("All", "index.html", len(entries), chosen == "")]
    found += [
        Filter(year, f"{year}.html", years[year], chosen == year) for year in sorted(years, reverse=True)
    ]
    if flagged:
        found.append(Filter("Flagged", "only-flagged.html", flagged, chosen == "flagged"))
    if len(kinds) > 1:
        found += [
            Filter(kind_word(kind).capitalize(), f"only-{kind}.html", kinds[kind], chosen == kind)
            for kind in sorted(kinds)
        ]
    return tuple(found)


def chosen_of(entries: Sequence[Entry], chosen: str) -> tuple[Entry, ...]:
    """The entries of a year, a kind, or those flagged; all for ''."""
    if not chosen:
        return tuple(entries)
    if chosen == "flagged":
        return tuple(one for one in entries if one.loud)
    return tuple(one for one in entries if chosen in (one.kind, f"{one.observed_at:%Y}"))


def watched_words(watch: Watch) -> str:
    """`Last looked 2026-11-24 06:17 UTC; next look 2026-11-25 06:17 UTC.`"""
    then = f"; next look {words(watch.next)}" if watch.next else ""
    if watch.last is None:
        return f"Nobody has looked at AWS for it yet: this is the shipped or imported history{then}."
    return f"Last looked {words(watch.last)}{then}."


def timeline_view(
    arn: PolicyArn,
    entries: Sequence[Entry],
    points: Sequence[Point],
    today: Today | None,
    watch: Watch | None,
    now: datetime,
    *,
    defaults: int,
    flagged: int | None = None,
    chosen: str = "",
) -> TimelineView:
    """Lay the page of a policy out. `chosen`: a year, a kind, 'flagged', or '' for everything.

    `defaults`: how many different versions were in force, however often each of them was.
    """
    end = max(now, points[-1].moment) if points else now
    drawn = (chart(points, end, 920, 250), chart(points, end, 340, 200))
    return TimelineView(
        policy=arn,
        actor=actor(arn),
        purpose=purpose(arn),
        today=today,
        console=console_link(arn),
        watch=watch,
        watched=watched_words(watch) if watch else "",
        flagged=flagged,
        charts=tuple(one for one in drawn if one),
        points=tuple(reversed(points)),
        defaults=defaults,
        batches=by_year(chosen_of(entries, chosen)),
        filters=filters_of(entries, chosen),
        shown=chosen,
        total=len(entries),
    )


def in_force_sentence(view_actor: str, today: Today | None) -> str:
    """What the default allows, in one sentence."""
    if today is None:
        return "It is not visible to this account now."
    if today.denies:
        return f"{today.version} allows nothing: it denies."
    return (
        f"{view_actor} can call {count(today.actions, 'action')} in {count(today.services, 'service')} today."
    )
