"""The hash chain: what was changed, removed, put in or moved is seen, and where; and what is not."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.making import READ_ONLY, SUPPORT, a_look, a_snapshot, an_archive, record, seen
from tracker.archive.archive import Archive
from tracker.archive.chain import Break, Links, check, linked
from tracker.archive.layout import policy_folder
from tracker.archive.records import observation_line
from tracker.archive.seal import read_seal
from tracker.errors import InputError

RECORDS = st.dictionaries(st.text(max_size=8), st.text(max_size=20), min_size=1, max_size=3).map(json.dumps)
LINES = st.lists(RECORDS, min_size=1, max_size=8)


def in_turn(before: bytes, lines: list[str]) -> bytes:
    """The file after each line was added on its own."""
    for line in lines:
        before += b"".join(linked(before, [line]))
    return before


def lines_of(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")[:-1]


@given(LINES, LINES)
@settings(deadline=None)
def test_lines_are_chained_alike_at_once_or_in_turn(first: list[str], more: list[str]) -> None:
    raw = b"".join(linked(b"", first))
    assert raw == in_turn(b"", first)
    both = raw + b"".join(linked(raw, more))
    assert both == in_turn(b"", first + more)
    assert check(lines_of(both)) == Links(chained=len(first) + len(more))


@given(LINES, LINES, st.data())
@settings(deadline=None)
def test_any_change_before_the_last_line_breaks_the_chain(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    """Whether the changed line was chained itself, or stood there before there was a chain."""
    before = "".join(line + "\n" for line in old).encode()
    whole = lines_of(in_turn(before, new))
    assert check(whole) == Links(len(new), len(old))
    at = data.draw(st.integers(0, len(whole) - 2))
    other = data.draw(st.sampled_from(["changed", "removed", "put in"]))
    forged = list(whole)
    if other == "changed":
        forged[at] = whole[at].replace(b"{", b"{ ", 1)
    elif other == "removed":
        del forged[at]
    else:
        forged.insert(at, whole[at])
    broken = [one for one in check(forged).breaks if not one.loose]
    assert broken
    assert broken[0].since <= at + 2


def test_where_it_breaks() -> None:
    whole = lines_of(in_turn(b"", ['{"a": 1}', '{"a": 2}', '{"a": 3}', '{"a": 4}']))
    changed = [whole[0], whole[1].replace(b"2", b"5", 1), *whole[2:]]
    assert check(changed).breaks == (Break(3, 2),)
    assert check(whole[1:]).breaks == (Break(1, 1),)  # what stood first is gone
    assert check([whole[0], whole[2], whole[1], whole[3]]).breaks == (Break(2, 1), Break(3, 2), Break(4, 3))
    assert check([*whole, b'{"a": 5}']).breaks == (Break(5, 5, loose=True),)


def test_what_it_cannot_show() -> None:
    """Lines taken off the end leave a whole chain, and so does a chain made anew from some line on: hence the seal."""
    whole = lines_of(in_turn(b"", ['{"a": 1}', '{"a": 2}', '{"a": 3}']))
    assert check(whole[:2]).breaks == ()
    assert check(lines_of(in_turn(whole[0] + b"\n", ['{"a": 9}', '{"a": 3}']))).breaks == ()


def test_a_text_that_looks_like_a_link_is_none() -> None:
    note = json.dumps({"note": f'"previous": "{"0" * 64}"}}'})
    (line,) = lines_of(b"".join(linked(note.encode() + b"\n", ['{"a": 1}'])))
    assert check([note.encode(), line]) == Links(chained=1, unchained=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = an_archive(tmp_path)
    for number in (1, 2, 3):
        record(archive, a_snapshot(number), seen(number, number))
    record(archive, a_snapshot(1, arn=READ_ONLY), seen(1), READ_ONLY)
    archive.record_look(a_look("r1", 1, SUPPORT))
    archive.record_look(a_look("r2", 2, SUPPORT))
    return archive


def timeline(archive: Archive) -> Path:
    return policy_folder(archive.root, SUPPORT) / "timeline.jsonl"


def test_a_line_names_the_document_and_what_stands_before_it(archive: Archive) -> None:
    lines = [json.loads(line) for line in timeline(archive).read_text().splitlines()]
    assert [line["sha256"] for line in lines] == [a_snapshot(number).sha256 for number in (1, 2, 3)]
    assert list(lines[0])[-2:] == ["sha256", "previous"]
    verified = archive.verified()
    assert (verified.findings, verified.chained, verified.unchained) == ((), 6, 0)


def test_it_is_checked_without_this_program(archive: Archive) -> None:
    """As docs/archive.md tells it."""
    done = subprocess.run(
        ["sh", "-c", "head -n 1 timeline.jsonl | sha256sum; sed -n 2p timeline.jsonl | jq -r .previous"],
        cwd=timeline(archive).parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    counted, said = done.stdout.split("\n")[:2]
    assert counted.split()[0] == said


@pytest.mark.parametrize("name", ["timeline.jsonl", "../looks.jsonl"])
def test_an_edited_past_is_seen(archive: Archive, name: str) -> None:
    path = (timeline(archive).parent / name).resolve()
    path.write_text(path.read_text().replace("r1", "rX", 1))
    (finding,) = [one for one in archive.verify() if one.path != "tracker.db"]
    assert finding.path == f"{path.relative_to(archive.home)}:2"
    assert finding.wrong == (
        "the chain breaks here: line 1 is not what stood there when it was written: "
        "something was changed, removed or put in"
    )
    archive.observe(SUPPORT, seen(2, 9, run="r9"))  # what comes after goes on from the file as it stands
    assert [one.path for one in archive.verify() if one.path != "tracker.db"] == [finding.path]


def test_a_line_from_elsewhere_is_seen(archive: Archive) -> None:
    with timeline(archive).open("a") as file:
        file.write(observation_line(seen(1, 9), a_snapshot(1).sha256) + "\n")
        file.write(observation_line(seen(2, 10), a_snapshot(2).sha256) + "\n")
    (finding,) = [one for one in archive.verify() if one.path != "tracker.db"]
    assert finding.path.endswith("timeline.jsonl:4")
    assert finding.wrong == "2 lines from here on have no hash of what stands before, though earlier lines do"


def test_lines_of_before_the_chain_are_said_and_held_from_then_on(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep_many(a_snapshot(number) for number in (1, 2, 3))
    path = timeline(archive)
    path.write_text("".join(observation_line(seen(number, number)) + "\n" for number in (1, 2)))
    archive.observe(SUPPORT, seen(3, 3))
    archive.rebuild(lambda _: [])
    verified = archive.verified()
    assert (verified.findings, verified.chained, verified.unchained) == ((), 1, 2)
    path.write_text(path.read_text().replace('"r1"', '"rX"', 1))
    (finding,) = [one for one in archive.verify() if one.path != "tracker.db"]
    assert finding.path == "snapshots/aws/AWSSupportServiceRolePolicy/timeline.jsonl:3"
    assert "lines 1 to 2 are not what stood there" in finding.wrong


def test_a_snapshot_that_was_forged_with_its_own_hash_is_seen(archive: Archive) -> None:
    """Its file is whole in itself; the line that named it says otherwise."""
    from tracker.archive.records import snapshot_text

    (path,) = timeline(archive).parent.glob("*_v2.json")
    path.write_text(snapshot_text(a_snapshot(2, "s3:PutObject")))
    found = [one for one in archive.verify() if one.path != "tracker.db"]
    assert [one.path.rpartition("/")[2] for one in found] == ["timeline.jsonl:2"]
    assert "holds another document than when this line was written" in found[0].wrong


def test_a_seal_shows_what_the_chain_cannot(archive: Archive) -> None:
    then = archive.verified().seal
    again = read_seal(then.text, "seal.txt")
    assert (again, again.head) == (then, then.head)
    record(archive, a_snapshot(4), seen(4, 9))
    assert archive.verified(then).findings == ()  # it has grown
    assert archive.verified().seal.head != then.head
    lines = timeline(archive).read_bytes().splitlines(keepends=True)
    timeline(archive).write_bytes(b"".join(lines[:2]))
    archive.rebuild(lambda _: [])
    assert archive.verify() == ()
    (finding,) = archive.verified(then).findings
    assert "bytes are not those that were sealed" in finding.wrong
    (policy_folder(archive.root, READ_ONLY) / "timeline.jsonl").unlink()
    assert [one.wrong for one in archive.verified(then).findings if "ReadOnly" in one.path] == [
        "it was sealed, and is not there any more, or not whole"
    ]


def test_a_seal_is_checked_without_this_program(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "seal.txt").write_text(archive.verified().seal.text)
    script = (
        "while read -r sum size path; do "
        'test "$(head -c "$size" "$path" | sha256sum | cut -d" " -f1)" = "$sum" || echo "changed: $path"; done < seal.txt'
    )
    run = ["sh", "-c", script]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == ""
    timeline(archive).write_text(timeline(archive).read_text().replace("r1", "rX"))
    told = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told == "changed: snapshots/aws/AWSSupportServiceRolePolicy/timeline.jsonl\n"
    head = subprocess.run(["sha256sum", "seal.txt"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert head.stdout.split()[0] == read_seal((tmp_path / "seal.txt").read_text(), "seal.txt").head


@pytest.mark.parametrize("text", ["hello\n", "0" * 63 + " 1 a\n", "0" * 64 + " 1\n"])
def test_what_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"seal\.txt:1 is no line of a seal"):
        read_seal(text, "seal.txt")


def test_a_seal_that_points_elsewhere_reads_nothing_there(archive: Archive) -> None:
    outside = read_seal(f"{'0' * 64} 1 ../../etc/passwd\n", "seal.txt")
    assert [one.path for one in archive.verified(outside).findings] == ["../../etc/passwd"]
