"""doctor: every value with where it came from, and every check with what to do about it."""

import json
import os
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import time_machine

from tests.cli.conftest import Command, Ended, settings
from tests.support.fake_iam import FakeIam
from tests.support.smtp_sink import Sink
from tracker.archive import folder
from tracker.cli.clock import aws_clock
from tracker.model.identity import PolicyArn

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
SECRET = "correct horse battery staple"


def checks(done: Ended) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(done.out)["checks"]:
        found.setdefault(one["what"], []).append((one["state"], one["said"], one["advice"]))
    return found


@pytest.fixture
def aws(iam: FakeIam, home: Path) -> FakeIam:
    place = home / "snapshots" / "aws" / SUPPORT.name
    newest = folder.load(place, folder.identities(place)[-1])
    iam.put(SUPPORT, str(newest.version), newest.document, newest.create_date)
    return iam


def test_every_setting_is_listed_with_its_origin_and_secrets_are_masked(
    home: Path, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(home, '[mail]\nusername = "tracker"')
    monkeypatch.setenv("POLICY_TRACKER_MAIL__PASSWORD", SECRET)
    for arguments in ([], ["--json"]):
        done = cli("doctor", "--offline", "--set", "aws.region=eu-west-1", *arguments)
        assert done.code == 0, done.err
        assert SECRET not in done.out + done.err
    rows = {row["key"]: row for row in json.loads(done.out)["settings"]}
    assert rows["mail.password"] == {
        "key": "mail.password",
        "value": '"********"',
        "layer": "environment",
        "from": "POLICY_TRACKER_MAIL__PASSWORD",
    }
    assert rows["mail.username"]["from"] == str(home / "policy-tracker.toml")
    assert rows["aws.region"]["layer"] == "flag"
    assert rows["aws.attempts"]["layer"] == "default"


def test_all_is_well(aws: FakeIam, home: Path, cli: Command) -> None:
    with Sink() as sink:
        settings(
            home,
            f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "a@example.com"\noperator = "b@example.com"',
        )
        cli("subscribers", "add", "team@example.com")
        assert cli("check").code == 0
        sent = len(sink.mails)
        done = cli("doctor", "--json")
        assert len(sink.mails) == sent
    assert done.code == 0, done.out
    found = checks(done)
    assert {state for rows in found.values() for state, _, _ in rows} == {"ok"}
    assert set(found) == {
        "folder",
        "database",
        "archive",
        "schedule",
        "catalogue",
        "subscribers",
        "outbox",
        "clock",
        "AWS",
        "mail server",
        "roles",
        "signature",
    }
    assert "GetPolicy answers: AWSSupportServiceRolePolicy is at v59" in found["AWS"][0][1]
    assert "as AWS's" in found["clock"][0][1]
    assert found["subscribers"][0][1] == "1 active"


def test_it_changes_nothing(aws: FakeIam, home: Path, cli: Command) -> None:
    aws.put(
        SUPPORT,
        "v60",
        json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
        ),
        "2026-10-30",
    )
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert "is at v60" in checks(cli("doctor", "--json"))["AWS"][0][1]
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_credentials_that_are_missing_or_may_not_are_4(
    aws: FakeIam, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.deny("iam:GetPolicy")
    done = cli("doctor", "--json")
    assert done.code == 4
    assert "iam:GetPolicy" in checks(done)["AWS"][0][1]
    aws.calm()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = cli("doctor", "--json")
    assert done.code == 4
    assert checks(done)["AWS"][0][0] == "wrong"


def test_a_mail_server_that_does_not_answer_is_said_and_nothing_else_is_held_up(
    aws: FakeIam, home: Path, cli: Command
) -> None:
    with Sink() as sink:
        port = sink.port
    settings(home, f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "a@example.com"')
    done = cli("doctor", "--json")
    assert done.code == 75
    found = checks(done)
    assert found["mail server"][0][0] == "wrong"
    assert found["AWS"][0][0] == "ok"


def test_subscribers_without_an_operator_are_4(home: Path, cli: Command) -> None:
    settings(home, '[mail]\nsender = "a@example.com"\noperator = "b@example.com"')
    cli("subscribers", "add", "team@example.com")
    path = home / "policy-tracker.toml"
    path.write_text(path.read_text().replace('operator = "b@example.com"\n', "", 1))
    done = cli("doctor", "--offline", "--json")
    assert done.code == 4
    assert "mail.operator" in checks(done)["subscribers"][0][1]


def test_what_failed_in_the_outbox_is_3(home: Path, cli: Command) -> None:
    with Sink() as sink:
        settings(
            home,
            f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "a@example.com"\noperator = "b@example.com"',
        )
        sink.next("RCPT", "550 no", recipient="team@example.com")
        cli("subscribers", "add", "team@example.com", "--send-last")
    done = cli("doctor", "--offline", "--json")
    assert done.code == 3
    assert checks(done)["outbox"][0][0] == "wrong"


def test_an_index_that_is_behind_is_3_and_a_broken_database_too(home: Path, cli: Command) -> None:
    newest = max((home / "snapshots" / "aws" / "ReadOnlyAccess").glob("*_v*.json"))
    (home / "tracker.db").unlink()
    done = cli("doctor", "--offline", "--json")
    found = checks(done)
    assert done.code == 3, found
    assert found["archive"][0][2] == "policy-tracker reindex"
    assert newest.exists()
    (home / "tracker.db").write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    done = cli("doctor", "--offline", "--json")
    assert done.code in (3, 4), found
    assert checks(done)["database"][0][0] == "wrong"


def test_a_folder_that_can_not_be_written_is_4(
    home: Path, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        monkeypatch.setattr(
            "os.access", lambda place, _, **__: place != home / "snapshots"
        )  # root may write anywhere
    else:
        (home / "snapshots").chmod(0o500)
    done = cli("doctor", "--offline", "--json")
    if os.geteuid() != 0:
        (home / "snapshots").chmod(0o700)
    assert done.code == 4
    assert f"{home}/snapshots can't be written" in checks(done)["folder"][0][1]


def test_a_template_that_stands_in_for_nothing_is_noted(home: Path, cli: Command) -> None:
    own = home / "own"
    own.mkdir()
    (own / "chnage.md").touch()
    (own / "change.md").touch()
    settings(home, 'templates = "own"')
    rows = checks(cli("doctor", "--offline", "--json"))["templates"]
    assert [said for _, said, _ in rows] == ["chnage.md stands in for no built-in template"]
    assert "change.md" in rows[0][2]


def test_nobody_calling_is_noted(aws: FakeIam, home: Path, cli: Command) -> None:
    assert cli("check").code == 0
    assert checks(cli("doctor", "--offline", "--json"))["schedule"][0][0] == "ok"
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        row = checks(cli("doctor", "--offline", "--json"))["schedule"][0]
    assert row[0] == "note"
    assert "cron" in row[2]


def test_an_old_catalogue_is_noted(home: Path, cli: Command) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=700)):
        assert checks(cli("doctor", "--offline", "--json"))["catalogue"][0][0] == "note"


def test_a_clock_that_was_set_back_behind_the_archive_is_4(aws: FakeIam, home: Path, cli: Command) -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC)):
        done = cli("doctor", "--offline", "--json")
    assert done.code == 4
    assert "the archive holds what was seen" in checks(done)["clock"][0][1]


@pytest.mark.parametrize(
    ("off", "said"),
    [(timedelta(hours=2), "it is 2 h behind AWS's"), (-timedelta(days=1, seconds=-1), "ahead of AWS's")],
)
def test_a_clock_that_is_not_aws_s_is_4(
    home: Path, cli: Command, monkeypatch: pytest.MonkeyPatch, off: timedelta, said: str
) -> None:
    with clock_of(datetime.now(UTC) + off) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", url)
        done = cli("doctor", "--json")
    assert done.code == 4
    assert said in checks(done)["clock"][0][1]


class clock_of:  # noqa: N801 -- a context manager, used like a function
    """A server whose Date is `moment`."""

    def __init__(self, moment: datetime) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(404)
                self.send_header("Date", self.date_time_string(int(moment.timestamp())))
                self.end_headers()

            do_POST = do_HEAD  # noqa: N815 -- http.server's name

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "ftp://x", "https://127.0.0.1:9"])
def test_where_aws_does_not_tell_the_time_nobody_guesses_it(url: str) -> None:
    assert aws_clock({"AWS_ENDPOINT_URL_IAM": url}, 1.0) is None


def test_the_usual_variables_name_the_endpoint() -> None:
    moment = datetime(2026, 11, 24, 6, 17, tzinfo=UTC)
    with clock_of(moment) as url:
        assert aws_clock({"AWS_ENDPOINT_URL": url}, 1.0) == moment
        assert (
            aws_clock({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_IAM": url}, 1.0) == moment
        )
