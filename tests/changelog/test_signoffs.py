"""Who has signed for what, in words."""

from tests.changelog.making import SUPPORT, instant
from tracker.changelog.signoffs import signoffs_markdown, unsigned_markdown, unsigned_sentence
from tracker.model.identity import VersionId
from tracker.model.recorded import ChangeRow
from tracker.model.signoff import Pending, SignOff, unsigned

V = [VersionId(number) for number in range(8)]


def row(number: int, attention: int = 3) -> ChangeRow:
    return ChangeRow(
        f"c{number}", SUPPORT, SUPPORT.name, "updated", instant(f"2026-05-0{number} 10:00"), V[number - 1], V[number],
        "attention", "AWS Support can now *read*", {"attention": attention}, "r1",
    )  # fmt: skip


def signed(number: int, *items: str) -> SignOff:
    return SignOff(
        instant("2026-06-01 10:00"), f"c{number}", SUPPORT, V[number - 1], V[number], "0" * 64, "J. Doe",
        items=items, out_of=3,
    )  # fmt: skip


def test_a_change_is_signed_for_whole_or_item_by_item() -> None:
    rows = [row(1), row(2), row(3), row(4)]
    pending = unsigned(
        rows, [signed(1), signed(2, "a", "b"), signed(2, "b"), signed(3, "a", "b"), signed(3, "c")]
    )
    assert [(one.row.id, one.left) for one in pending] == [("c2", 1), ("c4", 3)]
    assert Pending(row(5, attention=0)).left == 0


def test_where_there_is_nothing_to_tell_that_is_said() -> None:
    assert signoffs_markdown(()) == "Nobody has signed for a change.\n"
    assert unsigned_markdown(()) == "Every change of this time is signed for.\n"
    assert unsigned_markdown((), history=1).startswith("1 change of this time came with history")
    assert unsigned_sentence(()) == ""


def test_what_is_left_is_named_newest_first_and_the_rest_counted() -> None:
    pending = unsigned([row(number) for number in range(1, 8)], [signed(7, "a")])
    told = unsigned_sentence(pending)
    assert told.startswith("Not signed off yet: AWSSupportServiceRolePolicy v6 to v7 (2 items of it); ")
    assert told.count(" to v") < 7
    assert " more changes." in told
    assert "\\*read\\* 2 items of it left." in unsigned_markdown(pending)
