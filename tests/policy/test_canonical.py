"""Canonical JSON is what the standard library writes with sorted keys and an indent of two, only faster."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.policy.canonical import canonical_json

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(ANYTHING | st.lists(st.text()))
def test_it_is_what_the_standard_library_writes(value: object) -> None:
    assert canonical_json(value) == json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False)


@given(ANYTHING)
def test_a_margin_is_put_before_every_line_but_the_first(value: object) -> None:
    assert canonical_json(value, "  ") == canonical_json(value).replace("\n", "\n  ")


def test_tuples_are_lists() -> None:
    assert canonical_json(("a", 1)) == '[\n  "a",\n  1\n]'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1: "a"}, {None: "a"}, {"a": object()}, [{"a"}]])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)
