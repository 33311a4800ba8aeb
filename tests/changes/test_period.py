"""Periods: net change, what came and went and for how long, looks; semantics 42 on the real history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import history
from tests.support.policies import CATALOGUE, POLICY, TODAY, allowing, policy, statement
from tracker.catalogue.watchlist import load_rules
from tracker.changes.attention import assess
from tracker.changes.compare import compare
from tracker.changes.history import transitions
from tracker.changes.period import period
from tracker.changes.sightings import Identity
from tracker.model.change import Change, Difference, Period, Transient
from tracker.model.history import Kind, Look, Observation, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import duration, parse_instant
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

RULES = load_rules()
DAY = datetime(2024, 3, 10, tzinfo=UTC)
SINCE, UNTIL = DAY, DAY + timedelta(days=30)


@dataclass(frozen=True)
class Past:
    """What was seen of a policy, with its documents."""

    arn: PolicyArn
    observations: Sequence[Observation]
    documents: dict[Identity, Document]
    looks: Sequence[Look] = ()
    watched_since: datetime | None = None

    def changes(self) -> tuple[Change, ...]:
        told = transitions(
            self.arn, self.observations, list(self.documents), looks=self.looks, watched_since=self.watched_since,
            same=lambda old, new: compare(self.documents[old], self.documents[new], CATALOGUE).equal_language,
        )  # fmt: skip
        return tuple(self.change(one) for one in told)

    def change(self, transition: Transition) -> Change:
        ends = [
            self.documents[e.version, e.create_date] if e else None
            for e in (transition.before, transition.after)
        ]
        before, after = ends[0], ends[0] if transition.kind is Kind.REMOVED else ends[1]
        return assess(
            transition, compare(before, after, CATALOGUE), before=before, after=after, rules=RULES,
            catalogue=CATALOGUE, today=TODAY,
        )  # fmt: skip

    def period(self, since: datetime, until: datetime) -> Period:
        return period(
            self.arn, since, until, observations=self.observations, changes=self.changes(),
            document=self.documents.__getitem__, looks=self.looks, rules=RULES, catalogue=CATALOGUE, today=TODAY,
            archived=list(self.documents),
        )  # fmt: skip


def past(
    *seen: tuple[float, int | None, Document | None], looks: Sequence[float] = (), **more: datetime
) -> Past:
    """A past from (day after SINCE on which it was seen, version number, its document). Versions are made an hour before
    they are first seen; `looks` are days too."""
    observations: list[Observation] = []
    documents: dict[Identity, Document] = {}
    made: dict[int, datetime] = {}
    for day, number, document in seen:
        moment = SINCE + timedelta(days=day)
        if number is None or document is None:
            observations.append(Observation(moment, None, None, "test", f"run {day}", "look"))
            continue
        identity = VersionId(number), made.setdefault(number, moment - timedelta(hours=1))
        documents[identity] = document
        observations.append(Observation(moment, *identity, "test", f"run {day}", "look"))
    at = [SINCE + timedelta(days=day) for day in looks]
    rounds = [Look(f"look {n}", moment, moment, None, ()) for n, moment in enumerate(at)]
    return Past(POLICY, observations, documents, rounds, **more)


A, B, C = (
    allowing("ec2:DescribeVpcs"),
    allowing("ec2:DescribeVpcs", "s3:GetObject"),
    allowing("ec2:DescribeVpcs", "ec2:DescribeSubnets"),
)


def actions(found: Sequence[Transient]) -> list[tuple[str, str]]:
    return [(one.action, one.direction) for one in found]


def test_what_lasted_is_net_and_no_transient() -> None:
    found = past((-5, 1, A), (3, 2, B)).period(SINCE, UNTIL)
    assert found.net is not None
    assert [one.action for one in found.net.difference.actions_added] == ["s3:GetObject"]
    assert found.net.severity == "alarm"
    assert (found.net.kind, found.transient, len(found.transitions)) == ("updated", (), 1)
    assert found.net.id == found.transitions[0].id


def test_what_came_and_went_is_transient_with_its_bounds_and_deserves_attention() -> None:
    found = past((-5, 1, A), (3, 2, B), (4, 1, A), looks=[3.25]).period(SINCE, UNTIL)
    assert found.net is None
    (one,) = found.transient
    assert (one.action, one.direction, one.access_level) == ("s3:GetObject", "granted", "Read")
    assert (one.min_s, one.max_s) == (6 * 3600, 25 * 3600)
    assert [each.rule for each in found.transient_attention] == ["customer-data/s3-objects"]
    assert [each.kind for each in found.transitions] == ["updated", "rolled-back"]


def test_what_went_and_came_back_is_transient_the_other_way_round() -> None:
    found = past((-5, 1, B), (3, 2, A), (4, 1, B)).period(SINCE, UNTIL)
    assert actions(found.transient) == [("s3:GetObject", "withdrawn")]
    assert found.transient_attention == ()


def test_what_came_and_went_in_between_beside_a_net_change() -> None:
    found = past((-5, 1, A), (3, 2, B), (4, 3, C)).period(SINCE, UNTIL)
    assert found.net is not None
    assert [one.action for one in found.net.difference.actions_added] == ["ec2:DescribeSubnets"]
    assert actions(found.transient) == [("s3:GetObject", "granted")]


def test_what_came_went_and_came_for_good_is_net() -> None:
    found = past((-5, 1, A), (3, 2, B), (4, 1, A), (5, 3, B)).period(SINCE, UNTIL)
    assert found.net is not None
    assert [one.action for one in found.net.difference.actions_added] == ["s3:GetObject"]
    assert found.transient == ()


def test_what_came_and_went_twice_is_one_transient_with_both_times() -> None:
    found = past((-5, 1, A), (3, 2, B), (4, 1, A), (5, 2, B), (6, 1, A), looks=[4.9]).period(SINCE, UNTIL)
    (one,) = found.transient
    assert one.min_s == 0
    assert one.max_s == pytest.approx((25 + 24 * 0.1) * 3600 + 86400)


def test_two_versions_in_a_row_that_grant_it_are_one_stretch() -> None:
    both = allowing("ec2:DescribeVpcs", "s3:GetObject", "ec2:DescribeSubnets")
    found = past((-5, 1, A), (3, 2, B), (5, 3, both), (6, 4, A)).period(SINCE, UNTIL)
    by_action = {one.action: one for one in found.transient}
    assert (by_action["s3:GetObject"].min_s, by_action["s3:GetObject"].max_s) == (2 * 86400, 3 * 86400 + 3600)
    assert (by_action["ec2:DescribeSubnets"].min_s, by_action["ec2:DescribeSubnets"].max_s) == (
        0,
        86400 + 3600,
    )


def test_what_was_wider_for_a_while_is_told_apart() -> None:
    narrow, wide = allowing("s3:GetObject", on="arn:aws:s3:::logs/*"), allowing("s3:GetObject")
    found = past((-5, 1, narrow), (3, 2, wide), (4, 1, narrow)).period(SINCE, UNTIL)
    assert (found.net, found.transient) == (None, ())
    assert actions(found.transient_scopes) == [("s3:GetObject", "widened")]
    assert [one.consequence for one in found.transient_attention] == ["read S3 objects in a wider scope"]
    found = past((-5, 1, wide), (3, 2, narrow), (4, 1, wide)).period(SINCE, UNTIL)
    assert actions(found.transient_scopes) == [("s3:GetObject", "narrowed")]
    other = allowing("s3:GetObject", on="arn:aws:s3:::mails/*")
    found = past((-5, 1, narrow), (3, 2, other), (4, 1, narrow)).period(SINCE, UNTIL)
    assert actions(found.transient_scopes) == [("s3:GetObject", "re-scoped")]


def test_the_first_instant_belongs_to_the_period_and_the_last_does_not() -> None:
    told = past((-5, 1, A), (0, 2, B), (30, 3, C))
    found = told.period(SINCE, UNTIL)
    assert [one.transition.observed_at for one in found.transitions] == [SINCE]
    assert found.net is not None
    assert [str(end.version) for end in (found.net.transition.before, found.net.transition.after) if end] == [
        "v1",
        "v2",
    ]
    assert told.period(UNTIL, UNTIL + timedelta(days=1)).net is not None


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        past((-5, 1, A)).period(UNTIL, SINCE)
    with pytest.raises(ValueError, match="naive"):
        past((-5, 1, A)).period(SINCE.replace(tzinfo=None), UNTIL)


def test_nothing_known_at_all() -> None:
    found = past().period(SINCE, UNTIL)
    assert (found.net, found.transitions, found.looks, found.known_before) == (None, (), 0, False)


def test_nothing_known_of_before_begins_with_the_first_that_was_seen() -> None:
    found = past((3, 5, A), (4, 6, B)).period(SINCE, UNTIL)
    assert not found.known_before
    assert found.net is not None
    assert [one.action for one in found.net.difference.actions_added] == ["s3:GetObject"]
    assert past((3, 5, A)).period(SINCE, UNTIL).net is None


def test_a_policy_created_inside_begins_with_nothing() -> None:
    found = past((3, 1, A), (4, 2, B), watched_since=SINCE - timedelta(days=9)).period(SINCE, UNTIL)
    assert found.net is not None
    assert (found.net.kind, found.net.transition.before) == ("created", None)
    assert len(found.net.difference.actions_added) == 2
    gone = past((-9, None, None), (3, 1, B), (4, 2, A)).period(SINCE, UNTIL)
    assert gone.net is not None
    assert (gone.net.kind, gone.known_before) == ("created", True)
    assert actions(gone.transient) == [("s3:GetObject", "granted")]


def test_a_removed_policy_is_no_action_less() -> None:
    found = past((-5, 1, A), (3, 2, B), (4, None, None)).period(SINCE, UNTIL)
    assert found.net is not None
    assert found.net.kind == "removed"
    assert not found.net.difference.actions_removed
    assert found.transient == (), "nobody knows that it was withdrawn"
    assert found.net.severity == "attention"


def test_removed_and_back_the_same_is_nothing_net() -> None:
    found = past((-5, 1, A), (3, None, None), (4, 1, A)).period(SINCE, UNTIL)
    assert (found.net, [one.kind for one in found.transitions]) == (None, ["removed", "reappeared"])


def test_republished_is_nothing_net() -> None:
    found = past((-5, 1, A), (3, 2, A)).period(SINCE, UNTIL)
    assert (found.net, [one.kind for one in found.transitions]) == (None, ["republished"])


def test_a_net_rollback_says_how_long_the_withdrawn_version_was_in_force() -> None:
    told = past((-40, 1, A), (-5, 2, B), (4, 1, A))
    found = told.period(SINCE, UNTIL)
    assert found.net is not None
    assert found.net.kind == "rolled-back"
    assert found.net.transition.rollback == found.transitions[-1].transition.rollback


def test_gaps_inside_are_told_with_the_net_change() -> None:
    found = past((-5, 1, A), (3, 4, B), (4, 6, C)).period(SINCE, UNTIL)
    assert found.net is not None
    assert [str(one) for one in found.net.transition.gap] == ["v2", "v3", "v5"], (
        "v4 was the default for a while"
    )


def test_looks_are_counted_and_only_those_that_read_the_policy() -> None:
    told = past((-5, 1, A), looks=[-1, 0, 1.5, 30])
    found = told.period(SINCE, UNTIL)
    assert (found.looks, found.first_look, found.last_look) == (2, SINCE, SINCE + timedelta(days=1.5))
    failed = Look("x", SINCE, SINCE, None, (str(POLICY),))
    other = Look("y", SINCE, SINCE, ("arn:aws:iam::aws:policy/ReadOnlyAccess",), ())
    assert Past(POLICY, told.observations, told.documents, [failed, other]).period(SINCE, UNTIL).looks == 0


def test_a_deny_that_came_and_went() -> None:
    denied = policy(statement("ec2:DescribeVpcs", "s3:GetObject"), statement("s3:GetObject", effect="Deny"))
    found = past((-5, 1, B), (3, 2, denied), (4, 1, B)).period(SINCE, UNTIL)
    assert actions(found.transient) == [("s3:GetObject", "withdrawn")]


# semantics 42, on the real history


@pytest.fixture(scope="module")
def support() -> Past:
    documents = {
        identity: parse_document(each.document, what=str(each.version))
        for identity, each in history.snapshots(history.SUPPORT).items()
        if 18 <= each.version.number <= 22
    }
    observations = [one for one in history.observations(history.SUPPORT) if one.identity in documents]
    return Past(history.arn(history.SUPPORT), observations, documents)


def test_semantics_42_december_2021(support: Past) -> None:
    found = support.period(parse_instant("2021-12-01"), parse_instant("2022-01-01"))
    assert found.net is None
    assert found.known_before
    assert [one.kind for one in found.transitions] == ["updated", "rolled-back"]
    granted = [one for one in found.transient if one.direction == "granted"]
    withdrawn = [one for one in found.transient if one.direction == "withdrawn"]
    assert (len(granted), len(withdrawn)) == (41, 14)
    assert "s3:getObject" in {one.action for one in granted}
    made, seen_again = parse_instant("2021-12-21T23:48:04Z"), parse_instant("2021-12-22T10:12:46Z")
    for one in found.transient:
        assert (one.min_s, one.max_s) == (0, (seen_again - made).total_seconds())
        assert duration(one.max_s) == "10 h 25 min"
    (flag,) = [one for one in found.transient_attention if one.severity == "alarm"]
    assert (flag.rule, flag.actions) == ("customer-data/s3-objects", ("s3:getObject",))


def test_semantics_42_to_march_2022(support: Past) -> None:
    found = support.period(parse_instant("2021-12-01"), parse_instant("2022-03-01"))
    assert found.net is not None
    assert (len(found.net.difference.actions_added), len(found.net.difference.actions_removed)) == (55, 15)
    assert (found.net.transition.gap, found.net.transition.filled) == ((), ()), (
        "v20 was the default for a while"
    )
    net = {one.action.lower() for one in found.net.difference.actions_added}
    assert not net & {one.action.lower() for one in found.transient}
    assert "s3:getobject" in {one.action.lower() for one in found.transient}


# laws, on any order of four documents

POOL = (
    A,
    B,
    C,
    policy(statement("ec2:DescribeVpcs", "s3:GetObject"), statement("s3:GetObject", effect="Deny")),
    allowing("s3:GetObject", on="arn:aws:s3:::logs/*"),
)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, len(POOL) - 1)), min_size=1, max_size=7), st.integers(-1, 2)
)
def test_laws_of_any_period(order: list[int | None], before: int) -> None:
    """What came and went is what both ends hold alike and something between did not; and it lasted a while."""
    told = past(
        *[
            (n - before - 0.5, None if i is None else i + 1, None if i is None else POOL[i])
            for n, i in enumerate(order)
        ]
    )
    found = told.period(SINCE, UNTIL)
    visible = [n for n, i in enumerate(order) if i is not None]
    starts = [n for n in visible if n <= before]
    if before < 0 and order[0] is not None:  # nothing is known of the time before: the first that was seen
        starts = visible[:1]
    states = [{} if not starts else allowed(order[starts[-1]])]
    states += [allowed(order[n]) for n in visible if n > (starts[-1] if starts else -1)]
    expected = {
        (action, "granted" if not states[0].get(action) else "withdrawn")
        for state in states[1:]
        for action in {*state, *states[0]}
        if bool(state.get(action)) != bool(states[0].get(action))
        and states[0].get(action) == states[-1].get(action)
    }
    assert {(one.action.lower(), one.direction) for one in found.transient} == expected
    net = found.net.difference if found.net else Difference()
    moved = {one.action.lower() for one in (*net.actions_added, *net.actions_removed)}
    assert not moved & {action for action, _ in expected}
    if order[-1] is not None:  # of a policy that is not visible at the end nobody knows what it allows
        assert moved == {
            a for a in {*states[0], *states[-1]} if bool(states[0].get(a)) != bool(states[-1].get(a))
        }
    for one in (*found.transient, *found.transient_scopes):
        assert 0 <= one.min_s <= one.max_s


def allowed(number: int | None) -> dict[str, str]:
    """What a document of the pool allows, written down by hand."""
    return {
        None: {},
        0: {"ec2:describevpcs": "*"},
        1: {"ec2:describevpcs": "*", "s3:getobject": "*"},
        2: {"ec2:describevpcs": "*", "ec2:describesubnets": "*"},
        3: {"ec2:describevpcs": "*"},
        4: {"s3:getobject": "logs"},
    }[number]
