"""A change in a line of a list: its counts say what the record says, each verdict under its own name."""

from tracker.changelog.entries import figures


def test_each_verdict_is_counted_apart() -> None:
    summary = {"actions_added": 3425, "actions_widened": 4, "actions_narrowed": 2, "actions_rescoped": 1}
    told = [(one.sign, one.count, one.word) for one in figures(summary)]
    assert told == [("+", 3425, "added"), ("", 4, "widened"), ("", 2, "narrowed"), ("", 1, "re-scoped")]


def test_what_is_zero_is_left_out() -> None:
    assert [one.word for one in figures({"actions_added": 0, "actions_widened": 1})] == ["widened"]
    assert figures({}) == ()
