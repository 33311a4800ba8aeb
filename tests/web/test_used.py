"""The page of what a role did: what the last run kept, whole and harmless; said where that can't be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.world import START, SUPPORT, World, allowing
from tests.using.worlds import POLICY as SUPPORTS
from tests.using.worlds import call, day, past, told
from tests.web.reading import read
from tests.web.worlds import web_world
from tracker.archive.used import keep_used
from tracker.changelog.used import used_record
from tracker.service import check
from tracker.web.app import make_app
from tracker.web.building import Builder

ROLE = "AWSServiceRoleForSupport"
PAGE = f"/role/{ROLE}/used.html"
HELD = past({1: ["ec2:DescribeInstances", "ec2:DescribeVpcs", "s3:GetObject", "kms:ListKeys"]}, [(2, 1, 1)])
CALLS = [
    call("DescribeInstances", day(3)),
    call("DescribeInstances", day(5), number=1, error="AccessDenied", region="us-east-1"),
    call("RunInstances", day(4)),
    call("DescribeNothing", day(6), "example.amazonaws.com"),
    call("GetObject", day(6), "s3.amazonaws.com", via="service"),
    call("AssumeRole", day(6), "sts.amazonaws.com", via="assuming"),
]


def record(*calls: Any) -> dict[str, Any]:
    return used_record(told(calls or CALLS, HELD, since=day(1), until=day(20)), public=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", START, allowing("ec2:DescribeInstances"))
    check(world.tracker, [SUPPORT])
    return world


def client(world: World) -> TestClient:
    return TestClient(make_app(world.tracker), base_url="http://localhost")


def test_the_page_tells_what_was_kept(world: World) -> None:
    keep_used(world.tracker.home, ROLE, record())
    answer = client(world).get(PAGE)
    assert answer.status_code == 200
    page = read(answer.text)
    assert (page.unsafe, len(page.ids)) == ([], len(set(page.ids)))
    for said in (
        "4 calls of 2 actions in 1 service.", "ec2:DescribeInstances", "AccessDenied (1)", "eu-central-1 and us-east-1",
        "not granted by AWSSupportServiceRolePolicy v1", "example.amazonaws.com DescribeNothing", "s3.amazonaws.com GetObject",
        "1 granted and never used", "1 that CloudTrail does not record by default", "the service assumed the role 1 time",
        "2026-08-01 00:00 UTC to 2026-08-20 00:00 UTC",
    ):  # fmt: skip
        assert said in answer.text.replace("<wbr>", ""), said
    assert "Something may be missing" not in answer.text


def test_the_page_follows_the_next_run(world: World) -> None:
    pages = client(world)
    assert pages.get(PAGE).status_code == 404
    keep_used(world.tracker.home, ROLE, record())
    assert "4 calls" in pages.get(PAGE).text
    keep_used(world.tracker.home, ROLE, record(call("DescribeVpcs", day(3))))
    assert "1 call of 1 action" in pages.get(PAGE).text


def test_what_could_not_be_read_is_said(world: World) -> None:
    kept = record()
    kept["read"]["broken"] = 3
    kept["read"]["looked_up"] = [{"region": "eu-west-1", "failed": True}]
    keep_used(world.tracker.home, ROLE, kept)
    text = client(world).get(PAGE).text
    assert (
        "Something may be missing: 3 files could not be read and the event history of eu-west-1 is not read to its end."
        in text
    )


def test_what_an_event_brings_is_text(world: World) -> None:
    keep_used(
        world.tracker.home,
        ROLE,
        record(call("<script>x</script>", day(3), error="<b>E</b>", region="\u202e<i>")),
    )
    text = client(world).get(PAGE).text
    assert "<script>x" not in text
    assert "<b>E" not in text
    assert "\u202e" not in text
    assert read(text).unsafe == []


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"type": "used", "schema": 1}', '{"type": "used", "schema": 1, "used": 5, "total": null}'],
)
def test_a_result_that_cannot_be_read_is_said_and_nothing_else_suffers(world: World, text: str) -> None:
    keep_used(world.tracker.home, ROLE, {})
    (world.tracker.home / "used" / f"{ROLE}.json").write_text(text)
    pages = client(world)
    answer = pages.get(PAGE)
    assert answer.status_code >= 400
    assert "policy-tracker used" in answer.text
    assert pages.get(f"/{SUPPORT.name}/index.html").status_code == 200


def test_the_policys_page_leads_to_it(world: World) -> None:
    pages = client(world)
    place = f"/{SUPPORT.name}/index.html"
    assert "used.html" not in pages.get(place).text
    keep_used(world.tracker.home, ROLE, record())
    assert f'href="..{PAGE}"' in pages.get(place).text
    assert str(SUPPORTS) == str(SUPPORT)


@pytest.mark.parametrize(
    "path", ["/role/", "/role/other/used.html", f"/role/{ROLE}", "/role/..%2f..%2ftracker/used.html"]
)
def test_of_other_roles_there_is_no_page(world: World, path: str) -> None:
    keep_used(world.tracker.home, ROLE, record())
    assert client(world).get(path).status_code == 404


def test_a_site_of_files_has_it_and_builds_it_anew_only_where_it_changed(
    world: World, tmp_path: Path
) -> None:
    to = tmp_path / "site"
    Builder(world.tracker, to).build()
    assert not (to / "role").exists()
    keep_used(world.tracker.home, ROLE, record())
    Builder(world.tracker, to).build()
    assert "4 calls of 2 actions" in (to / PAGE[1:]).read_text()
    assert PAGE[1:] in (to / SUPPORT.name / "index.html").read_text()
    assert json.loads((to / ".policy-tracker-site.json").read_text())["parts"]["used"]["files"]
    assert Builder(world.tracker, to).build().written == 0
