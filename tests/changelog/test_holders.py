"""The answer to 'who may call this?' agrees in number, whatever the counts."""

import pytest

from tracker.changelog.holders import answer
from tracker.model.asked import Question


@pytest.mark.parametrize(
    ("known", "said"),
    [(1, "0 of 1 policy allows foo:Bar now."), (5, "0 of 5 policies allow foo:Bar now.")],
)
def test_none_of_one_and_none_of_many(known: int, said: str) -> None:
    assert answer(Question("foo:Bar", "foo:bar"), (), None, known, every=False) == said
