"""Chats: inside their limits whatever the change, and nothing that a document says is markup in them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.changelog import cases
from tests.changelog.making import CATALOGUE
from tracker.changelog.cards import (
    SLACK_BLOCKS,
    SLACK_HEADER,
    SLACK_SIZE,
    TEAMS_SIZE,
    Card,
    Point,
    _fitting,
    slack,
    teams,
)
from tracker.changelog.inert import inert
from tracker.changelog.render import Renderer

RENDERER = Renderer(CATALOGUE)
# What shows text letter by letter; a section's mrkdwn and a TextBlock would read it as markup.
LITERAL = {"plain_text", "text", "TextRun"}


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def card(rows: int = 3, words: str = "x") -> Card:
    point = Point(words, words)
    return Card(
        words,
        words,
        [point] * 5,
        [words] * 30,
        words,
        [point] * rows,
        0,
        words,
        [("Full", "https://x.test/")],
    )


@pytest.mark.parametrize("rows", [0, 3, 60, 2_000])
@pytest.mark.parametrize("words", ["x", "wide " * 400, "日本語" * 900, "<&>" * 700])
def test_both_are_inside_their_limits(rows: int, words: str) -> None:
    made = json.loads(slack(card(rows, words)))
    assert len(slack(card(rows, words))) <= SLACK_SIZE
    assert 0 < len(made["blocks"]) <= SLACK_BLOCKS
    assert len(made["blocks"][0]["text"]["text"]) <= SLACK_HEADER
    assert len(teams(card(rows, words)).encode()) <= TEAMS_SIZE


def test_findings_that_gave_way_are_counted() -> None:
    many = replace(card(0, "wide " * 400), attention=[Point("wide " * 60, "wide " * 80)] * 40, notes=())
    for made, size in ((slack(many), SLACK_SIZE), (teams(many), TEAMS_SIZE)):
        assert len(made.encode()) <= size
        assert "more in the full changelog" in made
    assert "more in the full changelog" not in slack(replace(card(0), attention=[Point("x", "y")] * 25))


def test_where_nothing_fits_the_least_is_sent() -> None:
    made = _fitting(
        replace(card(9), attention=[Point("x", "y")] * 9),
        lambda one: {"rows": len(one.rows), "left": one.rows_left, "flagged": len(one.attention)},
        lambda _: False,
    )
    assert json.loads(made) == {"rows": 0, "left": 9, "flagged": 4}  # three, and that there are more


def test_what_nobody_can_link_to_has_no_empty_part() -> None:
    bare = replace(card(0), origin="", links=[])
    assert len(json.loads(slack(bare))["blocks"]) == len(json.loads(slack(card(0)))["blocks"]) - 2
    assert len(teams(bare)) < len(teams(card(0)))


def test_rows_that_gave_way_are_counted() -> None:
    said = slack(card(2_000, "ec2"))
    assert "and 1,960 more" in said or "and 1,980 more" in said


@pytest.mark.parametrize("name", ["slack", "teams"])
def test_a_hostile_document_is_shown_letter_by_letter(name: str) -> None:
    change = cases.hostile()
    made = json.loads(RENDERER.message(change).form(name))
    texts = [one for one in walk(made) if isinstance(one.get("text"), str) and "type" in one]
    hostile = [one for one in texts if inert(cases.HOSTILE)[:8] in one["text"]]
    assert hostile, "the hostile words are nowhere to be seen"
    assert {one["type"] for one in texts} - {"message"} <= LITERAL | {"link"}
    assert all(one.get("emoji") is False for one in texts if one["type"] == "plain_text")
    urls = [one["url"] for one in walk(made) if "url" in one]
    assert urls
    assert all(url.startswith("https://console.aws.amazon.com/") for url in urls), urls


def test_slacks_notification_text_mentions_nobody() -> None:
    hostile = card(words="<!channel> <https://evil.example|here> & *bold*")
    assert "<" not in json.loads(slack(hostile))["text"]


def test_a_change_carries_every_form() -> None:
    message = RENDERER.message(cases.updated(), "https://changes.example/x.html")
    assert [one.name for one in message.forms] == ["json", "md", "slack", "teams"]
    assert json.loads(message.form("json"))["type"] == "change"
    assert message.form("md").startswith("# ")
    assert "https://changes.example/x.html" in message.form("slack")
    assert "https://changes.example/x.html" in message.form("teams")
    assert message.form("none of them") == ""
    period = cases.month(net=cases.updated(), transitions=(cases.updated(),))
    assert json.loads(RENDERER.period_message(period).form("json"))["type"] == "period"
