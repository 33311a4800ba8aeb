"""The alert rules and the dashboard ask for metrics that exist, and each alarm has its paragraph."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from ruamel.yaml import YAML

from tests.support.history import need
from tests.support.world import START, SUPPORT, allowing, make_world
from tracker import service
from tracker.web.metrics import exposition

ROOT = Path(__file__).resolve().parent.parent.parent
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "policy-tracker.json"
PAGE = (ROOT / "docs" / "operating.md").read_text()


def metrics(folder: Path) -> set[str]:
    world = make_world(folder)
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), allowing("s3:ListBucket"))
    service.check(world.tracker, [SUPPORT])
    return set(re.findall(r"^# TYPE (\S+)", exposition(world.tracker), re.MULTILINE))


def test_every_metric_that_is_asked_for_is_there_and_told_of(tmp_path: Path) -> None:
    there = metrics(tmp_path)
    for path in (ALERTS, DASHBOARD):
        asked = set(re.findall(r"\bpolicy_tracker_\w+", path.read_text()))
        assert asked
        assert asked <= there, path
    assert {name for name in there if f"`{name}" not in PAGE} == set()


def test_every_alarm_has_its_paragraph() -> None:
    (group,) = YAML(typ="safe").load(ALERTS.read_text())["groups"]
    for rule in group["rules"]:
        assert f"\n### {rule['alert']}\n" in PAGE
        assert rule["annotations"]["runbook"].endswith(f"#{rule['alert'].lower()}")
    assert len(re.findall(r"^### Policy", PAGE, re.MULTILINE)) == len(group["rules"])


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        need("promtool is not installed (Debian's package prometheus)")
    done = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "9 rules found" in done.stdout


def test_no_two_panels_stand_in_one_place() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
