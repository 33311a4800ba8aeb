"""A seeded slice of each campaign; `make torture` runs them whole."""

import pytest

from tests.torture.__main__ import names
from tests.torture.delivery import campaign


def test_the_campaigns_have_names() -> None:
    assert {"delivery", "year"} <= set(names())


def test_kills_lose_no_mail_and_double_only_what_they_may(capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(7, people=30, kills=12, changes=2) == []
    said = capsys.readouterr().out
    assert "30 subscribers" in said
    assert "12 kills" in said
