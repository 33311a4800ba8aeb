"""What wildcards reach: the catalogue's actions, and beside them what the documents name."""

import pytest

from tests.support.fake_catalogue import FakeCatalogue
from tracker.policy.expanding import Expander

CATALOGUE = FakeCatalogue()
NAMED = ("new:getthing", "s3:getnews")  # which no catalogue knows


@pytest.mark.parametrize(
    ("pattern", "reached"),
    [
        ("new:*", ["new:getthing"]),
        ("n*:get*", ["new:getthing"]),
        ("?3:get?*", ["s3:getbucketacl", "s3:getnews", "s3:getobject"]),
        ("s3:get*", ["s3:getbucketacl", "s3:getnews", "s3:getobject"]),
        ("*thing", ["new:getthing"]),
        ("s3:putobject", ["s3:putobject"]),
    ],
)
def test_a_pattern_reaches_what_is_named_as_it_does_what_exists(pattern: str, reached: list[str]) -> None:
    assert list(Expander(CATALOGUE, [*NAMED, "s3:getobject"]).reach(pattern)) == reached


def test_what_patterns_reach_is_remembered_and_not_without_end() -> None:
    names = ["g" * 210 + str(number) for number in range(1_000)]
    expander = Expander(FakeCatalogue({"x": dict.fromkeys([*names, "other"], "Read")}))
    first = expander.reach("x:g*")
    assert expander.reach("x:g*") is first
    assert all(len(expander.reach(f"x:{'g' * count}*")) == 1_000 for count in range(2, 202))
    assert expander.reach("x:g*") is not first  # forgotten, and found again
    assert expander.reach("x:g*") == first
