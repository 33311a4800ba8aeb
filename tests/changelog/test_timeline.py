"""A policy's page laid out."""

from dataclasses import replace

import pytest

from tests.changelog import cases
from tests.changelog.making import BILLING, SUPPORT, instant
from tracker.changelog.timeline import Today, entries_of, in_force_sentence, points_of, purpose
from tracker.model.history import Kind, Observation, Rollback, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow

AT = instant("2026-05-04 12:00")
SEEN = Observation(AT, VersionId(7), AT, "iam", "r1", "look")
TODAY = Today(VersionId(7), AT, SEEN, 12, 2)


@pytest.mark.parametrize(
    ("arn", "told"),
    [
        (SUPPORT, "What AWS Support may do in every account that has its service-linked role."),
        (BILLING, "A policy that AWS manages. Whoever"),
        (replace(BILLING, path="/job-function/"), "A policy that AWS manages for a job function."),
        (
            PolicyArn("aws", "AWSServiceRoleForSupport", account="111122223333", kind="role"),
            "A role of account 111122223333.",
        ),
        (PolicyArn("aws", "Own", account="111122223333"), "A policy of account 111122223333's own."),
    ],
)
def test_what_a_policy_is_for_is_told_by_its_name_and_path(arn: PolicyArn, told: str) -> None:
    assert purpose(arn).startswith(told)


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (None, "It is not visible to this account now."),
        (replace(TODAY, denies=True), "v7 allows nothing: it denies."),
        (TODAY, "AWS Support can call 12 actions in 2 services today."),
    ],
)
def test_what_is_in_force_is_a_sentence(today: Today | None, told: str) -> None:
    assert in_force_sentence("AWS Support", today) == told


def row(one: Transition, change: str, added: int) -> ChangeRow:
    return ChangeRow(
        change, SUPPORT, SUPPORT.name, str(one.kind), one.observed_at, None, one.after.version if one.after else None, "info",
        "", {"actions_added": added}, "r1",
    )  # fmt: skip


def test_what_was_rolled_back_and_came_again_is_said_and_what_is_not_indexed_yet_left_out() -> None:
    came = cases.updated().transition
    back = replace(
        cases.rolled_back().transition, rollback=Rollback(VersionId(6), VersionId(7), 36000, 36000)
    )
    again = cases.reinstated().transition
    rows = {"a": row(came, "c0", 1), "b": row(again, "c2", 1)}
    newest, oldest = entries_of((came, back, again), {0: "c0", 1: "c1", 2: "c2"}, rows)
    assert "back again after it had been rolled back" in newest.notes
    assert oldest.notes[0] == "in force for 10 h, then rolled back"


def test_how_much_was_allowed_is_reckoned_back_from_today() -> None:
    first, removed = cases.updated().transition, cases.removed().transition
    points = points_of((SEEN,), (first,), (row(first, "c", 5),), TODAY)
    assert [one.actions for one in points] == [7, 12]
    gone = points_of((SEEN,), (first, removed), (None, None), None)
    assert [one.actions for one in gone] == [0, 0, None]
    created = cases.created().transition
    assert [one.actions for one in points_of((SEEN,), (created,), (row(created, "c", 12),), TODAY)] == [12]
    assert [one.actions for one in points_of((), (), (), TODAY)] == []
    assert created.kind is Kind.CREATED
