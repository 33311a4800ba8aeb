"""The pages in a real browser: nothing for axe-core to find, nothing refused by the policy, everything by keyboard and without script."""

import functools
import http.server
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.web.test_site import _world
from tracker.web.building import Builder

S = "AWSSupportServiceRolePolicy"
MAILS = Path(__file__).parents[1] / "delivery" / "golden"
JUDGED = [
    "", "policies.html", "changes/index.html", "attention.html", "status.html", "search.html", "search.html?q=s3:GetObject",
    "compare.html", f"{S}/index.html", "AWSTrustedAdvisorServiceRolePolicy/v14-v15.html", "AWSTrustedAdvisorServiceRolePolicy/v15.html",
    "AWSTrustedAdvisorServiceRolePolicy/2026-05.html", "AWSTrustedAdvisorServiceRolePolicy/v14-v15.print.html", "AWSTrustedAdvisorServiceRolePolicy/attention.html", "services/sts.html", "nothing.html",
]  # fmt: skip
# axe's own names for WCAG 2.2 AA and what is below it: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
SEEN: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 360))
MAILED: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 320), ("dark", 800))
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without script, whose console must stay empty: a refused style or script is said there."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert said == []


# Each page is fetched once and looked at in both schemes: axe's script is the dearest part of asking it.
AXE = "options => axe.run(document, options).then(told => told.violations.map(one => `${one.id}: ${one.nodes[0].html}`))"


def test_every_page_is_for_everyone(browser: Browser, address: str) -> None:
    """axe finds nothing, at a desk in the light nor on a phone in the dark; the policy refuses nothing of ours; nothing is wider than the screen."""
    context = browser.new_context()
    context.add_init_script(AXE_SCRIPT)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.text}"))
    page.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    for path in JUDGED:
        page.goto(address + path)
        assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none", path
        for scheme, width in SEEN:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            options = {"runOnly": RULES, "resultTypes": ["violations"]}
            said += [f"{path} {scheme} {width} {told[:160]}" for told in page.evaluate(AXE, options)]
        for width in (320, 768):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
    context.close()
    assert [one for one in said if "nothing.html" not in one or "axe" in one] == []


def test_a_mail_can_be_read_in_both_schemes_on_a_phone_and_at_a_desk(browser: Browser) -> None:
    """The mails of the golden files: nothing is wider than the screen, and axe finds nothing."""
    page = browser.new_page()
    said: list[str] = []
    for name in ("change", "month", "confirm"):
        mail = message_from_bytes((MAILS / f"{name}.eml").read_bytes(), policy=default)
        html = mail.get_body(("html",))
        assert html is not None
        page.set_content(html.get_content())
        page.evaluate(AXE_SCRIPT)
        for scheme, width in MAILED:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            if name != "confirm":  # it has no colours but the reader's own, and axe takes dark ones for white
                options = {
                    "runOnly": {**RULES, "values": RULES["values"][:-1]},
                    "resultTypes": ["violations"],
                }
                said += [f"{name} {scheme} {told[:160]}" for told in page.evaluate(AXE, options)]
    page.close()
    assert said == []


def test_a_reader_without_script_gets_everywhere(page: Page, address: str) -> None:
    page.goto(f"{address}{S}/v57-v59.html")  # as a mail's link has it
    assert page.locator("h1").inner_text().startswith("AWS Support can now call 364 more actions")
    page.get_by_role("link", name="v59, as a document and by service").click()
    assert page.locator("h1").inner_text() == "v59 allows 4,533 actions in 268 services."
    page.get_by_label("Search inside this version").fill("getobject")
    page.locator("main form button").click()
    assert "s3:" in page.locator("main").inner_text()
    page.get_by_role("link", name=S).first.click()
    assert page.locator("li.step").count() == 13
    page.get_by_role("link", name="Compare any two versions or dates").click()
    page.get_by_label("From: a version or a date").fill("v38")
    page.get_by_label("To: a version or a date").fill("2024-12-31")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare.html?*")
    assert "With v39 instead of v38" in page.locator("h1").inner_text()
    page.locator("#find").fill("ecr:BatchGetImage")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert "ecr:BatchGetImage today" in page.locator("h1").inner_text()


def test_the_keyboard_alone_reaches_the_content_first_and_the_first_change(
    browser: Browser, address: str
) -> None:
    page = browser.new_page()
    page.goto(f"{address}{S}/index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent || document.activeElement.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", seen[-1]
        if seen[-1] == "v57 to v59":
            break
    assert "v57 to v59" in seen
    page.keyboard.press("Enter")
    page.wait_for_url("**/v57-v59.html")
    page.close()


# The steps whose counts, if there were four of them and each so long, would lie on the date or break it.
CROWDED = """told => [...document.querySelectorAll('.step')].filter(step => {
    const counts = step.querySelector('.counts'), first = counts.firstElementChild;
    while (counts.childElementCount < 4) counts.append(first.cloneNode(true));
    for (const one of counts.children) one.firstChild.data = told;
    const date = step.querySelector('time').getBoundingClientRect();
    return date.height > 30 || [...counts.children].some(one => {
        const count = one.getBoundingClientRect();
        return count.left < date.right + 8 && count.top < date.bottom && date.top < count.bottom;
    });
}).map(step => step.id)"""


def test_long_counts_stand_beside_the_date_on_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    for path in ("", f"{S}/index.html", "changes/index.html"):
        page.goto(address + path)
        assert page.locator(".step .counts > span").count() > 5
        for told in ("+5 ", "+364 ", "+3,425 ", "+13,425 "):
            assert page.evaluate(CROWDED, told) == [], (path, told)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, (path, told)
    page.close()


def test_a_link_to_a_folded_line_opens_it(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}{S}/v57-v59.html")
    inside = page.evaluate("document.querySelector('details li[id]').id")
    page.goto(f"{address}{S}/v57-v59.html#{inside}")
    page.wait_for_function("id => document.getElementById(id).checkVisibility()", arg=inside)
    page.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_search_on_a_site_of_files(browser: Browser, tmp_path: Path) -> None:
    world = _world(tmp_path)
    Builder(world.tracker, tmp_path / "under" / "a-prefix").build()
    handler = functools.partial(_Quiet, directory=str(tmp_path / "under"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        page = browser.new_page()
        page.add_init_script(AXE_SCRIPT)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_port}/a-prefix/index.html")
        page.locator("#find").fill("s3:ListBucket")
        page.keyboard.press("Enter")
        page.wait_for_selector("#found li")
        assert "s3:ListBucket: 1 today" in page.locator("#found").inner_text()
        page.locator("#found summary").click()
        page.locator("#found").get_by_role("link", name=S).click()
        assert page.locator("h1").inner_text() == S
        page.go_back()
        page.locator("#found").get_by_role("link", name="s3:ListBucket").click()
        page.get_by_text("since when", exact=True).first.click()
        assert page.get_by_role("link", name=S).first.is_visible()
        assert page.evaluate(AXE, {"runOnly": RULES, "resultTypes": ["violations"]}) == []
        page.goto(f"http://127.0.0.1:{server.server_port}/a-prefix/search.html?q=nothing:like-it")
        page.wait_for_selector("#found p")
        assert "Nothing of that name" in page.locator("#found").inner_text()
        page.goto(f"http://127.0.0.1:{server.server_port}/a-prefix/{S}/v1.html")
        page.get_by_label("Search inside this version").fill("listb")
        assert page.locator("#told").inner_text() == "1 action in 1 service."
        assert page.locator(".allowed > li:visible").all_inner_texts()[0].startswith("s3:ListBucket")
        page.get_by_label("Search inside this version").fill("no such")
        assert page.locator("#told").inner_text() == "Nothing in this version is named like that."
        assert not page.locator(".service:visible").count()
        page.close()
        server.shutdown()
    assert said == []
