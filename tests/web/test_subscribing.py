"""The pages of a subscription: a GET changes nothing, a form comes from us, one click from anybody; links do one thing."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from fastapi.testclient import TestClient

from tests.support.world import SUPPORT, World, allowing
from tests.web.reading import read
from tests.web.worlds import web_world
from tracker import service, signup
from tracker.delivery.tokens import replace_key
from tracker.web.app import make_app
from tracker.web.doors import Doors
from tracker.web.previews import span_of
from tracker.web.serving import Listening, serving

BASE = "https://tracker.example.org"
OURS = {"origin": BASE, "sec-fetch-site": "same-origin"}
PRESSED = {"do": ""}
PLAIN = {"frequency": "instant", "form": "full"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker with pages, and a change that is an alarm."""
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock(), allowing("s3:ListBucket"))
    service.check(world.tracker, [SUPPORT])
    world.aws.publish(SUPPORT, "v2", world.clock.forward(days=1), allowing("s3:ListBucket", "s3:GetObject"))
    service.check(world.tracker, [SUPPORT])
    world.clock.forward(days=1)
    return replace(world, tracker=replace(world.tracker, link=BASE))


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """The pages in this process, as a browser at one address has them."""
    app = make_app(world.tracker, hosts=("tracker.example.org",), doors=Doors(closed=""))
    with TestClient(app, base_url=BASE, client=("192.0.2.1", 4711), follow_redirects=False) as client:
        yield client
        sent(client)


def sent(browser: TestClient) -> None:
    """Wait until what was queued is sent: that happens beside the answers."""
    browser.app.state.postman.wait(30)  # type: ignore[attr-defined] # it is a FastAPI


def ask(browser: TestClient, address: str = "anna@example.org", **fields: str) -> str:
    answer = browser.post(
        "/subscribe", data={**PLAIN, "address": address, "do": "subscribe", **fields}, headers=OURS
    )
    assert answer.status_code == 200, answer.text
    sent(browser)
    return str(answer.text)


def link(world: World, purpose: str) -> str:
    """The newest link of a purpose that was mailed."""
    with world.tracker.database.read() as db:
        texts = "\n".join(row["text"] for row in db.query("SELECT text FROM messages ORDER BY created, id"))
    return str(re.findall(rf"{BASE}(/{purpose}/[\w.-]+)$", texts, re.MULTILINE)[-1])


def state(world: World, address: str = "anna@example.org") -> str:
    return next(iter(one.state for one in world.tracker.subscribers.all_of(address)), "none")


def rows(world: World) -> list[object]:
    """Everything in the database that a page could change."""
    tables = ("subscribers", "outbox", "messages", "allowances", "meta")
    with world.tracker.database.read() as db:
        return [db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]


def test_a_subscription_from_the_form_to_its_end(world: World, browser: TestClient) -> None:
    assert "A mail is on its way to anna@example.org" in ask(
        browser, services="s3", frequency="weekly", hour="7"
    )
    assert state(world) == "pending"
    assert world.mailbox.subjects("anna@example.org") == [
        "Please confirm your subscription"
    ]  # at once, by no daemon
    confirm = link(world, "confirm")
    assert "weekly at 07:00 UTC" in browser.get(confirm).text
    assert state(world) == "pending"
    answer = browser.post(confirm, headers=OURS, data=PRESSED)
    assert "You are subscribed." in answer.text
    assert state(world) == "active"
    assert "You are subscribed." in browser.get(confirm).text
    (manage,) = re.findall(r'href="\.\.(/manage/[^"]+)"', answer.text)
    form = browser.get(manage).text
    assert 'value="s3"' in form
    assert re.search(r'value="weekly" checked', form)
    saved = browser.post(manage, data={**PLAIN, "do": "save", "services": "s3 sqs"}, headers=OURS)
    assert "Saved." in saved.text
    assert world.tracker.subscribers.get("anna@example.org").wish.filter.services == ("s3", "sqs")
    assert "It is paused" in browser.post(manage, data={"do": "pause"}, headers=OURS).text
    assert state(world) == "paused"
    world.aws.publish(SUPPORT, "v3", world.clock.forward(hours=1), allowing("s3:ListBucket", "s3:PutObject"))
    service.check(world.tracker, [SUPPORT])
    assert "1 held back mail is sent now" in browser.post(manage, data={"do": "resume"}, headers=OURS).text
    sent(browser)
    assert len(world.mailbox.subjects("anna@example.org")) == 2
    assert "You are unsubscribed." in browser.post(manage, data={"do": "leave"}, headers=OURS).text
    assert state(world) == "none"
    assert browser.get(manage).status_code == 404


def test_one_click_pauses_and_can_be_undone(world: World, browser: TestClient) -> None:
    world.subscribe("team@example.org")
    page = browser.get("/unsubscribe/token-team")
    assert "Send nothing more to team<wbr>@example.org?" in page.text
    assert state(world, "team@example.org") == "active"
    # As RFC 8058 has it: from anywhere, without Origin or cookie; as a form or in parts.
    first = browser.post("/unsubscribe/token-team", data={"List-Unsubscribe": "One-Click"})
    again = browser.post("/unsubscribe/token-team", files={"List-Unsubscribe": (None, "One-Click")}, headers={"origin": "https://mail.example", "sec-fetch-site": "cross-site"})  # fmt: skip
    assert (first.status_code, again.status_code) == (200, 200)
    sent(browser)
    assert "Nothing more is sent to team<wbr>@example.org." in again.text
    assert state(world, "team@example.org") == "paused"
    for address in ("team@example.org", "operator@example.org"):
        assert world.mailbox.subjects(address) == ["Paused: team@example.org"]
    undo = link(world, "undo")
    world.clock.forward(days=6)
    assert "Go on sending to team<wbr>@example.org?" in browser.get(undo).text
    assert state(world, "team@example.org") == "paused"
    assert "It goes on." in browser.post(undo, headers=OURS, data=PRESSED).text
    assert state(world, "team@example.org") == "active"
    world.clock.forward(days=2)
    assert "This link has ended." in browser.get(undo).text


def test_a_get_changes_nothing_whatever_follows_the_links_of_a_mail(
    world: World, browser: TestClient
) -> None:
    world.subscribe("team@example.org")
    ask(browser)
    one = world.tracker.subscribers.get("team@example.org")
    links = [
        link(world, "confirm"), "/unsubscribe/token-team", f"/{signup.manage_link(world.tracker, one)}", "/subscribe",
        "/subscribe?address=x@example.org&do=subscribe&frequency=instant&form=full",
    ]  # fmt: skip
    browser.post("/unsubscribe/token-team")
    sent(browser)
    links.append(link(world, "undo"))
    before = rows(world)
    for path in links:
        for method in ("get", "head"):
            assert getattr(browser, method)(path).status_code == 200, path
    assert rows(world) == before
    for path in links:
        for method in ("put", "delete", "patch", "options"):
            assert getattr(browser, method)(path).status_code == 405, path
    assert rows(world) == before


def test_known_and_unknown_addresses_are_answered_alike(world: World, browser: TestClient) -> None:
    world.subscribe("known@example.org")
    told = {ask(browser, f"{name}@example.org").replace(name, "") for name in ("known", "other")}
    for _ in range(4):  # the fourth of a day is mailed to nobody, and answered as the first
        world.clock.forward(seconds=1)
        told.add(ask(browser, "third@example.org").replace("third", ""))
    assert len(told) == 1
    assert len(world.mailbox.subjects("third@example.org")) == 3
    assert world.mailbox.subjects("known@example.org") == ["Your subscription"]
    assert state(world, "known@example.org") == "active"


SENT_BY: list[tuple[dict[str, str], int]] = [
    ({}, 200), (OURS, 200), ({"origin": BASE}, 200), ({"sec-fetch-site": "same-origin"}, 200),
    ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403), ({**OURS, "sec-fetch-site": "cross-site"}, 403),
    ({**OURS, "content-type": "text/plain"}, 415), ({**OURS, "content-type": "multipart/form-data; boundary=x"}, 415),
]  # fmt: skip


def test_a_form_of_another_site_is_refused(world: World, browser: TestClient) -> None:
    ask(browser)
    one = world.tracker.subscribers.get("anna@example.org")
    paths = {
        "/subscribe": "do=preview",
        link(world, "confirm"): "",
        f"/{signup.manage_link(world.tracker, one)}": "do=pause",
    }
    for headers, status in reversed(SENT_BY):
        before = rows(world)
        for path, body in paths.items():
            kind = {"content-type": "application/x-www-form-urlencoded"}
            answer = browser.post(path, content=body, headers={**kind, **headers})
            assert answer.status_code == status, (path, headers, answer.text)
        assert (rows(world) == before) is (status != 200), headers


def test_bad_fields_are_named_beside_the_field_and_what_was_typed_stays(
    world: World, browser: TestClient
) -> None:
    typed = {
        "address": "anna@", "policies": "Read Only/Access", "services": "S3:GetObject", "level": "Everything",
        "watch": "gossip", "kinds": "invented", "least": "many", "frequency": "instant", "hour": "7", "form": "sung",
        "heartbeat": "perhaps", "tripwires": "maybe", "do": "subscribe",
    }  # fmt: skip
    answer = browser.post("/subscribe", data=typed, headers=OURS)
    assert answer.status_code == 422
    page = answer.text
    for name in typed.keys() - {"do", "frequency"}:
        assert f'id="{name}-fault"' in page, name
        assert f'href="#{name}"' in page, name
        assert f'id="{name}"' in page, name
    assert 'value="Read Only/Access"' in page
    assert 'value="anna@"' in page
    assert re.search(r'<option value="7" selected', page)
    assert read(page).unsafe == []
    assert "11 fields can’t be read" in page
    assert world.tracker.outbox.list() == ()


def test_what_a_links_query_says_is_filled_in(browser: TestClient) -> None:
    page = browser.get(
        "/subscribe?services=s3&watch=credentials&watch=escalation&frequency=daily&least=x&nonsense=1"
    ).text
    assert 'value="s3"' in page
    assert page.count('type="checkbox" value="escalation" checked') == 1
    assert re.search(r'value="daily" checked', page)
    assert "-fault" not in page


def test_the_preview_tells_what_would_have_been_sent_before_it_is_saved(
    world: World, browser: TestClient
) -> None:
    def preview(**fields: str) -> str:
        return browser.post("/subscribe", data={**PLAIN, "do": "preview", **fields}, headers=OURS).text

    page = preview(address="anna@example.org", services="s3")
    assert "What the last twelve months would have sent" in page
    assert ">1 mail<" in page
    assert 'value="anna@example.org"' in page
    assert state(world) == "none"
    assert "Nothing: what changed is nothing that this asks for." in preview(services="sqs")
    assert "No policy that is watched here fits these names" in preview(policies="Nothing*")
    assert "nothing changed" in preview(frequency="daily", heartbeat="yes")
    assert 'id="services-fault"' in preview(services="S3:x")
    world.subscribe("anna@example.org")
    manage = f"/{signup.manage_link(world.tracker, world.tracker.subscribers.get('anna@example.org'))}"
    shown = browser.post(manage, data={**PLAIN, "do": "preview", "least": "5"}, headers=OURS).text
    assert "Nothing: what changed" in shown
    assert world.tracker.subscribers.get("anna@example.org").wish.filter.least == 0


def test_previews_are_bounded_by_origin_and_by_work(world: World, browser: TestClient) -> None:
    last = [browser.post("/subscribe", data={**PLAIN, "do": "preview"}, headers=OURS) for _ in range(61)][-1]
    assert last.status_code == 429
    assert "Too many previews were asked for" in last.text
    assert last.headers["retry-after"] == "3600"
    now = world.clock()
    year = [now.replace(year=now.year - 1, month=month) for month in range(1, 13)] * 30
    assert span_of(year[:10], now).days == 365
    assert span_of([now] * 301, now).days == 7
    assert span_of([now.replace(month=now.month - 4)] * 200 + [now] * 200, now).days == 91


def test_origins_are_told_apart_and_a_proxy_is_believed_only_where_it_is_named(world: World) -> None:
    app = make_app(world.tracker, hosts=("tracker.example.org",), doors=Doors(closed=""))
    statuses = []
    with TestClient(app, base_url=BASE, client=("192.0.2.7", 1)) as client:
        for number in range(21):
            headers = {
                **OURS,
                "x-forwarded-for": f"198.51.100.{number}",
                "forwarded": f"for=198.51.100.{number}",
            }
            data = {**PLAIN, "do": "subscribe", "address": f"n{number}@example.org"}
            statuses.append(client.post("/subscribe", data=data, headers=headers).status_code)
    assert statuses == [200] * 20 + [429]
    with TestClient(app, base_url=BASE, client=("192.0.2.8", 1)) as client:
        data = {**PLAIN, "do": "subscribe", "address": "last@example.org"}
        assert client.post("/subscribe", data=data, headers=OURS).status_code == 200


def test_a_flood_of_one_address_is_three_mails_and_few_rows(world: World) -> None:
    app = make_app(world.tracker, hosts=("tracker.example.org",), doors=Doors(closed=""))
    for number in range(30):
        world.clock.forward(milliseconds=1)
        with TestClient(app, base_url=BASE, client=(f"198.51.100.{number}", 1)) as client:
            assert ask(client, "Anna@Example.org" if number % 2 else "anna@example.ORG")
    assert (
        len(world.mailbox.subjects("anna@example.org")) + len(world.mailbox.subjects("Anna@example.org")) == 3
    )
    with world.tracker.database.read() as db:
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("subscribers", "outbox", "messages")]  # fmt: skip
    assert counts == [1, 3, 3]


NO_ADDRESS = [
    "anna@example.org\r\nBcc: x@example.org", "anna@example.org\nSubject: y", "anna@example.org, x@example.org",
    "<script>@example.org", "anna@example.org\x00", "anna@exam\u202eple.org", '"a\r\n"@example.org', "anna", "", "a" * 9_000,
]  # fmt: skip


def test_nothing_but_one_address_is_mailed(world: World, browser: TestClient) -> None:
    for address in NO_ADDRESS:
        answer = browser.post(
            "/subscribe", data={**PLAIN, "do": "subscribe", "address": address}, headers=OURS
        )
        assert answer.status_code == 422, address
        assert read(answer.text).unsafe == []
        assert "<script>@" not in answer.text
    assert world.tracker.outbox.list() == ()


def test_links_that_are_not_ours_or_no_more_do_nothing(world: World, browser: TestClient) -> None:
    world.subscribe("team@example.org")
    ask(browser)
    confirm = link(world, "confirm")
    token = confirm.rpartition("/")[2]
    one = world.tracker.subscribers.get("team@example.org")
    manage = signup.manage_link(world.tracker, one).rpartition("/")[2]
    wrong = [token[:-1], token + "A", token.swapcase(), "x", "%00", "e" * 1_900, f"{one.id}", "%201", "team@example.org", "%E2%80%AE", "%ff"]  # fmt: skip
    tries = [
        f"/{purpose}/{text}" for purpose in ("confirm", "manage", "undo", "unsubscribe") for text in wrong
    ]
    tries += [
        f"/manage/{token}",
        f"/undo/{token}",
        f"/confirm/{manage}",
        f"/unsubscribe/{token}",
        f"/undo/{manage}",
    ]
    before = rows(world)
    for path in tries:
        for answer in (browser.get(path), browser.post(path, data={"do": "leave"}, headers=OURS)):
            assert answer.status_code == 404, (path, answer.status_code)
            assert "team@example.org" not in answer.text.replace(path, "")
    assert rows(world) == before
    replace_key(world.tracker.database)
    assert browser.get(confirm).status_code == 200  # the key before still reads
    replace_key(world.tracker.database)
    assert browser.get(confirm).status_code == 404
    world.clock.forward(seconds=1)
    ask(browser)
    confirm = link(world, "confirm")
    world.clock.forward(days=3, seconds=1)
    assert "This link has ended." in browser.post(confirm, data=PRESSED, headers=OURS).text
    assert state(world) == "pending"


def test_an_unsubscribe_link_is_no_number_and_no_recipient_of_another_channel(
    world: World, browser: TestClient
) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:changes"
    world.tracker.subscribers.put(topic, replace(world.tracker.subscribers.add("a@example.org", [], "instant", world.clock(), "t-a").wish), world.clock(), "t-topic", channel="sns")  # fmt: skip
    for text in (topic, "1", "%201", "2", "+2", "2%20"):
        assert browser.post(f"/unsubscribe/{text}").status_code == 404, text
    assert {one.state for one in world.tracker.subscribers.list()} == {"active"}
    assert browser.post("/unsubscribe/t-topic").status_code == 200


def test_there_is_nothing_to_be_led_away_by(world: World, browser: TestClient) -> None:
    for path in ("/subscribe", "/unsubscribe/x", "/confirm/x"):
        for name in ("next", "url", "return", "redirect", "continue"):
            page = browser.get(f"{path}?{name}=https://evil.example/").text
            assert "evil.example" not in page
    for path in (
        f"{BASE}//evil.example/",
        "/%2f%2fevil.example/",
        "/\\evil.example",
        "/subscribe//evil.example",
    ):
        answer = browser.get(path)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers


def test_what_comes_in_is_bounded(world: World, browser: TestClient) -> None:
    def post(body: bytes, path: str = "/subscribe") -> int:
        kind = {"content-type": "application/x-www-form-urlencoded", **OURS}
        return browser.post(path, content=body, headers=kind).status_code

    world.subscribe("team@example.org")
    assert post(b"policies=" + b"a" * 20_000) == 413
    assert post(b"a=1&" * 300) == 400
    assert post(b"policies=%ff") == 400
    assert post(b"policies=\xff") == 400
    assert post(b"policies=" + b"+".join(b"P%d" % number for number in range(60))) == 422
    assert post(b"x" * 5_000, "/unsubscribe/token-team") == 413
    assert state(world, "team@example.org") == "active"
    assert post(b"", "/unsubscribe/token-team") == 200


def test_the_pages_keep_to_themselves(world: World, browser: TestClient) -> None:
    world.subscribe("team@example.org")
    for path in ("/subscribe", "/unsubscribe/token-team", "/confirm/x"):
        answer = browser.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        # Else a browser sends `Origin: null` with the form, and its own page would be refused.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert '<meta name="referrer" content="same-origin">' in answer.text
        assert "form-action 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        assert read(answer.text).unsafe == []


def test_a_private_tracker_says_so(world: World) -> None:
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        page = client.get("/subscribe")
        assert "Nobody can sign up on these pages." in page.text
        assert "<fieldset" not in page.text
        answer = client.post("/subscribe", data={**PLAIN, "do": "subscribe", "address": "a@example.org"})
        assert answer.status_code == 403
        world.subscribe("team@example.org")
        assert client.post("/unsubscribe/token-team").status_code == 200  # what is in mails works
    assert world.tracker.subscribers.all_of("a@example.org") == ()


def test_no_token_is_logged(world: World, browser: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    world.subscribe("team@example.org")
    path = f"/{signup.manage_link(world.tracker, world.tracker.subscribers.get('team@example.org'))}"
    caplog.set_level("DEBUG")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with world.tracker.database.writing():
            held.set()
            done.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    locked = replace(world.tracker, subscribers=type(world.tracker.subscribers)(type(world.tracker.database)(world.tracker.database.path, busy_s=0.05)))  # fmt: skip
    with TestClient(make_app(locked, hosts=("tracker.example.org",)), base_url=BASE) as client:
        assert client.post(path, data={"do": "pause"}, headers=OURS).status_code == 503
    done.set()
    other.join()
    told = "\n".join(
        f"{one.getMessage()} {one.__dict__}" for one in caplog.records if one.name.startswith("tracker")
    )
    assert "/manage/***" in told
    assert path.rpartition("/")[2] not in told


def test_a_proxy_is_believed_where_it_is_named(world: World) -> None:
    def statuses(where: Listening) -> list[int]:
        with serving(world.tracker, where, Doors(closed="")) as address:
            found = []
            for number in range(21):
                body = urlencode(
                    {**PLAIN, "do": "subscribe", "address": f"{len(where.proxies)}-{number}@example.org"}
                )
                asked = Request(
                    f"{address}subscribe", body.encode(), {"X-Forwarded-For": f"203.0.113.{number}"}
                )
                try:
                    with urlopen(asked, timeout=30) as answer:
                        found.append(answer.status)
                except HTTPError as error:
                    found.append(error.code)
            return found

    assert statuses(Listening(port=0)) == [200] * 20 + [429]
    assert statuses(Listening(port=0, proxies="192.0.2.1")) == [429] * 21
    assert statuses(Listening(port=0, proxies="127.0.0.1")) == [200] * 21


def test_what_a_document_says_is_inert_in_a_preview(world: World, browser: TestClient) -> None:
    hostile = allowing(
        "s3:Get<script>alert(1)</script>",
        "s3:\u202eevil",
        "iam:PassRole",
        resource="arn:aws:s3:::\"onmouseover='x'",
    )
    world.aws.publish(SUPPORT, "v3", world.clock.forward(hours=1), hostile)
    service.check(world.tracker, [SUPPORT])
    world.clock.forward(hours=1)
    for typed in (
        "<script>alert(1)</script>",
        "\"onmouseover='x'",
        "{{ 7*7 }}",
        "\u202eevil",
        "javascript:alert(1)",
    ):
        data = dict.fromkeys(
            ("policies", "services", "level", "watch", "least", "frequency", "form", "address"), typed
        )
        answer = browser.post("/subscribe", data={**data, "do": "preview"}, headers=OURS)
        assert read(answer.text).unsafe == []
        assert "script" not in read(answer.text).tags
    page = browser.post("/subscribe", data={**PLAIN, "do": "preview"}, headers=OURS).text
    assert ">2 mails<" in page
    assert read(page).unsafe == []
    assert "script" not in read(page).tags


def test_a_mail_server_that_is_slow_holds_up_no_reader(world: World) -> None:
    reached, go_on = threading.Event(), threading.Event()

    class Slow:
        """A channel that answers when it is told to."""

        def send(self, _: object) -> str:
            """Deliver, late."""
            reached.set()
            go_on.wait(60)
            return "250 ok"

        def close(self) -> None:
            """Nothing to close."""

    app = make_app(
        replace(world.tracker, channel=Slow), hosts=("tracker.example.org",), doors=Doors(closed="")
    )
    with TestClient(app, base_url=BASE) as client:
        for number in range(3):
            data = {**PLAIN, "do": "subscribe", "address": f"n{number}@example.org"}
            assert client.post("/subscribe", data=data, headers=OURS).status_code == 200
            assert reached.wait(30)
        assert [row.state for row in world.tracker.outbox.list()].count("waiting") == 2
        go_on.set()
        app.state.postman.wait(30)
    assert world.tracker.outbox.counts().get("sent") == 3
