"""The whole story on a real folder and database, with an AWS told by a file and a clock that stands."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import READ_ONLY, START, SUPPORT, Clock, World, allowing, make_world
from tracker import service
from tracker.errors import SourceUnavailableError
from tracker.model.asking import Known
from tracker.model.change import Change
from tracker.model.identity import PolicyArn
from tracker.publishing import send_last

V19 = allowing("s3:ListBucket", "ec2:DescribeInstances")
V20 = allowing("s3:ListBucket", "s3:GetObject", "ec2:DescribeInstances")
V21 = allowing("s3:ListBucket", "ec2:DescribeInstances", "lambda:ListFunctions")
MADE_V19 = datetime(2021, 11, 11, 23, 1, tzinfo=UTC)
MADE_V20 = datetime(2021, 12, 21, 23, 48, 4, tzinfo=UTC)


@pytest.fixture
def first_look(tmp_path: Path) -> World:
    """A tracker that has seen v19, with one team on instant and one on monthly mails."""
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v19", MADE_V19, V19)
    world.subscribe("security@example.org")
    world.subscribe("audit@example.org", "monthly")
    first = service.check(world.tracker, [SUPPORT])
    assert first.baseline == (SUPPORT,)
    return world


@pytest.fixture
def world(first_look: World) -> World:
    """The same, with an empty mailbox."""
    first_look.mailbox.path.unlink()
    return first_look


def changes(world: World) -> list[tuple[str, str, str]]:
    """(kind, from, to) of each recorded change."""
    rows = world.tracker.archive.changes(SUPPORT)
    return [(row.kind, str(row.from_version), str(row.to_version)) for row in rows]


def added(change: Change) -> list[str]:
    return [one.action for one in change.difference.actions_added]


def test_the_first_look_tells_what_is_watched_and_nothing_of_the_past(first_look: World) -> None:
    world = first_look
    assert changes(world) == []
    for team in ("audit@example.org", "security@example.org"):
        assert world.mailbox.subjects(team) == ["Watching AWS Support: v19, 2 actions, 0 flagged"]
    world.mailbox.path.unlink()
    service.check(world.tracker, [SUPPORT])
    assert world.mailbox.mails() == []
    assert [str(one.version) for one in world.tracker.archive.observations(SUPPORT)] == ["v19"]


def test_a_look_without_news_says_so_and_writes_nothing(world: World) -> None:
    before = sorted(path for path in world.tracker.home.rglob("*") if path.is_file())
    world.clock.forward(days=1)
    found = service.check(world.tracker, [SUPPORT])
    assert (found.checked, found.changes, found.failed, found.queued) == ((SUPPORT,), (), (), 0)
    assert sorted(path for path in world.tracker.home.rglob("*") if path.is_file()) == before
    assert len(world.tracker.archive.looks(SUPPORT)) == 2


def test_what_can_newly_be_done_reaches_the_team_that_subscribed(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    found = service.check(world.tracker, [SUPPORT])
    assert [added(change) for change in found.changes] == [["s3:GetObject"]]
    assert world.mailbox.subjects("audit@example.org") == []
    (subject,) = world.mailbox.subjects("security@example.org")
    assert subject.startswith("AWS Support can now read S3 objects")
    folder = world.tracker.home / "changelogs" / SUPPORT.name
    assert sorted(path.name for path in folder.iterdir()) == ["v19-v20.html", "v19-v20.json", "v19-v20.md"]
    assert json.loads((folder / "v19-v20.json").read_text())["summary"]["actions_added"] == 1
    assert "s3:GetObject" in (folder / "v19-v20.md").read_text()
    assert "v19-v20.html" in (world.tracker.home / "changelogs" / "index.html").read_text()


def test_a_default_that_goes_back_is_told_and_the_months_report_names_what_came_and_went(
    world: World,
) -> None:
    service.run_due(world.tracker, [SUPPORT])
    world.clock.moment = datetime(2021, 12, 1, 6, 17, tzinfo=UTC)
    service.run_due(world.tracker, [SUPPORT])
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    service.check(world.tracker, [SUPPORT])
    world.aws.set_default(SUPPORT, "v19")
    world.clock.forward(hours=10)
    service.check(world.tracker, [SUPPORT])
    assert changes(world) == [("updated", "v19", "v20"), ("rolled-back", "v20", "v19")]
    world.clock.moment = datetime(2022, 1, 1, 6, 17, tzinfo=UTC)
    due = service.run_due(world.tracker, [SUPPORT])
    assert due.reports == (SUPPORT,)
    record = json.loads((world.tracker.home / "changelogs" / SUPPORT.name / "2021-12.json").read_text())
    (december,) = record["policies"]
    assert december["net"] is None
    assert [(one["action"], one["direction"]) for one in december["transient"]] == [
        ("s3:GetObject", "granted")
    ]
    assert len(world.mailbox.subjects("audit@example.org")) == 2  # a month without news, and December


def test_a_version_that_came_and_went_between_two_looks_is_told_too(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20, default=False)
    world.clock.moment = MADE_V20 + timedelta(days=2)
    found = service.check(world.tracker, [SUPPORT])
    assert [(change.kind, added(change)) for change in found.changes] == [("compared", ["s3:GetObject"])]
    assert len(world.mailbox.subjects("security@example.org")) == 1
    assert changes(world) == []  # the default did not move
    world.clock.forward(days=1)
    assert service.check(world.tracker, [SUPPORT]).changes == ()
    world.aws.publish(SUPPORT, "v21", world.clock.moment, V21)
    world.clock.forward(hours=1)
    (change,) = service.check(world.tracker, [SUPPORT]).changes
    assert [str(version) for version in change.transition.filled] == ["v20"]


def test_one_policy_that_cannot_be_read_stops_no_other(world: World, tmp_path: Path) -> None:
    world.aws.publish(READ_ONLY, "v1", MADE_V19, V19)

    class Half:
        def look(self, arn: PolicyArn, known: Known, listing: Any = None) -> Any:
            if arn == SUPPORT:
                return world.aws.look(arn, known)
            raise SourceUnavailableError("no", advice="wait")

        find = world.aws.find
        listing = world.aws.listing

    other = make_world(tmp_path, world.clock, ids="other")
    tracker = replace(other.tracker, source=Half())
    found = service.check(tracker, [READ_ONLY, SUPPORT])
    assert [(one.policy, one.error, one.advice) for one in found.failed] == [(READ_ONLY, "no", "wait")]
    assert found.checked == (SUPPORT,)
    assert tracker.archive.last_look(READ_ONLY) is None
    assert tracker.archive.last_try(READ_ONLY) is not None


def test_a_dry_run_tells_and_writes_nothing(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    before = {
        path: path.read_bytes()
        for path in world.tracker.home.rglob("*")
        if path.is_file() and ".db" not in path.name
    }
    found = service.preview(world.tracker, [SUPPORT])
    assert [added(change) for change in found.changes] == [["s3:GetObject"]]
    after = {
        path: path.read_bytes()
        for path in world.tracker.home.rglob("*")
        if path.is_file() and ".db" not in path.name
    }
    assert after == before
    assert world.mailbox.mails() == []
    assert [change.id for change in service.check(world.tracker, [SUPPORT]).changes] == [
        change.id for change in found.changes
    ]


def test_the_index_made_again_says_the_same(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    service.check(world.tracker, [SUPPORT])
    told = world.tracker.archive.changes()
    counts = service.reindex(world.tracker)
    assert counts.changes == 1
    assert world.tracker.archive.changes() == told
    assert len(world.mailbox.mails()) == 1
    service.check(world.tracker, [SUPPORT])
    assert len(world.mailbox.mails()) == 1


def test_a_database_that_was_deleted_is_made_again_and_nobody_hears_of_the_past(
    world: World, tmp_path: Path
) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    service.check(world.tracker, [SUPPORT])
    told = world.tracker.archive.changes()
    for path in world.tracker.home.glob("tracker.db*"):
        path.unlink()
    again = make_world(tmp_path, world.clock)
    again.subscribe("security@example.org")
    again.aws.publish(SUPPORT, "v21", world.clock.forward(days=1), V21)
    found = service.check(again.tracker, [SUPPORT])
    assert again.tracker.archive.changes()[:1] == told
    assert [str(one.transition.after.version) for one in found.changes if one.transition.after] == ["v21"]
    assert len(again.mailbox.mails()) == 2  # v20's when it came, v21's now


def test_with_a_base_url_the_mail_names_the_page_of_the_change(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    tracker = replace(world.tracker, link="https://policies.example.org/changelogs/")
    service.check(tracker, [SUPPORT])
    with tracker.database.read() as db:
        (text,) = [
            row["text"] for row in db.query("SELECT text FROM messages WHERE subject LIKE '%S3 objects%'")
        ]
    assert "https://policies.example.org/changelogs/AWSSupportServiceRolePolicy/v19-v20.html" in text


def test_a_damaged_snapshot_stops_its_policy_alone_until_it_is_mended_and_no_mail_is_lost(
    world: World,
) -> None:
    world.aws.publish(READ_ONLY, "v1", MADE_V19, V19)
    service.check(world.tracker, [READ_ONLY, SUPPORT])
    world.mailbox.path.unlink()
    (file,) = world.tracker.archive.root.glob("aws/AWSSupportServiceRolePolicy/*_v19.json")
    whole = file.read_text()
    file.write_text(whole[:100])
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.aws.publish(READ_ONLY, "v2", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    found = service.check(world.tracker, [READ_ONLY, SUPPORT])
    assert [(one.policy, one.exit_code) for one in found.failed] == [(SUPPORT, 3)]
    assert [change.policy for change in found.changes] == [READ_ONLY]
    world.clock.forward(hours=1)
    assert service.check(world.tracker, [READ_ONLY]).failed == ()
    file.unlink()  # as verify advises; the next look has it again
    world.clock.forward(hours=1)
    service.check(world.tracker, [READ_ONLY, SUPPORT])
    world.clock.forward(hours=1)
    service.check(world.tracker, [READ_ONLY, SUPPORT])
    assert file.read_text() == whole
    assert changes(world) == [("updated", "v19", "v20")]
    subjects = [
        subject for subject in world.mailbox.subjects("security@example.org") if "AWS Support" in subject
    ]
    assert len(subjects) == 1
    assert world.tracker.archive.open_runs() == ()
    assert world.tracker.archive.verify() == ()


def test_a_policy_that_is_gone_counts_no_action_as_removed(world: World) -> None:
    world.aws.take_away(SUPPORT)
    world.clock.forward(days=1)
    (change,) = service.check(world.tracker, [SUPPORT]).changes
    assert change.kind == "removed"
    assert change.difference.actions_removed == ()


def test_the_newest_change_is_sent_to_a_team_that_asks_for_it(world: World) -> None:
    world.aws.publish(SUPPORT, "v20", MADE_V20, V20)
    world.clock.moment = MADE_V20 + timedelta(minutes=24)
    service.check(world.tracker, [SUPPORT])
    world.subscribe("late@example.org")
    late = world.tracker.subscribers.get("late@example.org")
    assert late is not None
    assert send_last(world.tracker, late, [SUPPORT, READ_ONLY]) == 1
    assert service.deliver(world.tracker).sent == 1
    assert world.mailbox.subjects("late@example.org") == world.mailbox.subjects("security@example.org")


def test_a_leap_year_of_ticks_looks_daily_and_reports_monthly_once_each(tmp_path: Path) -> None:
    clock = Clock(datetime(2024, 1, 31, 5, 0, tzinfo=UTC))  # a leap year lies ahead
    world = make_world(tmp_path, clock)
    world.aws.publish(SUPPORT, "v19", MADE_V19, V19)
    world.subscribe("audit@example.org", "monthly")
    reports = []
    while clock.moment < datetime(2025, 2, 2, tzinfo=UTC):
        due = service.run_due(world.tracker, [SUPPORT])
        reports += [clock.moment] * len(due.reports)
        assert due.next_look > clock.moment
        assert due.next_report > clock.moment
        clock.forward(hours=11, minutes=7)
    days = {look.start.date() for look in world.tracker.archive.looks(SUPPORT)}
    assert len(days) == len(world.tracker.archive.looks(SUPPORT)) or len(days) + 1 == len(
        world.tracker.archive.looks(SUPPORT)
    )
    assert len(days) == (datetime(2025, 2, 2) - datetime(2024, 1, 31)).days  # noqa: DTZ001 -- only their distance
    assert [f"{moment:%Y-%m-%d}" for moment in reports] == [
        f"{year}-{month:02}-01" for year in (2024, 2025) for month in range(1, 13)
        if (2024, 2) <= (year, month) <= (2025, 2)
    ]  # fmt: skip
    assert (
        len(world.mailbox.subjects("audit@example.org")) == 1 + 13
    )  # what is watched, then a report a month


def test_after_three_months_without_power_it_runs_once_and_reports_all_that_can_be_had(world: World) -> None:
    world.clock.moment = datetime(2021, 12, 1, 6, 17, tzinfo=UTC)
    service.run_due(world.tracker, [SUPPORT])
    for number, made in ((20, MADE_V20), (21, MADE_V20 + timedelta(days=50))):
        world.aws.publish(SUPPORT, f"v{number}", made, V20 if number == 20 else V21)
    world.clock.moment = datetime(2022, 3, 4, 11, 0, tzinfo=UTC)
    due = service.run_due(world.tracker, [SUPPORT])
    assert due.look is not None
    (change,) = due.look.changes
    assert [str(version) for version in change.transition.filled] == ["v20"]
    assert due.reports == (SUPPORT,)
    assert service.run_due(world.tracker, [SUPPORT]).reports == ()
    assert len(world.mailbox.subjects("audit@example.org")) == 2
    assert len(world.mailbox.subjects("security@example.org")) == 1


def test_while_aws_is_out_of_order_due_work_waits_a_quarter_of_an_hour_and_the_report_for_a_look(
    world: World,
) -> None:
    world.clock.moment = datetime(2021, 12, 1, 6, 17, tzinfo=UTC)
    world.aws.out_of_order("can't reach IAM")
    tried = 0
    for _ in range(60):
        due = service.run_due(world.tracker, [SUPPORT])
        assert due.reports == ()
        tried += due.look is not None
        world.clock.forward(minutes=1)
    assert tried == 4
    world.aws.out_of_order()
    due = service.run_due(world.tracker, [SUPPORT])
    assert due.look is not None
    assert due.reports == (SUPPORT,)


def test_start_is_a_time_of_day_that_the_plan_knows() -> None:
    assert (START.hour, START.minute) == (6, 17)
