"""Since when a change may have been used: no question to CloudTrail begins before that, and none after it."""

from datetime import UTC, datetime

import pytest

from tracker.changes.trail import granted_from
from tracker.model.history import Endpoint
from tracker.model.identity import VersionId


def at(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def end(version: int, made: int) -> Endpoint:
    return Endpoint(VersionId(version), at(made), at(made))


@pytest.mark.parametrize(
    ("before", "after", "archived", "since"),
    [
        (None, end(1, 3), {}, 3),  # the first version: its own day
        (end(1, 3), end(2, 5), {1: 3, 2: 5}, 5),
        (end(1, 3), end(4, 9), {1: 3, 2: 5, 4: 9}, 5),  # the one after the first, though others lie between
        (end(1, 3), end(4, 9), {1: 3, 3: 7, 4: 9}, 3),  # which nobody has
        (
            end(1, 3),
            end(4, 9),
            {1: 3, 2: 2, 4: 9},
            3,
        ),  # one of the same number, made before: another policy's life
        (end(4, 9), end(1, 3), {1: 3, 4: 9}, 9),  # it came back after the one in its place was made
        (end(4, 3), end(1, 9), {1: 9, 4: 3}, 9),  # made again
        (end(1, 3), end(1, 9), {1: 9}, 9),
    ],
)
def test_nobody_can_have_used_it_before(
    before: Endpoint | None, after: Endpoint, archived: dict[int, int], since: int
) -> None:
    known = [(VersionId(version), at(made)) for version, made in archived.items()]
    assert granted_from(before, after, known) == at(since)


def test_of_two_that_may_have_followed_the_first_counts() -> None:
    twice = [(VersionId(2), at(7)), (VersionId(2), at(5))]
    assert granted_from(end(1, 3), end(4, 9), twice) == at(5)
