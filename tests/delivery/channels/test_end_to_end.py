"""A change found by a round reaches each subscriber by its own channel: a webhook, a chat, a repository, and mail."""

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.delivery.channels.test_probe import options
from tests.support.http_receiver import HttpReceiver
from tests.support.world import START, SUPPORT, allowing, make_world
from tracker.delivery.channels.wiring import all_channels
from tracker.delivery.wish import Wish
from tracker.service import check, deliver


def test_one_change_by_four_channels(tmp_path: Path) -> None:
    tree = tmp_path / "policies"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(tree)], check=True)
    with HttpReceiver(answers=[503]) as hook, HttpReceiver() as chat:
        world = make_world(tmp_path)
        tracker = replace(
            world.tracker, channel=lambda: all_channels(options())
        )  # its mail server is not there
        world.aws.publish(SUPPORT, "v19", START - timedelta(days=9), allowing("s3:ListBucket"))
        check(tracker, [SUPPORT])
        for channel, address in (
            ("webhook", hook.url("/hook")),
            ("slack", chat.url("/T/B/x")),
            ("git", str(tree)),
        ):
            tracker.subscribers.put(address, Wish(), world.clock(), f"token-{channel}", channel=channel)
        world.subscribe("anna@example.org")
        world.aws.publish(SUPPORT, "v20", world.clock(), allowing("s3:ListBucket", "s3:GetObject"))
        world.clock.forward(hours=1)
        check(tracker, [SUPPORT])

        record = json.loads((next((tracker.home / "changelogs").rglob("v19-v20.json"))).read_text())
        assert json.loads(chat.got[0].body)["blocks"][0]["type"] == "header"
        assert json.loads((tree / SUPPORT.name / "v19..v20.json").read_text()) == record
        assert [row.recipient for row in tracker.outbox.list(["waiting"])] == [
            hook.url("/hook"),
            "anna@example.org",
        ]
        world.clock.forward(minutes=5)
        deliver(tracker)
        first, second = (json.loads(one.body) for one in hook.got)
        assert first == second == record
        assert [row.recipient for row in tracker.outbox.list(["waiting"])] == ["anna@example.org"]
