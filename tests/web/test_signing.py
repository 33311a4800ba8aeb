"""Signing for a change over the web: with the admin token alone, from our own page alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.world import SUPPORT, World, allowing
from tests.web.worlds import web_world
from tracker import service
from tracker.archive.signoffs import Signoffs
from tracker.web.admin import Admin
from tracker.web.app import make_app
from tracker.web.doors import Doors

TOKEN = "t" * 40
BEARER = {"authorization": f"Bearer {TOKEN}"}
OURS = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
PAGE = f"/{SUPPORT.name}/v1-v2.html"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker with pages, and a change that deserves attention."""
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock(), allowing("s3:ListBucket"))
    service.check(world.tracker, [SUPPORT])
    new = allowing("s3:ListBucket", "s3:GetObject", "secretsmanager:GetSecretValue")
    world.aws.publish(SUPPORT, "v2", world.clock.forward(days=1), new)
    service.check(world.tracker, [SUPPORT])
    return world


@pytest.fixture
def operator(world: World) -> Iterator[TestClient]:
    """The pages of a tracker whose operator set a token."""
    app = make_app(world.tracker, doors=Doors(admin=Admin(TOKEN)))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def change(world: World) -> str:
    return world.tracker.archive.changes(SUPPORT)[-1].id


def signed(world: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.by, one.items) for one in Signoffs(world.tracker.home, world.tracker.database).all()]


def test_the_api_signs_with_the_token_alone(world: World, operator: TestClient) -> None:
    path = f"/api/v1/admin/changes/{change(world)}/signoff"
    for headers in ({}, {"authorization": "Bearer wrong"}):
        assert operator.post(path, json={"by": "Jane"}, headers=headers).status_code == 401
    assert operator.get("/api/v1/admin/signoffs").status_code == 401
    assert signed(world) == []
    done = operator.post(path, json={"by": "Jane", "ticket": "SEC-1"}, headers=BEARER)
    assert (done.status_code, done.json()["by"], done.json()["new"]) == (200, "Jane", True)
    assert "access-control-allow-origin" not in done.headers
    assert not operator.post(path, json={"by": "Jane", "ticket": "SEC-1"}, headers=BEARER).json()["new"]
    (item,) = operator.get("/api/v1/admin/signoffs", headers=BEARER).json()["items"]
    assert (item["change"], item["to"]) == (change(world), "v2")
    for body, status in ((b"[]", 400), (b"x", 400), (b'{"by": 1}', 400), (b'{"by": ""}', 400), (b'{"by": "J", "items": ["no:such"]}', 400)):  # fmt: skip
        assert operator.post(path, content=body, headers=BEARER).status_code == status, body
    assert operator.post("/api/v1/admin/changes/0123456789abcdef/signoff", json={"by": "J"}, headers=BEARER).status_code == 404  # fmt: skip
    assert signed(world) == [("Jane", ())]


def test_the_form_on_the_page_of_a_change(world: World, operator: TestClient) -> None:
    page = operator.get(PAGE).text
    assert 'action="../signoff"' in page
    form = {
        "change": change(world),
        "by": "Jane <b>",
        "ticket": "",
        "note": "",
        "token": TOKEN,
        "item": "customer-data/s3-objects",
    }
    item = page.partition('name="item" value="')[2].partition('"')[0]
    form["item"] = item
    assert operator.post("/signoff", data={**form, "token": "wrong"}, headers=OURS).status_code == 401
    other = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert operator.post("/signoff", data=form, headers=other).status_code == 403
    assert signed(world) == []
    before = operator.get("/").text
    assert "Not signed off yet" in before
    done = operator.post("/signoff", data=form, headers=OURS)
    assert done.status_code == 200
    assert "Jane &lt;b&gt; signed for 1 of" in done.text
    assert TOKEN not in done.text
    assert signed(world) == [("Jane <b>", (item,))]
    assert "Not signed off yet" in operator.get("/").text
    assert operator.post("/signoff", data={key: value for key, value in form.items() if key != "item"}, headers=OURS).status_code == 200  # fmt: skip
    assert "Not signed off yet" not in operator.get("/").text


def test_without_a_token_in_the_settings_there_is_no_way(world: World) -> None:
    with TestClient(make_app(world.tracker), base_url="http://localhost") as reader:
        assert "Sign off</h2>" not in reader.get(PAGE).text
        assert reader.post("/signoff", data={"change": change(world), "by": "J", "token": ""}, headers=OURS).status_code in (404, 405)  # fmt: skip
        assert reader.post(f"/api/v1/admin/changes/{change(world)}/signoff", json={"by": "J"}, headers=BEARER).status_code in (404, 405)  # fmt: skip
    assert signed(world) == []
