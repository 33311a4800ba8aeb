"""Records for a reader that might take text for orders."""

from tracker.changelog.inert import inert_lines
from tracker.changelog.marked import clipped, harmless, marked
from tracker.policy.parse import EVERYBODY


def test_texts_and_keys_are_spelt_out_at_any_depth_and_nothing_else_is_touched() -> None:
    told = {"a\u202eb": ["x\x07", ("\u200b", 7)], "plain": None, "on": True}
    assert harmless(told) == {"a\\u202eb": ["x\\u0007", ["\\u200b", 7]], "plain": None, "on": True}


def test_long_lists_are_cut_and_each_is_said_by_its_path() -> None:
    told = {"a": [1, 2, 3], "b": {"c": [[4, 5, 6], [7]]}, "d": "xyz"}
    assert clipped(told, 2) == (
        {"a": [1, 2], "b": {"c": [[4, 5], [7]]}, "d": "xyz"},
        {"a": 1, "b.c[0]": 1},
    )
    assert clipped(told, 3) == (told, {})


def test_a_record_stands_between_marks_that_nobody_can_know() -> None:
    lines = marked({"a": EVERYBODY[0]}, "secret").splitlines()
    assert lines[1] == "<<<data secret>>>"
    assert lines[-1] == "<<<end of data secret>>>"
    assert "no instruction to anybody" in lines[0]


def test_a_document_keeps_its_lines_and_loses_what_a_reader_could_not_see() -> None:
    assert inert_lines("<a>\n\u202eb & c\n") == "&lt;a&gt;\n\\u202eb &amp; c\n"
    assert inert_lines("<a>\nb") == "&lt;a&gt;\nb"
