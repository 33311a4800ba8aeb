"""The daemon as a process: a real signal, cron and a second daemon beside it, and what it says."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Command, settings
from tests.support.fake_iam import Call, FakeIam
from tests.support.iam_replies import Reply
from tests.support.smtp_sink import Sink
from tests.support.world import READ_ONLY, START, allowing, make_world
from tracker.archive import folder
from tracker.cli.daemon import Work, in_its_folder, unexpected
from tracker.cli.shell import Shell
from tracker.errors import SetupError, UnknownPolicyError
from tracker.model.identity import PolicyArn

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
COMMAND = [sys.executable, "-m", "tracker"]


@pytest.fixture
def aws(iam: FakeIam, home: Path) -> FakeIam:
    """AWS has v59, as the archive has."""
    place = home / "snapshots" / "aws" / SUPPORT.name
    newest = folder.load(place, folder.identities(place)[-1])
    iam.put(SUPPORT, str(newest.version), newest.document, newest.create_date)
    return iam


def publish_v60(aws: FakeIam, home: Path) -> None:
    place = home / "snapshots" / "aws" / SUPPORT.name
    document = json.loads(folder.load(place, folder.identities(place)[-1]).document)
    document["Statement"].append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    aws.put(SUPPORT, "v60", document, "2026-10-30T12:00:00Z")


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of the command, ended at the end whatever happens."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition: "threading.Event | object", what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not (condition() if callable(condition) else condition):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def looks(home: Path) -> list[dict[str, object]]:
    path = home / "snapshots" / "aws" / "looks.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_it_says_when_it_looked_last_and_will_look_next_in_utc(
    aws: FakeIam, home: Path, cli: Command
) -> None:
    assert cli("check").code == 0
    settings(home, '[schedule]\nreport = "0 0 29 2 *"')
    with started("daemon") as daemon:
        until(lambda: aws.actions, "it came up")
        assert daemon.stdout is not None
        lines = [daemon.stdout.readline() for _ in range(3)]
        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=30)
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.fullmatch(rf"{stamp}: watching AWSSupportServiceRolePolicy in {home}\n", lines[0])
    assert re.fullmatch(r"  looks daily \(\d+ \d+ \* \* \*, UTC\); reports 0 0 29 2 \* \(UTC\)\n", lines[1])
    assert re.fullmatch(
        rf"  AWSSupportServiceRolePolicy: looked 1 time, last {stamp}; next look {stamp}\n", lines[2]
    )
    assert daemon.returncode == 0
    assert re.fullmatch(rf"{stamp}: stopped\n", out)
    assert "SIGTERM: finishing what is in hand" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_job_in_hand_finish(aws: FakeIam, home: Path, number: signal.Signals) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(_: Call) -> Reply:
        asked.set()
        go_on.wait(20)
        return aws.get_policy(str(SUPPORT))

    publish_v60(aws, home)
    aws.next("GetPolicy", slowly)
    with started("daemon") as daemon:
        assert asked.wait(30)
        daemon.send_signal(number)
        time.sleep(0.3)
        assert daemon.poll() is None, "it left the job in hand"
        go_on.set()
        out, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, err
    assert "looked at 1 policy, 1 changed" in out
    assert out.splitlines()[-1].endswith("stopped")
    assert len(looks(home)) == 1
    assert (home / "changelogs" / SUPPORT.name / "v59-v60.md").is_file()


def test_a_signal_that_comes_later_again_ends_it_at_once(aws: FakeIam, home: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(_: Call) -> Reply:
        asked.set()
        go_on.wait(20)
        return aws.get_policy(str(SUPPORT))

    aws.next("GetPolicy", slowly)
    with started("daemon") as daemon:
        assert asked.wait(30)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.stderr is not None
        assert "SIGTERM: finishing" in daemon.stderr.readline()
        time.sleep(1.1)
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=30)
    go_on.set()
    assert daemon.returncode == -signal.SIGTERM


def test_two_daemons_and_cron_at_once_do_due_work_once(aws: FakeIam, home: Path, cli: Command) -> None:
    with Sink() as sink:
        settings(
            home,
            f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "a@example.com"\noperator = "b@example.com"',
        )
        assert cli("check").code == 0  # the first look is silent
        assert cli("subscribers", "add", "team@example.com").code == 0
        _make_due(home)
        publish_v60(aws, home)
        aws.forget_calls()
        with started("daemon") as one, started("daemon") as other, started("check", "--if-due") as cron:
            cron.communicate(timeout=60)
            assert cron.returncode == 0
            until(lambda: sink.mails, "the mail was sent")
            time.sleep(1)
            for daemon in (one, other):
                daemon.send_signal(signal.SIGTERM)
            errors = [daemon.communicate(timeout=30)[1] for daemon in (one, other)]
            assert [one.returncode, other.returncode] == [0, 0], errors
    assert "database is locked" not in "".join(errors)
    assert len(looks(home)) == 2, "the due look was made more than once"
    assert [mail.recipient for mail in sink.mails] == ["team@example.com"]
    assert aws.actions.count("GetPolicyVersion") == 1
    timeline = (home / "snapshots" / "aws" / SUPPORT.name / "timeline.jsonl").read_text().splitlines()
    assert sum('"v60"' in line for line in timeline) == 1


def _make_due(home: Path) -> None:
    """Move the only look back by three days, as if nobody had been there since."""
    path = home / "snapshots" / "aws" / "looks.jsonl"
    (look,) = looks(home)
    for key in ("start", "end"):
        look[key] = f"2026-08-20T00:00:0{'12'[key == 'end']}Z"
    path.write_text(json.dumps(look) + "\n")
    timeline = home / "snapshots" / "aws" / SUPPORT.name / "timeline.jsonl"
    assert timeline.exists()
    subprocess.run([*COMMAND, "reindex"], check=True, capture_output=True)


def test_faults_of_aws_do_not_end_it(aws: FakeIam, home: Path) -> None:
    aws.deny("iam:GetPolicy")
    with started("daemon") as daemon:
        until(lambda: aws.actions, "it asked")
        until(lambda: looks(home), "it recorded the round")
        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    assert "looked at 0 policies, 0 changed, 1 not read" in out
    assert "iam:GetPolicy" in err
    assert "Traceback" not in err


def test_a_name_that_nobody_knows_holds_up_no_other(aws: FakeIam, home: Path) -> None:
    environment = {**os.environ, "POLICY_TRACKER_POLICIES": "NoSuchPolicy,AWSSupportServiceRolePolicy"}
    process = subprocess.Popen(
        [*COMMAND, "daemon"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        until(lambda: looks(home), "it looked at the other")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "no AWS managed policy 'NoSuchPolicy'" in err


def test_settings_that_are_wrong_end_it_with_4_before_it_begins(home: Path, process: Command) -> None:
    settings(home, '[schedule]\nlook = "every day"')
    done = process("daemon")
    assert done.code == 4
    assert "schedule.look" in done.err


def test_it_runs_in_this_process_too(aws: FakeIam, home: Path, cli: Command) -> None:
    settings(home, 'policies = ["AWSSupportServiceRolePolicy", "Unknown"]')

    def end_it() -> None:
        until(lambda: looks(home), "it looked at the one that is there")
        os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=end_it)
    ender.start()
    done = cli("daemon")
    ender.join()
    assert done.code == 0
    assert "watching AWSSupportServiceRolePolicy, Unknown in" in done.out
    assert "  Unknown: never looked at" in done.out
    assert "looked at 1 policy, 0 changed" in done.out
    assert done.out.endswith("stopped\n")
    assert "no AWS managed policy 'Unknown'" in done.err


def test_what_nobody_foresaw_is_kept_and_said(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    shell = Shell(home_flag=str(home))
    shell.find_home()
    unexpected(shell, KeyError("x"))
    (kept,) = (home / "crashes").iterdir()
    assert "KeyError: 'x'" in kept.read_text()
    (record,) = caplog.records
    assert record.getMessage() == "an unexpected error, and our own fault; going on"
    assert vars(record)["traceback_in"] == str(kept)


def test_aws_is_not_asked_every_minute_about_a_name_that_nobody_knows(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.aws.publish(READ_ONLY, "v1", START - timedelta(days=9), allowing("s3:ListBucket"))
    asked: list[str] = []

    class Asked:
        """The world's AWS, which counts what it is asked to find."""

        look = staticmethod(world.aws.look)
        listing = staticmethod(world.aws.listing)

        def find(self, name: str, partition: str = "aws") -> PolicyArn:
            asked.append(name)
            if name == READ_ONLY.name:
                return world.aws.find(name, partition)
            raise UnknownPolicyError(f"no policy {name}")

    work = Work(replace(world.tracker, source=Asked(), policies=("Nobody", READ_ONLY.name)))
    for _ in range(31):
        due = work()
        world.clock.forward(minutes=1)
    assert asked == ["Nobody", READ_ONLY.name, "Nobody", "Nobody"]
    assert due.look is None
    assert len(world.tracker.archive.looks(READ_ONLY)) == 1


def test_a_folder_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", START - timedelta(days=9), allowing("s3:ListBucket"))
    settings = world.tracker.home / "policy-tracker.toml"
    settings.touch()
    work = in_its_folder(settings, Work(world.tracker))
    assert work().look is not None
    world.tracker.home.rename(tmp_path / "elsewhere")
    world.tracker.home.mkdir()  # as a mount point is, whose disk was taken out
    world.clock.forward(days=2)
    with pytest.raises(SetupError, match="is not the tracker's folder any more") as raised:
        work()
    assert "bring the folder" in raised.value.advice
    assert not list(world.tracker.home.iterdir())
