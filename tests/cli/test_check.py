"""`check` against a real HTTP server that speaks IAM, and what it tells a person, cron and a script."""

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, settings
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import throttled
from tests.support.smtp_sink import Sink
from tracker.archive import folder
from tracker.model.identity import PolicyArn
from tracker.store.counts import counts
from tracker.store.database import Database

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")


@dataclass
class Aws:
    """An AWS whose AWSSupportServiceRolePolicy is at the newest version that ships, v59, until more is published."""

    iam: FakeIam
    document: dict[str, Any]

    def publish(self, version: str, made: str, *more: str) -> None:
        """A new default that allows more."""
        self.document = deepcopy(self.document)
        self.document["Statement"].append({"Effect": "Allow", "Action": list(more), "Resource": "*"})
        self.iam.put(SUPPORT, version, self.document, made)


@pytest.fixture
def aws(iam: FakeIam, home: Path) -> Aws:
    place = home / "snapshots" / "aws" / SUPPORT.name
    newest = folder.load(place, folder.identities(place)[-1])
    document = json.loads(newest.document)
    iam.put(SUPPORT, str(newest.version), document, newest.create_date)
    return Aws(iam, document)


@pytest.fixture
def watching(aws: Aws, cli: Command) -> Aws:
    """The same after a first look."""
    assert cli("check").code == 0
    aws.iam.forget_calls()
    return aws


def files(home: Path) -> set[Path]:
    return {
        path.relative_to(home) for path in home.rglob("*") if path.is_file() and path.name != "tracker.lock"
    }


def test_a_look_at_what_is_as_it_was_costs_one_call_and_says_so(
    watching: Aws, cli: Command, home: Path
) -> None:
    done = cli("check", "--exit-code")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        r"looked at 1 policy, \d{4}-\d\d-\d\d \d\d:\d\d UTC: nothing changed; next look .* UTC\n", done.out
    )
    assert watching.iam.actions == ["GetRole", "GetRole", "GetPolicy"]
    made = counts(Database(home / "tracker.db"), "aws_calls")
    assert made == {"GetPolicy.answered": 2, "GetRole.no_such_entity": 4}


def test_a_change_is_told_archived_and_written(watching: Aws, cli: Command, home: Path) -> None:
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject", "foo:Bar")
    done = cli("check", "--exit-code")
    assert done.code == 1
    assert "AWSSupportServiceRolePolicy v59 to v60: AWS Support can now call 2 more actions" in done.out
    assert re.search(r"^  alarm: read S3 objects \(s3:GetObject\)$", done.out, re.MULTILINE)
    assert f"  {home}/changelogs/AWSSupportServiceRolePolicy" in done.out
    assert "1 change" in done.out.splitlines()[-1]
    assert {path.name for path in (home / "changelogs" / SUPPORT.name).iterdir()} >= {
        "v59-v60.md",
        "v59-v60.html",
        "v59-v60.json",
    }
    assert cli("check", "--exit-code").code == 0


def test_json_is_the_record_of_a_round(watching: Aws, cli: Command) -> None:
    watching.publish("v60", "2026-10-30T12:00:00Z", "foo:Bar")
    record = json.loads(cli("check", "--json").out)
    assert list(record) == ["schema", "type", "run", "checked", "changes", "failed", "roles"]
    assert (record["schema"], record["type"], record["checked"]) == (1, "check", [str(SUPPORT)])
    assert record["changes"][0]["summary"]["actions_added"] == 1
    assert record["failed"] == []
    assert json.loads(cli("check", "--json").out)["changes"] == []


def test_a_tripwire_ends_with_5(watching: Aws, cli: Command, home: Path) -> None:
    settings(home, '[attention]\ntripwires = ["s3:Get*"]')
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    done = cli("check", "--exit-code")
    assert done.code == 5
    assert "  tripwire s3:Get*: s3:GetObject" in done.out


def test_a_document_that_is_refused_is_named_once(watching: Aws, cli: Command) -> None:
    watching.iam.put(SUPPORT, "v60", {"Version": "2012-10-17", "Statement": []}, "2026-10-30T12:00:00Z")
    done = cli("check")
    assert done.code != 0
    (said,) = [line for line in done.err.splitlines() if line.startswith("policy-tracker: ")]
    assert said == f"policy-tracker: {SUPPORT.name} v60: Statement: no statement in it"


def test_alarms_come_first_and_are_never_cut(watching: Aws, cli: Command) -> None:
    many = ("s3:GetObject", "iam:CreateAccessKey", "iam:PassRole", "secretsmanager:GetSecretValue",
            "ssm:GetParameter", "sts:AssumeRole", "iam:AttachRolePolicy", "kms:Decrypt", "foo:Bar",
            "lambda:UpdateFunctionCode", "dynamodb:GetItem")  # fmt: skip
    watching.publish("v60", "2026-10-30T12:00:00Z", *many)
    out = cli("check").out
    told = re.findall(r"^  (alarm|attention|info): ", out, re.MULTILINE)
    assert told == sorted(told, key=["alarm", "attention", "info"].index)
    record = json.loads(cli("attention", SUPPORT.name, "--json").out)["items"]
    severities = [one["severity"] for one in record]
    assert severities == sorted(severities, key=["alarm", "attention", "info"].index)
    change = json.loads(cli("changelog", SUPPORT.name, "--json").out)["items"][0]
    alarms = [one for one in change["attention"] if one["severity"] == "alarm" and not one["accepted"]]
    assert told.count("alarm") == len(alarms) > 5
    listed = len(told)
    more = re.search(r"^  and (\d+) more$", out, re.MULTILINE)
    rest = [one for one in change["attention"] if not one["accepted"]]
    assert listed + (int(more[1]) if more else 0) == len(rest)


def test_without_exit_code_a_change_is_0(watching: Aws, cli: Command) -> None:
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    assert cli("check").code == 0


def test_the_same_access_again_is_republished_and_no_change(watching: Aws, cli: Command) -> None:
    watching.iam.put(SUPPORT, "v60", watching.document, "2026-10-30T12:00:00Z")
    done = cli("check", "--exit-code")
    assert done.code == 0
    assert "AWS published the same access again" in done.out


def test_a_dry_run_shows_the_change_in_full_and_writes_nothing(
    watching: Aws, cli: Command, home: Path
) -> None:
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    before = files(home)
    for _ in range(2):
        done = cli("check", "--dry-run", "--exit-code")
        assert done.code == 1
        assert "s3:GetObject" in done.out
        assert "WHAT DESERVES ATTENTION" in done.out
        assert "nothing was written" in done.out
        assert files(home) == before
    assert cli("check", "--exit-code").code == 1  # it is still news


def test_a_policy_that_the_archive_does_not_know_is_found_in_aws(watching: Aws, cli: Command) -> None:
    arn = "arn:aws:iam::aws:policy/job-function/NetworkAdministrator"
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
    watching.iam.put(arn, "v9", document, "2024-01-01")
    done = cli("check", "NetworkAdministrator")
    assert done.code == 0, done.err
    assert "NetworkAdministrator looked at for the first time" in done.out
    assert cli("show", "NetworkAdministrator").out.startswith(
        "NetworkAdministrator v9 (the default now)\n  " + arn
    )


def test_a_name_that_nobody_knows_is_wrong_usage_alone_and_a_failed_part_beside_others(
    watching: Aws, cli: Command
) -> None:
    alone = cli("check", "NoSuchPolicy")
    assert alone.code == 2
    assert "NoSuchPolicy: no AWS managed policy 'NoSuchPolicy'" in alone.err
    beside = cli("check", "NoSuchPolicy", "AWSSupportServiceRolePolicy", "--json")
    assert beside.code == 3
    record = json.loads(beside.out)
    assert record["checked"] == [str(SUPPORT)]
    assert [one["policy"] for one in record["failed"]] == ["arn:aws:iam::aws:policy/NoSuchPolicy"]


@pytest.mark.parametrize("name", ["no/such name", "arn:aws:s3:::bucket"])
def test_what_is_no_name_at_all_is_wrong_usage(aws: Aws, cli: Command, name: str) -> None:
    done = cli("check", name)
    assert done.code == 2
    assert name in done.err
    assert "Traceback" not in done.err


def test_access_denied_is_4_and_names_what_is_missing(watching: Aws, cli: Command) -> None:
    watching.iam.deny("iam:GetPolicy")
    done = cli("check")
    assert done.code == 4
    assert "iam:GetPolicy" in done.err
    assert "1 not read" in done.out


def test_throttled_to_the_end_is_75(watching: Aws, cli: Command) -> None:
    watching.iam.always("GetPolicy", throttled())
    done = cli("check", "--set", "aws.attempts=1")
    assert done.code == 75, done.err


def test_no_credentials_is_4(watching: Aws, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = cli("check")
    assert done.code == 4
    assert "credentials" in done.err


@pytest.mark.parametrize(
    "arguments", [("--all", "--attached"), ("--all", "ReadOnlyAccess"), ("--attached", "ReadOnlyAccess")]
)
def test_names_and_listings_exclude_each_other(cli: Command, home: Path, arguments: tuple[str, ...]) -> None:
    done = cli("check", *arguments)
    assert done.code == 2
    assert "exclude each other" in done.err


def test_dry_run_and_if_due_exclude_each_other(cli: Command, home: Path) -> None:
    assert cli("check", "--if-due", "--dry-run").code == 2


def test_if_due_looks_when_a_look_is_due_and_is_silent_otherwise(aws: Aws, cli: Command) -> None:
    first = cli("check", "--if-due")
    assert (first.code, first.out, first.err) == (0, "", "")
    assert aws.iam.actions
    aws.iam.forget_calls()
    second = cli("check", "--if-due")
    assert (second.code, second.out, second.err) == (0, "", "")
    assert aws.iam.actions == []
    assert json.loads(cli("check", "--if-due", "--json").out)["checked"] == []


def test_if_due_tells_of_a_change(aws: Aws, cli: Command) -> None:
    aws.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    done = cli("check", "--if-due", "--exit-code")
    assert done.code == 1
    assert "v59 to v60" in done.out


def test_a_typed_check_always_looks(watching: Aws, cli: Command) -> None:
    for _ in range(3):
        assert cli("check").code == 0
    assert watching.iam.actions == ["GetRole", "GetRole", "GetPolicy"] * 3  # neither role is there


def mail(home: Path, sink: Sink) -> None:
    text = f'host = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "pt@example.com"\noperator = "op@example.com"'
    settings(home, f"[mail]\n{text}")


def test_the_team_that_subscribed_is_mailed(watching: Aws, cli: Command, home: Path) -> None:
    with Sink() as sink:
        mail(home, sink)
        assert cli("subscribers", "add", "team@example.com").code == 0
        watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
        done = cli("check")
        assert done.code == 0, done.err
        assert "1 mail queued" in done.out
    assert [one.recipient for one in sink.mails] == ["team@example.com"]
    assert b"AWS Support can now read S3 objects" in sink.mails[0].data


def test_a_mail_that_is_refused_for_good_is_a_failed_part(watching: Aws, cli: Command, home: Path) -> None:
    with Sink() as sink:
        mail(home, sink)
        cli("subscribers", "add", "gone@example.com")
        sink.next("RCPT", "550 5.1.1 no such user", recipient="gone@example.com")
        watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
        done = cli("check")
    assert done.code == 3
    assert "a mail was refused for good" in done.err


def test_a_mail_that_is_put_off_is_no_fault_yet(watching: Aws, cli: Command, home: Path) -> None:
    with Sink() as sink:
        mail(home, sink)
        cli("subscribers", "add", "team@example.com")
        sink.next("DATA", "451 4.3.0 try again")
        watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
        assert cli("check").code == 0
        assert sink.mails == []
        rows = json.loads(cli("outbox", "list", "--json").out)["items"]
        assert [(row["state"], row["attempts"]) for row in rows] == [("waiting", 1)]
        assert "451" in rows[0]["answer"]
        assert cli("outbox", "retry").code == 0
    assert len(sink.mails) == 1


def test_subscribers_without_a_mail_server_are_said(watching: Aws, cli: Command, home: Path) -> None:
    settings(home, '[mail]\nsender = "pt@example.com"\noperator = "op@example.com"')
    assert cli("subscribers", "add", "team@example.com").code == 0
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    done = cli("check")
    assert done.code == 4
    assert "mail waits that could not be sent: no mail server is set" in done.err
    assert cli("outbox", "send").code == 4


def test_a_mail_server_that_is_down_is_said(watching: Aws, cli: Command, home: Path) -> None:
    with Sink() as sink:
        mail(home, sink)
        cli("subscribers", "add", "team@example.com")
    watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
    done = cli("check")
    assert done.code == 3
    assert "mail waits that could not be sent: can't reach the mail server" in done.err
    assert "1 mail put off" in done.out


def test_a_policy_that_nobody_watches_is_told_to_those_who_named_it(
    watching: Aws, cli: Command, home: Path
) -> None:
    with Sink() as sink:
        mail(home, sink)
        cli("subscribers", "add", "everything@example.com")
        cli("subscribers", "add", "named@example.com", "--policy", "AWSSupport*")
        settings(home, 'policies = ["ReadOnlyAccess"]')
        watching.publish("v60", "2026-10-30T12:00:00Z", "s3:GetObject")
        done = cli("check", "AWSSupportServiceRolePolicy")
    assert "not watched, so only who named it is told: AWSSupportServiceRolePolicy" in done.out
    teams = [mail.recipient for mail in sink.mails if mail.recipient != "op@example.com"]
    assert teams == ["named@example.com"]  # the operator hears that what is watched was not looked at
