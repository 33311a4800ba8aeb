"""stats, and what log and changelog tell of all policies."""

import json
import re
from pathlib import Path

from tests.cli.conftest import Command

SUPPORT = "AWSSupportServiceRolePolicy"


def test_stats_counts_and_names_the_busiest(home: Path, cli: Command) -> None:
    out = cli("stats", "--most", "3").out
    assert re.match(r"5 policies, 59 versions since \d{4}-\d\d-\d\d: 54 updated\n", out)
    assert re.search(r"\nbusiest month +changes +republished +policies\n2024-10 +5 +0 +5\n", out)
    assert "actions were first named in any policy since watching began" in out
    record = json.loads(cli("stats", "--json").out)
    assert (record["policies"], record["versions"], record["kinds"]) == (5, 59, {"updated": 54})
    assert len(record["first_actions"]) == 10
    assert record["first_actions"][0]["observed_at"] >= record["first_actions"][-1]["observed_at"]


def test_stats_of_one_policy_is_how_it_grew(home: Path, cli: Command) -> None:
    out = cli("stats", SUPPORT).out
    assert re.search(r"\nv38 +2024-10-10 +223 +3,374 +\+149\nv39 +2024-12-12 +223 +3,442 +\+85 +-17\n", out)
    items = json.loads(cli("stats", SUPPORT, "--json").out)["items"]
    assert (items[-1]["version"], items[-1]["actions"], items[-1]["services"]) == ("v59", 4533, 268)
    assert cli("stats", "Nobody").code == 2


def test_the_log_of_all_is_by_month_the_gravest_first(home: Path, cli: Command) -> None:
    out = cli("log", "--all").out
    months = re.findall(r"^(\d{4}-\d\d)$", out, re.MULTILINE)
    assert months == sorted(months, reverse=True)
    april = out.split("\n2026-04\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in april[1:]] == ["alarm", "attention", "info"]


def test_the_changelog_of_a_month_for_all_is_a_line_a_change(home: Path, cli: Command) -> None:
    out = cli("changelog", "--all", "--month", "2026-09").out
    assert out.startswith(
        "September 2026, 5 policies: 3 changes of 3 policies (3 alarm); 2 with no change on record, at which nobody looked.\n"
    )
    assert len([line for line in out.splitlines() if line.startswith("alarm ")]) == 3
    quiet = cli("changelog", "--all", "--month", "2018-01").out
    assert quiet == "January 2018, 5 policies: 5 with no change on record, at which nobody looked.\n"


def test_in_full_the_gravest_policies_come_first(home: Path, cli: Command) -> None:
    text = cli("changelog", "--all", "--month", "2026-04", "--format", "markdown").out
    heads = [text.index(f"# {name}") for name in (SUPPORT, "ReadOnlyAccess", "ViewOnlyAccess")]
    assert heads == sorted(heads)
    assert len(json.loads(cli("changelog", "--all", "--month", "2026-04", "--json").out)["policies"]) == 5
