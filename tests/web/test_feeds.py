"""Feeds: valid by RFC 4287's own schema, read back by a feed reader, whole, stable, and polite."""

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest
from fastapi.testclient import TestClient

from tests.support.history import need
from tests.support.world import SUPPORT, allowing
from tests.web.worlds import web_world
from tracker.service import check
from tracker.web.app import make_app

SCHEMA = Path(__file__).with_name("atom.rnc")
S = "AWSSupportServiceRolePolicy"
FEEDS = ["/feeds/all", "/feeds/alarms", f"/{S}/feed", "/feeds/services/s3"]


@pytest.mark.parametrize("path", FEEDS)
def test_atom_is_valid(client: TestClient, path: str, tmp_path: Path) -> None:
    if not shutil.which("jing"):
        need("jing is not installed")
    answer = client.get(f"{path}.atom")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/atom+xml")
    file = tmp_path / "feed.atom"
    file.write_bytes(answer.content)
    done = subprocess.run(["jing", "-c", str(SCHEMA), str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[:2000]


@pytest.mark.parametrize("path", FEEDS)
def test_the_rules_that_the_schema_leaves_to_schematron_hold(client: TestClient, path: str) -> None:
    root = ET.fromstring(client.get(f"{path}.atom").content)
    assert root.find("{*}author/{*}name") is not None
    for entry in root.findall("{*}entry"):
        assert entry.find("{*}content") is not None
        assert [one.get("rel") for one in entry.findall("{*}link")] == ["alternate"]


@pytest.mark.parametrize("path", FEEDS)
def test_both_forms_say_the_same_and_are_read_back(client: TestClient, path: str) -> None:
    atom = feedparser.parse(client.get(f"{path}.atom").content)
    answer = client.get(f"{path}.json")
    assert answer.headers["content-type"].startswith("application/feed+json")
    told = answer.json()
    assert not atom.bozo
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [one["id"] for one in told["items"]] == [one.id for one in atom.entries]
    assert len({one["id"] for one in told["items"]}) == len(told["items"]) > 0
    assert all("<p>" in one["content_html"] for one in told["items"])
    dates = [one["date_modified"] for one in told["items"]]
    assert dates == sorted(dates, reverse=True)
    assert atom.feed.updated == max(dates)


def test_an_entry_holds_the_whole_changelog_and_leads_to_its_page(client: TestClient) -> None:
    newest = client.get(f"/{S}/feed.json").json()["items"][0]
    record = client.get(f"/{S}/v57-v59.json").json()
    text = newest["content_html"].replace("<wbr>", "")  # where a long name may break
    assert all(one["action"] in text for one in record["actions_added"])
    assert newest["url"].endswith(f"/{S}/v57-v59.html")
    assert client.get(newest["url"]).status_code == 200


def test_alarms_are_alarms_and_republications_are_no_news(client: TestClient) -> None:
    items = client.get("/feeds/alarms.json").json()["items"]
    assert all("alarm" in one["tags"] for one in items)


def test_a_reader_that_has_it_is_told_so(client: TestClient) -> None:
    for suffix in ("atom", "json"):
        first = client.get(f"/feeds/all.{suffix}")
        assert (
            client.get(f"/feeds/all.{suffix}", headers={"if-none-match": first.headers["etag"]}).status_code
            == 304
        )
        since = {"if-modified-since": first.headers["last-modified"]}
        assert client.get(f"/feeds/all.{suffix}", headers=since).status_code == 304


def test_ids_stay_when_more_comes(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    actions = ["s3:ListBucket"]
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        seen: list[list[str]] = []
        for version in range(1, 5):
            actions.append(f"s3:GetBucket{version}")
            world.aws.publish(SUPPORT, f"v{version}", world.clock.moment, allowing(*actions))
            check(world.tracker, [SUPPORT])
            world.clock.forward(days=1)
            seen.append([one["id"] for one in json.loads(client.get("/feeds/all.json").content)["items"]])
    assert [len(one) for one in seen] == [0, 1, 2, 3]
    assert all(later[1:] == earlier for earlier, later in pairwise(seen))
