"""Since when a change may have been used: no question to CloudTrail begins before that, and none after it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.policies import allowing, assessed
from tracker.changes.trail import granted_from, trail_of
from tracker.model.change import Change
from tracker.model.history import Endpoint
from tracker.model.identity import VersionId
from tracker.model.rules import Rules
from tracker.model.trail import EventGroup, Recorded, Recording, TrailEvent


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


class FewEvents:
    """What CloudTrail writes of a few actions."""

    def event_of(self, action: str) -> TrailEvent | None:
        """Of everything but what is never recorded; of one action by a name that no API has."""
        if action == "s3:Never":
            return None
        service, _, name = action.partition(":")
        return TrailEvent((f"{service}.amazonaws.com",), (f"{name} x" if name == "Spaced" else name,))

    def recording(self, action: str) -> Recorded:
        """Reading objects is a data event."""
        special: dict[str, Recording] = {"s3:GetObject": "data", "s3:Never": "none"}
        how: Recording = special.get(action, "management")
        return Recorded(how, f"why {action}")


def granting(*actions: str) -> Change:
    """These in addition to listing the images, from version 1 to 2."""
    before, after = allowing("ec2:DescribeImages"), allowing("ec2:DescribeImages", *actions)
    made = assessed(before, after, Rules())
    return replace(made, transition=replace(made.transition, before=end(1, 3), after=end(2, 5)))


def test_what_is_recorded_is_asked_for_and_what_is_not_is_named() -> None:
    change = granting("s3:GetObject", "s3:PutObject", "ec2:RunInstances", "s3:Never", "s3:Spaced")
    found = trail_of(change, ("B", "A"), FewEvents())
    assert found is not None
    assert (found.roles, found.since, found.actions) == (("A", "B"), at(5), 3)
    assert found.groups == (
        EventGroup("ec2.amazonaws.com", ("RunInstances",)),
        EventGroup("s3.amazonaws.com", ("GetObject", "PutObject")),
    )
    assert [one.action for one in found.data_only] == ["s3:GetObject"]
    assert [(one.action, one.recorded.why) for one in found.never] == [
        ("s3:Never", "why s3:Never"),
        ("s3:Spaced", "It is no name that an AWS API could have."),
    ]


def test_it_is_asked_from_when_the_first_of_them_may_have_been_used() -> None:
    found = trail_of(granting("s3:GetObject"), ("A",), FewEvents(), at(4))
    assert found is not None
    assert found.since == at(4)


def test_where_nobody_or_nothing_is_concerned_there_is_nothing_to_look_for() -> None:
    change = granting("s3:GetObject")
    assert trail_of(change, (), FewEvents()) is None
    assert trail_of(granting(), ("A",), FewEvents()) is None
    gone = replace(change, transition=replace(change.transition, after=None))
    assert trail_of(gone, ("A",), FewEvents()) is None
