"""Plain English: one action, two actions; months by name; durations as far as they are known."""

from datetime import UTC, datetime

import pytest

from tests.changelog import cases
from tests.changelog.test_golden import row
from tracker.changelog.index import folder_of, index_policies
from tracker.changelog.origin import origins, ranges
from tracker.changelog.wording import between, count, file_part, listed, number, short, some, stretch, was
from tracker.model.change import Change, Difference
from tracker.model.identity import PolicyArn, VersionId


def test_counts() -> None:
    assert [count(value, "action") for value in (0, 1, 2, 1_122)] == [
        "0 actions",
        "1 action",
        "2 actions",
        "1,122 actions",
    ]
    assert count(2, "policy", "policies") == "2 policies"
    assert (was(1), was(0), was(2)) == ("was", "were", "were")
    assert number(1_000_000) == "1,000,000"


def test_lists() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert some(["a", "b"], 2) == "a and b"


def test_a_period_in_a_file_name_has_no_colon() -> None:
    assert file_part("2021-12-01 06:17 to 2022-01-01 06:17 UTC") == "2021-12-01-0617-to-2022-01-01-0617-UTC"


def test_how_long() -> None:
    assert between(0, 7200) == "at most 2 h"
    assert between(36050, 37482) == "between 10 h and 10 h 25 min"
    assert between(7200, 7200) == "2 h"
    assert between(7190, 7200) == "between 1 h 59 min and 2 h"
    assert between(0.4, 37482) == "at most 10 h 25 min"


@pytest.mark.parametrize(
    ("since", "until", "name"),
    [
        ("2021-12-01", "2022-01-01", "December 2021"),
        ("2024-02-01", "2024-03-01", "February 2024"),
        ("2021-01-01", "2022-01-01", "2021"),
        ("2021-12-01", "2022-03-01", "2021-12-01 to 2022-03-01"),
        ("2021-12-01", "2021-12-31", "2021-12-01 to 2021-12-31"),
        ("2021-12-01T06:17", "2022-01-01T06:17", "2021-12-01 06:17 to 2022-01-01 06:17 UTC"),
    ],
)
def test_the_names_of_periods(since: str, until: str, name: str) -> None:
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, until))
    assert stretch(begin, end) == name


def test_cut_short() -> None:
    assert short("abc", 3) == "abc"
    assert short("abcd", 3) == "ab…"


def test_runs_of_versions() -> None:
    found = [VersionId(number) for number in (49, 45, 46, 47, 48, 51, 52, 54)]
    assert ranges(found) == ["v45 to v49", "v51", "v52", "v54"]
    assert ranges([VersionId(1), VersionId(2, ".a"), VersionId(3)]) == ["v1", "v2.a", "v3"]
    assert ranges([]) == []


def test_the_paths_of_the_index() -> None:
    again = [row(cases.rolled_back()) for _ in range(2)]
    (policy,) = index_policies(again, {}, {})
    assert [one.path for one in policy.rows] == [
        "./AWSSupportServiceRolePolicy/v20-v19_2021-12-22T101200Z",
        "./AWSSupportServiceRolePolicy/v20-v19",
    ]
    made, gone = row(cases.created()), row(cases.removed())
    (other,) = index_policies([made, gone], {made.id: "elsewhere/one"}, {})
    assert {one.path for one in other.rows} == {"./elsewhere/one", "./ExampleBillingReadOnly/v7-none"}
    assert folder_of(PolicyArn("aws-cn", "X")) == "X.aws-cn"


def test_where_a_change_comes_from() -> None:
    found = cases.updated()
    bare = Change(found.transition, Difference())
    assert [one.label for one in origins(bare)] == ["Before", "After"]
    assert [one.label for one in origins(found)] == ["Before", "After", "Allowed", "Catalogue", "Change"]
    told = {one.label: one.text for one in origins(cases.never_in_force())}
    assert told["After"] == "v20, made 2021-12-21 23:48 UTC; never seen as the default"
    dated = {one.label: one.text for one in origins(cases.quiet())}
    assert dated["Before"].endswith("taken for the default from then on by its date: nobody was watching")
    assert (
        dated["Gap"]
        == "v42: published between the two and never seen here; what it granted in the meantime is not known"
    )
    assert {one.label: one.text for one in origins(cases.reinstated())}["Between"] == (
        "v8: published between the two, archived, never seen as the default"
    )
    gone = {one.label: one.text for one in origins(cases.removed())}
    assert gone["After"] == "no longer visible to this account since 2026-05-04 17:00 UTC"
    assert gone["Allowed"] == "2 actions in 2 services when it was last seen"
