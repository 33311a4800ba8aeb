"""Kinds of transition: the house's words, semantics 35 and 37 to 43, and the real history of 69 policies."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import history
from tests.support.policies import CATALOGUE
from tracker.changes.compare import compare
from tracker.changes.history import NAMED_GAP, Identity, transitions
from tracker.changes.identity import change_id
from tracker.model.history import Basis, Kind, Look, Observation, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import duration
from tracker.policy.parse import parse_document

POLICY = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
DAWN = datetime(2021, 1, 1, tzinfo=UTC)


def made(number: int, *, life: int = 0) -> Identity:
    """A version made on its own day, `life` counting how often the policy was made again."""
    return VersionId(number), DAWN + timedelta(days=number + 1000 * life)


def seen(
    identity: Identity | None,
    hours: float,
    *,
    run: str = "",
    basis: Basis = "look",
    after: Identity | None = None,
) -> Observation:
    """An observation so many hours after the version was made (or after `after` was)."""
    start = (after or identity or made(1))[1]
    moment = start + timedelta(hours=hours)
    version, create_date = identity or (None, None)
    return Observation(moment, version, create_date, "test", run or f"run-{moment:%m%d%H}", basis)


def told(
    *observations: Observation,
    archived: Collection[Identity] = (),
    same: Collection[tuple[Identity, Identity]] = (),
    watched_since: datetime | None = None,
    looks: tuple[Look, ...] = (),
) -> tuple[Transition, ...]:
    return tuple(
        transitions(
            POLICY,
            observations,
            archived,
            same=lambda old, new: (old, new) in same,
            watched_since=watched_since,
            looks=looks,
        )
    )


def kinds(found: tuple[Transition, ...]) -> list[str]:
    return [str(each.kind) for each in found]


def test_nothing_seen_is_no_history() -> None:
    assert told() == ()


def test_the_first_observation_is_a_baseline() -> None:
    assert told(seen(made(5), 1)) == ()


def test_a_policy_that_was_looked_for_before_has_been_created() -> None:
    (found,) = told(seen(made(1), 1), watched_since=DAWN)
    assert (found.kind, found.before, found.gap) == (Kind.CREATED, None, ())
    assert found.after is not None
    assert found.after.version == VersionId(1)


def test_a_look_that_found_it_proves_nothing_of_before() -> None:
    first = seen(made(1), 1)
    assert told(first, watched_since=first.observed_at) == ()


def test_what_was_absent_first_has_been_created() -> None:
    absent = Observation(DAWN, None, None, "test", "run-0", "look")
    assert kinds(told(absent, seen(made(1), 1))) == ["created"]


def test_what_nobody_ever_saw_was_not_removed() -> None:
    assert told(Observation(DAWN, None, None, "test", "run-0", "look")) == ()


def test_what_was_made_in_the_same_second_is_rolled_back_to_and_not_made_again() -> None:
    old, new = made(5), (VersionId(6), made(5)[1])
    assert kinds(told(seen(old, 1), seen(new, 2), seen(old, 3))) == ["updated", "rolled-back"]


def test_removed_and_reappeared() -> None:
    gone = seen(None, 24, after=made(3))
    removed, back = told(seen(made(3), 1), gone, seen(made(4), 48))
    assert (removed.kind, removed.after, removed.observed_at) == (Kind.REMOVED, None, gone.observed_at)
    assert removed.before is not None
    assert removed.before.version == VersionId(3)
    assert back.kind is Kind.REAPPEARED
    assert back.before is not None, (
        "compared with what was visible last, so that nothing counts as gone and come"
    )
    assert back.before.version == VersionId(3)
    assert back.after is not None
    assert back.after.version == VersionId(4)


def test_reappearing_comes_before_being_made_again() -> None:
    again = made(1, life=1)
    found = told(seen(made(3), 1), seen(None, 24, after=made(3)), seen(again, 1))
    assert kinds(found) == ["removed", "reappeared"]


def test_semantics_35_the_same_access_under_a_later_id_is_republished_and_names_the_gap() -> None:
    old, new = made(44), made(50)
    (found,) = told(seen(old, 1), seen(new, 1), archived=[old, new], same=[(old, new)])
    assert found.kind is Kind.REPUBLISHED
    assert [str(v) for v in found.gap] == ["v45", "v46", "v47", "v48", "v49"]


def test_ids_that_are_archived_but_never_were_the_default_are_filled() -> None:
    (found,) = told(seen(made(1), 1), seen(made(5), 1), archived=[made(1), made(3), made(5)])
    assert ([str(v) for v in found.gap], [str(v) for v in found.filled]) == (["v2", "v4"], ["v3"])


def test_a_version_of_the_policys_earlier_life_fills_no_gap() -> None:
    reborn, later = made(1, life=1), made(3, life=1)
    recreated, updated = told(
        seen(made(2), 1), seen(reborn, 1), seen(later, 1), archived=[made(2), reborn, later]
    )
    assert recreated.kind is Kind.RECREATED
    assert [str(v) for v in updated.gap] == ["v2"]


def test_semantics_38_a_default_that_goes_back_is_rolled_back() -> None:
    old, new = made(19), made(20)
    updated, back = told(seen(old, 1), seen(new, 1), seen(old, 11, after=new))
    assert kinds((updated, back)) == ["updated", "rolled-back"]
    assert back.rollback is not None
    assert (str(back.rollback.restored), str(back.rollback.withdrawn)) == ("v19", "v20")
    assert (back.rollback.in_force_min_s, back.rollback.in_force_max_s) == (0, 11 * 3600)
    assert back.gap == ()


def test_a_lower_id_that_never_was_the_default_is_an_update() -> None:
    """The words: rolled-back is 'to a lower version id that was the default before'."""
    assert kinds(told(seen(made(20), 1), seen(made(19), 30))) == ["updated"]


def test_semantics_43_forth_back_and_forth_is_rolled_back_once_then_reinstated() -> None:
    one, two = made(1), made(2)
    found = told(seen(one, 1), seen(two, 1), seen(one, 5, after=two), seen(two, 9))
    assert kinds(found) == ["updated", "rolled-back", "updated"]
    assert [each.reinstated for each in found] == [False, False, True]


def test_after_a_rollback_the_withdrawn_version_is_no_gap() -> None:
    found = told(seen(made(19), 1), seen(made(20), 1), seen(made(19), 11, after=made(20)), seen(made(21), 1))
    assert kinds(found) == ["updated", "rolled-back", "updated"]
    assert (found[-1].gap, found[-1].filled, found[-1].reinstated) == ((), (), False)


def test_semantics_41_the_same_id_with_another_date_is_recreated() -> None:
    (found,) = told(seen(made(1), 1), seen(made(1, life=1), 1))
    assert (found.kind, found.gap) == (Kind.RECREATED, ())


def test_recreated_and_first_seen_later_names_the_ids_of_the_new_life() -> None:
    (found,) = told(seen(made(9), 1), seen(made(3, life=1), 1))
    assert (found.kind, [str(v) for v in found.gap]) == (Kind.RECREATED, ["v1", "v2"])


def test_the_order_in_which_observations_arrive_says_nothing() -> None:
    observations = [seen(made(1), 1), seen(made(2), 1), seen(made(1), 5, after=made(2)), seen(made(2), 9)]
    assert told(*observations) == told(*reversed(observations))


def test_a_version_seen_twice_in_a_row_is_one_stint() -> None:
    found = told(seen(made(1), 1), seen(made(2), 1), seen(made(2), 4), seen(made(1), 5, after=made(2)))
    assert kinds(found) == ["updated", "rolled-back"]
    assert found[1].rollback is not None
    assert (found[1].rollback.in_force_min_s, found[1].rollback.in_force_max_s) == (3 * 3600, 5 * 3600)


def test_looks_narrow_how_long_a_version_was_in_force() -> None:
    old, new = made(19), made(20)

    def look(
        hours: float, run: str, failed: tuple[str, ...] = (), policies: tuple[str, ...] | None = None
    ) -> Look:
        start = new[1] + timedelta(hours=hours)
        return Look(run, start, start + timedelta(minutes=1), policies, failed)

    looks = (
        look(-40, "before it was made"),
        look(3, "found it"),
        look(5, "saw it still", policies=(str(POLICY),)),
        look(6, "could not read it", failed=(str(POLICY),)),
        look(7, "looked at others", policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",)),
    )
    observations = (seen(old, 1), seen(new, 3.01, run="found it"), seen(old, 9, after=new))
    rollback = told(*observations, looks=looks)[1].rollback
    assert rollback is not None
    assert rollback.in_force_min_s == pytest.approx(1.99 * 3600)
    assert rollback.in_force_max_s == 9 * 3600
    confirmed = (*looks, look(2, "the old one still"))
    rollback = told(*observations, looks=confirmed)[1].rollback
    assert rollback is not None
    assert rollback.in_force_max_s == 7 * 3600, (
        "the version before was still seen two hours after it was made"
    )


def test_a_date_is_no_sighting() -> None:
    """Shipped history begins each version by its date; nobody watched, so it proves no length of time."""
    new = made(20)
    found = told(
        seen(made(19), 0, basis="create_date"),
        seen(new, 0, basis="create_date"),
        seen(new, 5),
        seen(made(19), 6, after=new),
    )
    assert found[1].rollback is not None
    assert (found[1].rollback.in_force_min_s, found[1].rollback.in_force_max_s) == (0, 6 * 3600)
    assert found[1].before is not None
    assert found[1].before.basis == "create_date"


def test_a_gap_beyond_all_measure_is_named_at_its_ends() -> None:
    far = (VersionId(999_999_999), made(2)[1])
    (found,) = told(seen(made(1), 1), seen(far, 1))
    assert len(found.gap) == NAMED_GAP
    assert (str(found.gap[0]), str(found.gap[-1])) == ("v2", "v999999998")


VERSIONS = st.one_of(
    st.none(), st.builds(lambda number, life: made(number, life=life), st.integers(1, 5), st.integers(0, 1))
)


@given(st.lists(VERSIONS, max_size=12))
def test_laws_of_any_history(order: list[Identity | None]) -> None:
    """Whatever was seen: transitions join on to one another, know their order, and have ids of their own."""
    start = DAWN + timedelta(days=5000)
    observations = [
        replace(seen(each, 0), observed_at=start + timedelta(hours=n)) for n, each in enumerate(order)
    ]
    found = told(*observations, archived=[made(3)])
    visible = [each.after for each in found if each.after]
    assert [each.before for each in found if each.before][1:] == (
        [each.after or each.before for each in found if each.before][:-1]
    )
    assert all(each.observed_at < later.observed_at for each, later in pairwise(found))
    assert len({change_id(each) for each in found}) == len(found)
    assert {each.version for each in visible} <= {each[0] for each in order if each}
    for each in found:
        assert (each.rollback is not None) == (each.kind is Kind.ROLLED_BACK)
        assert (each.after is None) == (each.kind is Kind.REMOVED)
        assert not set(each.gap) & set(each.filled)
        if each.rollback:
            assert 0 <= each.rollback.in_force_min_s <= each.rollback.in_force_max_s


def test_the_id_depends_on_its_facts_alone() -> None:
    first = told(seen(made(1), 1), seen(made(3), 1))[0]
    assert change_id(first) == change_id(told(seen(made(1), 1), seen(made(3), 1), archived=[made(2)])[0])
    later = told(seen(made(1), 1), seen(made(3), 2))[0]
    assert change_id(first) != change_id(later)
    assert len(change_id(first)) == 16


def real(name: str) -> tuple[Transition, ...]:
    snapshots = history.snapshots(name)
    return tuple(
        transitions(
            history.arn(name),
            history.observations(name),
            list(snapshots),
            same=lambda old, new: snapshots[old].document == snapshots[new].document,
        )
    )


def test_real_december_2021_rolled_back_within_hours() -> None:
    (found,) = [each for each in real(history.SUPPORT) if each.kind is Kind.ROLLED_BACK]
    assert found.rollback is not None
    assert (str(found.rollback.restored), str(found.rollback.withdrawn)) == ("v19", "v20")
    assert duration(found.rollback.in_force_max_s) == "10 h 25 min"
    assert found.rollback.in_force_min_s == 0


def test_real_semantics_37_a_stale_answer_is_no_transition() -> None:
    """The archive's files hold answers with IsDefaultVersion false; none of them makes a transition."""
    stale = [
        (name, committed.seen_at)
        for name in history.policies()
        for committed, answer in history.answers(name)
        if not answer["IsDefaultVersion"]
    ]
    assert len(stale) > 10
    moments = {(name, each.observed_at) for name in history.policies() for each in real(name)}
    assert not moments & set(stale)


def test_real_semantics_41_a_policy_made_again() -> None:
    (found,) = real("CloudFormationStackSetsOrgAdminServiceRolePolicy")
    assert found.kind is Kind.RECREATED


def test_real_gaps_are_named() -> None:
    gaps = {(name, str(v)) for name in history.policies() for each in real(name) for v in each.gap}
    assert {
        ("AWSConfigServiceRolePolicy", "v9"),
        ("ReadOnlyAccess", "v53"),
        ("ReadOnlyAccess", "v69"),
    } <= gaps


def test_real_kinds_are_counted_alike_by_a_script_that_shares_no_code() -> None:
    """All kinds over all 69 policies, against git log, json and sets alone."""
    script = history.ROOT / "tests" / "support" / "count_transitions.py"
    done = subprocess.run(
        [sys.executable, str(script), str(history.clone())], capture_output=True, text=True, check=True
    )
    counted: Counter[str] = Counter()
    for name in history.policies():
        documents = {
            identity: parse_document(snapshot.document, what=name)
            for identity, snapshot in history.snapshots(name).items()
        }
        found = transitions(
            history.arn(name),
            history.observations(name),
            list(documents),
            same=lambda old, new, known=documents: compare(known[old], known[new], CATALOGUE).equal_language,  # type: ignore[misc] # a default that binds it
        )
        counted.update(str(each.kind) for each in found)
    assert dict(counted) == json.loads(done.stdout)
    assert {"updated", "rolled-back", "recreated", "republished"} == counted.keys()


def test_the_round_that_found_a_policy_proves_nothing_of_before() -> None:
    """A round begins before it sees anything: its own start is no proof that the policy was looked for earlier."""
    first = seen(made(1), 1, run="found it")
    own = Look("found it", first.observed_at - timedelta(minutes=2), first.observed_at, None, ())
    assert told(first, looks=(own,), watched_since=own.start) == ()
    earlier = Look("before", own.start - timedelta(days=1), own.start - timedelta(days=1), None, ())
    assert kinds(told(first, looks=(earlier, own), watched_since=earlier.start)) == ["created"]
