"""Which files are logs, and whose calls are the role's: nobody else's, and all of them."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.trails import ACCOUNT, SUPPORT_PATH, SUPPORT_ROLE, event, log_file, session, text_of
from tracker.errors import InputError
from tracker.model.used import Call, Role
from tracker.sources.cloudtrail_files import Reader, log_files

SUPPORT = Role(SUPPORT_ROLE, service="support.amazonaws.com")
AUGUST = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))


def kinds(*paths: Path, period: tuple[datetime | None, datetime | None] = (None, None)) -> dict[str, str]:
    return {Path(one.path).name: one.kind for one in log_files(paths, *period)}


def calls(tmp_path: Path, *events: Any, role: Role = SUPPORT, period: Any = (None, None)) -> tuple[Call, ...]:
    found = Reader(role, *period).read(str(log_file(tmp_path, events)))
    assert found.broken is None
    return found.calls


def test_digests_insights_and_what_is_no_log_are_passed_over(tmp_path: Path) -> None:
    log_file(tmp_path, [], unique="log")
    log_file(tmp_path, [], kind="CloudTrail-Digest", unique="digest")
    log_file(tmp_path, [], kind="CloudTrail-Insight", unique="insight")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "plain.json").write_bytes(text_of([]))
    found = kinds(tmp_path)
    assert sorted(found.values()) == ["log", "log", "other", "other", "other"]
    assert found["plain.json"] == "log"
    assert found["notes.txt"] == "other"


def test_a_file_that_is_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "saved").write_bytes(text_of([]))
    assert kinds(tmp_path / "saved") == {"saved": "log"}


def test_files_delivered_before_the_period_hold_nothing_of_it_and_late_ones_are_waited_for(
    tmp_path: Path,
) -> None:
    for delivered in (
        "20260731T2200Z",
        "20260731T2305Z",
        "20260815T1200Z",
        "20260907T2355Z",
        "20260908T0001Z",
    ):
        log_file(tmp_path, [], delivered=delivered, unique="x")
    found = {name.split("_")[3]: kind for name, kind in kinds(tmp_path, period=AUGUST).items()}
    assert found == {
        "20260731T2200Z": "outside", "20260731T2305Z": "log", "20260815T1200Z": "log", "20260907T2355Z": "log",
        "20260908T0001Z": "outside",
    }  # fmt: skip


def test_links_to_folders_are_not_followed_and_a_circle_ends(tmp_path: Path) -> None:
    log_file(tmp_path, [])
    (tmp_path / "AWSLogs" / "again").symlink_to(tmp_path)
    assert kinds(tmp_path)["again"] == "other"


def test_a_pipe_is_no_log_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert kinds(tmp_path) == {"pipe.json": "other"}


def test_a_path_that_does_not_exist_is_usage_before_anything_is_read(tmp_path: Path) -> None:
    log_file(tmp_path, [])
    with pytest.raises(InputError, match="no such file or folder"):
        next(iter(log_files([tmp_path, tmp_path / "nowhere"], None, None)))


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    first, gone = log_file(tmp_path, []), tmp_path / "gone"
    gone.mkdir()
    walk = log_files([first, gone], None, None)
    assert next(walk).kind == "log"
    gone.rmdir()
    (found,) = walk
    assert (found.path, found.kind) == (str(gone), "broken")
    assert "No such file" in found.why


def test_what_of_an_event_is_kept(tmp_path: Path) -> None:
    (call,) = calls(
        tmp_path,
        event(
            "GetBucketPolicy",
            "2026-08-20T10:00:01Z",
            source="S3.amazonaws.com",
            errorCode="AccessDenied",
            sourceIPAddress="203.0.113.9",
            resources=[{"ARN": "arn:aws:s3:::b", "type": "AWS::S3::Bucket"}, {"ARN": "arn:aws:s3:::a"}, {}],
        ),
    )
    assert call == Call(
        event_id=call.event_id,
        at=datetime(2026, 8, 20, 10, 0, 1, tzinfo=UTC),
        source="s3.amazonaws.com",
        name="GetBucketPolicy",
        region="eu-central-1",
        account=ACCOUNT,
        error="AccessDenied",
        via="role",
        resources=("arn:aws:s3:::a", "arn:aws:s3:::b"),
    )


@pytest.mark.parametrize(
    ("identity", "via"),
    [
        (session(), "role"),
        (session(SUPPORT_ROLE.lower()), "role"),
        (session(invokedBy="support.amazonaws.com"), "role"),
        ({"type": "AWSService", "invokedBy": "support.amazonaws.com"}, "service"),
        (session("app", "app", invokedBy="support.amazonaws.com"), "service"),
        (session("app", "app"), None),
        ({"type": "IAMUser", "userName": SUPPORT_ROLE, "arn": f"arn:aws:iam::{ACCOUNT}:user/{SUPPORT_ROLE}"}, None),
        ({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}, None),
        ({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {}}}, None),
        ({"type": "AssumedRole", "sessionContext": {}}, None),
        ({"type": "Root"}, None),
    ],
    ids=str,
)  # fmt: skip
def test_whose_calls_count(tmp_path: Path, identity: dict[str, Any], via: str | None) -> None:
    assert [one.via for one in calls(tmp_path, event(identity=identity))] == ([via] if via else [])


@pytest.mark.parametrize(
    ("roles", "via"),
    [
        ([f"arn:aws:iam::{ACCOUNT}:role/{SUPPORT_PATH}"], "assuming"),
        ([], "assuming"),
        ([f"arn:aws:iam::{ACCOUNT}:role/app"], "service"),
    ],
)
def test_the_service_takes_the_role_on(tmp_path: Path, roles: list[str], via: str) -> None:
    service = {"type": "AWSService", "invokedBy": "support.amazonaws.com"}
    resources = [{"ARN": arn, "type": "AWS::IAM::Role"} for arn in roles]
    (call,) = calls(
        tmp_path, event("AssumeRole", source="sts.amazonaws.com", identity=service, resources=resources)
    )
    assert call.via == via


@pytest.mark.parametrize(
    "path", [SUPPORT_ROLE, f"team/{SUPPORT_ROLE}", "aws-service-role/x.amazonaws.com/" + SUPPORT_ROLE]
)
def test_a_customers_role_of_the_same_name_is_not_the_services(tmp_path: Path, path: str) -> None:
    found = Reader(SUPPORT, None, None).read(str(log_file(tmp_path, [event(identity=session(path=path))])))
    assert (found.calls, found.namesakes) == ((), 1)


def test_of_a_role_that_nobody_knows_the_name_is_enough_and_an_arn_means_one_accounts_alone(
    tmp_path: Path,
) -> None:
    of_app = event(identity=session("app", "team/app"))
    assert len(calls(tmp_path, of_app, role=Role("app"))) == 1
    for account, found in ((ACCOUNT, 1), ("444455556666", 0)):
        role = Role("app", f"arn:aws:iam::{account}:role/team/app")
        assert len(calls(tmp_path, of_app, role=role)) == found


def test_the_period_includes_its_begin_and_not_its_end(tmp_path: Path) -> None:
    moments = ("2026-07-31T23:59:59Z", "2026-08-01T00:00:00Z", "2026-08-31T23:59:59Z", "2026-09-01T00:00:00Z")
    found = calls(tmp_path, *(event(at=at) for at in moments), period=AUGUST)
    assert [f"{one.at:%m-%d %H:%M:%S}" for one in found] == ["08-01 00:00:00", "08-31 23:59:59"]


@pytest.mark.parametrize(
    "less", [{"eventID": None}, {"eventTime": "yesterday"}, {"eventTime": "0001-01-01T00:00:00+23:00"}, {"eventTime": "2026-08-20T10:00:00"}, {"eventName": ""}, {"userIdentity": None}]
)  # fmt: skip
def test_an_event_that_lacks_what_every_event_has_is_counted_apart(
    tmp_path: Path, less: dict[str, Any]
) -> None:
    path = log_file(tmp_path, [{**event(), **less}, event(number=1)])
    found = Reader(SUPPORT, None, None).read(str(path))
    assert (found.events, len(found.calls), found.unread) == (2, 1, 1)


def test_of_a_file_that_breaks_off_nothing_counts(tmp_path: Path) -> None:
    path = log_file(tmp_path, [event(number=number) for number in range(3_000)])
    path.write_bytes(path.read_bytes()[:-40])
    found = Reader(SUPPORT, None, None).read(str(path))
    assert found.broken is not None
    assert (found.broken.path, found.calls, found.events) == (str(path), (), 0)
    assert Reader(SUPPORT, None, None).read(str(tmp_path)).broken is not None


def test_a_file_that_is_not_packed_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    path.write_text(json.dumps({"Records": [event()]}))
    assert len(Reader(SUPPORT, None, None).read(str(path)).calls) == 1
