"""/metrics: numbers that Prometheus reads, and nothing of a subscriber."""

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.history import need
from tests.support.world import START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.web.app import make_app
from tracker.web.metrics import FORMAT, Metric, exposition, text

_LINE = re.compile(
    r"(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=\"[^\"\\\n]*\"(,[a-z]+=\"[^\"\\\n]*\")?\})? -?[0-9.e+]+)\Z"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), allowing("s3:ListBucket"))
    return world


def values(told: str) -> dict[str, float]:
    assert [line for line in told.splitlines() if not _LINE.match(line)] == []
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    }


def test_before_anything_happened(world: World) -> None:
    found = values(exposition(world.tracker))
    assert found["policy_tracker_up"] == 1
    assert found["policy_tracker_looks_total"] == 0
    assert "policy_tracker_last_look_timestamp_seconds" not in found
    assert found['policy_tracker_aws_calls_total{operation="GetPolicy",outcome="denied"}'] == 0
    assert not world.tracker.database.exists, "asking makes no database"


def test_looks_messages_and_what_failed(world: World) -> None:
    service.check(world.tracker, [SUPPORT])
    looked = world.clock().timestamp()
    world.subscribe("ada.lovelace@example.org")
    world.clock.forward(days=1)
    for operation, outcome in (
        ("GetPolicy", "answered"),
        ("GetPolicy", "answered"),
        ("ListPolicies", "denied"),
    ):
        world.tracker.calls.note(operation, outcome)
    world.aws.publish(SUPPORT, "v2", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
    service.check(world.tracker, [SUPPORT])
    found = values(exposition(world.tracker))
    assert found["policy_tracker_last_success_timestamp_seconds"] == looked + 86_400
    assert found['policy_tracker_outbox_messages{state="sent"}'] == 1
    assert found["policy_tracker_outbox_oldest_seconds"] == 0
    assert [
        found[f'policy_tracker_sends_total{{outcome="{one}"}}'] for one in ("sent", "refused", "put_off")
    ] == [1, 0, 0]
    asked = {name: value for name, value in found.items() if "aws_calls" in name and value}
    assert asked == {
        'policy_tracker_aws_calls_total{operation="GetPolicy",outcome="answered"}': 2,
        'policy_tracker_aws_calls_total{operation="ListPolicies",outcome="denied"}': 1,
    }
    assert (found["policy_tracker_looks_total"], found["policy_tracker_changes_total"]) == (2, 1)
    assert (found["policy_tracker_policies"], found["policy_tracker_open_rounds"]) == (1, 0)
    world.clock.forward(hours=30)
    world.aws.out_of_order("no answer")
    service.check(world.tracker, [SUPPORT])
    world.clock.forward(seconds=90)
    with world.tracker.database.writing() as connection:  # as if no server had taken it
        connection.execute("UPDATE outbox SET state = 'waiting', finished = NULL")
    told = exposition(world.tracker)
    found = values(told)
    assert found["policy_tracker_last_success_timestamp_seconds"] == looked + 86_400
    assert found["policy_tracker_newest_look_age_seconds"] == 90
    assert found["policy_tracker_last_look_failed_policies"] == 1
    assert found['policy_tracker_outbox_messages{state="waiting"}'] == 1
    assert found["policy_tracker_outbox_oldest_seconds"] == 30 * 3600 + 90
    assert "lovelace" not in told
    assert "example.org" not in told


def test_a_tracker_that_cannot_be_read_is_down_and_says_no_more(world: World) -> None:
    world.tracker.database.path.write_bytes(b"no database" * 99)
    assert values(exposition(world.tracker)) == {"policy_tracker_up": 0.0}


def test_it_is_answered_to_whoever_asks_by_address(world: World) -> None:
    with TestClient(make_app(world.tracker)) as client:
        answer = client.get("/metrics", headers={"host": "10.1.2.3:8080"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMAT)
    assert answer.headers["cache-control"] == "no-store"
    assert values(answer.text)["policy_tracker_up"] == 1


def test_labels_and_help_are_escaped() -> None:
    told = text([Metric("x", "gauge", 'a\\b\nc"d', [({"l": 'a\\b\nc"d'}, 1.0)])])
    assert told == '# HELP x a\\\\b\\nc"d\n# TYPE x gauge\nx{l="a\\\\b\\nc\\"d"} 1.0\n'


def test_promtool_finds_nothing_wrong(world: World) -> None:
    if shutil.which("promtool") is None:
        need("promtool is not installed (Debian's package prometheus)")
    service.check(world.tracker, [SUPPORT])
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(world.tracker), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
