"""The folder for an auditor: what lies in it, equal bytes, and its own commands run as its page prints them."""

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import history
from tests.support.world import READ_ONLY, START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.errors import InputError
from tracker.evidence.gather import Evidence, gather
from tracker.evidence.write import sums, write_folder, write_zip
from tracker.signing import sign

V1 = allowing("s3:ListBucket", "ec2:DescribeInstances")
V2 = allowing("s3:ListBucket", "s3:GetObject", "ec2:DescribeInstances")
V3 = allowing("s3:ListBucket", "ec2:DescribeVpcs")
SINCE, UNTIL = datetime(2021, 12, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)
PLACE = "archive/snapshots/aws/AWSSupportServiceRolePolicy"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A month of daily looks with a gap of three days; two changes, of which one is signed for."""
    world = make_world(tmp_path)
    for arn in (SUPPORT, READ_ONLY):
        world.aws.publish(arn, "v1", START - timedelta(days=9), V1)
    for day in range(32):
        world.clock.moment = START + timedelta(days=day, minutes=1)
        if day == 5:
            world.aws.publish(SUPPORT, "v2", world.clock(), V2)
        if day == 12:
            world.aws.publish(SUPPORT, "v3", world.clock(), V3)
        if day not in (20, 21, 22):
            service.check(world.tracker, (SUPPORT,) if day else (SUPPORT, READ_ONLY))
    sign(world.tracker, "v2", "Jane <script>", "SEC-1", "read")
    world.clock.forward(days=3)
    return world


def gathered(world: World) -> Evidence:
    return gather(world.tracker, (READ_ONLY, SUPPORT), SINCE, UNTIL)


def commands(folder: Path) -> list[tuple[str, str]]:
    """(what else it needs, command) in the order of the page."""
    page = (folder / "index.html").read_text()
    found = re.findall(r'<pre><code(?: data-needs="(\w+)")?>(.*?)</code></pre>', page, re.DOTALL)
    return [(needs, html.unescape(command)) for needs, command in found]


def run(folder: Path, command: str, **more: Path) -> str:
    """What a command prints in the folder, standard error with it."""
    for program in ("jq", "git", "sha256sum"):
        if shutil.which(program) is None:
            history.need(f"{program} is not installed")
    done = subprocess.run(
        ["sh", "-u", "-c", command], cwd=folder, text=True, timeout=60, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **{key: str(value) for key, value in more.items()}, "LC_ALL": "C"},
    )  # fmt: skip
    return done.stdout


def test_what_lies_in_it(world: World) -> None:
    made = gathered(world).contents
    assert [path for path in made if path.startswith(f"{PLACE}/")] == [
        f"{PLACE}/2021-11-21T061700Z_v1.json", f"{PLACE}/2021-12-05T061800Z_v2.json",
        f"{PLACE}/2021-12-12T061800Z_v3.json", f"{PLACE}/timeline.jsonl",
    ]  # fmt: skip
    home = world.tracker.home
    for path, raw in made.items():
        if path.startswith("archive/"):
            assert (home / path.removeprefix("archive/")).read_bytes() == raw
    assert {f"changelogs/{SUPPORT.name}/{stem}.{form}" for stem in ("period", "v1-v2", "v2-v3") for form in ("md", "html", "json")} <= made.keys()  # fmt: skip
    looks = {row["policy"]: row for row in csv.DictReader(io.StringIO(made["looks.csv"].decode()))}
    assert (looks[SUPPORT.name]["looks_made"], looks[SUPPORT.name]["planned"], looks[SUPPORT.name]["missed"]) == ("28", "31", "3")  # fmt: skip
    missed = [row["planned"] for row in csv.DictReader(io.StringIO(made["missed.csv"].decode()))]
    assert {"2021-12-20T06:17:00Z", "2021-12-21T06:17:00Z", "2021-12-22T06:17:00Z"} <= set(missed)
    manifest = json.loads(made["manifest.json"])
    assert (manifest["signoffs"], manifest["unsigned"], manifest["findings"]) == (1, 1, 0)
    assert "v2 to v3" in made["signoffs.md"].decode()
    assert "<script>" not in made["index.html"].decode() + made["signoffs.md"].decode().replace("\\<", "")
    reconciled = json.loads(made["reconciliation.json"])["items"]
    assert [one["change"]["to"] for one in reconciled if one["standing"] == "not-announced"] == ["v3", "v2"]
    assert made["verification.txt"].decode().startswith("nothing is wrong\n")


def test_the_same_archive_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    one, other = gathered(world).contents, gathered(world).contents
    assert one == other
    for number, contents in enumerate((one, other)):
        write_zip(tmp_path / f"{number}.zip", "audit", contents)
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    write_folder(tmp_path / "audit", one)
    with zipfile.ZipFile(tmp_path / "0.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
    files = {path.relative_to(tmp_path / "audit"): path.read_bytes() for path in (tmp_path / "audit").rglob("*") if path.is_file()}  # fmt: skip
    assert files == {path.relative_to(tmp_path / "unpacked/audit"): path.read_bytes() for path in (tmp_path / "unpacked").rglob("*") if path.is_file()}  # fmt: skip
    assert len(files) == len(one) + 1
    with pytest.raises(InputError, match="not empty"):
        write_folder(tmp_path / "audit", one)


def committed(home: Path) -> None:
    """The tracker's folder in git, as docs/archive.md tells."""
    for words in (["init", "-q"], ["add", "snapshots", "signoffs.jsonl"], ["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "one"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=home, check=True, capture_output=True)


def test_every_command_of_the_page_finds_a_whole_folder_whole(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    made = gathered(world)
    write_folder(folder, made.contents)
    committed(world.tracker.home)
    found = commands(folder)
    assert len(found) == 9
    told = [run(folder, command, TRACKER=world.tracker.home, REPO=world.tracker.home) for _, command in found]
    assert told[:4] == ["", "", "", ""]
    assert told[4] == f"the head is {made.verified.seal.head}\n"
    assert told[5:7] == ["", ""]
    assert re.fullmatch(r"[0-9a-f]+ \S+ T\n", told[7])
    assert told[8].split("\t")[1:5] == ["Jane <script>", "SEC-1", str(SUPPORT), "v2"]


def test_every_command_of_the_page_finds_what_was_forged(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_folder(folder, gathered(world).contents)
    committed(world.tracker.home)
    (
        (_, all_files),
        (_, documents),
        (_, in_force),
        (_, chain),
        (_, head),
        (_, sealed),
        (_, seal),
        (_, repo),
        _,
    ) = commands(folder)
    document = folder / PLACE / "2021-12-05T061800Z_v2.json"
    document.write_text(document.read_text().replace("s3:GetObject", "s3:GetBucketAcl"))
    assert f"{PLACE}/2021-12-05T061800Z_v2.json: FAILED" in run(folder, all_files)
    assert run(folder, documents) == f"differs: {PLACE}/2021-12-05T061800Z_v2.json\n"
    assert run(folder, sealed) == f"not as sealed: {PLACE}/2021-12-05T061800Z_v2.json\n"
    document.unlink()
    assert run(folder, in_force).startswith("not here: ")
    timeline = folder / PLACE / "timeline.jsonl"
    timeline.write_text(timeline.read_text().replace('"v2"', '"v9"', 1))
    assert run(folder, chain) == f"{PLACE}/timeline.jsonl breaks at line 3\n"
    assert run(folder, repo, REPO=world.tracker.home).startswith(f"not in git: {PLACE}/timeline.jsonl\n")
    (folder / "seal.txt").write_text((folder / "seal.txt").read_text() + "\n")
    assert run(folder, head) == ""
    looks = world.tracker.home / "snapshots/aws/looks.jsonl"
    looks.write_text(looks.read_text().replace('"failed": []', '"failed": ["x"]', 1))
    assert "rewritten: snapshots/aws/looks.jsonl\n" in run(folder, seal, TRACKER=world.tracker.home)


def test_a_folder_that_grew_since_is_still_what_was_sealed(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_folder(folder, gathered(world).contents)
    world.aws.publish(SUPPORT, "v4", world.clock.forward(days=1), V1)
    service.check(world.tracker, (SUPPORT,))
    _, _, _, _, _, _, (needs, seal), *_ = commands(folder)
    assert needs == "TRACKER"
    assert run(folder, seal, TRACKER=world.tracker.home) == ""


def test_what_is_wrong_is_said_on_its_page(world: World) -> None:
    path = world.tracker.home / PLACE.removeprefix("archive/") / "timeline.jsonl"
    path.write_text(path.read_text().replace('"iam"', '"iaM"', 1))
    made = gathered(world)
    assert made.verified.findings
    page = made.contents["index.html"].decode()
    assert "The archive is not whole" in page
    assert "the chain breaks here" in html.unescape(page)


def test_sums_are_sorted_and_readable() -> None:
    assert sums({"b": b"", "a/x": b"1"}).decode().splitlines()[0].endswith("  a/x")
