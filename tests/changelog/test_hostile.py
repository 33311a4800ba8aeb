"""A hostile document is inert in every format: it writes no tag, no link, no line and no control character."""

import json
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from tests.changelog import cases
from tests.changelog.making import CATALOGUE, SUPPORT
from tracker.changelog.inert import inert
from tracker.changelog.render import Renderer

RENDERER = Renderer(CATALOGUE)
SHOWN = inert(cases.HOSTILE)
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Page(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.links, self.words = set[str](), set[str](), set[str](), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action")}

    def handle_data(self, data: str) -> None:
        self.words += data


def outputs() -> dict[str, str]:
    """Everything that is made of a change, of a period with it inside, and of its mail."""
    change = cases.hostile()
    period = cases.month(
        net=change, transitions=(change,), transient=cases.passing(), transient_attention=change.attention
    )
    message, monthly = RENDERER.message(change), RENDERER.period_message(period)
    return {
        "change.html": RENDERER.html(change),
        "change.md": RENDERER.markdown(change),
        "change.txt": RENDERER.text(change),
        "period.html": RENDERER.period_html(period),
        "period.md": RENDERER.period_markdown(period),
        "period.txt": RENDERER.period_text(period),
        "changelog.html": RENDERER.cumulative_html(SUPPORT, [change]),
        "changelog.md": RENDERER.cumulative_markdown(SUPPORT, [change]),
        "changelog.txt": RENDERER.cumulative_text(SUPPORT, [change]),
        "mail.html": message.html,
        "mail.txt": message.text,
        "attached.md": message.attachments[0].text,
        "monthly.html": monthly.html,
        "monthly.txt": monthly.text,
    }


OUTPUTS = outputs()


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_no_control_character_and_no_half_of_a_surrogate(name: str) -> None:
    OUTPUTS[name].encode()
    assert not CONTROLS.search(OUTPUTS[name])


@pytest.mark.parametrize("name", sorted(name for name in OUTPUTS if name.endswith(".html")))
def test_html_holds_our_tags_alone(name: str) -> None:
    page, calm = Page(OUTPUTS[name]), Page(calm_page(name))
    assert page.tags <= calm.tags | {
        "b",
        "div",
        "h3",
        "p",
        "span",
        "ul",
        "li",
        "i",
        "code",
        "a",
        "time",
        "dl",
        "dt",
        "dd",
    }
    assert not page.tags & {"script", "img", "iframe", "form", "object", "svg"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert all(link.startswith(("https://", "#")) for link in page.links), page.links
    assert SHOWN.split(" ")[0] in page.words


def calm_page(name: str) -> str:
    """The same page of a change without anything odd."""
    change = cases.updated()
    period = cases.month(net=change, transitions=(change,), transient=cases.passing())
    return {
        "change.html": lambda: RENDERER.html(change),
        "period.html": lambda: RENDERER.period_html(period),
        "changelog.html": lambda: RENDERER.cumulative_html(SUPPORT, [change]),
        "mail.html": lambda: RENDERER.message(change).html,
        "monthly.html": lambda: RENDERER.period_message(period).html,
    }[name]()


@pytest.mark.parametrize("name", sorted(name for name in OUTPUTS if name.endswith(".md")))
def test_markdown_shows_the_words_and_our_links_alone(name: str) -> None:
    page = Page(
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(OUTPUTS[name])
    )
    assert page.tags <= {"h1", "h2", "h3", "p", "strong", "em", "code", "a", "ul", "li"}
    assert "em" not in page.tags
    assert all(link.startswith("https://") for link in page.links), page.links
    assert SHOWN in page.words


def test_the_subject_and_the_names_of_files_are_inert() -> None:
    message = RENDERER.message(cases.hostile())
    assert message.subject.isprintable()
    assert all(re.fullmatch(r"[\w.+=,@-]+", one.filename) for one in message.attachments)


def test_json_keeps_the_words_as_they_are() -> None:
    record = json.loads(RENDERER.json(cases.hostile()))
    assert record["actions_added"][0]["action"] == cases.HOSTILE


def test_a_page_asks_nobody_for_anything() -> None:
    page = OUTPUTS["change.html"]
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert not Page(page).attributes & {"src", "srcset", "style", "action", "background"}
