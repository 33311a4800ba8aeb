"""ack, ack list, pending: as a person and a spreadsheet see them."""

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Command

SUPPORT = "AWSSupportServiceRolePolicy"


def test_signing_and_listing(home: Path, cli: Command) -> None:
    first = json.loads(cli("pending", "--all", SUPPORT, "--json").out)["items"][-1]
    assert (first["from"], first["to"]) == ("v57", "v59")
    assert cli("pending").out.startswith("nothing that was seen here waits for a signature (--all: ")
    done = cli("ack", first["id"][:8], "--by", '=HYPERLINK("http://evil")', "--note", "a|b", "--ticket", "-1")
    assert (done.code, done.err) == (0, "")
    assert f"signed for {SUPPORT} v57 to v59 ({first['id']})" in done.out
    assert first["id"] not in cli("pending", "--all", SUPPORT).out
    rows = list(csv.DictReader(io.StringIO(cli("ack", "list", "--format", "csv").out)))
    assert [(row["by"], row["ticket"], row["items"]) for row in rows] == [
        ('\'=HYPERLINK("http://evil")', "'-1", "all")
    ]
    (item,) = json.loads(cli("ack", "list", "--json").out)["items"]
    assert (item["by"], item["change"]) == ('=HYPERLINK("http://evil")', first["id"])
    assert "a\\|b" in cli("ack", "list", "--format", "markdown").out
    assert cli("ack", "list", "--until", "2020-01-01").out == "nobody has signed for a change in that time\n"


def test_one_item_of_several(home: Path, cli: Command) -> None:
    done = cli("ack", "--by", "Jane", f"{SUPPORT}@v59", "--item", "no:such")
    assert done.code == 2
    items = done.err.partition("its items: ")[2].strip().split(", ")
    assert len(items) > 1
    done = cli("ack", f"{SUPPORT}@v59", "--by", "Jane", "--item", items[0])
    assert f"still to be signed for: {len(items) - 1} of {len(items)} items" in done.out
    rest = [word for item in items[1:] for word in ("--item", item)]
    assert "every item of it is signed for now" in cli("ack", f"{SUPPORT}@v59", "--by", "Bob", *rest).out


def test_what_is_not_understood_is_said_with_candidates(home: Path, cli: Command) -> None:
    assert cli("ack", "v59").code == 2  # nobody
    unknown = cli("ack", "v999", "--by", "Jane")
    assert unknown.code == 2
    assert "on record: " in unknown.err
    assert "v57 to v59" in unknown.err
    for words, wrong in (
        (("ack", "@v59", "--by", "Jane"), "wanted: POLICY@v59, or v59 alone"),
        (("ack", "v59", "--by", "Jane\nDoe"), "--by is 2 lines"),
        (("ack", "v59", "--by", "Jane\u200b"), "can't be seen: U+200B"),
        (("ack", "v59", "--by", "J" * 2_001), "more than 2,000"),
        (("ack", "list", "--since", "2999-01-01"), "--since 2999-01-01 is still to come"),
        (("pending", "--since", "2999-01-01"), "is still to come"),
        (("ack", "list", "--since", "2021-01-01", "--until", "2020-01-01"), "does not come before"),
    ):
        done = cli(*words)
        assert (done.code, wrong in done.err) == (2, True), done
    assert cli("ack", "--home", home, "list").code == 0
    assert "ack CHANGE --by WHO" in cli("ack", "--help").out
