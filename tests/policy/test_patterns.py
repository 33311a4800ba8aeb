"""Inclusion of patterns as languages: against every string of a small alphabet, and against the second engine."""

import random
import re
import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.policy.languages import accepts, meet
from tracker.policy.patterns import (
    canonical,
    canonical_action,
    covers,
    is_wild,
    literal_prefix,
    matches,
    overlap,
)

WORDS = ["".join(one) for n in range(7) for one in product("abq", repeat=n)]  # q is in no pattern
patterns = st.text("ab*?", max_size=5)
unions = st.lists(patterns, min_size=1, max_size=4)


def language(pattern: str) -> set[str]:
    """The words that a pattern matches, by Python's own regular expressions."""
    regex = re.compile("".join({"*": ".*", "?": "."}.get(char, char) for char in pattern))
    return {word for word in WORDS if regex.fullmatch(word)}


@pytest.mark.parametrize(
    ("known", "pattern", "covered"),
    [
        (["s3:get*"], "s3:getobject", True),
        (["s3:get*"], "s3:getobject*", True),
        (["s3:get?*"], "s3:get*", False),  # s3:get itself
        (["s3:get", "s3:get?*"], "s3:get*", True),  # no one of them does, both do
        (["?*"], "*a", True),
        (["*a"], "?*", False),
        (["*a*", "*b*"], "*c*", False),
        (["a*", "*b"], "a*b", True),
        (["?", "??", "???*", ""], "*", True),
        (["?", "??", "???*"], "*", False),
        (["*?*"], "?*", True),
        (["a"], "A", False),  # case is the caller's
        ([], "a", False),
        ([], "a*", False),
        (["b*"], "a*", False),
        (["ab*", "a?"], "a", False),
    ],
)
def test_covers(known: list[str], pattern: str, covered: bool) -> None:
    assert covers(known, pattern) is covered


@given(unions, patterns)
@settings(max_examples=600)
def test_covers_agrees_with_every_word(known: list[str], pattern: str) -> None:
    missing = language(pattern) - set().union(*map(language, known))
    if missing:
        assert not covers(known, pattern)
    elif len(pattern) < 5 and all(len(one) < 4 for one in known):  # a longer word may be what is missing
        assert covers(known, pattern)


@given(unions, patterns)
@settings(max_examples=400)
def test_two_engines_agree(known: list[str], pattern: str) -> None:
    left = meet([frozenset({("glob", pattern)})], frozenset(("glob", one) for one in known))
    assert left is (not covers(known, pattern))


@given(patterns, patterns)
@settings(max_examples=400)
def test_overlap_agrees_with_every_word(one: str, other: str) -> None:
    shared = language(one) & language(other)
    assert overlap(one, other) is overlap(other, one)
    if shared:
        assert overlap(one, other)
    elif len(one) + len(other) < 7:
        assert not overlap(one, other)


@given(patterns, st.sampled_from(WORDS))
def test_matches_is_membership(pattern: str, word: str) -> None:
    assert matches(pattern, word) is (word in language(pattern))


@given(patterns)
def test_the_canonical_pattern_is_the_same_language(pattern: str) -> None:
    assert language(canonical(pattern)) == language(pattern)
    assert canonical(canonical(pattern)) == canonical(pattern)


@pytest.mark.parametrize(
    ("pattern", "same"),
    [
        ("*:*", "*"), ("?*:**", "*"), ("*", "*"), ("s3:?*", "s3:*"), ("s3:**", "s3:*"), ("s3:get?*", "s3:get*"[:6] + "?*"),
        ("*:get*", "*:get*"), ("?*:get", "*:get"), ("s3:*?", "s3:*"),
    ],
)  # fmt: skip
def test_actions_have_a_service_and_a_name(pattern: str, same: str) -> None:
    assert canonical_action(pattern) == same


def test_small_words_about_patterns() -> None:
    assert is_wild("a?")
    assert is_wild("*")
    assert not is_wild("s3:GetObject")
    assert literal_prefix("s3:Get*") == "s3:Get"
    assert literal_prefix("s3:GetObject") == "s3:GetObject"
    assert not matches("a*", "ba")
    assert matches("a[b]*", "a[b]c")  # brackets mean themselves


ARN = "arn:aws:sns:*:1:a"


@pytest.mark.parametrize(
    ("alternative", "text", "inside"),
    [
        (("exact", "a*"), "a*", True),
        (("exact", "a*"), "ab", False),
        (("fold", "Ab"), "aB", True),
        (("fold", "Ab"), "ac", False),
        (("glob", "A*"), "ab", False),
        (("arn", ARN), "arn:aws:sns:us-east-1:1:a", True),
        (("arn", ARN), "arn:aws:sns:x:2:y:1:a", False),  # a star stays within its part
        (("arn", "arn:aws:s3:::b*"), "arn:aws:s3:::b:c/d", True),  # but for the last
        (("arn", "arn:aws:s3::?:b"), "arn:aws:s3:::::b", False),
        (("action", "s*:a*"), "s3:ab", True),
        (("action", "s*:a*"), "s3:b:a", False),  # the first colon ends the service
    ],
)
def test_five_ways_to_read_a_text(alternative: tuple[str, str], text: str, inside: bool) -> None:
    assert accepts(alternative, text) is inside


@pytest.mark.parametrize(
    ("wanted", "unwanted", "some"),
    [
        ([[("glob", "a*")], [("glob", "*b")]], [("glob", "a?b"), ("glob", "ab")], True),
        ([[("glob", "a*")], [("glob", "b*")]], [], False),
        ([[("glob", "a*")], [("exact", "ab")]], [], True),
        ([[("glob", "a*")], [("exact", "b")]], [], False),
        ([[("fold", "a")]], [("exact", "a")], True),  # A is left
        ([[("fold", "a")]], [("exact", "a"), ("exact", "A")], False),
        ([[("fold", "ab")]], [("glob", "a*"), ("glob", "A*")], False),
        ([[("arn", "arn:aws:s:*:2:a")], [("arn", "arn:aws:s:r:1:*")]], [], False),
        ([[("glob", "arn:aws:s:*:2:a")], [("glob", "arn:aws:s:r:1:*")]], [], True),
        ([[("glob", "*")]], [("arn", "arn:*:*:*:*:*")], True),
        ([[("glob", "a:*")]], [("glob", "a:?*"), ("exact", "a:")], False),
        ([], [], True),
        ([], [("glob", "*")], False),
        ([[]], [], False),
        ([[("glob", "a*")], [("glob", "a*")]], [("glob", "ab*")], True),
        ([[("glob", "a*"), ("glob", "b*")], [("glob", "*c")]], [("glob", "a*c")], True),
    ],
)
def test_meet(wanted: list[list[tuple[str, str]]], unwanted: list[tuple[str, str]], some: bool) -> None:
    assert meet([frozenset(one) for one in wanted], frozenset(unwanted)) is some


def test_a_search_without_end_is_given_up_and_says_so() -> None:
    hard = [frozenset({("glob", "*".join("ab" * 12) + f"*{end}*")}) for end in "cdef"]
    assert meet(hard, frozenset(("glob", f"*{one}?????????*") for one in "abcdef")) is None
    chance = random.Random(3)
    known = ["".join(chance.choice("a?*") for _ in range(50)) + "*" for _ in range(33)]
    began = time.thread_time()
    assert not covers(known, "?*a?**b*?*b*a*a*a*a?*??*a?*?*b")
    assert time.thread_time() - began < 10
