"""All policies by one listing: only what moved is asked about, and what happened to each is recorded."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import START, World, allowing, make_world
from tracker import recording, service
from tracker.archive.attachments import Attachments
from tracker.collaborators import Tracker
from tracker.errors import SourceUnavailableError
from tracker.model.asking import Answer, Known, Listing
from tracker.model.identity import PolicyArn
from tracker.model.watch import HERE, Watch
from tracker.watched import listing_of, watched, where_attached

ALL = Watch(listing="all", partitions=("aws",))
ATTACHED = Watch(listing="attached", partitions=("aws",))
ONE, TWO, THREE = (PolicyArn("aws", name) for name in ("One", "Two", "Three"))
LINKED = PolicyArn("aws", "LinkedServiceRolePolicy", "/aws-service-role/")
MADE = START - timedelta(days=100)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An AWS of four policies, all of which have been looked at once; one team hears of everything at once."""
    world = make_world(tmp_path)
    for arn in (ONE, TWO, THREE, LINKED):
        world.aws.publish(arn, "v1", MADE, allowing("s3:ListBucket"))
    world.subscribe("team@example.org")
    first = service.check(world.tracker, ALL)
    assert first.baseline == tuple(sorted((ONE, TWO, THREE, LINKED)))
    world.clock.forward(days=1)
    return world


def asked(world: World, before: int) -> list[str]:
    """Whom a round looked at one by one."""
    return sorted(world.aws.looked_at()[before:])


def kinds(world: World) -> list[tuple[str, str]]:
    return [(row.name, row.kind) for row in world.tracker.archive.changes()]


# -- what is asked, and what is told ------------------------------------------------------------------------------------


def test_the_first_listing_is_silent_and_a_look_at_everything(world: World) -> None:
    assert kinds(world) == []
    assert [subject for subject in world.mailbox.subjects("team@example.org") if "can now" in subject] == []
    line = json.loads((world.tracker.archive.root / "aws" / "looks.jsonl").read_text())
    assert (line["policies"], line["failed"]) == ("all", [])
    assert len(world.tracker.archive.looks(LINKED)) == 1


def test_where_nothing_changed_nothing_but_the_listing_is_asked(world: World) -> None:
    before = len(world.aws.looked_at())
    found = service.check(world.tracker, ALL)
    assert asked(world, before) == []
    assert (len(found.checked), found.changes, found.failed) == (4, (), ())
    assert len(world.tracker.archive.looks(ONE)) == 2


def test_only_what_moved_is_asked_about(world: World) -> None:
    before = len(world.aws.looked_at())
    world.aws.publish(TWO, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.publish(THREE, "v2", world.clock.moment, allowing("s3:GetObject"), default=False)
    found = service.check(world.tracker, ALL)
    assert asked(world, before) == ["Three", "Two"]
    assert {(change.policy.name, change.kind) for change in found.changes} == {
        ("Two", "updated"),
        ("Three", "compared"),
    }
    assert kinds(world) == [("Two", "updated")]
    assert len(found.checked) == 4


def test_new_gone_and_back_again(world: World) -> None:
    four = PolicyArn("aws", "Four", "/job-function/")
    world.aws.publish(four, "v1", world.clock.moment, allowing("iam:PassRole"))
    world.aws.take_away(TWO)
    found = service.check(world.tracker, ALL)
    assert sorted((change.policy.name, change.kind) for change in found.changes) == [
        ("Four", "created"),
        ("Two", "removed"),
    ]
    assert found.baseline == ()
    assert any(
        "Four" in subject or "PassRole" in subject or "pass" in subject
        for subject in world.mailbox.subjects("team@example.org")
    )
    world.clock.forward(days=1)
    before = len(world.aws.looked_at())
    assert service.check(world.tracker, ALL).changes == ()
    assert asked(world, before) == []  # that it is gone is on record
    world.aws.publish(TWO, "v1", MADE, allowing("s3:ListBucket"))
    world.clock.forward(days=1)
    assert [change.kind for change in service.check(world.tracker, ALL).changes] == ["reappeared"]


class Troubled:
    """An AWS in which looks at some policies fail."""

    def __init__(self, world: World, *failing: PolicyArn) -> None:
        self.world, self.failing = world, failing
        self.find, self.listing = world.aws.find, world.aws.listing

    def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
        if arn in self.failing:
            raise SourceUnavailableError(f"throttled: {arn.name}", advice="wait")
        return self.world.aws.look(arn, known, listing)


def test_one_that_fails_stops_no_other_and_is_tried_again(world: World) -> None:
    for arn in (ONE, TWO, THREE):
        world.aws.publish(arn, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
    troubled = replace(world.tracker, source=Troubled(world, TWO), parallel=3)
    found = service.check(troubled, ALL)
    assert [(one.policy, one.exit_code) for one in found.failed] == [(TWO, 75)]
    assert sorted(change.policy.name for change in found.changes) == ["One", "Three"]
    assert TWO not in found.checked
    last = world.tracker.archive.last_sweep("aws")
    assert last is not None
    assert last.failed == (str(TWO),)
    assert world.tracker.archive.last_look(TWO) != world.tracker.archive.last_look(ONE)
    world.clock.forward(minutes=1)
    before = len(world.aws.looked_at())
    assert [change.policy for change in service.check(world.tracker, ALL).changes] == [TWO]
    assert asked(world, before) == ["Two"]


def test_a_new_policy_that_fails_at_first_is_created_all_the_same(world: World) -> None:
    four = PolicyArn("aws", "Four")
    world.aws.publish(four, "v1", world.clock.moment, allowing("iam:PassRole"))
    service.check(replace(world.tracker, source=Troubled(world, four)), ALL)
    world.clock.forward(days=1)
    found = service.check(world.tracker, ALL)
    assert found.baseline == ()  # the listing of the first day lacked it
    assert [change.kind for change in found.changes] == ["created"]
    assert len(world.mailbox.subjects("team@example.org")) == 2  # of the first day's looks, and this


def test_a_mass_republication_is_quiet(world: World) -> None:
    mails = len(world.mailbox.mails())
    arns = [PolicyArn("aws", f"Many{number:02}") for number in range(30)]
    for arn in arns:
        world.aws.publish(arn, "v1", MADE, allowing("s3:ListBucket"))
    service.check(world.tracker, ALL)
    mails = len(world.mailbox.mails())
    world.clock.forward(days=1)
    for arn in arns:
        world.aws.publish(arn, "v2", world.clock.moment, allowing("s3:ListBucket"))
    found = service.check(replace(world.tracker, parallel=4), ALL)
    assert {change.kind for change in found.changes} == {"republished"}
    assert len(found.changes) == 30
    assert len(world.mailbox.mails()) == mails


def test_a_listing_that_fails_is_a_failure_of_everything(world: World) -> None:
    world.aws.out_of_order("can't reach IAM")
    found = service.check(world.tracker, ALL)
    (one,) = found.failed
    assert (str(one.policy), one.error, found.checked) == ("arn:aws:iam::aws:policy/*", "can't reach IAM", ())
    assert len(world.tracker.archive.looks(ONE)) == 1
    tried = world.tracker.archive.last_try(ONE)
    assert tried is not None
    assert tried.run == found.run
    assert world.tracker.archive.verify() == ()


def test_a_dry_run_tells_what_a_listing_would_find_and_writes_nothing(world: World) -> None:
    def files() -> dict[Path, bytes]:
        return {
            path: path.read_bytes()
            for path in world.tracker.home.rglob("*")
            if path.is_file() and ".db" not in path.name
        }

    world.aws.publish(TWO, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.attach(ONE)
    before = files()
    found = service.preview(world.tracker, ALL)
    assert [change.policy for change in found.changes] == [TWO]
    assert files() == before
    assert Attachments(world.tracker.database).counts() == {}


def test_an_archive_that_knows_no_path_is_not_taken_for_another_policy(world: World, tmp_path: Path) -> None:
    """A git archive's files tell names alone: the listing's path is the true one."""
    other = make_world(tmp_path / "other", world.clock)
    aws = other.aws
    aws.publish(LINKED, "v1", MADE, allowing("s3:ListBucket"))
    answer = aws.look(LINKED, Known())
    pathless = replace(LINKED, path="/")
    other.tracker.archive.keep_many(replace(one, arn=pathless) for one in answer.snapshots)
    other.tracker.archive.observe(pathless, recording.observation(answer, Known(), "import", other.clock()))  # type: ignore[arg-type] # as given, or of the wrong kind on purpose
    found = service.check(other.tracker, ALL)
    assert (found.failed, found.changes, len(found.checked)) == ((), (), 1)
    assert len(other.tracker.archive.policies()) == 1


# -- what is due --------------------------------------------------------------------------------------------------------


def due(world: World, watch: Watch = ALL) -> service.Due:
    return service.run_due(world.tracker, watch)


def test_a_listing_is_due_once_a_day_and_a_report_of_all_once_a_month(world: World) -> None:
    listings, reports = 0, list[str]()
    world.aws.publish(TWO, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
    for _ in range(2 * 40):
        done = due(world)
        listings += done.look is not None
        reports += [str(arn) for arn in done.reports]
        world.clock.forward(hours=12)
    assert listings == 40
    assert reports == ["arn:aws:iam::aws:policy/*"] * 2  # of the first day, and of December
    folder = world.tracker.changelogs.of_all("aws")
    record = json.loads((folder / "2021-12.json").read_text())
    assert [(one["policy"]["name"], one["net"] is not None) for one in record["policies"]] == [
        ("One", False), ("Three", False), ("Two", True), ("LinkedServiceRolePolicy", False)
    ]  # fmt: skip
    assert {one["looks"] for one in record["policies"]} == {31}
    assert "3 policies were looked at" in (folder / "2021-12.md").read_text()


def test_what_failed_waits_a_quarter_of_an_hour(world: World) -> None:
    world.aws.out_of_order("can't reach IAM")
    tried = 0
    for _ in range(60):
        tried += due(world).look is not None
        world.clock.forward(minutes=1)
    assert tried == 4
    world.aws.out_of_order()
    assert due(world).look is not None
    assert due(world).look is None


def test_what_is_attached_is_due_like_everything(world: World) -> None:
    world.aws.attach(ONE)
    looks = 0
    for _ in range(36):
        looks += due(world, ATTACHED).look is not None
        world.clock.forward(hours=2)
    assert looks == 3
    world.aws.out_of_order("can't reach IAM")
    world.clock.forward(days=1)
    assert [due(world, ATTACHED).look is not None for _ in range(2)] == [True, False]


# -- what is attached ---------------------------------------------------------------------------------------------------


def test_only_what_is_attached_is_looked_at(world: World) -> None:
    for arn in (ONE, TWO):
        world.aws.publish(arn, "v2", world.clock.moment, allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.attach(ONE, 3)
    found = service.check(world.tracker, ATTACHED)
    assert found.checked == (ONE,)
    assert [change.policy for change in found.changes] == [ONE]
    assert world.tracker.archive.last_sweep("aws") != world.tracker.archive.last_look(ONE)
    assert where_attached(world.tracker)(ONE) == (f"{HERE} (3)",)
    assert where_attached(world.tracker)(TWO) == ()
    assert watched(world.tracker, ATTACHED) == (ONE,)


def test_what_is_attached_no_longer_is_not_gone(world: World) -> None:
    world.aws.attach(ONE)
    service.check(world.tracker, ATTACHED)
    world.aws.attach(ONE, 0)
    world.aws.attach(TWO)
    world.clock.forward(days=1)
    found = service.check(world.tracker, ATTACHED)
    assert (found.checked, found.changes) == ((TWO,), ())
    assert watched(world.tracker, ATTACHED) == (TWO,)


def with_accounts(tracker: Tracker, **accounts: list[str]) -> tuple[Tracker, Watch]:
    tracker = replace(tracker, accounts=lambda: accounts)
    watch = listing_of(tracker, "attached")
    assert watch is not None
    return tracker, watch


def test_accounts_of_a_file_are_watched_together(world: World) -> None:
    tracker, watch = with_accounts(world.tracker, prod=["One", str(LINKED)], test=["One", "Typo"])
    found = service.check(tracker, watch)
    assert found.checked == tuple(sorted((ONE, LINKED)))
    (one,) = found.failed
    assert (one.policy.name, one.exit_code) == ("Typo", 3)
    assert "attached in test" in one.error
    assert where_attached(tracker)(ONE) == ("prod", "test")
    assert where_attached(tracker)(TWO) == ()
    assert watched(tracker, watch) == tuple(sorted((ONE, LINKED)))


# -- partitions ---------------------------------------------------------------------------------------------------------


def test_each_partition_is_listed_and_one_that_fails_stops_no_other(world: World) -> None:
    gov = PolicyArn("aws-us-gov", "One")
    world.aws.publish(gov, "v1", MADE, allowing("s3:ListBucket"))
    both = replace(ALL, partitions=("aws", "aws-us-gov"))

    class Half(Troubled):
        def __init__(self) -> None:
            super().__init__(world)
            self.listing = self.list_half

        def list_half(self, partition: str, *, attached: bool = False) -> Listing:
            if partition == "aws":
                raise SourceUnavailableError("aws is down")
            return world.aws.listing(partition, attached=attached)

    found = service.check(replace(world.tracker, source=Half()), both)
    assert [str(one.policy) for one in found.failed] == ["arn:aws:iam::aws:policy/*"]
    assert found.checked == (gov,)
    assert found.baseline == (gov,)
    assert [look.policies for look in world.tracker.archive.looks(gov)] == [None]
    assert len(world.tracker.archive.looks(ONE)) == 1
