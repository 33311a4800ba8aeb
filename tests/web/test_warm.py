"""A page at hand is given again without asking anything, and never once anything has moved."""

import asyncio
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.support.world import SUPPORT, allowing
from tests.web.worlds import web_world
from tracker.service import check
from tracker.store.pulse import Pulse
from tracker.web.app import make_app
from tracker.web.guard import Guard
from tracker.web.page import Page
from tracker.web.pages import Pages
from tracker.web.warm import Warm

HOME = f"/{SUPPORT.name}/index.html"


def test_the_pulse_beats_when_anybody_commits_and_not_else(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    database = world.tracker.database
    pulse = Pulse(database)
    assert pulse.beat() == ()  # there is no file yet
    database.set_meta("one", "1")
    first = pulse.beat()
    assert first == pulse.beat() != ()
    assert database.get_meta("one") == "1"
    assert pulse.beat() == first
    database.set_meta("one", "2")
    assert pulse.beat() != first


def test_another_file_in_its_place_is_seen(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    database = world.tracker.database
    database.set_meta("one", "1")
    pulse = Pulse(database)
    first = pulse.beat()
    copy = tmp_path / "copy.db"
    with sqlite3.connect(database.path) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    source.close()
    copy.replace(database.path)
    assert pulse.beat() != first


def test_a_page_is_given_again_until_something_moves(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock.moment, allowing("s3:ListBucket"))
    check(world.tracker, [SUPPORT])
    pages = Pages(world.tracker)
    warm = Warm(pages)
    moment = warm.moment()
    page = pages.page(HOME[1:])
    warm.put(HOME, b"", moment, page)
    assert warm.get(HOME, b"", warm.moment()) is page
    assert warm.get(HOME, b"q=1", moment) is None
    world.clock.forward(days=1)
    assert warm.get(HOME, b"", warm.moment()) is None
    moment = warm.moment()
    warm.put(HOME, b"", moment, page)
    world.tracker.database.set_meta("anything", "else")
    assert warm.get(HOME, b"", warm.moment()) is None


def test_what_the_cache_let_go_is_not_kept_alive(tmp_path: Path) -> None:
    warm = Warm(Pages(web_world(tmp_path).tracker))
    moment = warm.moment()
    warm.put("/x", b"", moment, Page(b"x", "text/plain"))
    assert warm.get("/x", b"", moment) is None


def test_a_new_version_is_on_the_page_at_once(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        for number in range(1, 4):
            world.aws.publish(
                SUPPORT,
                f"v{number}",
                world.clock.moment,
                allowing(*(f"s3:Get{one}" for one in range(number))),
            )
            check(world.tracker, [SUPPORT])
            for _ in range(2):
                answer = client.get(HOME)
                assert f"v{number}" in answer.text
                assert client.get(HOME, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
            assert client.head(HOME).headers["etag"] == answer.headers["etag"]
            assert client.get("/").headers["content-security-policy"].startswith("default-src 'none'")
            assert SUPPORT.name in client.get("/").text  # watched from its first look on
            world.clock.moment += timedelta(days=1)


def test_a_page_that_takes_too_long_is_answered_and_comes_to_an_end(tmp_path: Path) -> None:
    pages = Pages(web_world(tmp_path).tracker)
    go, done = threading.Event(), threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(go.wait)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        done.set()

    async def ask() -> list[int]:
        guard = Guard(slow, pages, wait_s=0.01)
        sent: list[int] = []

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                sent.append(int(str(message["status"])))

        scope = {
            "type": "http",
            "path": "/api/v1/x",
            "query_string": b"",
            "method": "GET",
            "headers": [(b"host", b"localhost")],
        }
        await guard(scope, None, send)  # type: ignore[arg-type] # nothing is received
        go.set()
        while not done.is_set():
            await asyncio.sleep(0)
        return sent

    assert asyncio.run(ask()) == [503]


def test_a_thread_keeps_its_connection_and_drops_that_of_another_file(tmp_path: Path) -> None:
    database = web_world(tmp_path).tracker.database
    database.set_meta("one", "1")
    database.reuse()
    with database.reading() as first, database.reading() as inner:
        assert inner is not first
        first.row_factory = sqlite3.Row
    with database.reading() as again:
        assert again in (first, inner)
        assert again.row_factory is None
        copy = tmp_path / "copy.db"
    with sqlite3.connect(database.path) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    source.close()
    copy.replace(database.path)
    with database.reading() as other:
        assert other not in (first, inner)
        assert other.execute("SELECT value FROM meta WHERE key = 'one'").fetchone() == ("1",)
