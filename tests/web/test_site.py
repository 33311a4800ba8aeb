"""The site as files: complete, linked without a gap, written only where it changed, and careful with what is not ours."""

import json
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.support.world import SUPPORT, World, allowing
from tests.web.reading import read
from tests.web.worlds import web_world
from tracker.errors import SetupError
from tracker.service import check
from tracker.web.building import MANIFEST, Builder
from tracker.web.page import Page
from tracker.web.pages import Pages


def _world(folder: Path, versions: int = 3) -> World:
    world = web_world(folder)
    for number in range(1, versions + 1):
        _publish(world, number)
    return world


def _publish(world: World, number: int) -> None:
    actions = [
        "s3:ListBucket",
        *(f"ec2:Describe{one}" for one in ("Images", "Instances", "Vpcs", "Zones")[:number]),
    ]
    world.aws.publish(SUPPORT, f"v{number}", world.clock.moment, allowing(*actions))
    check(world.tracker, [SUPPORT])
    world.clock.forward(days=20)


def broken_links(root: Path) -> list[str]:
    """Every relative link of every page that leads to no file, or to a place that is not on the page."""
    pages = {path: read(path.read_text(encoding="utf-8")) for path in root.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        for _, address in page.links:
            target, place = urldefrag(address)
            if "://" in target:
                continue
            file = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            if not file.is_file():
                broken.append(f"{path.relative_to(root)} -> {address}")
            elif place and file.suffix == ".html" and unquote(place) not in pages[file].ids:
                broken.append(f"{path.relative_to(root)} -> {address} (no such place)")
    return broken


def test_every_link_leads_somewhere_and_none_is_absolute(tmp_path: Path) -> None:
    world = _world(tmp_path)
    built = Builder(world.tracker, tmp_path / "site").build()
    assert built.written == len(built.files) > 20
    assert broken_links(tmp_path / "site") == []
    for path in (tmp_path / "site").rglob("*.html"):
        assert not [one for _, one in read(path.read_text(encoding="utf-8")).links if one.startswith("/")], (
            path
        )


def test_a_build_without_news_writes_nothing_and_with_news_little(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    first = Builder(world.tracker, site).build()
    times = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    second = Builder(world.tracker, site).build()
    assert (second.written, second.removed, second.kept) == (0, 0, len(first.files))
    assert times == {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    _publish(world, 4)
    builder = Builder(world.tracker, site)
    third = builder.build()
    assert Builder(world.tracker, tmp_path / "fresh").build().files == third.files
    new = {
        "AWSSupportServiceRolePolicy/v3-v4.html",
        "AWSSupportServiceRolePolicy/index.html",
        "index.html",
        "feeds/all.atom",
    }
    assert third.written < len(third.files) / 2
    assert new <= third.files.keys()
    assert (site / "AWSSupportServiceRolePolicy/v3-v4.html").is_file()
    assert broken_links(site) == []
    assert len(builder._told()) == 3  # what a policy's feed holds is not made again for the others,
    own = site / SUPPORT.name / "feed.json"
    own.write_text(own.read_text() + " ")
    assert not builder._told()  # unless somebody else wrote there


def test_a_folder_deleted_in_part_is_completed(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    first = Builder(world.tracker, site).build()
    (site / "AWSSupportServiceRolePolicy/v1-v2.html").unlink()
    again = Builder(world.tracker, site).build()
    assert again.written == 1
    assert again.files == first.files


def test_what_is_gone_is_removed_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    Builder(world.tracker, site).build()
    told = json.loads((site / MANIFEST).read_text())
    for name, text in (("old/gone.html", "old"), ("old/changed.html", "old")):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    digest = sha256(b"old").hexdigest()[:32]
    told["parts"]["policy of old"] = {
        "made_of": "",
        "files": {"old/gone.html": digest, "old/changed.html": digest},
    }
    (site / MANIFEST).write_text(json.dumps(told))
    (site / "old/changed.html").write_text("somebody wrote here")
    (site / "CNAME").write_text("example.org")
    built = Builder(world.tracker, site).build()
    assert built.removed == 1
    assert not (site / "old/gone.html").exists()
    assert (site / "old/changed.html").read_text() == "somebody wrote here"
    assert (site / "CNAME").read_text() == "example.org"


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    world = _world(tmp_path, 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(SetupError, match="not empty"):
        Builder(world.tracker, tmp_path / "mine").build()
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_the_address_makes_sitemap_and_feeds_absolute(tmp_path: Path) -> None:
    world = _world(tmp_path, 2)
    Builder(world.tracker, tmp_path / "site", "https://example.org/iam").build()
    assert "<loc>https://example.org/iam/index.html</loc>" in (tmp_path / "site/sitemap.xml").read_text()
    assert "Sitemap: https://example.org/iam/sitemap.xml" in (tmp_path / "site/robots.txt").read_text()
    feed = json.loads((tmp_path / "site/feeds/all.json").read_text())
    assert feed["items"][0]["url"] == "https://example.org/iam/AWSSupportServiceRolePolicy/v1-v2.html"


def test_the_shards_say_what_the_archive_says(tmp_path: Path) -> None:
    world = _world(tmp_path, 2)
    Builder(world.tracker, tmp_path / "site").build()
    shard = json.loads((tmp_path / "site/search/s3.json").read_text())
    held = {name: who for name, who in shard["actions"] if who}
    assert held == {"ListBucket": [["AWSSupportServiceRolePolicy", "2021-11-30", ""]]}
    other = json.loads((tmp_path / "site/search/ec2.json").read_text())["actions"]
    assert [name for name, who in other if who] == ["DescribeImages", "DescribeInstances"]
    assert ["s3", "Amazon s3", len(shard["actions"])] in json.loads(
        (tmp_path / "site/search/index.json").read_text()
    )["services"]
    alike = (tmp_path / "site/actions/s3/index.html").read_text()
    assert {name.lower() for name, _ in shard["actions"]} <= set(read(alike).ids)
    assert "since 2021-11-30" in alike


def test_a_service_has_feeds_of_what_was_done_to_it_alone(tmp_path: Path) -> None:
    world = _world(tmp_path, 2)
    Builder(world.tracker, tmp_path / "site").build()
    told, every, none = (
        json.loads((tmp_path / f"site/feeds/{name}.json").read_text())["items"]
        for name in ("services/ec2", "all", "services/s3")
    )
    assert [one["id"] for one in told] == [one["id"] for one in every]
    assert "<dt>Allow added</dt><dd><code>ec2:DescribeInstances</code>" in told[0]["content_html"]
    assert none == []  # what is allowed of it was not touched, though a statement that names it moved on
    assert "Allow added" in (tmp_path / "site/feeds/services/ec2.atom").read_text()


def test_a_build_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    builder = Builder(world.tracker, site, processes=0)
    written = builder._write

    def until_the_third(path: str, page: Page) -> str:
        if builder.built.written == 3:
            raise KeyboardInterrupt
        return written(path, page)

    builder._write = until_the_third  # type: ignore[method-assign] # killed between two files
    with pytest.raises(KeyboardInterrupt):
        builder.build()
    assert (site / MANIFEST).is_file()
    again = Builder(world.tracker, site).build()
    assert again.same == 3
    assert broken_links(site) == []


def test_one_piece_of_news_makes_the_parts_that_it_is_about(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    Builder(world.tracker, site).build()
    before = {path: path.stat().st_mtime_ns for path in site.rglob("services/*.html")}
    old = json.loads((site / MANIFEST).read_text())["parts"]
    _publish(world, 4)  # ec2 alone
    Builder(world.tracker, site).build()
    new = json.loads((site / MANIFEST).read_text())["parts"]
    assert [name for name in new if name.startswith("service ") and new[name] != old[name]] == ["service ec2"]
    moved = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert moved <= {"ec2.html"}


def test_the_pages_of_what_the_rules_name_and_more_of_the_api_are_files(tmp_path: Path) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    built = Builder(world.tracker, site).build()
    api = f"api/v1/policies/{SUPPORT.name}"
    assert {
        f"{api}/attention.json",
        "api/v1/services.json",
        f"{SUPPORT.name}/since-v1.html",
    } <= built.files.keys()
    compared = read((site / "compare.html").read_text())
    assert {f"{SUPPORT.name}/since-v{number}.html" for number in (1, 2)} <= {one for _, one in compared.links}
    assert any(path.startswith("periods/") for path in built.files)
    pages = Pages(world.tracker, static=True)
    named = {path for service in world.tracker.catalogue().services() for path in pages.action_pages(service)}
    assert named
    assert named <= built.files.keys()
