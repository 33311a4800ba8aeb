"""Eight weeks of real history, subscriptions of every frequency and filter, three weeks without power: who got what.

`make torture` lives the whole year with 300 of them. What was due is said by tests/support/who_was_due.py, which shares no
code with the product.
"""

from tests.support import history
from tests.torture.year import SCRIPT, WINTER, live

WORDS = {"instant", "daily", "weekly", "monthly", "watchlisted"}


def test_eight_weeks_of_everybody() -> None:
    history.observations("AWSSupportServiceRolePolicy")  # skips where the real history is not here
    lived = live(90, WINTER, 20211103)
    assert lived.wrong() == []
    assert len(lived.got) == len(lived.due) > 50
    told = {who for who, *_ in lived.got}
    assert {one["frequency"] for one in lived.people if one["address"] in told} == WORDS
    for name in ("services", "level", "watch", "tripwires", "additions", "kinds", "least"):
        assert any(one[name] and one["address"] in told for one in lived.people), name


def test_who_was_due_shares_no_code_with_the_product() -> None:
    assert "tracker" not in SCRIPT.read_text(encoding="utf-8")
