"""The JSON record, schema 1: the keys that the design promises, sorted lists, the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.changelog import cases
from tests.changelog.making import BILLING, SUPPORT, instant
from tracker.changelog.nets import net_entry
from tracker.changelog.reconciled import verdicts_markdown
from tracker.changelog.record import (
    attention_record,
    change_record,
    check_record,
    dumps,
    period_record,
    scope_record,
)
from tracker.changelog.rows import transition_record
from tracker.model.change import ConditionEntry, DenyChange, Scope
from tracker.model.recorded import ChangeRow

# schema 1: docs/architecture.md
KEYS = [
    "schema",
    "type",
    "id",
    "severity",
    "headline",
    "policy",
    "kind",
    "from",
    "to",
    "gap",
    "versions_filled",
    "rollback",
    "catalogue",
    "summary",
    "attention",
    "tripwires",
    "services_added",
    "services_removed",
    "actions_added",
    "actions_removed",
    "actions_widened",
    "actions_narrowed",
    "actions_rescoped",
    "denies_added",
    "denies_removed",
    "denies_widened",
    "denies_narrowed",
    "denies_rescoped",
    "patterns_added",
    "patterns_removed",
    "redundant",
    "cosmetic",
]
SUMMARY = [
    "services_added",
    "services_removed",
    "actions_added",
    "actions_removed",
    "actions_widened",
    "actions_narrowed",
    "actions_rescoped",
    "denies_added",
    "denies_removed",
    "attention",
]
PARTS = {
    "attention": "rule actions completes why source source_date scopes accepted",
    "tripwires": "pattern actions",
    "services_added": "service name actions",
    "services_removed": "service name actions",
    "actions_added": "action service access_level description tags scopes",
    "actions_removed": "action service access_level description tags scopes",
    "actions_widened": "action service access_level before after proved",
    "actions_narrowed": "action service access_level before after proved",
    "actions_rescoped": "action service access_level before after proved",
    "denies_added": "pattern scopes",
    "denies_removed": "pattern scopes",
    "denies_widened": "pattern before after",
    "denies_narrowed": "pattern before after",
    "patterns_added": "pattern effect scopes reaches open_ended",
    "patterns_removed": "pattern effect scopes reaches open_ended",
    "redundant": "pattern effect direction scopes",
}


@pytest.mark.parametrize("name", sorted(cases.SMALL))
def test_the_keys_of_a_change(name: str) -> None:
    record = change_record(cases.SMALL[name]())
    assert set(record) - {"reinstated", "catalogue_before"} == set(KEYS)
    assert set(summary(record)) == set(SUMMARY)
    assert (record["schema"], record["type"]) == (1, "change")
    for part, keys in PARTS.items():
        for one in listed(record, part):
            assert set(keys.split()) <= set(one), part
            if part not in ("attention",):
                assert set(one) == set(keys.split()), part


def summary(record: Mapping[str, Any]) -> dict[str, int]:
    return dict(record["summary"])


def listed(record: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    return list(record[part])


@pytest.mark.parametrize("name", sorted(cases.SMALL))
def test_counts_are_the_lengths_of_the_lists(name: str) -> None:
    record = change_record(cases.SMALL[name]())
    for key, count in summary(record).items():
        shown = [one for one in listed(record, key) if not one.get("accepted")]
        assert count == len(shown), key


@pytest.mark.parametrize("name", sorted(cases.SMALL))
def test_every_list_is_sorted_whatever_the_order_it_came_in(name: str) -> None:
    found = cases.SMALL[name]()
    turned: dict[str, Any] = {
        part: tuple(reversed(getattr(found.difference, part)))
        for part in PARTS
        if part not in ("attention", "tripwires")
    }
    other = replace(
        found,
        difference=replace(found.difference, **turned, cosmetic=tuple(reversed(found.difference.cosmetic))),
        attention=tuple(reversed(found.attention)),
    )
    assert dumps(change_record(other)) == dumps(change_record(found))


def test_what_is_equal_at_first_is_sorted_by_the_rest() -> None:
    wide, narrow = (DenyChange("s3:*", (), (Scope(resources=(place,)),)) for place in ("*", "arn:aws:s3:::a"))
    found = cases.denies()
    records = [
        dumps(change_record(replace(found, difference=replace(found.difference, denies_added=pair))))
        for pair in ((wide, narrow), (narrow, wide))
    ]
    assert records[0] == records[1]


def test_values_of_a_change() -> None:
    record: Any = change_record(cases.rolled_back())
    assert record["policy"] == {"arn": str(SUPPORT), "name": SUPPORT.name, "partition": "aws"}
    assert record["kind"] == "rolled-back"
    assert record["from"] == {
        "version": "v20",
        "create_date": "2021-12-21T23:48:00Z",
        "observed_at": "2021-12-22T04:48:00Z",
        "basis": "look",
    }
    assert record["rollback"] == {
        "restored": "v19",
        "withdrawn": "v20",
        "in_force_min_s": 36050,
        "in_force_max_s": 37482,
    }
    assert change_record(cases.created())["from"] is None
    assert change_record(cases.removed())["to"] is None
    assert change_record(cases.quiet())["gap"] == ["v42"]
    assert change_record(cases.reinstated())["versions_filled"] == ["v8"]
    assert change_record(cases.reinstated())["reinstated"] is True
    unseen: Any = change_record(cases.never_in_force())
    assert unseen["to"]["observed_at"] is None


def test_scopes() -> None:
    assert scope_record(Scope()) == {"resources": ["*"]}
    assert scope_record(Scope(resources=None, not_resources=("b", "a"))) == {"not_resources": ["a", "b"]}
    condition = (
        ConditionEntry("StringEquals", "aws:b", ("2", "1")),
        ConditionEntry("StringEquals", "aws:a", ("1",)),
        ConditionEntry("Bool", "aws:c", ("true",)),
    )
    full = Scope(principal=(("Service", ("b", "a")), ("AWS", ("1",))), condition=condition)
    assert scope_record(full) == {
        "resources": ["*"],
        "principal": {"AWS": ["1"], "Service": ["a", "b"]},
        "condition": {"Bool": {"aws:c": ["true"]}, "StringEquals": {"aws:a": ["1"], "aws:b": ["1", "2"]}},
    }
    assert "not_principal" in scope_record(replace(full, not_principal=True))


def test_a_period() -> None:
    record: Any = period_record(cases.PERIODS["period-transient"]())
    assert [record["type"], record["since"], record["until"]] == [
        "period",
        "2026-05-01T00:00:00Z",
        "2026-06-01T00:00:00Z",
    ]
    (one,) = record["policies"]
    assert {"policy", "net", "transitions", "transient", "looks", "first_look", "last_look"} <= set(one)
    assert one["net"] is None
    assert one["transient"][0] == {
        "action": "ec2:describeVpcs",
        "direction": "granted",
        "min_s": 36050,
        "max_s": 37482,
    }
    assert [change["kind"] for change in one["transitions"]] == ["compared", "rolled-back"]
    both: Any = period_record(cases.month(), cases.month(policy=BILLING))
    assert [each["policy"]["name"] for each in both["policies"]] == [BILLING.name, SUPPORT.name]
    with pytest.raises(ValueError, match="begin and end together"):
        period_record(cases.month(), cases.month(until=cases.month().since))


def test_a_round() -> None:
    record = check_record("r1", [SUPPORT, BILLING], [cases.quiet()], [(BILLING, "refused", "ask again")])
    assert record["type"] == "check"
    assert record["checked"] == sorted([str(SUPPORT), str(BILLING)])
    assert record["failed"] == [{"policy": str(BILLING), "error": "refused", "advice": "ask again"}]
    assert json.loads(dumps(record)) == record
    assert dumps(record) == json.dumps(record, indent=2, ensure_ascii=False) + "\n"


WORDS = st.text(st.characters(max_codepoint=126) | st.sampled_from("éß\u0300漢🙂"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | WORDS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=12,
    )
)
def test_a_record_is_written_as_the_standard_library_writes_it(value: object) -> None:
    assert dumps({"it": value}) == json.dumps({"it": value}, indent=2, ensure_ascii=False) + "\n"


def test_half_a_surrogate_is_written_all_the_same() -> None:
    assert dumps({"sid": "\ud800"}) == '{\n  "sid": "\ud800"\n}\n'


def test_a_finding_in_force_has_since_when() -> None:
    (first, *_) = cases.updated().attention
    assert attention_record(first)["since"] is None
    assert attention_record(replace(first, since="2026-05-04"))["since"] == "2026-05-04"


def test_a_period_of_which_nothing_came_and_went_is_an_entry_without_that_note() -> None:
    made = cases.updated()
    last = ChangeRow(
        "c", SUPPORT, SUPPORT.name, "updated", instant("2026-05-04 12:00"), None, None, "alarm", "", {}, "r1"
    )
    steady = net_entry(cases.month(net=made, transitions=(made,)), "x.html", last)
    assert (steady.notes, steady.severity) == (("1 change inside the month",), made.severity)
    passing = net_entry(cases.month(net=made, transitions=(made,), transient=cases.passing()), "x.html", last)
    assert passing.notes == ("4 actions came and went", "1 change inside the month")


def test_a_move_that_begins_or_ends_with_nothing_has_no_such_end() -> None:
    created = transition_record(cases.created().transition, "c")
    removed = transition_record(cases.removed().transition, "c")
    assert (created["from"], removed["to"]) == (None, None)
    assert (created["to"], removed["from"]) != (None, None)


def test_where_nothing_was_announced_and_nothing_seen_there_is_no_table() -> None:
    told = verdicts_markdown("X*", (), "2026-05-04")
    assert told.startswith("# X\\*: announced against observed\n\nNothing was announced, and nothing seen.")
    assert "|" not in told
