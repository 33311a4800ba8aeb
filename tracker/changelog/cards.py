"""The message of a chat: Slack's blocks and the card of Teams, inside their limits, in which no text is markup.

Every text of a document goes into Slack's rich text and plain text, and into the runs of an Adaptive Card: both show it
letter by letter, so neither a link, a mention nor bold type can be written by whoever wrote a document.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.changelog.inert import inert
from tracker.changelog.wording import number, short

# https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 150 characters of a header. That all blocks together may
# have some 13,000 characters is undocumented: https://github.com/slackapi/bolt-js/issues/2509
SLACK_BLOCKS, SLACK_HEADER, SLACK_SIZE = 50, 150, 12_000
# https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook: 28 KB
TEAMS_SIZE = 26_000  # bytes
_TEXT = 1_200  # characters of one paragraph


@dataclass(frozen=True, slots=True)
class Point:
    """One line: what, and the rest of it."""

    lead: str  # in bold type
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a chat is told."""

    subject: str
    answer: str
    attention: Sequence[Point]
    notes: Sequence[str]
    title: str  # of the rows
    rows: Sequence[Point]
    rows_left: int  # rows that are not among them
    origin: str  # one line
    links: Sequence[tuple[str, str]]  # (label, https address)


def slack(card: Card) -> str:
    """The JSON of an incoming webhook's message. Rows give way until it is inside the limits."""
    return _fitting(card, _slack, lambda text: len(text) <= SLACK_SIZE)


def teams(card: Card) -> str:
    """The JSON that a workflow of Teams posts as a card. Rows give way until it is inside the limits."""
    return _fitting(card, _teams, lambda text: len(text.encode()) <= TEAMS_SIZE)


def _fitting(card: Card, build: Callable[[Card], dict[str, Any]], fits: Callable[[str], bool]) -> str:
    """What `build` makes with fewer and fewer rows, then without notes, then with fewer findings, until it fits; what gave way is counted."""
    for rows in (40, 20, 10, 5, 0):
        left = card.rows_left + len(card.rows[rows:])
        text = json.dumps(build(replace(card, rows=card.rows[:rows], rows_left=left)), ensure_ascii=False)
        if fits(text):
            return text
    brief = replace(card, rows=(), rows_left=card.rows_left + len(card.rows), notes=())
    for kept in (len(card.attention), 10, 5, 3):
        points, over = list(card.attention[:kept]), len(card.attention[kept:])
        if over:
            points.append(Point(f"and {number(over)} more in the full changelog"))
        text = json.dumps(build(replace(brief, attention=points)), ensure_ascii=False)
        if fits(text):
            break
    return text


def _clean(text: str, limit: int = _TEXT) -> str:
    return short(inert(text), limit)


def _slack(card: Card) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(_clean(card.subject, SLACK_HEADER))},
        _rich([_words(card.answer)]),
    ]
    for title, points in _parts(card):
        blocks.append(_rich([_words(title, bold=True), _list(points)]))
    if card.origin:
        blocks.append({"type": "context", "elements": [_plain(_clean(card.origin, 300))]})
    if card.links:
        blocks.append(_rich([{"type": "rich_text_section", "elements": _links(card.links)}]))
    # Shown in a notification only; there '<' would begin a mention.
    fallback = _clean(card.subject, 300).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": fallback, "blocks": blocks[:SLACK_BLOCKS]}


def _parts(card: Card) -> list[tuple[str, list[Point]]]:
    rows = list(card.rows)
    if card.rows_left:
        rows.append(Point(f"and {number(card.rows_left)} more", ""))
    parts = [("What deserves attention", list(card.attention) or [Point("Nothing is flagged.")])]
    if card.notes:
        parts.append(("Also", [Point("", note) for note in card.notes]))
    if rows:
        parts.append((card.title, rows))
    return parts


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text or "policy-tracker", "emoji": False}


def _rich(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": elements}


def _words(text: str, *, bold: bool = False) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "text", "text": _clean(text) or " "}
    return {"type": "rich_text_section", "elements": [element | ({"style": {"bold": True}} if bold else {})]}


def _list(points: Sequence[Point]) -> dict[str, Any]:
    return {"type": "rich_text_list", "style": "bullet", "elements": [_item(one) for one in points]}


def _item(point: Point) -> dict[str, Any]:
    elements: list[dict[str, Any]] = []
    if point.lead:
        elements.append({"type": "text", "text": _clean(point.lead, 300), "style": {"bold": True}})
    if point.rest:
        elements.append({"type": "text", "text": (": " if point.lead else "") + _clean(point.rest, 400)})
    return {"type": "rich_text_section", "elements": elements or [{"type": "text", "text": " "}]}


def _links(links: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    for label, url in links:
        elements += [{"type": "text", "text": "  "}] * bool(elements)
        elements.append({"type": "link", "url": url, "text": label})
    return elements


def _teams(card: Card) -> dict[str, Any]:
    body = [
        _runs(_run(_clean(card.subject, 300), weight="Bolder", size="Large")),
        _runs(_run(_clean(card.answer))),
    ]
    for title, points in _parts(card):
        body.append(_runs(_run(title, weight="Bolder"), separator=True))
        for one in points:
            runs = [_run(_clean(one.lead, 300), weight="Bolder")] if one.lead else []
            rest = (": " if one.lead else "") + _clean(one.rest, 400)
            body.append(_runs(_run("• "), *runs, *([_run(rest)] if one.rest else [])))
    if card.origin:
        body.append(_runs(_run(_clean(card.origin, 300), isSubtle=True, size="Small"), separator=True))
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in card.links],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, **style: object) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}


def _runs(*runs: dict[str, Any], separator: bool = False) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)} | ({"separator": True} if separator else {})
