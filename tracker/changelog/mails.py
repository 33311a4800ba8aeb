"""Mails: the answer, five lines of what deserves attention, one row a service, the rest attached or linked.

Gmail cuts a mail off at about 102 KB (libraries measured it; https://github.com/hteumeuleu/email-bugs/issues/41), so
text and HTML together stay under 100 KB whatever the change: rows give way first, and say how many there were.
"""

from binascii import b2a_qp
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.changelog.cards import Card, Point, slack, teams
from tracker.changelog.findings import AttentionRow
from tracker.changelog.inert import console_link
from tracker.changelog.origin import Origin
from tracker.changelog.period_headline import period_subject
from tracker.changelog.services import SummaryRow
from tracker.changelog.subject import subject
from tracker.changelog.view import ChangeView, MovedRow
from tracker.changelog.wording import count, file_part, number, short, some
from tracker.model.change import Change, Period
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.model.message import Attachment, Form, Message

if TYPE_CHECKING:
    from tracker.changelog.render import Renderer

LIMIT = 94_000  # bytes of text, HTML and attachment as they travel; the rest of 100 KB is for the headers
_PART = 300  # bytes of an attachment's own headers
_ATTENTION = 5  # findings that are told in full; alarms are, in any case
_ALARMS = 25  # but for more than that
_PLACES = 3  # places of an action that moved
_ROWS = (200, 100, 50, 25)  # at most so many rows, the next where they do not fit
_NAMES = 6  # actions named in a service's row


@dataclass(frozen=True, slots=True)
class MailRow:
    """One service in one row of a mail."""

    name: str
    service: str
    figures: str  # '+28 −1'
    words: str  # 'new service', 'flagged', possibly empty
    actions: str  # a few of them by name


def mail_rows(summary: Iterable[SummaryRow]) -> list[MailRow]:
    """One row a service: what deserves attention first, then new services, then the others, each by name."""
    rows = sorted(
        summary, key=lambda row: (not row.flagged, not row.new, not row.added, row.name.lower(), row.service)
    )
    return [
        MailRow(
            name=row.name,
            service=row.service,
            figures=" ".join(
                f"{sign}{number(value)}"
                for sign, value in (("+", row.added), ("−", row.removed), ("~", row.moved))
                if value
            ),
            words=", ".join(
                word
                for word, holds in (
                    ("flagged", row.flagged),
                    ("new service", row.new),
                    ("none left", row.gone),
                )
                if holds
            ),
            actions=some([short(name.partition(":")[2] or name, 80) for name in row.names], _NAMES),
        )
        for row in rows
    ]


def encoded_size(*texts: str) -> int:
    """Bytes that texts have as they travel: quoted-printable (RFC 2045), lines ended by CR and LF."""
    return sum(len(b2a_qp(text.encode())) + text.count("\n") for text in texts)


def inline(html: str) -> str:
    """The HTML with its rules moved into the elements, as mail readers want it; dark mode stays in a style element."""
    from css_inline import CSSInliner

    return CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False).inline(html)


@dataclass(frozen=True, slots=True)
class Body:
    """What every mail is made of, whatever it is about."""

    policy: PolicyArn
    about: str  # the line above the answer
    subject: str
    answer: str
    attention: Sequence[AttentionRow]
    accepted: int
    notes: Sequence[str]  # sentences between what deserves attention and the rows
    rows: Sequence[MailRow]
    origins: Sequence[Origin]
    title: str = "By service"  # of the rows
    form: str = "full"  # 'summary': nothing attached; 'attached': the full changelog always attached
    heading: str = ""  # what the mail is about, where that is more than `policy`
    rest: str = ""  # where the full list stands, where that is not the policy's folder


def _written(
    renderer: "Renderer", body: Body, attachments: Sequence[Attachment], link: str | None
) -> tuple[str, str, tuple[Attachment, ...]]:
    """Text, HTML and what is attached, together under the limit; what did not fit is counted or named.

    `attachments`: the same list from full to brief. The first that fits beside a body of a decent length is taken.
    """
    for one in () if body.form == "summary" or (link and body.form != "attached") else attachments:
        size = encoded_size(one.text) + _PART
        for rows in _ROWS if size < LIMIT else ():
            text, html = _rendered(renderer, body, rows, link, one.filename)
            if encoded_size(text, html) + size < LIMIT:
                return text, html, (one,)
    for rows in _ROWS:
        text, html = _rendered(renderer, body, rows, link, "")
        if encoded_size(text, html) < LIMIT:
            return text, html, ()
    return *_rendered(renderer, body, 0, link, ""), ()


def _rendered(
    renderer: "Renderer", body: Body, rows: int, link: str | None, attached: str
) -> tuple[str, str]:
    told = _told_in_full(body.attention)
    values = {
        "mail": body,
        "attention": told,
        "attention_left": len(body.attention) - len(told),
        "rows": body.rows[:rows],
        "rows_left": len(body.rows[rows:]),
        "console": console_link(body.policy),
        "link": link or "",
        "attached": attached,
    }
    return renderer.render("mail.txt", **values), inline(renderer.render("mail.html", **values))


def _told_in_full(attention: Sequence[AttentionRow]) -> Sequence[AttentionRow]:
    """The first findings, which are the gravest; an alarm is not cut, as long as a mail can hold them."""
    alarms = sum(row.severity == "alarm" for row in attention)
    return attention[: max(_ATTENTION, min(alarms, _ALARMS))]


def assembled(
    renderer: "Renderer",
    body: Body,
    attachments: Sequence[Attachment],
    link: str | None,
    *,
    changelog: str,
    versions: str,
    urgent: bool,
    record: str,
) -> Message:
    """A message of a body. `attachments` from full to brief; `record`: the JSON of what the mail is about."""
    text, html, attached = _written(renderer, body, attachments, link)
    return Message(
        changelog=changelog,
        thread=str(body.policy),
        policy=body.policy.name,
        versions=versions,
        subject=body.subject,
        text=text,
        html=html,
        attachments=attached,
        urgent=urgent,
        forms=(Form("json", record), Form("md", attachments[0].text), *_chats(body, link)),
    )


def _chats(body: Body, link: str | None) -> Iterator[Form]:
    """The same for chats."""
    console = console_link(body.policy)
    card = Card(
        subject=body.subject,
        answer=body.answer,
        attention=[
            Point(
                f"{row.what} ({row.severity})", ". ".join(filter(None, (some(row.actions, _NAMES), row.why)))
            )
            for row in _told_in_full(body.attention)
        ],
        notes=body.notes,
        title=body.title,
        rows=[
            Point(f"{row.figures} {row.name}", ". ".join(filter(None, (row.words, row.actions))))
            for row in body.rows
        ],
        rows_left=0,
        origin="; ".join((body.about, str(body.policy))),
        links=[
            *([("The full changelog", link)] if link else ()),
            *([("The policy in the IAM console", console)] if console else ()),
        ],
    )
    yield Form("slack", slack(card))
    yield Form("teams", teams(card))


def change_message(
    renderer: "Renderer", change: Change, link: str | None, form: str = "full", note: str = "", mark: str = ""
) -> Message:
    """The mail about one change. With a link to the full changelog nothing is attached, unless `form` asks for it.

    `note`: a sentence about this mail itself; `mark`: ends the message's id where it differs from the plain one.
    """
    view = renderer.view(change)
    ends = [str(end.version) for end in (change.transition.before, change.transition.after) if end]
    body = Body(
        policy=change.policy,
        about=f"{view.versions}, {view.kind}",
        subject=subject(change),
        answer=view.headline,
        attention=view.attention,
        accepted=view.accepted,
        notes=[*([note] if note else ()), *_notes(view)],
        rows=mail_rows(view.summary),
        origins=view.origins,
        form=form,
    )
    name = f"{change.policy.name}_{'-'.join(ends)}.md"
    attachments = (
        Attachment(name, "text/markdown", renderer.markdown(change)),
        Attachment(name, "text/markdown", renderer.brief(change)),
    )
    urgent = change.severity == "alarm" or bool(change.tripwires)
    return assembled(
        renderer,
        body,
        attachments,
        link,
        changelog=change.id + mark,
        versions="..".join(ends),
        urgent=urgent,
        record=renderer.json(change),
    )


def _notes(view: ChangeView) -> list[str]:
    """What else the reader must know, a sentence each: tripwires, what moved, denies, open-ended patterns, the rest."""
    notes = [
        f"Tripwire {short(hit.pattern, 80)}: {some([short(action, 80) for action in hit.actions], _NAMES)}."
        for hit in view.change.tripwires
    ]
    for group in view.moved:
        if len(group.rows) <= _NAMES:
            notes += [f"{group.verdict}: {short(row.action, 80)}, {_places(row)}." for row in group.rows]
        else:
            names = some([short(row.action, 80) for row in group.rows], _NAMES)
            notes.append(f"{group.verdict}: {names} ({group.meaning}).")
    notes += [
        f"{word}: {some([short(row.pattern, 80) for row in view.denies if row.word == word], _NAMES)}."
        for word in dict.fromkeys(row.word for row in view.denies)
    ]
    if grown := [
        short(row.pattern, 80)
        for row in view.patterns
        if row.sign == "+" and row.open_ended and row.effect == "Allow"
    ]:
        notes.append(f"Open-ended: {some(grown, _NAMES)} will also allow what AWS adds there later.")
    if view.trail and view.trail.queries:
        unseen = sum(len(row.names) for row in (*view.trail.data_only, *view.trail.never))
        some_not = f"; {count(unseen, 'action')} of them no trail shows by default" if unseen else ""
        notes.append(f"{view.trail.question} The full changelog has the query for CloudTrail{some_not}.")
    notes += [f"{line.word}: {line.sign} {short(line.what, 80)}." for line in view.role]
    if view.redundant:
        notes.append(f"{count(len(view.redundant), 'edit')} had no effect.")
    return notes


def _places(row: MovedRow) -> str:
    """`now on arn:...:a, no longer on arn:...:b`: what moved of where an action is allowed; what came goes first."""
    told = sorted((one for one in row.lines if one.sign), key=lambda one: one.sign != "+") or row.lines
    words = [f"{one.told} {short(one.code, 120)}".strip() for one in told[:_PLACES]]
    return ", ".join([*words, *([f"and {len(told) - _PLACES} more"] if len(told) > _PLACES else [])])


def period_message(
    renderer: "Renderer", period: Period, link: str | None, form: str = "full", note: str = "", mark: str = ""
) -> Message:
    """The mail about one period of one policy; the other arguments as `change_message` has them."""
    view = renderer.period(period)
    net = view.net
    notes = [*([note] if note else ()), view.looks]
    notes += [
        f"{row.observed_at:%Y-%m-%d %H:%M} UTC, {row.versions}: {row.headline}"
        for row in view.transitions[-12:]
    ]
    notes += [
        f"{count(group.count, 'action')} {group.words}: "
        + some([short(action, 80) for _, _, actions in group.services for action in actions], _NAMES) + "."
        for group in view.transient[:_NAMES]
    ]  # fmt: skip
    month = f"{iso(period.since)}/{iso(period.until)}"
    ends = net.versions.replace(" to ", "..") if net else ""
    body = Body(
        policy=period.policy,
        about=view.name,
        subject=period_subject(period),
        answer=view.headline,
        attention=(*view.came_and_went, *(net.attention if net else ())),
        accepted=net.accepted if net else 0,
        notes=[*notes, *(_notes(net) if net else ())],
        rows=mail_rows(net.summary) if net else (),
        origins=net.origins if net else (),
        form=form,
    )
    name = file_part(view.name)
    full = Attachment(f"{period.policy.name}_{name}.md", "text/markdown", renderer.period_markdown(period))
    severities = {
        item.severity for item in (*period.transient_attention, *(period.net.attention if period.net else ()))
    }
    return assembled(
        renderer,
        body,
        (full,),
        link,
        changelog=f"period:{period.policy}:{month}{mark}",
        versions=ends or view.name,
        urgent="alarm" in severities,
        record=renderer.period_json(period),
    )
