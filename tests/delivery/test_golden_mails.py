"""The exact bytes of every kind of message, clock and ids fixed. UPDATE_GOLDEN=1 writes them anew: read the difference."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.changelog import cases
from tests.changelog.making import CATALOGUE, SUPPORT
from tests.delivery.conftest import NOW, plain
from tracker.changelog.baseline import Baseline
from tracker.changelog.render import Renderer
from tracker.delivery import letters, notices
from tracker.delivery.channel import Parcel
from tracker.delivery.mail import LIMIT, letter
from tracker.delivery.rows import Row, RowState
from tracker.delivery.wish import in_words, read_wish
from tracker.model.identity import VersionId
from tracker.model.message import Message

GOLDEN = Path(__file__).parent / "golden"
RENDERER = Renderer(CATALOGUE)
PAGE = "https://policies.example.org/tracker"
SETTINGS = plain(25, base_url=PAGE)
ASKED = in_words(read_wish({"services": ["s3"], "frequency": "weekly", "hour": 7}))
LINK = f"{PAGE}/confirm/WzEyLCJhYmNkZWYiXQ.c2lnbmF0dXJl"


def _rows(state: RowState) -> list[Row]:
    return [
        Row(7, "c", "AWS Support can now read S3 objects", "gone@example.org", state, 4, NOW, "550 no such user", NOW, NOW)
    ]  # fmt: skip


def _baseline() -> Message:
    one = Baseline(SUPPORT, VersionId.parse("v59"), datetime(2026, 8, 19, tzinfo=UTC), NOW, 268, 4533, ())
    return RENDERER.baseline_message([one])


KINDS: dict[str, Callable[[], Message]] = {
    "change": lambda: RENDERER.message(cases.updated()),
    "change-linked": lambda: RENDERER.message(cases.updated(), f"{PAGE}/v6-v7.html"),
    "change-summary": lambda: RENDERER.message(cases.updated(), None, "summary"),
    "change-part": lambda: RENDERER.message(
        cases.updated(), None, "full", "About s3 alone, as this subscription asks.", "~s3"
    ),
    "rolled-back": lambda: RENDERER.message(cases.rolled_back()),
    "removed": lambda: RENDERER.message(cases.removed()),
    "month": lambda: RENDERER.period_message(
        cases.month(net=cases.updated(), transitions=(cases.updated(),), transient=cases.passing())
    ),
    "month-nothing": lambda: RENDERER.period_message(cases.month()),
    "digest-nothing-asked": lambda: RENDERER.digest_message((), elsewhere=(cases.month(net=cases.updated()),)),
    "baseline": _baseline,
    "confirm": lambda: letters.confirm(ASKED, LINK, "12:1"),
    "known": lambda: letters.known(ASKED, LINK, "12:1"),
    "paused": lambda: letters.paused("team@example.org", LINK, "12:1"),
    "ended": lambda: letters.ended("team@example.org", "12:1"),
    "operator-failed": lambda: notices.notice([*_rows("failed"), *_rows("waiting")], NOW),
    "operator-bounced": lambda: notices.bounce_notice([("gone@example.org", "550 no such user")], NOW),
    "operator-alarm": lambda: notices.alarm_message(["2 messages for mail are stuck."], NOW),
    "test": lambda: notices.test_message("pt@example.org", NOW, "1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_exact_bytes(kind: str) -> None:
    to_subscriber = kind.split("-")[0] in ("change", "rolled", "removed", "month", "digest", "baseline")
    one = Parcel(KINDS[kind](), "team@example.org", NOW, "t0ken" if to_subscriber else "")
    data = letter(one, SETTINGS).data
    assert len(data) <= LIMIT
    parsed = message_from_bytes(data, policy=policy.default)
    assert [part.defects for part in parsed.walk() if part.defects] == []
    path = GOLDEN / f"{kind}.eml"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(data)
    assert data == path.read_bytes()
