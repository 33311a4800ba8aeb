"""The search for a request that is inside some scopes and outside of others."""

from tracker.policy.languages import meet
from tracker.policy.logic import satisfiable
from tracker.policy.values import ACTION, Literal3, Predicate, Values


def among(*patterns: str) -> Literal3:
    return ACTION, Predicate("one", Values("string", frozenset(("glob", one) for one in patterns))), True


def test_what_the_first_alternative_rules_out_the_others_do_not_bring_back() -> None:
    first, second = (among("a*"), among("ab*")), (among("b*"), among("c*"))
    assert satisfiable([], [first]) is True
    assert satisfiable([], [first, second]) is False
    assert satisfiable([], [first, second], steps=1) is None


def test_patterns_that_match_every_text_together_leave_none() -> None:
    assert meet([], frozenset({("glob", "?*"), ("exact", "")})) is False
    assert meet([], frozenset({("glob", "?*")})) is True
