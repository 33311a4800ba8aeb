"""What a filter asks for of a change: each part of it alone, and all of them together."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from tests.support.world import SUPPORT
from tracker.delivery.filters import (
    EVERYTHING,
    Filter,
    narrowed_period,
    selected,
    selected_period,
    watchlisted,
)
from tracker.model.change import (
    ActionChange,
    Attention,
    Change,
    DenyChange,
    Difference,
    PatternChange,
    Period,
    Scope,
    Transient,
    TripwireHit,
)
from tracker.model.history import Kind, Transition

NOW = datetime(2026, 8, 20, tzinfo=UTC)
ALL = (Scope(),)


def action(name: str, level: str = "Read") -> ActionChange:
    return ActionChange(name, name.partition(":")[0], level, "", ALL)


def finding(kind: str, *actions: str, rule: str = "", accepted: str = "") -> Attention:
    return Attention(
        rule or f"{kind}/x", kind, actions, (), "do it", "", "", "", ALL, "alarm", accepted=accepted
    )


def change(*, kind: Kind = Kind.UPDATED, **difference: Any) -> Change:
    return Change(Transition(SUPPORT, kind, None, None, NOW), Difference(**difference), id="c")


READS = change(actions_added=(action("s3:GetObject"), action("ec2:DescribeVpcs", "List")))
LOSES = change(actions_removed=(action("iam:CreateUser", "Permissions management"),))
DENIED_NO_MORE = change(denies_removed=(DenyChange("s3:DeleteBucket", ALL, ()),))
GONE = change(kind=Kind.REMOVED)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (EVERYTHING, [READS, LOSES, DENIED_NO_MORE, GONE]),
        (Filter(additions=True), [READS, DENIED_NO_MORE]),
        (Filter(level="Read"), [READS, LOSES, DENIED_NO_MORE]),
        (Filter(level="Write"), [LOSES, DENIED_NO_MORE]),
        (Filter(level="Write", additions=True), [DENIED_NO_MORE]),
        (Filter(least=1), [READS, LOSES]),
        (Filter(least=2), [READS]),
        (Filter(least=1, additions=True), [READS]),
        (Filter(kinds=("removed",)), [GONE]),
        (Filter(tripwires=True), []),
        (Filter(watch=("customer-data",)), []),
        (Filter(services=("sqs",)), [GONE]),
    ],
)
def test_each_part_decides(asked: Filter, wanted: list[Change]) -> None:
    assert [one for one in (READS, LOSES, DENIED_NO_MORE, GONE) if selected(one, asked)] == wanted


def test_a_level_that_nobody_knows_is_not_hidden() -> None:
    asked = Filter(level="Permissions management")
    assert selected(change(actions_added=(action("foo:Bar", "Unknown"),)), asked)
    assert selected(change(actions_added=(action("foo:Bar", "Permissions management, Write"),)), asked)
    assert not selected(change(actions_added=(action("foo:Bar", "Tagging, Write"),)), asked)


def test_services_cut_a_change_down_to_what_concerns_them() -> None:
    whole = replace(
        READS,
        attention=(finding("customer-data", "s3:GetObject"), finding("capability", "ec2:DescribeVpcs")),
        tripwires=(TripwireHit("*", ("s3:GetObject", "ec2:DescribeVpcs")),),
        severity="alarm",
    )
    part = selected(whole, Filter(services=("ec2",)))
    assert part is not None
    assert [one.action for one in part.difference.actions_added] == ["ec2:DescribeVpcs"]
    assert [one.kind for one in part.attention] == ["capability"]
    assert part.tripwires == (TripwireHit("*", ("ec2:DescribeVpcs",)),)
    assert selected(whole, Filter(services=("ec2",), watch=("customer-data",))) is None
    assert (
        selected(whole, Filter(services=("ec2", "s3"))) is whole
    )  # nothing to cut: the same value, rendered once
    assert selected(whole, Filter(services=("sns",))) is None


@pytest.mark.parametrize("pattern", ["*", "NotAction: iam:*", "s*:Get*", "S3:Get*"])
def test_a_pattern_that_may_be_about_a_service_concerns_it(pattern: str) -> None:
    grown = change(patterns_added=(PatternChange(pattern, "Allow", ALL, 1, True),))
    assert selected(grown, Filter(services=("s3",), additions=True))
    assert (selected(grown, Filter(services=("iam",))) is None) == (pattern == "S3:Get*")


def test_what_is_accepted_asks_for_nobody() -> None:
    told = replace(READS, attention=(finding("customer-data", "s3:GetObject", accepted="known"),))
    assert selected(told, Filter(watch=("customer-data",))) is None
    assert not watchlisted(told)
    assert watchlisted(replace(told, tripwires=(TripwireHit("s3:*", ("s3:GetObject",)),)))
    assert watchlisted(replace(READS, attention=(finding("customer-data", "s3:GetObject"),)))
    assert not watchlisted(replace(READS, attention=(finding("level", "s3:X", rule="level/write"),)))


def test_all_that_is_set_must_hold() -> None:
    changes = (READS, LOSES, DENIED_NO_MORE, GONE)
    parts: list[dict[str, Any]] = [
        {"additions": True},
        {"level": "Read"},
        {"least": 1},
        {"kinds": ("updated",)},
        {"services": ("s3",)},
    ]
    for one, other in product(parts, parts):
        for told in changes:
            both = selected(told, Filter(**{**one, **other}))
            if both:
                assert selected(told, Filter(**one))
                assert selected(told, Filter(**other))


def test_a_period_is_wanted_for_what_came_and_went_inside_it() -> None:
    period = Period(
        SUPPORT, NOW, NOW.replace(day=21), None, (READS, LOSES), (Transient("s3:GetObject", "granted", 1, 2),
        Transient("ec2:DescribeVpcs", "granted", 1, 2)), 1, NOW, NOW,
    )  # fmt: skip
    assert selected_period(period, Filter(level="Read")) == period
    assert selected_period(period, Filter(level="Write")) == replace(period, transitions=(LOSES,))
    ended = replace(period, net=LOSES)
    assert selected_period(ended, Filter(additions=True)) == replace(ended, transitions=(READS,))
    assert selected_period(period, Filter(least=3)) is None
    part = narrowed_period(period, ("s3",))
    assert [one.action for one in part.transient] == ["s3:GetObject"]
    assert len(part.transitions) == 1
    assert selected_period(period, Filter(services=("sns",))) is None
