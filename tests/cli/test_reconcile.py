"""reconcile: the real history against what AWS announced of it; pages that may and may not be fetched."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.sources.test_announcements import PAGE
from tests.support import history

SUPPORT = "AWSSupportServiceRolePolicy"


def test_the_known_answers(tmp_path: Path, cli: Command) -> None:
    """54 (v22), 25 (v23), 46 (v25) and 47 (v26) agree; 74 in February 2022 does not; v20 and its return were never announced."""
    if why := history.missing():
        history.need(why)
    home = tmp_path / "tracker"
    assert cli("init", home, "--empty").code == 0
    assert cli("--home", home, "import", history.BUNDLE, "--policy", SUPPORT).code == 0
    items = json.loads(cli("--home", home, "reconcile", "--json").out)["items"]
    announced = {
        one["announced"]["day"]: (one["standing"], one["change"]["to"], one["announced"]["added"], one["change"]["added"], one["change"]["removed"])
        for one in items
        if one["announced"]
    }  # fmt: skip
    assert announced == {
        "2022-02-17": ("differs", "v21", 74, 55, 15),
        "2022-03-14": ("agrees", "v22", 54, 54, 0),
        "2022-04-27": ("agrees", "v23", 25, 25, 0),
        "2022-06-23": ("uncounted", "v24", None, 16, 14),
        "2022-08-17": ("agrees", "v25", 46, 46, 0),
        "2022-10-04": ("agrees", "v26", 47, 47, 0),
    }
    silent = {one["change"]["to"] + one["change"]["kind"]: one["standing"] for one in items if not one["announced"]}  # fmt: skip
    assert silent["v20updated"] == silent["v19rolled-back"] == "not-announced"
    assert silent["v39updated"] == "unknown"
    text = cli("--home", home, "reconcile")
    assert (text.code, text.err) == (0, "")
    assert (
        "4 agree, 1 differs, 1 announced without a count, 17 seen and not announced, 13 not to be told"
        in text.out
    )
    assert cli("--home", home, "reconcile", "--exit-code").code == 1


def test_a_saved_page(home: Path, cli: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    today = datetime.now(UTC).date()
    items = json.loads(cli("reconcile", page, "--as-of", today, "--json").out)["items"]
    assert {one["announced"]["source"] for one in items if one["announced"] and one["announced"]["added"] == 1047} == {str(page)}  # fmt: skip
    newest = items[0]
    assert (newest["change"]["to"], newest["standing"]) == ("v59", "not-announced")
    rows = list(csv.DictReader(io.StringIO(cli("reconcile", page, "--format", "csv").out)))
    assert "'+364" in {row["seen"] for row in rows}  # no formula
    assert cli("reconcile", page, "--format", "markdown").out.startswith(
        f"# {SUPPORT}: announced against observed\n"
    )
    late = cli("reconcile", page, "--as-of", today + timedelta(days=2))
    assert (late.code, "is still to come" in late.err) == (2, True)
    assert "nothing was announced" not in cli("reconcile", "--policy", "ReadOnlyAccess").out
    listing = "<li>Amazon Elastic Compute Cloud (Amazon EC2) - to look</li><li>AWS Amplify</li><li>Amazon Managed Blockchain</li>"
    page.write_text(
        "<table><tr><th>Change</th><th>Description</th><th>Date</th></tr>"
        f"<tr><td>{SUPPORT}</td><td>Added 364 new permissions: {listing}</td><td>August 20, 2026</td></tr></table>"
    )
    (newest, *_) = json.loads(cli("reconcile", page, "--json").out)["items"]
    assert (newest["standing"], newest["change"]["to"]) == ("differs", "v59")
    assert newest["why"].startswith(
        "announced for Amazon Managed Blockchain, of which nothing came; of acm, aidevops, aoss, "
    )
    assert {"ec2", "amplify"} <= set(newest["change"]["services"])
    assert "ec2" not in newest["why"]


@pytest.mark.parametrize("page", ["https://docs.aws.amazon.com/x.html", "http://localhost/"])
def test_nothing_is_fetched_unless_the_operator_allows_it(home: Path, cli: Command, page: str) -> None:
    done = cli("reconcile", page)
    assert done.code == 4
    assert "evidence.fetch is off" in done.err


def test_what_is_allowed_is_still_guarded(home: Path, cli: Command) -> None:
    done = cli("reconcile", "https://127.0.0.1:9/x", "--set", "evidence.fetch=true")
    assert done.code == 3
    assert "an address inside a network" in done.err


def test_what_can_not_be_read(home: Path, cli: Command, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<html>hello")
    for page, wrong in (("nowhere.html", "can't be read"), (str(tmp_path / "x.html"), "no table of Change")):
        done = cli("reconcile", page)
        assert (done.code, wrong in done.err) == (2, True), done.err
    assert cli("reconcile", "--as-of", "2022-01-01").code == 2
