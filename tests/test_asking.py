"""Search answers what a plain script finds in the real history: json, regular expressions, sets; no code of ours."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.archive.dumping import dump
from tests.archive.making import a_snapshot, an_archive, record, seen
from tests.support import history
from tests.support.indexed import indexed_history
from tests.support.world import READ_ONLY, SUPPORT, allowing, make_world
from tracker import service
from tracker.archive.archive import Archive
from tracker.asking import gains, holders
from tracker.errors import SetupError
from tracker.model.asked import Holder
from tracker.model.history import Look
from tracker.model.instants import parse_instant
from tracker.policy.questions import question

QUESTIONS = ("s3:GetObject", "S3:LISTBUCKET", "iam:PassRole", "kms:Decrypt", "ec2:DescribeInstances", "sts:AssumeRole",
             "cloudwatch:GetMetricData", "logs:GetLogEvents", "iam:CreateUser", "ecr:GetAuthorizationToken",
             "s3:PutObject", "dynamodb:Query", "organizations:LeaveOrganization", "sagemaker:CreateApp", "nobody:Knows")  # fmt: skip
PATTERNS = ("s3:Get*", "ec2:Describe*", "iam:*", "*:Tag*", "kms:?ecrypt", "lambda:List*")
Spans = list[tuple[datetime, datetime | None]]


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """The 69 policies of the bundle, indexed."""
    with indexed_history() as made:
        yield made


# -- the plain script ---------------------------------------------------------------------------------------------------


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def expression(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(sign) or re.escape(sign) for sign in pattern.lower()))


def names(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement is about an action in lower case."""
    if "Action" in statement:
        return any(expression(one).fullmatch(action) for one in listed(statement["Action"]))
    return not any(expression(one).fullmatch(action) for one in listed(statement["NotAction"]))


def allows(statements: list[dict[str, Any]], action: str) -> bool | None:
    """Whether a document allows an action somewhere; None where it denies it somewhere, too, and only the scopes tell."""
    about = [one for one in statements if names(one, action)]
    if not any(one["Effect"] == "Allow" for one in about):
        return False
    denies = [one for one in about if one["Effect"] == "Deny"]
    if any(one.get("Resource") in ("*", ["*"]) and "Condition" not in one for one in denies):
        return False
    return None if denies else True


@cache
def stated(name: str) -> list[tuple[datetime, list[dict[str, Any]]]]:
    """When each default was seen, and its statements."""
    snapshots = history.snapshots(name)
    return [
        (one.observed_at, listed(json.loads(snapshots[one.identity].document)["Statement"]))
        for one in history.observations(name)
        if one.identity
    ]


def by_hand(name: str, action: str) -> Spans | None:
    """The spans in which a policy allowed an action; None where a Deny takes back a part of it."""
    found: Spans = []
    verdicts = [(moment, allows(statements, action.lower())) for moment, statements in stated(name)]
    if any(verdict is None for _, verdict in verdicts):
        return None
    for number, (moment, verdict) in enumerate(verdicts):
        until = verdicts[number + 1][0] if number + 1 < len(verdicts) else None
        if verdict and found and found[-1][1] == moment:
            found[-1] = (found[-1][0], until)
        elif verdict:
            found.append((moment, until))
    return found


# -- held against it ----------------------------------------------------------------------------------------------------


def told(found: tuple[Holder, ...]) -> dict[str, Spans]:
    return {
        one.arn.name: [(span.since.at, None if span.until is None else span.until.at) for span in one.spans]
        for one in found
    }


def asked_about() -> list[str]:
    """The questions above, and every 150th action that any document of the bundle names."""
    if history.missing():
        return list(QUESTIONS)
    named = sorted({one for name in history.policies() for _, each in stated(name) for s in each for one in listed(s.get("Action", [])) if "*" not in one})  # fmt: skip
    return [*QUESTIONS, *named[::150]]


def test_an_action_is_answered_as_the_plain_script_answers(archive: Archive) -> None:
    compared = 0
    for action in asked_about():
        ours = told(holders(archive, question(action)))
        for name in history.policies():
            theirs = by_hand(name, action)
            if theirs is None:  # allowed here and denied there: both are told
                (one,) = [one for one in holders(archive, question(action)) if one.arn.name == name]
                assert any(said.effect == "Deny" for said in one.said)
                continue
            assert ours.get(name, []) == theirs, (action, name)
            compared += bool(theirs)
    assert compared > 300


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_answered_as_its_actions_are(archive: Archive, pattern: str) -> None:
    """Over all actions that the bundle names: whoever allows one of them allows any, and whoever allows all allows each."""
    universe = sorted({one.lower() for name in history.policies() for _, each in stated(name) for s in each for one in listed(s.get("Action", [])) if "*" not in one and "?" not in one and expression(pattern).fullmatch(one.lower())})  # fmt: skip
    some = {one.arn.name for one in holders(archive, question(pattern)) if one.span_at(None)}
    every = {one.arn.name for one in holders(archive, question(pattern), every=True) if one.span_at(None)}
    assert every <= some
    for name in history.policies():
        statements = stated(name)[-1][1]
        verdicts = [allows(statements, action) for action in universe]
        if any(verdict is True for verdict in verdicts):
            assert name in some, name
        if name in every:
            assert all(verdict is not False for verdict in verdicts), name


def test_at_a_date_and_through_a_month(archive: Archive) -> None:
    """v20 of AWS Support's policy named s3:getObject (others spell it s3:GetObject) for ten hours of December 2021."""
    asked = question("s3:GetObject")
    (one,) = holders(archive, asked, policies=[history.arn(history.SUPPORT)])
    assert one.span_at(parse_instant("2021-12-22T00:11:56Z")) is not None
    for moment in ("2021-12-22T00:11:55Z", "2021-12-22T10:12:46Z"):
        assert one.span_at(parse_instant(moment)) is None
    found = gains(asked, [one], parse_instant("2021-12-01"), parse_instant("2022-01-01"))
    assert [(str(each.moment.version), [said.spelling for said in each.said]) for each in found] == [
        ("v20", ["s3:GetObject"])
    ]


def test_where_and_by_which_statement(archive: Archive) -> None:
    """Against the document itself: the statement of that number and Sid names the pattern."""
    for action in ("s3:GetObject", "iam:PassRole", "kms:Decrypt"):
        for one in holders(archive, question(action)):
            for said in one.said_at(None, "Allow"):
                statement = stated(one.arn.name)[-1][1][said.statement - 1]
                assert (statement["Effect"], statement.get("Sid", "")) == ("Allow", said.sid)
                if said.how != "all-but":
                    assert said.pattern in [each.lower() for each in listed(statement["Action"])]
                assert said.scope.resources is None or said.scope.resources == tuple(
                    sorted(set(listed(statement["Resource"])))
                )
                assert bool(said.scope.condition) == ("Condition" in statement)


# -- the index behind it ------------------------------------------------------------------------------------------------


def test_an_index_that_is_behind_is_said_and_none_at_all_holds_nothing(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    assert holders(archive, question("s3:GetObject")) == ()
    archive.keep(a_snapshot(1))
    archive.observe(SUPPORT, seen(1))
    with pytest.raises(SetupError, match="does not have what the files have"):
        holders(archive, question("s3:GetObject"))


def test_a_policy_that_is_gone_is_told_as_gone_and_back_again(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    record(archive, a_snapshot(1), seen(1, 1))
    record(archive, None, seen(None, 2))
    (one,) = holders(archive, question("s3:GetObject"))
    assert (one.gone, one.spans[-1].until) == (seen(None, 2).observed_at, None)
    record(archive, None, seen(1, 3))
    (one,) = holders(archive, question("s3:GetObject"))
    assert one.gone is None


def test_what_a_created_policy_allows_is_new_and_what_was_first_seen_may_be_older(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", parse_instant("2021-01-01"), allowing("s3:GetObject"))
    service.check(world.tracker, [SUPPORT])
    world.tracker.archive.record_look(
        Look("all", world.clock.moment, world.clock.forward(minutes=1), None, ())
    )
    world.aws.publish(READ_ONLY, "v1", world.clock.forward(days=1), allowing("s3:GetObject"))
    service.check(world.tracker, [READ_ONLY])
    found = holders(world.tracker.archive, question("s3:GetObject"))
    assert {one.arn: one.spans[0].since.first for one in found} == {SUPPORT: True, READ_ONLY: False}
    (one,) = gains(question("s3:GetObject"), found, parse_instant("2020-01-01"), None)
    assert one.arn == READ_ONLY


def test_an_index_of_an_older_release_is_said_to_lack_grants_and_mended_by_the_next_round(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", parse_instant("2021-01-01"), allowing("s3:GetObject"))
    service.check(world.tracker, [SUPPORT])
    world.aws.publish(SUPPORT, "v2", world.clock.forward(days=1), allowing("s3:GetObject", "kms:Decrypt"))
    service.check(world.tracker, [SUPPORT])
    asked, database = question("kms:Decrypt"), world.tracker.database
    before, index = holders(world.tracker.archive, asked), dump(database).partition("\ngrants\n")[2]
    with closing(sqlite3.connect(database.path)) as older, older:  # what a round of that release left
        older.executescript(
            """DELETE FROM grants; DELETE FROM holders; PRAGMA user_version = 7;
            DELETE FROM _sqlite_migrations WHERE name = 'm008_ungranted';"""
        )
    with pytest.raises(SetupError, match="does not have what the files have") as told:
        holders(world.tracker.archive, asked)
    assert "reindex" in told.value.advice
    assert service.check(world.tracker, [SUPPORT]).changes == ()
    assert holders(world.tracker.archive, asked) == before != ()
    assert dump(database).partition("\ngrants\n")[2] == index != ""
