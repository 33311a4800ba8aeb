"""Where statements stand in a text: cut out there, each is the statement that JSON reads."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.policy.positions import Span, statement_spans

TEXTS = st.text(st.sampled_from('ab"\\{}[],: \n\té€😀'), max_size=8)
STATEMENTS = st.dictionaries(TEXTS, st.one_of(TEXTS, st.lists(TEXTS, max_size=3), st.none()), max_size=3)


def cut(text: str, span: Span) -> str:
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def wrapped(document: dict[str, Any], how: int) -> dict[str, Any]:
    return [
        document,
        {"schema": 1, "document": document, "version": "v1"},
        {"PolicyVersion": {"Document": document, "VersionId": "v1"}},
        {"Document": document},
    ][how]


@given(
    st.lists(STATEMENTS, min_size=1, max_size=4),
    st.sampled_from([None, 0, 2, "\t"]),
    st.booleans(),
    st.integers(0, 3),
)
@settings(max_examples=80, deadline=None)
def test_law_what_is_cut_out_is_the_statement(
    statements: list[dict[str, Any]], indent: int | str | None, ascii_only: bool, how: int
) -> None:
    document = wrapped({"Id": '"Statement": [', "Statement": statements, "Version": "2012-10-17"}, how)
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert [json.loads(cut(text, span)) for span in statement_spans(text)] == statements


def test_one_statement_that_is_no_list() -> None:
    text = '{\n  "Statement": {"Effect": "Allow"}\n}'
    assert statement_spans(text) == (Span(2, 16, 2, 35),)


def test_a_document_in_a_string_has_the_place_of_the_string() -> None:
    text = json.dumps({"PolicyVersion": {"Document": "%7B%7D", "VersionId": "v1"}})
    assert [cut(text, span) for span in statement_spans(text)] == ['"%7B%7D"']


def test_what_holds_no_document_has_no_statements() -> None:
    assert statement_spans('{"a": 1}') == statement_spans("%7B%22a%22%7D") == statement_spans("]") == ()
