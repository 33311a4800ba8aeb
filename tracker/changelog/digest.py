"""A digest: one mail about a stretch of time of several policies. Each has a row; what is quiet is a sentence for all."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from tracker.changelog.actors import short_actor
from tracker.changelog.findings import by_weight, shown
from tracker.changelog.mails import Body, MailRow, assembled, period_message
from tracker.changelog.period import PeriodView
from tracker.changelog.period_headline import period_subject
from tracker.changelog.subject import clip, signed
from tracker.changelog.wording import count, file_part, number, stretch
from tracker.model.change import Attention, Period
from tracker.model.instants import iso
from tracker.model.message import Attachment, Message

if TYPE_CHECKING:
    from tracker.changelog.render import Renderer

_NAMED = 5  # policies that the header for filters names
_ORDER = ("alarm", "attention", "info", "none")


def digest_message(
    renderer: "Renderer",
    periods: Sequence[Period],
    link: str | None,
    form: str = "full",
    note: str = "",
    mark: str = "",
    elsewhere: Sequence[Period] = (),
) -> Message:
    """The mail about the same stretch of time of several policies; about one, `period_message`.

    `elsewhere` are policies that changed in nothing that the reader asks for: where there are no others, that is said.
    Raises ValueError where there is neither.
    """
    if not periods and not elsewhere:
        raise ValueError("a digest needs at least one policy")
    if not periods:
        return _nothing_asked(renderer, elsewhere, link, form, note, mark)
    if len(periods) == 1:
        return period_message(renderer, periods[0], link, form, note, mark)
    page = renderer.periods(periods)
    views = sorted(page.views, key=_weight)
    first = min(periods, key=lambda one: str(one.policy))
    found = [item for view in views for item in _findings(view.period)]
    all_of_them = count(len(periods), "policy", "policies")
    if views:
        answer = f"{page.name}: {number(len(views))} of {all_of_them} changed."
    else:
        answer = f"{page.name}: none of {all_of_them} gained or lost anything."
    body = Body(
        policy=first.policy,
        about=page.name,
        subject=digest_subject(renderer, periods),
        answer=answer,
        attention=[
            row for view in views for row in (*view.came_and_went, *(view.net.attention if view.net else ()))
        ],
        accepted=sum(view.net.accepted for view in views if view.net),
        notes=[*([note] if note else ()), *(one.sentence for one in page.folded)],
        rows=[_row(view) for view in views],
        origins=views[0].origins if views else (),
        title="By policy",
        form=form,
        heading=all_of_them,
        rest="'policy-tracker changelog --all' with --since and --until prints it.",
    )
    ids = "".join(sorted(f"{one.policy} {iso(one.since)}/{iso(one.until)}\n" for one in periods))
    full = Attachment(
        f"changelog_{file_part(page.name)}.md",
        "text/markdown",
        renderer.period_markdown(*periods),
    )
    message = assembled(
        renderer,
        body,
        (full,),
        link,
        changelog=f"digest:{sha256(ids.encode()).hexdigest()[:16]}{mark}",
        versions=page.name,
        urgent=any(item.severity == "alarm" for item in by_weight(found)),
        record=renderer.period_json(*periods),
    )
    names = sorted({one.policy.name for one in periods})
    policy = ",".join(names) if len(names) <= _NAMED else f"{len(names)} policies"
    return replace(message, thread="digest", policy=policy)


def digest_subject(renderer: "Renderer", periods: Sequence[Period], elsewhere: Sequence[Period] = ()) -> str:
    """The subject of a digest's mail: the gravest policy leads, the others are counted."""
    if not periods:
        who = short_actor(elsewhere[0].policy) if len(elsewhere) == 1 else _policies(elsewhere)
        return clip(f"{who}: nothing that you asked for ({stretch(elsewhere[0].since, elsewhere[0].until)})")
    if len(periods) == 1:
        return period_subject(periods[0])
    views = sorted(renderer.periods(periods).views, key=_weight)
    if not views:
        name = stretch(periods[0].since, periods[0].until)
        return clip(f"{_policies(periods)}: nothing gained or lost ({name})")
    more = len(views) - 1
    lead = period_subject(views[0].period)
    return clip(f"{lead} and {count(more, 'more policy', 'more policies')}" if more else lead)


def _policies(periods: Sequence[Period]) -> str:
    return count(len(periods), "policy", "policies")


def _nothing_asked(
    renderer: "Renderer", elsewhere: Sequence[Period], link: str | None, form: str, note: str, mark: str
) -> Message:
    """The mail of a reader who wants to know that there was nothing for him."""
    first = min(elsewhere, key=lambda one: str(one.policy))
    name = stretch(first.since, first.until)
    who = short_actor(first.policy) if len(elsewhere) == 1 else count(len(elsewhere), "policy", "policies")
    body = Body(
        policy=first.policy,
        about=name,
        subject=digest_subject(renderer, (), elsewhere),
        answer=f"{name}: what changed is nothing that this subscription asks for.",
        attention=(),
        accepted=0,
        notes=[note] if note else [],
        rows=(),
        origins=(),
        form="summary",
        heading="" if len(elsewhere) == 1 else who,
        rest="'policy-tracker changelog' prints what changed.",
    )
    ids = "".join(sorted(f"{one.policy} {iso(one.since)}/{iso(one.until)}\n" for one in elsewhere))
    message = assembled(
        renderer,
        body,
        (Attachment("nothing.md", "text/markdown", f"# {body.answer}\n"),),
        link,
        changelog=f"digest:{sha256(ids.encode()).hexdigest()[:16]}~nothing{mark}",
        versions=name,
        urgent=False,
        record=renderer.period_json(*elsewhere),
    )
    return replace(message, thread="digest")


def _findings(period: Period) -> tuple[Attention, ...]:
    return (
        *shown(period.transient_attention),
        *(shown(period.net.attention) if period.net else ()),
    )


def _weight(view: PeriodView) -> tuple[int, int, str]:
    """What deserves attention first, then what gained most, then by name."""
    gravest = min((_ORDER.index(one.severity) for one in _findings(view.period)), default=len(_ORDER))
    return gravest, -_added(view), view.period.policy.name


def _added(view: PeriodView) -> int:
    return len(view.period.net.difference.actions_added) if view.period.net else 0


def _row(view: PeriodView) -> MailRow:
    net = view.period.net
    lost = len(net.difference.actions_removed) if net else 0
    flagged = len(_findings(view.period))
    return MailRow(
        name=view.period.policy.name,
        service=view.net.versions if view.net else "",
        figures=signed(_added(view), lost) if _added(view) or lost else "",
        words=f"{number(flagged)} flagged" if flagged else "",
        actions=view.headline.partition(": ")[2] or view.headline,
    )
