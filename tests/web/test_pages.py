"""Every kind of page, on the shipped history and on none: it stands, is whole, and says what it must."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.world import SUPPORT, allowing
from tests.web.reading import read
from tests.web.worlds import web_world
from tracker.service import check
from tracker.web.app import make_app
from tracker.web.pages import Pages

S = "AWSSupportServiceRolePolicy"
PATHS = [
    "/", "/policies.html", "/changes/", "/changes/2026-08.html", "/attention.html", "/status.html", "/search.html",
    "/search.html?q=s3:GetObject", "/search.html?q=getobj", "/search.html?q=kms:*&all=1", "/search.html?q=a%20b",
    "/search.html?q=s3:GetObject&at=2024-06-01&policy=ReadOnlyAccess", "/services/s3.html", "/actions/s3/getobject.html",
    "/compare.html", f"/compare.html?policy={S}&from=v38&to=v39", f"/compare.html?policy={S}&from=2024-01-01",
    f"/compare.html?policy={S}&with=ViewOnlyAccess", "/compare.html?policy=Nothing&from=v1", f"/{S}/",
    f"/{S}/index.html", f"/{S}/2024.html", f"/{S}/only-flagged.html", f"/{S}/v57-v59.html", f"/{S}/v38-v39.html",
    f"/{S}/v59.html", f"/{S}/v59.html?q=bucket", f"/{S}/v59.html?q=nothing-like-it", f"/{S}/2026-08.html",
    f"/{S}/2023-01.html", f"/{S}/attention.html", f"/{S}/since-v39.html", "/periods/2026-08.html", "/periods/2024-12.html", "/AWSTrustedAdvisorServiceRolePolicy/index.html",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_page_stands_and_is_whole(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:400]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = read(answer.text)
    assert page.title.endswith("· policy-tracker")
    assert len(page.title) > len("· policy-tracker") + 3
    assert (
        page.tags.count("h1")
        == page.tags.count("main")
        == page.tags.count("header") - page.tags.count("header") + 1
    )
    assert len(page.ids) == len(set(page.ids)), [one for one in page.ids if page.ids.count(one) > 1][:3]
    assert page.unsafe == []
    assert '<html lang="en">' in answer.text
    here = {address[1:] for _, address in page.links if address.startswith("#")}
    assert {one.replace("%3A", ":").replace("%2A", "*") for one in here} <= set(page.ids)


def test_the_timeline_tells_what_is_in_force_and_every_change(client: TestClient) -> None:
    text = client.get(f"/{S}/").text
    assert "AWS Support can call 4,533 actions in 268 services today." in text
    assert text.count('<li class="step') == 13
    assert "13 versions between the two were never seen: v44 to v56." in text
    missing = text.count("between the two were never seen:") + text.count("between the two was never seen:")
    assert text.count('class="line unseen-versions"') == 2 * missing > 10  # dotted, in both drawings
    assert text.index("v57 to v59") < text.index("v43 to v57")


def test_a_narrowed_timeline_holds_that_and_no_more(client: TestClient) -> None:
    year = client.get(f"/{S}/2024.html").text
    assert (
        re.findall(r'<time datetime="(\d{4})[^"]*">', year.partition('id="timeline"')[2])[:4] == ["2024"] * 4
    )
    assert client.get(f"/{S}/1999.html").status_code == 404
    assert client.get(f"/{S}/only-republished.html").status_code == 404
    flagged = client.get(f"/{S}/only-flagged.html").text
    assert flagged.count('<li class="step') == flagged.count('class="tag') == 9


def test_a_change_folds_long_lists_but_nothing_that_is_flagged(client: TestClient) -> None:
    text = client.get(f"/{S}/v57-v59.html").text
    folded = re.findall(r"<details>.*?</details>", text, re.DOTALL)
    assert len(folded) > 10
    assert not any("flagged" in one for one in folded)
    assert text.count(" class=flagged") + text.count('class="flagged"') > 5
    assert 'id="added-ecr:BatchGetImage"' in text or 'id="added-ecr:batchGetImage"' in text


def test_the_data_of_a_change_is_the_record(client: TestClient, pages: Pages) -> None:
    told = client.get(f"/{S}/v57-v59.json").json()
    assert told["summary"]["actions_added"] == 364
    assert f"{told['summary']['actions_added']} more actions" in told["headline"]
    assert client.get(f"/{S}/v57-v59.md").headers["content-type"].startswith("text/markdown")
    printed = client.get(f"/{S}/v57-v59.print.html")
    assert printed.status_code == 200
    style = printed.text.partition("<style>")[2].partition("</style>")[0]
    allowed = f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'; "
    assert allowed in printed.headers["content-security-policy"]
    again = client.get(f"/{S}/v57-v59.print.html", headers={"if-none-match": printed.headers["etag"]})
    assert (again.status_code, allowed in again.headers["content-security-policy"]) == (304, True)
    folded = printed.text.count("<details")  # nothing of the change itself: paper does not unfold
    assert folded == printed.text.count('<details class="query"')


def test_search_says_since_when(client: TestClient) -> None:
    text = client.get("/search.html?q=ecr:BatchGetImage").text
    assert "AWSSupportServiceRolePolicy" in text
    row = next(
        one for one in text.split("<tr") if ">AWSSupportServiceRolePolicy<" in one.replace("<wbr>", "")
    )
    assert "2026-08-19" in row


def test_a_wrong_word_is_answered_and_never_a_fault(client: TestClient) -> None:
    assert "Nothing in this version" in client.get(f"/{S}/v59.html?q=nothing-like-it").text
    assert 'role="alert"' in client.get("/compare.html?policy=Nothing&from=v1").text
    assert 'role="alert"' in client.get(f"/compare.html?policy={S}&from=yesterday").text
    told = (
        client.get(f"/compare.html?policy={S}&with=ViewOnlyAccess")
        .text.partition("<h1>")[2]
        .partition("</h1>")[0]
    )
    assert re.fullmatch(
        rf"ViewOnlyAccess allows [0-9,]+ actions that {S} does not; {S} allows [0-9,]+ actions that ViewOnlyAccess does not.*",
        told,
    )
    assert 'role="alert"' in client.get("/search.html?q=s3:GetObject&at=tomorrow").text
    for path in ("/nothing", "/Nothing/", f"/{S}/v999.html", "/changes/1999-01.html", "/actions/x/y.html", f"/{S}/v59.md",
                 "/services/no-such.html", f"/{S}/2031-01.html", "/%2e%2e/etc/passwd", "/feeds/x.atom", f"/{S}/a.b.html"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "There is no such page." in answer.text


def test_every_page_of_an_empty_tracker_is_drawn(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        for path in ("/", "/policies.html", "/changes/", "/attention.html", "/status.html", "/search.html", "/compare.html",
                     "/search.html?q=s3:GetObject", "/feeds/all.atom", "/api/v1/policies", "/api/v1/changes", "/api/v1/stats"):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert read(answer.text).unsafe == [] if path.endswith("html") else True
        assert "No watched policy is on record yet." in client.get("/").text
        assert (
            "No policy on record has ever allowed s3:GetObject."
            in client.get("/search.html?q=s3:GetObject").text
        )


def test_what_is_new_is_on_the_pages_at_once(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock.moment, allowing("s3:ListBucket"))
    check(world.tracker, [SUPPORT])
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        before = client.get(f"/{S}/")
        assert "No change is on record yet." in before.text
        assert "AWS Support can call 1 action in 1 service today." in before.text
        world.clock.forward(days=1)
        world.aws.publish(SUPPORT, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
        check(world.tracker, [SUPPORT])
        after = client.get(f"/{S}/")
        assert after.text.count('<li class="step') == 1
        assert before.headers["etag"] != after.headers["etag"]
        assert "s3:GetObject" in client.get(f"/{S}/v1-v2.html").text
        world.clock.forward(days=1)
        world.aws.set_default(SUPPORT, "v1")
        check(world.tracker, [SUPPORT])
        rolled = client.get(f"/{S}/").text
        assert 'class="mark passing"' in rolled
        assert ">2 versions in force<" in rolled  # v1, v2 and v1 again: three points, two versions
        assert "in force for" in rolled
        world.clock.forward(days=3, hours=2)
        assert "A planned look did not happen" in client.get(f"/{S}/").text
        assert "A planned look did not happen" in client.get("/").text
        assert "were not looked at as planned" in client.get("/status.html").text


def test_a_version_tells_which_statement_grants_each_action(client: TestClient) -> None:
    text = client.get(f"/{S}/v59.html").text
    assert re.search(r'id="ecr">.*?statement <a href="#statement-\d">\d</a></p>', text, re.DOTALL)
    assert 'id="statement-1"' in text
    split = client.get(f"/{S}/v59.html?q=apigateway:").text
    assert "apigateway:GET" in split
    assert "on 50 resources such as" in split


def test_what_came_since_a_version_is_one_change(client: TestClient) -> None:
    text = client.get(f"/{S}/since-v39.html").text
    told = client.get(f"/api/v1/policies/{S}/diff?from=v39&to=v59").json()["summary"]
    assert f"+{told['actions_added']:,}" in text
    assert f"−{told['actions_removed']:,}" in text
    assert client.get(f"/{S}/since-v59.html").status_code == 404
    assert client.get(f"/{S}/since-v2.html").status_code == 404


def test_a_month_of_all_policies_is_net_and_tells_what_came_and_went(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    begun = world.clock.moment.replace(day=1, hour=1)
    world.clock.moment = begun
    for version, actions in (
        ("v1", ["s3:ListBucket"]),
        ("v2", ["s3:ListBucket", "s3:GetObject"]),
        ("v3", ["s3:ListBucket"]),
    ):
        world.aws.publish(SUPPORT, version, world.clock.moment, allowing(*actions))
        check(world.tracker, [SUPPORT])
        world.clock.forward(days=1)
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        text = client.get(f"/periods/{begun:%Y-%m}.html").text
        assert "1 action came and went, 1 flagged" in text
        assert "nothing is left of it" in text
        assert f"{SUPPORT.name}/{begun:%Y-%m}.html" in text
        assert client.get("/periods/1999-01.html").status_code == 404
        assert client.get("/periods/never.html").status_code == 404
