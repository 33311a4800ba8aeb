"""docs/semantics.md is true: every row of its table is compared, and its limits are the code's."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.fake_catalogue import FakeCatalogue
from tracker.changes.compare import compare
from tracker.model.change import Difference
from tracker.policy import json_text, logic, parse, patterns
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "semantics.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith('| `{"')
]


def document(cell: str) -> Document:
    statements = json.loads(f"[{cell.strip().strip('`')}]")
    filled = [
        {"Effect": "Allow", **({} if "NotResource" in one else {"Resource": "*"}), **one}
        for one in statements
    ]
    return parse_document({"Version": "2012-10-17", "Statement": filled}, what="docs/semantics.md")


def in_words(found: Difference) -> str:
    def listed(what: str, names: Iterable[str]) -> list[str]:
        joined = ", ".join(f"`{name}`" for name in names)
        return [f"{what} {joined}"] if joined else []

    moved = found.actions_rescoped
    said = [
        *listed("added", (one.action for one in found.actions_added)),
        *listed("removed", (one.action for one in found.actions_removed)),
        *listed("service added", (one.service for one in found.services_added)),
        *listed("service removed", (one.service for one in found.services_removed)),
        *listed("widened", (one.action for one in found.actions_widened)),
        *listed("narrowed", (one.action for one in found.actions_narrowed)),
        *listed("re-scoped", (one.action for one in moved if one.proved)),
        *listed("re-scoped, please review", (one.action for one in moved if not one.proved)),
        *listed("deny added", (one.pattern for one in found.denies_added)),
        *listed("deny widened", (one.pattern for one in found.denies_widened)),
        *listed("pattern added", (one.pattern for one in found.patterns_added)),
        *listed("pattern removed", (one.pattern for one in found.patterns_removed)),
        *(f"redundant ({one.direction}) `{one.pattern}`" for one in found.redundant),
        *(["the same"] if found.equal_language else []),
    ]
    return "; ".join(said)


def test_the_table_is_found() -> None:
    assert len(ROWS) == 17
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_each_row_is_what_the_comparison_says(row: list[str]) -> None:
    before, after, said = row
    assert in_words(compare(document(before), document(after), FakeCatalogue())) == said


def test_the_limits_are_the_codes() -> None:
    told = re.findall(r"\| ([\d,]+)(?: characters| digits)? \|", PAGE)
    assert told == [
        f"{limit:,}"
        for limit in (
            json_text.MAX_CHARACTERS, parse.MAX_STRING, json_text.MAX_DEPTH, json_text.MAX_DIGITS, patterns.STEPS,
            logic.STEPS,
        )
    ]  # fmt: skip
