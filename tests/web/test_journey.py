"""The whole way of a reader, in a real browser and with a real mail server: from a mail's link to unsubscribing, with script and without."""

import re
import shutil
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.support.smtp_sink import Sink
from tests.web.conftest import NOW
from tests.web.test_browser import AXE, RULES, SEEN
from tracker import service
from tracker.bootstrap import open_tracker
from tracker.collaborators import Tracker
from tracker.delivery.tokens import tokens
from tracker.delivery.wish import read_wish
from tracker.previewing import heard_of
from tracker.publishing import send_last
from tracker.settings import load_settings
from tracker.web.doors import doors_of
from tracker.web.serving import listening, serving

S = "AWSSupportServiceRolePolicy"


@dataclass
class Place:
    """A tracker that is served, and the mail server that it sends by."""

    tracker: Tracker
    address: str  # of the pages, without the last slash
    sink: Sink

    def mail(self, recipient: str, subject: str) -> EmailMessage:
        """The newest mail to somebody whose subject begins so; mails go out beside the answer, so it is waited for."""
        paused = threading.Event()
        for _ in range(600):
            for one in reversed(self.sink.mails):
                mail = message_from_bytes(one.data, policy=default)
                assert isinstance(mail, EmailMessage)
                if one.recipient == recipient and str(mail["Subject"]).startswith(subject):
                    return mail
            paused.wait(0.05)
        raise AssertionError(f"no mail {subject!r} to {recipient}")

    def link(self, mail: EmailMessage, path: str) -> str:
        """The link in a mail's text that leads to this path."""
        text = mail.get_body(("plain",))
        assert text is not None
        found = re.findall(rf"{re.escape(self.address)}/{path}[\w./-]*", text.get_content())
        assert found, text.get_content()
        return str(found[0])

    def told(self, address: str) -> None:
        """Send a subscriber the newest change, as one that comes in would be."""
        one = self.tracker.subscribers.get(address)
        send_last(self.tracker, one, heard_of(self.tracker, read_wish({"policies": S})))
        service.deliver(self.tracker)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shipped: Tracker) -> Iterator[Place]:
    """As a user sets it up: a settings file, nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Sink() as sink:
        address, home = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("journey") / "home"
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "tracker@example.org"\noperator = "operator@example.org"\n'
        shutil.copytree(shipped.home, home)
        with (home / "policy-tracker.toml").open("a") as file:
            file.write(f'base_url = "{address}"\n{mail}')
        settings, seconds = load_settings(home, {}), count()
        tracker = open_tracker(settings, clock=lambda: NOW + timedelta(milliseconds=next(seconds)))
        with serving(tracker, listening(settings, "127.0.0.1", port, (), ()), doors_of(settings)):
            yield Place(tracker, address, sink)


def press(page: Page, name: str) -> None:
    """Press a button of the page's own."""
    page.locator("main").get_by_role("button", name=name, exact=True).click()


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


@pytest.mark.parametrize("script", [False, True], ids=["without-script", "with-script"])
def test_from_a_mails_link_to_unsubscribing(place: Place, browser: Browser, script: bool) -> None:
    who, team = f"anna-{script}@example.org", f"team-{script}@example.org"
    tracker = place.tracker
    tracker.subscribers.put(team, read_wish({}), tracker.clock(), f"token-of-the-team-{script}")
    place.told(team)
    context = browser.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 800})
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))

    # Read: the change, the version, what two versions differ in, who else may do it.
    page.goto(place.link(place.mail(team, "AWS Support"), f"{S}/"))
    assert heading(page).startswith("AWS Support can now call 364 more actions")
    page.get_by_role("link", name="v59, as a document and by service").click()
    assert heading(page) == "v59 allows 4,533 actions in 268 services."
    page.goto(f"{place.address}/compare.html")
    page.get_by_label("Policy", exact=True).fill(S)
    page.get_by_label("From: a version or a date").fill("v38")
    page.get_by_label("To: a version or a date").fill("2024-12-31")
    press(page, "Compare")
    page.wait_for_url("**/compare.html?*")
    assert "With v39 instead of v38" in heading(page)
    page.locator("#find").fill("ecr:BatchGetImage")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert "ecr:BatchGetImage today" in heading(page)

    # Subscribe: first see what would have come.
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Subscribe").click()
    page.get_by_label("Mail address").fill(who)
    page.get_by_role("radio", name="Weekly").check()
    page.get_by_text("Not all of it").click()
    page.get_by_label("Services").fill("S3:Get*")
    press(page, "Subscribe")
    assert "Not a service's prefix" in page.locator("#services-fault").inner_text()
    page.get_by_label("Services").fill("ecr")
    press(page, "Show what it would have sent")
    page.wait_for_url("**/subscribe#preview")
    assert page.locator("#preview tbody tr").count() >= 1
    assert page.get_by_label("Mail address").input_value() == who
    press(page, "Subscribe")
    page.get_by_text(f"A mail is on its way to {who}").wait_for()

    # Confirm by the mail that came, and change what is told.
    page.goto(place.link(place.mail(who, "Please confirm"), "confirm/"))
    press(page, "Confirm")
    page.get_by_role("link", name="Change, pause or end it").click()
    assert page.get_by_label("Services").input_value() == "ecr"
    page.get_by_role("radio", name=re.compile("^At once")).check()
    page.get_by_label("Services").fill("")
    press(page, "Show what it would have sent")
    page.locator("#preview").wait_for()
    assert tracker.subscribers.get(who).frequency == "weekly"
    press(page, "Save")
    page.get_by_role("status").wait_for()
    assert (tracker.subscribers.get(who).frequency, tracker.subscribers.get(who).state) == (
        "instant",
        "active",
    )

    # One click in the mail program, and back; then the button of the page.
    place.told(who)
    mail = place.mail(who, "AWS Support")
    unsubscribe = re.findall(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))[0]
    answer = urllib.request.urlopen(unsubscribe, b"List-Unsubscribe=One-Click", timeout=30)
    with answer:
        assert answer.status == 200
    assert tracker.subscribers.get(who).state == "paused"
    assert place.mail("operator@example.org", f"Paused: {who}")
    page.goto(place.link(place.mail(who, "Paused"), "undo/"))
    press(page, "Undo")
    page.get_by_text("It goes on.").wait_for()
    assert tracker.subscribers.get(who).state == "active"
    page.goto(unsubscribe)
    assert heading(page) == f"Send nothing more to {who}?"
    press(page, "Unsubscribe")
    page.get_by_text(f"Nothing more is sent to {who}.").wait_for()
    assert tracker.subscribers.get(who).state == "paused"
    assert context.cookies() == []
    context.close()
    assert [
        one for one in said if "422" not in one
    ] == []  # a browser notes that answer, and nothing was refused


def test_the_form_is_filled_in_by_keyboard_alone(place: Place, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{place.address}/subscribe")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "[document.activeElement.name || document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert told[1] != "none", told
        reached.append(told[0])
        if told[0] == "address":
            page.keyboard.type("keys@example.org")
        if told[0] == "SUMMARY":
            page.keyboard.press("Enter")
        if told[0] == "frequency":
            page.keyboard.press("ArrowDown")
        if reached.count("do") == 2:
            break
    wanted = ["address", "policies", "services", "level", "watch", "tripwires", "additions", "kinds", "least", "frequency", "hour", "heartbeat", "form", "do"]  # fmt: skip
    assert [name for name in dict.fromkeys(reached) if name in wanted] == wanted
    page.keyboard.press("Enter")
    page.get_by_text("A mail is on its way to keys@example.org").wait_for()
    assert place.tracker.subscribers.get("keys@example.org").frequency == "daily"
    page.close()


def states(place: Place, page: Page) -> Iterator[str]:
    """The page in each state that a subscription's pages have, by name."""
    tracker, stamp = place.tracker, place.tracker.clock().timestamp()
    who = f"axe-{stamp}@example.org"
    pending = tracker.subscribers.put(who, read_wish({}), tracker.clock(), f"token-{stamp}", state="pending")
    signer = tokens(tracker.database)
    page.goto(f"{place.address}/subscribe?services=s3&policies=A*")
    yield "form"
    page.get_by_label("Services").fill("S3:x")
    page.get_by_label("Least number of actions").fill("many")
    page.get_by_label("Mail address").fill("nobody@example")
    press(page, "Subscribe")
    page.locator("#faults").wait_for()
    yield "faults"
    page.get_by_label("Services").fill("")
    page.get_by_label("Least number of actions").fill("")
    page.get_by_role("radio", name=re.compile("^Monthly")).check()
    press(page, "Show what it would have sent")
    page.locator("#preview").wait_for()
    yield "preview"
    page.goto(f"{place.address}/confirm/{signer.sign('confirm', pending, tracker.clock())}")
    yield "confirm"
    press(page, "Confirm")
    page.get_by_text("You are subscribed").wait_for()
    yield "confirmed"
    page.get_by_role("link", name="Change, pause or end it").click()
    press(page, "Pause")
    page.get_by_role("status").wait_for()
    yield "manage"
    page.goto(f"{place.address}/unsubscribe/{pending.token}")
    yield "unsubscribe"
    page.goto(f"{place.address}/undo/no-such-link")
    yield "no link"


def test_axe_finds_nothing_on_the_pages_of_a_subscription(place: Place, browser: Browser) -> None:
    """At a desk in the light and on a phone in the dark, in each state, of which each is reached once."""
    context = browser.new_context()
    context.add_init_script(AXE_SCRIPT)
    page, found = context.new_page(), []
    for name in states(place, page):
        for scheme, width in SEEN:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            options = {"runOnly": RULES, "resultTypes": ["violations"]}
            found += [f"{name} {scheme} {told[:160]}" for told in page.evaluate(AXE, options)]
        page.set_viewport_size({"width": 320, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{name}: {wide} wide"] if wide > 320 else []
    context.close()
    assert found == []
