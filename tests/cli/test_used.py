"""`policy-tracker used`: what a person sees, what a script gets, and how it ends."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks._trails import make
from tests.cli.conftest import Command
from tests.support.fake_cloudtrail import FakeCloudTrail, denied, fault, throttled
from tests.support.fake_iam import FakeIam
from tests.support.roles import NAME as ROLE
from tests.support.roles import trusting
from tests.support.trails import event, log_file, session
from tests.support.world import allowing
from tracker.model.instants import iso, words
from tracker.store.counts import counts
from tracker.store.database import Database

CALLS = [
    event("DescribeInstances", "2026-08-20T10:00:00Z"),
    event("DescribeInstances", "2026-08-20T10:00:01Z", awsRegion="us-east-1"),
    event("TerminateInstances", "2026-08-20T11:00:00Z", errorCode="UnauthorizedOperation"),
    event("DescribeNothing", "2026-08-20T12:00:00Z", source="example.amazonaws.com"),
    event("RunInstances", "2026-08-20T13:00:00Z", identity=session("app", "app")),
]


def test_what_a_person_is_told(cli: Command, home: Path, tmp_path: Path) -> None:
    log_file(tmp_path / "logs", CALLS)
    ended = cli("used", tmp_path / "logs")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == (
        "AWSServiceRoleForSupport: 4 calls of 2 actions in 1 service"
        " between 2026-08-20 10:00 UTC and 2026-08-20 12:00 UTC, 1 of them refused."
    )
    assert "Read 1 log file with 5 events of everybody." in lines
    assert any(line.startswith("Nobody has looked at the role itself: ") for line in lines)
    at = lines.index("Used, and not granted or not surely granted at that moment")
    assert lines[at + 2].split()[:3] == ["ec2:TerminateInstances", "NO", "AWSSupportServiceRolePolicy"]
    assert "UnauthorizedOperation (1)" in lines[at + 2]
    at = lines.index("Events with no known action")
    assert lines[at + 2].startswith("example.amazonaws.com DescribeNothing  1 ")
    assert "RunInstances" not in ended.out
    assert any(line.startswith("Granted and never used: ") for line in lines)


def test_what_a_script_gets(cli: Command, home: Path, tmp_path: Path) -> None:
    log_file(tmp_path / "logs", CALLS)
    record = json.loads(cli("used", tmp_path / "logs", "--month", "2026-08", "--json").out)
    assert (record["schema"], record["type"], record["role"]["name"]) == (
        1,
        "used",
        "AWSServiceRoleForSupport",
    )
    assert (record["since"], record["until"]) == ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")
    assert {one["action"]: (one["calls"], one["verdict"]) for one in record["used"]} == {
        "ec2:DescribeInstances": (2, "granted"),
        "ec2:TerminateInstances": (1, "not granted"),
    }
    assert [one["event_name"] for one in record["unknown_events"]] == ["DescribeNothing"]
    assert record["used"][0]["regions"] == ["eu-central-1", "us-east-1"]
    assert record["policies"][0]["version"] is not None


def test_every_action_that_was_never_used_where_that_is_asked(
    cli: Command, home: Path, tmp_path: Path
) -> None:
    log_file(tmp_path / "logs", CALLS)
    out = cli("used", tmp_path / "logs", "--unused").out
    assert "between the first call and the last\n" in out
    never = {line.split()[0] for line in out.partition("Granted and never used")[2].splitlines()[3:]}
    assert "ec2:DescribeVpcs" in never
    assert "ec2:DescribeInstances" not in never
    assert len(never) > 4_000


def test_a_broken_file_is_named_and_the_others_count(cli: Command, home: Path, tmp_path: Path) -> None:
    log_file(tmp_path / "logs", CALLS)
    for number in range(7):
        log_file(tmp_path / "logs", [event(number=number)], unique=f"broken{number}").write_bytes(
            b"\x1f\x8bno"
        )
    ended = cli("used", tmp_path / "logs")
    assert ended.code == 3
    assert "4 calls of 2 actions" in ended.out
    assert "_broken0.json.gz: it is no gzip file, or a damaged one" in ended.err
    assert "and 2 more could not be read" in ended.err
    assert len(json.loads(cli("used", tmp_path / "logs", "--json").out)["read"]["broken"]) == 7


def test_another_role_is_held_against_the_policies_that_are_named(
    cli: Command, home: Path, tmp_path: Path
) -> None:
    log_file(tmp_path / "logs", CALLS)
    alone = cli("used", tmp_path / "logs", "--role", "app").out
    assert "No policy of this role is known" in alone
    named = json.loads(cli("used", tmp_path / "logs", "--role", "app", "--policy", "AWSSupportServiceRolePolicy", "--json").out)  # fmt: skip
    assert [(one["action"], one["verdict"]) for one in named["used"]] == [("ec2:RunInstances", "not granted")]


def test_a_role_that_is_archived_is_held_against_what_hung_on_it(
    iam: FakeIam, cli: Command, home: Path, tmp_path: Path
) -> None:
    log_file(tmp_path / "logs", CALLS)
    other = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"
    iam.put(other, "v1", allowing("ec2:TerminateInstances"), "2019-01-01T00:00:00Z")
    iam.put_role(ROLE, trusting({"Service": "support.amazonaws.com"}), attached=[other])
    cli("check")
    ended = cli("used", tmp_path / "logs")
    assert "Used, and not granted" in ended.out
    assert "Held against AmazonEC2FullAccess none known (or already one up to v1)" in ended.out
    assert "what AWS alone attaches is taken to have hung on it before, too" in ended.out
    record = json.loads(cli("used", tmp_path / "logs", "--json").out)
    assert (record["policies_by"], record["watched_since"] is not None) == ("archive", True)
    assert {one["action"]: one["verdict"] for one in record["used"]} == {
        "ec2:DescribeInstances": "unknown",  # nobody had looked at that policy either
        "ec2:TerminateInstances": "perhaps",
    }
    another = "arn:aws:iam::999999999999:role/aws-service-role/support.amazonaws.com/" + ROLE
    record = json.loads(cli("used", tmp_path / "logs", "--role", another, "--json").out)
    assert record["policies_by"] == "aws"  # of another account's nobody knows more


def test_usage(cli: Command, home: Path, tmp_path: Path) -> None:
    assert cli("used").code == 2
    missing = cli("used", tmp_path / "nowhere")
    assert (missing.code, "no such file or folder" in missing.err) == (2, True)
    (tmp_path / "logs").mkdir()
    strange = cli("used", tmp_path / "logs", "--role", "no/role")
    assert (strange.code, "neither the name nor the ARN of a role" in strange.err) == (2, True)
    assert cli("used", tmp_path / "logs", "--month", "2026-08", "--since", "2026-08-01").code == 2


def test_a_folder_without_a_log_file_tells_nothing_of_use(cli: Command, home: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "notes.txt").write_text("no log")
    ended = cli("used", tmp_path / "logs")
    assert (ended.code, ended.out) == (2, "")
    assert "no log file of CloudTrail's was read under" in ended.err
    assert not (home / "used").exists()


def test_the_result_is_kept_without_accounts(cli: Command, home: Path, tmp_path: Path) -> None:
    log_file(tmp_path / "logs", CALLS)
    cli("used", tmp_path / "logs")
    text = (home / "used" / "AWSServiceRoleForSupport.json").read_text()
    assert json.loads(text)["total"]["calls"] == 4
    assert "111122223333" not in text


def test_whole_trees_by_one_process_or_several_and_by_the_plainest_program_there_is(
    cli: Command, process: Command, home: Path, tmp_path: Path
) -> None:
    """Held against a dozen lines of json and gzip on logs drawn by a seed."""
    made = make(tmp_path / "logs", json_bytes=3_000_000, seed=11, per_file=(5, 40))
    expected: dict[str, int] = {}
    events = 0
    for path in sorted((tmp_path / "logs").rglob("*.json.gz")):
        for one in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            events += 1
            issuer = one["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {})
            if issuer.get("userName") == "AWSServiceRoleForSupport":
                key = f"{one['eventSource']} {one['eventName']}"
                expected[key] = expected.get(key, 0) + 1
    assert (events, expected) == (made.events, made.calls)
    ended = process("used", tmp_path / "logs", "--json")  # its own process: there it forks workers
    record = json.loads(ended.out)
    assert ended.code == 0
    assert (record["read"]["files"], record["read"]["events"]) == (made.files, made.events)
    assert record["total"]["calls"] == made.supports
    assert (
        sum(one["calls"] for one in record["unknown_events"])
        == expected["example.amazonaws.com DescribeNothing"]
    )
    counted = {one["action"]: one["calls"] for one in record["used"]}
    assert counted["lambda:GetFunction"] == expected["lambda.amazonaws.com GetFunction20150331v2"]
    assert counted["cloudwatch:DescribeAlarms"] == expected["monitoring.amazonaws.com DescribeAlarms"]
    again = json.loads(cli("used", tmp_path / "logs", "--json").out)
    assert {**again, "made_at": ""} == {**record, "made_at": ""}


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloudTrail]:
    with FakeCloudTrail() as trail:
        for name, value in trail.environment().items():
            monkeypatch.setenv(name, value)
        yield trail


def test_the_same_from_the_event_history(
    cli: Command, home: Path, tmp_path: Path, trail: FakeCloudTrail
) -> None:
    at = iso(datetime.now(UTC) - timedelta(days=3))
    trail.put(
        "eu-central-1",
        event("DescribeInstances", at),
        event("RunInstances", at, identity=session("app", "app")),
    )
    ended = cli("used", "--lookup", "--region", "eu-central-1")
    assert (ended.code, ended.err) == (0, "")
    assert "1 call of 1 action in 1 service" in ended.out
    assert "CloudTrail's event history of 1 region since " in ended.out
    assert counts(Database(home / "tracker.db"), "aws_calls")["LookupEvents.answered"] == 1
    log_file(tmp_path / "logs", [event("DescribeInstances", at), event("DescribeVpcs", at)])
    both = json.loads(cli("used", tmp_path / "logs", "--lookup", "--region", "eu-central-1", "--json").out)
    assert (both["total"]["calls"], both["duplicates"], both["read"]["files"], both["read"]["events"]) == (
        2,
        1,
        1,
        4,
    )


def test_a_history_that_may_not_be_read_names_the_action(
    cli: Command, home: Path, trail: FakeCloudTrail
) -> None:
    trail.always("*", denied())
    ended = cli("used", "--lookup", "--region", "eu-central-1", "--region", "us-east-1")
    assert (ended.code, ended.out) == (4, "")
    assert "cloudtrail:LookupEvents is missing" in ended.err


def test_a_history_that_is_cut_off_says_how_far_it_got_and_goes_on(
    cli: Command, home: Path, trail: FakeCloudTrail
) -> None:
    trail.page_size = 1
    moments = [datetime.now(UTC) - timedelta(days=days) for days in (1, 2)]
    trail.put("eu-central-1", *(event("DescribeInstances", iso(at)) for at in moments))
    trail.next(lambda: None, throttled())
    ended = cli("used", "--lookup", "--region", "eu-central-1", "--set", "aws.attempts=1")
    assert ended.code == 75
    assert (
        f"eu-central-1 is read back to {words(moments[0])} only: the same command goes on from there."
        in ended.out
    )
    assert "1 call of 1 action" in ended.out
    assert "throttled" in ended.err
    again = cli("used", "--lookup", "--region", "eu-central-1")
    assert (again.code, "2 calls of 1 action" in again.out) == (0, True)


def test_regions_that_are_not_enabled_are_no_fault_unless_they_were_named(
    cli: Command, home: Path, trail: FakeCloudTrail
) -> None:
    trail.always("ap-east-1", fault("UnrecognizedClientException"))
    named = cli("used", "--lookup", "--region", "ap-east-1", "--region", "us-east-1")
    assert (named.code, "ap-east-1: AWS does not accept there" in named.err) == (4, True)
    assert cli("used", "--region", "us-east-1").code == 2
