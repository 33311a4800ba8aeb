"""A change in a line of a list: its counts say what the record says, each verdict under its own name."""

from tests.changelog.making import SUPPORT, instant
from tracker.changelog.entries import Entry, by_month, entry, figures, unseen_note
from tracker.model.recorded import ChangeRow


def test_each_verdict_is_counted_apart() -> None:
    summary = {"actions_added": 3425, "actions_widened": 4, "actions_narrowed": 2, "actions_rescoped": 1}
    told = [(one.sign, one.count, one.word) for one in figures(summary)]
    assert told == [("+", 3425, "added"), ("", 4, "widened"), ("", 2, "narrowed"), ("", 1, "re-scoped")]


def test_what_is_zero_is_left_out() -> None:
    assert [one.word for one in figures({"actions_added": 0, "actions_widened": 1})] == ["widened"]
    assert figures({}) == ()


def an_entry(day: str, kind: str) -> Entry:
    row = ChangeRow(
        f"{day} {kind}", SUPPORT, SUPPORT.name, kind, instant(f"{day} 10:00"), None, None, "info", "", {}, "r"
    )
    return entry(row, "x")


def test_republications_of_one_day_are_folded_where_there_are_several() -> None:
    again = an_entry("2026-05-04", "republished")
    alone, change = an_entry("2026-05-03", "republished"), an_entry("2026-05-04", "updated")
    earlier = an_entry("2026-04-02", "republished")
    may, april = by_month([again, change, again, alone, earlier, earlier])
    assert (may.name, may.file, may.count) == ("May 2026", "2026-05.html", 4)
    assert may.entries == (change, alone)
    assert may.folded == (("2026-05-04", (again, again)),)
    assert (april.name, april.entries, april.count) == ("April 2026", (), 2)


def test_what_lies_between_two_defaults_is_a_sentence_each() -> None:
    assert unseen_note((), ()) == ()
    assert unseen_note(["v8"], ["v9"]) == (
        "1 version between the two was never seen: v8",
        "v9 was published between the two and never in force",
    )
    assert unseen_note(["v2", "v3", "v4"], ()) == ("3 versions between the two were never seen: v2 to v4",)
