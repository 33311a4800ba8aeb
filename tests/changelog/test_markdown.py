"""Markdown's one filter: whatever it is given, CommonMark shows that text and nothing else."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.changelog.cases import HOSTILE
from tracker.changelog import markdown
from tracker.changelog.inert import console_link, inert
from tracker.model.identity import PolicyArn

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
NASTY = (
    st.text(alphabet=st.sampled_from("ab1 `*_~[]()<>#+-=!|\\$&;:@/.\"'\n\r\t\x00\x1b\u202e\u200b\ufeff"))
    | st.text()
)


class Words(HTMLParser):
    """The words of a rendering and the tags it took."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words, self.tags = "", set[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def rendered(text: str) -> Words:
    return Words(RENDERER.render(text))


@given(NASTY)
@example(HOSTILE)
@example("1. a list")
@example("- a list")
@example("# a heading")
@example("> a quotation")
@example("===")
@example("snake_case_name _emphasis_ __strong__")
@example("&lt;script&gt;&#64;")
def test_prose_is_that_text_and_nothing_else(text: str) -> None:
    shown = rendered(f"before {markdown.prose(text)} after")
    assert " ".join(shown.words.split()) == " ".join(f"before {inert(text)} after".split())
    assert shown.tags <= {"p"}


@given(NASTY.filter(lambda text: text.strip()))
@example(HOSTILE)
@example("1. a list")
@example("* a list")
@example("+")
@example("# a heading")
@example("> a quotation")
def test_prose_at_the_start_of_a_line(text: str) -> None:
    if not inert(text).strip():
        return
    shown = rendered(f"{markdown.prose(text.strip())}\n")
    assert " ".join(shown.words.split()) == " ".join(inert(text.strip()).split())
    assert shown.tags <= {"p"}


@given(NASTY)
@example(HOSTILE)
@example("`")
@example("`` ` ``")
@example(" a ")
def test_code_is_that_text_and_nothing_else(text: str) -> None:
    shown = rendered(f"before {markdown.code(text)} after")
    assert " ".join(shown.words.split()) == " ".join(f"before {inert(text)} after".split())
    assert shown.tags <= {"p", "code"}


@given(st.text())
@example("a\x00b\x1b[31m\u202e\u2066\ufeff\ud800\U000e0041")
def test_inert_text_has_no_control_or_invisible_character(text: str) -> None:
    shown = inert(text)
    shown.encode()  # no half of a surrogate is left
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", shown)
    assert inert(shown) == shown


def test_inert_text_is_spelt_as_json_spells_it() -> None:
    assert inert("a\nb\tc\r\x1b\u202e\U000e0041") == "a\\nb\\tc\\r\\u001b\\u202e\\U000e0041"
    assert inert("Zürich → 東京 −1") == "Zürich → 東京 −1"


def test_no_link_grows_by_itself() -> None:
    # GitHub makes links of these (https://github.github.com/gfm/#autolinks-extension-), mentions of those
    assert markdown.prose("http://example.com") == "http\\://example.com"
    assert markdown.prose("www.example.com") == "www\\.example.com"
    assert markdown.prose("a@example.com") == "a@<!-- -->example.com"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://example.com",
        "https://example.com/a b",
        "https://exa<mple.com",
        "https://a/\u202e",
        "",
    ],
)
def test_only_an_https_address_is_made_a_link(url: str) -> None:
    assert not markdown.is_link(url)
    assert rendered(f"x {markdown.link(url, 'words')}").tags <= {"p"}
    assert rendered(f"x {markdown.link(url)}").tags <= {"p"}


def test_links() -> None:
    assert markdown.link("https://example.com/a_b") == "<https://example.com/a_b>"
    assert markdown.link("https://example.com", "[words]") == "[\\[words\\]](<https://example.com>)"
    assert rendered(markdown.link("https://example.com", "[words]")).words == "[words]\n"


def test_sources() -> None:
    assert markdown.source_parts("A list, CC0 (https://example.com/a)") == (
        "A list, CC0",
        "https://example.com/a",
    )
    assert markdown.source_parts("https://example.com/a") == ("", "https://example.com/a")
    assert markdown.source_parts("AWS's own pages") == ("AWS's own pages", "")


def test_consoles() -> None:
    path = "arn:aws{}:iam::aws:policy/aws-service-role/X"
    link = "/iam/home#/policies/arn:aws{}:iam::aws:policy/aws-service-role/X"
    for partition, base in (
        ("", "https://console.aws.amazon.com"),
        ("-cn", "https://console.amazonaws.cn"),
        ("-us-gov", "https://console.amazonaws-us-gov.com"),
    ):
        found = console_link(PolicyArn.parse(path.format(partition)))
        assert found == base + link.format(partition)
        assert markdown.is_link(found)
    assert console_link(PolicyArn("aws-iso", "X")) == ""
    odd = console_link(PolicyArn("aws", "X", '/a"<`b/'))
    assert odd.endswith("/policies/arn:aws:iam::aws:policy/a%22%3C%60b/X")
    assert markdown.is_link(odd)
