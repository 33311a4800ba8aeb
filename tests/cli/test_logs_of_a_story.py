"""The logs of a whole story at their most talkative: a run id through a round, and never a secret, a token or an address."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, settings
from tests.support.fake_iam import FakeIam
from tests.support.smtp_sink import Sink
from tracker.archive import folder
from tracker.model.identity import PolicyArn
from tracker.store.database import Database

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
HOOK, ADMIN = "webhook-secret-of-ours-0123456789", "d" * 40


def test_no_line_holds_what_is_nobodys_business_and_each_of_a_round_its_id(
    iam: FakeIam, home: Path, process: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home / "snapshots" / "aws" / SUPPORT.name
    newest = folder.load(place, folder.identities(place)[-1])
    iam.put(SUPPORT, str(newest.version), newest.document, newest.create_date)
    for name, value in (
        ("CHANNELS__WEBHOOK_SECRET", HOOK),
        ("WEB__ADMIN_TOKEN", ADMIN),
    ):
        monkeypatch.setenv(f"POLICY_TRACKER_{name}", value)
    said: list[str] = []

    def run(*words: str) -> None:
        done = process(*words, "-vv")
        assert done.code in (0, 3, 4), done.err  # 4: what is denied at the end
        said.extend(line for line in done.err.splitlines() if line.startswith("{"))

    with Sink() as sink:
        settings(
            home,
            f'[log]\nformat = "json"\n[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "from.us@example.com"\noperator = "the.operator@example.com"',
        )
        run("check")
        run("subscribers", "add", "ada.lovelace@example.org")
        document = json.loads(newest.document)
        document["Statement"].append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
        iam.put(SUPPORT, "v60", document, "2026-10-30T12:00:00Z")
        sink.always("RCPT", "550 5.1.1 <ada.lovelace@example.org> unknown here")
        run("check")
        run("outbox", "retry")
        iam.deny("iam:GetPolicy")
        run("check")
    with Database(home / "tracker.db").reading() as db:
        tokens = [row[0] for row in db.execute("SELECT token FROM subscribers")]
        keys = [
            key
            for row in db.execute("SELECT value FROM meta WHERE key = 'tokens.keys'")
            for key in json.loads(row[0])
        ]
        runs = {row[0] for row in db.execute("SELECT id FROM runs")}
    assert tokens
    events = [json.loads(line) for line in said]
    assert len(events) >= 2, "nothing was logged that could be searched"
    assert {event["run"] for event in events if "run" in event} & runs
    assert {event["run"] for event in events if "run" in event} <= runs
    for secret in (
        HOOK,
        ADMIN,
        "lovelace",
        "the.operator",
        "from.us",
        *tokens,
        *keys,
    ):
        assert secret not in "\n".join(said), secret
