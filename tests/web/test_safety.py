"""What every answer carries, which hosts are answered, what a query may be, and what a hostile document can do: nothing."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.world import SUPPORT, World, allowing
from tests.web.reading import read
from tests.web.worlds import web_world
from tracker.collaborators import Tracker
from tracker.service import check
from tracker.web.app import make_app
from tracker.web.building import Builder
from tracker.web.headers import known_host, same_site

EVERYWHERE = ["/", "/style.css", "/icon.svg", "/healthz", "/readyz", "/nothing", "/api/v1/stats", "/api/v1/nothing", "/feeds/all.atom", "/robots.txt"]  # fmt: skip


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_is_safe_in_a_browser(client: TestClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


def test_only_known_hosts_are_answered(client: TestClient, shipped: Tracker) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/healthz", headers={"host": "10.1.2.3"}).status_code == 200
    with TestClient(
        make_app(shipped, hosts=("tracker.example",)), base_url="http://tracker.example"
    ) as named:
        assert named.get("/status.html").status_code == 200
        assert named.get("/status.html", headers={"host": "localhost"}).status_code == 421
        for host in ("[", "[::1", "x]"):
            assert named.get("/healthz", headers={"host": host, "origin": f"//{host}"}).status_code == 400
    assert known_host("[::1]:8080", ())
    assert not same_site("http://[", None, "localhost")
    assert not known_host("", ())
    assert known_host("anything.example", ("*",))


def test_only_reading_is_possible(client: TestClient) -> None:
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)("/").status_code == 405
        answer = getattr(client, method)("/api/v1/policies")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_query_is_bounded(client: TestClient, shipped: Tracker) -> None:
    assert client.get("/search.html?q=" + "a" * 3000).status_code == 414
    assert client.get("/search.html?q=" + "s3:" + "*a" * 180).status_code == 200
    assert client.get("/api/v1/changes?limit=100000").status_code == 400
    assert client.get("/api/v1/search?action=" + "a" * 300).status_code == 400
    everything = "/search.html?q=*", "/api/v1/search?action=*"
    with TestClient(make_app(shipped, query_s=0), base_url="http://localhost") as hurried:
        for path in everything:
            stopped = hurried.get(path)
            assert stopped.status_code == 503
            assert "so much that it was stopped after 0 s" in stopped.text
            assert "ask for less at once" in stopped.text.lower()
        assert hurried.get("/policies.html").status_code == 200
    assert [client.get(path).status_code for path in everything] == [200, 200]


def test_a_form_of_another_site_is_told_apart() -> None:
    assert same_site(None, "same-origin", "here.example")
    assert not same_site("https://here.example", "cross-site", "here.example")
    assert same_site("https://here.example", None, "here.example")
    assert not same_site("https://evil.example", None, "here.example")
    assert not same_site("null", None, "here.example")


def test_compression_and_304(client: TestClient) -> None:
    first = client.get("/style.css", headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert "gzip" not in client.get("/style.css", headers={"accept-encoding": "identity"}).headers.get(
        "content-encoding", ""
    )
    tag = first.headers["etag"]
    for given in (tag, f'W/{tag}, "other"', "*"):
        again = client.get("/style.css", headers={"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get("/style.css", headers={"if-none-match": '"other"'}).status_code == 200
    change = client.get("/AWSSupportServiceRolePolicy/v57-v59.json")
    assert client.get("/AWSSupportServiceRolePolicy/v57-v59.json", headers={"if-modified-since": change.headers["last-modified"]}).status_code == 304  # fmt: skip
    assert client.get("/AWSSupportServiceRolePolicy/v57-v59.json", headers={"if-modified-since": "yesterday"}).status_code == 200  # fmt: skip
    assert client.head("/status.html").content == b""


HOSTILE = "<script>alert(1)</script>"
TRICKS = [
    HOSTILE,
    "javascript:alert(1)",
    "\u202eevil",
    "\"onmouseover='x'",
    "]]>&<!--",
    "{{ 7*7 }}",
]


def _hostile(folder: Path) -> World:
    world = web_world(folder)
    world.aws.publish(SUPPORT, "v1", world.clock.moment, allowing("s3:ListBucket"))
    check(world.tracker, [SUPPORT])
    world.clock.forward(days=1)
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": trick,
                "Effect": "Allow",
                "Action": [f"s3:Get{trick}"],
                "Resource": [f"arn:aws:s3:::{trick}"],
            }
            for trick in TRICKS
        ],
    }
    world.aws.publish(SUPPORT, "v2", world.clock.moment, document)
    check(world.tracker, [SUPPORT])
    return world


def test_a_hostile_document_is_inert_on_every_page_feed_and_file(tmp_path: Path) -> None:
    world = _hostile(tmp_path)
    Builder(world.tracker, tmp_path / "site", "https://example.org/x/").build()
    files = sorted(path for path in (tmp_path / "site").rglob("*") if path.is_file())
    assert any(path.name == "v1-v2.html" for path in files)
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".html", ".atom", ".md", ".txt", ".xml"):
            assert "\u202e" not in text, path
            assert "\x1b" not in text, path
        if path.suffix == ".html":
            page = read(text)
            printed = path.name.endswith(".print.html")
            assert [one for one in page.unsafe if not (printed and one == "style")] == [], path
            assert not [one for _, one in page.links if one.lower().startswith(("javascript:", "data:"))], (
                path
            )
            scripts = re.findall(r"<script[^>]*>", text)  # the two of ours, and nothing else
            ours = r'<script src="(\.\./)*(search|inside)\.js" defer>'
            assert [one for one in scripts if not re.fullmatch(ours, one)] == [], path
            assert len(scripts) == page.tags.count("script") <= 1, path
        if path.suffix == ".atom":
            assert HOSTILE not in text
    shown = (tmp_path / "site" / SUPPORT.name / "v1-v2.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in shown
    assert re.search(r"\\u202e", shown)


def test_a_hostile_question_is_inert(client: TestClient) -> None:
    for trick in TRICKS:
        for path in ("/search.html", "/AWSSupportServiceRolePolicy/v59.html"):
            answer = client.get(path, params={"q": trick})
            assert answer.status_code == 200
            page = read(answer.text)
            assert page.unsafe == []
            assert "script" not in page.tags
        answer = client.get("/compare.html", params={"policy": trick, "from": trick})
        assert read(answer.text).unsafe == []
