"""Everything that can be wrong is said: where, what, and what to do."""

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.archive.making import READ_ONLY, SUPPORT, a_look, a_snapshot, an_archive, made, record, seen
from tracker.archive.archive import Archive
from tracker.archive.chain import linked
from tracker.archive.layout import policy_folder
from tracker.archive.records import canonical
from tracker.model.recorded import Finding
from tracker.store.schema import SCHEMA

V1 = "2021-01-02T000000Z_v1.json"
V2 = "2021-01-03T000000Z_v2.json"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = an_archive(tmp_path)
    for number in (1, 2):
        record(archive, a_snapshot(number), seen(number, number))
    archive.keep(a_snapshot(1, source="git 0123"))
    record(archive, a_snapshot(1, arn=READ_ONLY), seen(1), READ_ONLY)
    archive.record_look(a_look("r1", 1, SUPPORT))
    return archive


def place(archive: Archive) -> Path:
    return policy_folder(archive.root, SUPPORT)


def found(archive: Archive) -> list[Finding]:
    """What is wrong with the files; each must say what to do."""
    findings = archive.verify()
    assert list(findings) == sorted(findings)
    assert all(finding.wrong and finding.advice for finding in findings)
    return [finding for finding in findings if finding.path != "tracker.db"]


def test_a_whole_archive_has_nothing_wrong(archive: Archive) -> None:
    assert archive.verify() == ()


def _rewrite(change: Callable[[dict[str, Any]], None]) -> Callable[[Archive], None]:
    def damage(archive: Archive) -> None:
        path = place(archive) / V1
        value = json.loads(path.read_text())
        change(value)
        path.write_text(canonical(value))

    return damage


def _file(name: str, raw: bytes) -> Callable[[Archive], None]:
    return lambda archive: void((place(archive) / name).write_bytes(raw))


def _line(name: str, line: str) -> Callable[[Archive], None]:
    def damage(archive: Archive) -> None:
        path = place(archive) / name
        with path.open("ab") as file:
            if line.endswith("}\n") and name != "sources.jsonl":
                file.writelines(linked(path.read_bytes(), [line[:-1]]))
            else:
                file.write(line.encode())

    return damage


def void(_: object) -> None:
    """Nothing: for a lambda that is a statement."""


def _observation(number: int | None, hours: float, **changes: object) -> str:
    one = seen(number, hours)
    return json.dumps({
        "observed_at": f"{one.observed_at:%Y-%m-%dT%H:%M:%SZ}",
        "version": number and f"v{number}",
        "create_date": number and f"{made(number):%Y-%m-%dT%H:%M:%SZ}",
        "source": "iam", "run": "r1", "basis": "look",
    } | changes) + "\n"  # fmt: skip


DAMAGES: dict[str, tuple[Callable[[Archive], None], str, str]] = {
    "sha256": (_rewrite(lambda value: value.update(sha256="0" * 64)), V1, "its document has sha256"),
    "tampered": (_rewrite(lambda value: value["document"].update(Id="x")), V1, "its document has sha256"),
    "version": (_rewrite(lambda value: value.update(version="v3")), V1, "by its name it is another snapshot than 2021-01-02T000000Z_v3"),
    "date": (_rewrite(lambda value: value.update(create_date="2021-01-02T00:00:01Z")), V1, "another snapshot than 2021-01-02T000001Z_v1"),
    "arn": (_rewrite(lambda value: value.update(arn=str(READ_ONLY))), V1, "a snapshot of arn:aws:iam::aws:policy/ReadOnlyAccess"),
    "key": (_rewrite(lambda value: value.update(more=1)), V1, "it has 'more', which nobody knows"),
    "not canonical": (lambda archive: void((place(archive) / V1).write_text(json.dumps(json.loads((place(archive) / V1).read_text())))), V1, "not written as the archive writes it"),
    "not JSON": (_file(V1, b"<html>504 Gateway Time-out</html>"), V1, "it is not JSON"),
    "empty": (_file(V1, b""), V1, "it is not JSON"),
    "not text": (_file(V1, b"\x00\xff" * 1000), V1, "it is not UTF-8"),
    "too deep": (_file(V1, b'{"a":' * 200_000), V1, "too many levels"),
    "conflict": (lambda archive: void(archive.keep(a_snapshot(1, "s3:PutObject"))), f"{V1}.conflict-{a_snapshot(1, 's3:PutObject').sha256[:12]}.json", "one version has two contents"),
    "temporary": (_file(f".{V1}.tmp", b"{"), f".{V1}.tmp", "a write was cut off here"),
    "damaged": (_file(f"{V1}.damaged-0123456789ab", b"{"), f"{V1}.damaged-0123456789ab", "it was moved aside"),
    "foreign": (_file("notes.txt", b"hello"), "notes.txt", "no such file belongs"),
    "impossible date": (_file("2021-02-30T000000Z_v1.json", b"{}"), "2021-02-30T000000Z_v1.json", "no such file belongs"),
    "torn timeline": (_line("timeline.jsonl", '{"observed_at": "20'), "timeline.jsonl:3", "cut off after 19 bytes"),
    "no line": (_line("timeline.jsonl", "[]\n"), "timeline.jsonl:3", "it is JSON, but no object"),
    "blank line": (_line("timeline.jsonl", "\n"), "timeline.jsonl:3", "it is not JSON"),
    "basis": (_line("timeline.jsonl", _observation(2, 5, basis="guess")), "timeline.jsonl:3", "its basis is 'guess'"),
    "not archived": (_line("timeline.jsonl", _observation(3, 5)), "timeline.jsonl:3", "v3 was the default, but 2021-01-04T000000Z_v3.json is not there"),
    "seen too early": (_line("timeline.jsonl", _observation(2, 5, observed_at="2021-01-02T12:00:00Z", basis="commit")), "timeline.jsonl:3", "before AWS made it at 2021-01-03T00:00:00Z"),
    "back in time": (_line("timeline.jsonl", _observation(1, 1.5)), "timeline.jsonl:3", "earlier than the look on a line before it"),
    "two at once": (_line("timeline.jsonl", _observation(1, 2)), "timeline.jsonl:3", "two defaults at one instant, 2022-01-01T14:00:00Z"),
    "source of nothing": (_line("sources.jsonl", '{"version": "v9", "create_date": "2021-01-02T00:00:00Z", "sha256": "", "source": ""}\n'), "sources.jsonl:2", "2021-01-02T000000Z_v9.json, which is not there"),
    "source of another": (_line("sources.jsonl", '{"version": "v1", "create_date": "2021-01-02T00:00:00Z", "sha256": "00", "source": ""}\n'), "sources.jsonl:2", "has sha256 00, which it has not"),
    "no source": (_line("sources.jsonl", "{}\n"), "sources.jsonl:2", "it lacks create_date"),
    "torn look": (_line("../looks.jsonl", "{"), "../looks.jsonl:2", "cut off after 1 bytes"),
    "look back in time": (_line("../looks.jsonl", '{"run": "r", "start": "2021-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z", "policies": "all", "failed": []}\n'), "../looks.jsonl:2", "began before the one on the line before it"),
    "look inside out": (_line("../looks.jsonl", '{"run": "r", "start": "2022-02-01T00:00:00Z", "end": "2022-01-31T00:00:00Z", "policies": "all", "failed": []}\n'), "../looks.jsonl:2", "ended before it began"),
    "no look": (_line("../looks.jsonl", '{"run": "r"}\n'), "../looks.jsonl:2", "it lacks end"),
    "no policy": (lambda archive: (archive.root / "aws" / "a policy").mkdir(), "../a policy", "it is no policy's folder"),
    "a file for a policy": (lambda archive: void((archive.root / "aws" / "X").write_text("")), "../X", "it is no folder"),
    "no partition": (lambda archive: (archive.root / "azure").mkdir(), "../../azure", "it is no partition of AWS"),
    "a file for a partition": (lambda archive: void((archive.root / "aws-cn").write_text("")), "../../aws-cn", "it is no folder"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_found_where_it_is(archive: Archive, name: str) -> None:
    damage, where, wrong = DAMAGES[name]
    damage(archive)
    (finding,) = found(archive)
    file, colon, line = where.partition(":")
    path = os.path.relpath(os.path.normpath(place(archive) / file), archive.home)
    assert finding.path == f"{path}{colon}{line}"
    assert wrong in finding.wrong


def test_a_snapshot_that_is_gone_is_found_by_the_lines_that_name_it(archive: Archive) -> None:
    (place(archive) / V1).unlink()
    assert [(finding.path.rpartition("/")[2], finding.wrong) for finding in found(archive)] == [
        ("sources.jsonl:1", f"it speaks of {V1}, which is not there"),
        ("timeline.jsonl:1", f"v1 was the default, but {V1} is not there"),
    ]


def test_a_timeline_without_any_snapshot(archive: Archive) -> None:
    with (archive.root / "aws" / "ReadOnlyAccess" / "timeline.jsonl").open("w") as file:
        file.write(_observation(None, 1))
    (path,) = (archive.root / "aws" / "ReadOnlyAccess").glob("*_v1.json")
    path.unlink()
    (finding,) = found(archive)
    assert finding.wrong == "the policy has a timeline, but no snapshot"


@pytest.mark.parametrize("name", [V1, "timeline.jsonl", "sources.jsonl", "../looks.jsonl"])
def test_no_link_pipe_or_folder_is_taken_for_a_file(archive: Archive, name: str, tmp_path: Path) -> None:
    path = place(archive) / name
    raw = path.read_bytes()
    (tmp_path / "elsewhere").write_bytes(raw)
    makers: list[Callable[[], None]] = [
        lambda: path.symlink_to(tmp_path / "elsewhere"),
        lambda: os.mkfifo(path),
        path.mkdir,
    ]
    for make in makers:
        path.rmdir() if path.is_dir() else path.unlink()
        make()
        wrong = [finding for finding in found(archive) if finding.path.endswith(path.name)]
        assert len(wrong) == 1
        assert "it is no file" in wrong[0].wrong


def test_a_linked_folder_is_not_followed(archive: Archive, tmp_path: Path) -> None:
    (archive.root / "aws" / "Linked").symlink_to(place(archive))
    (archive.root / "aws-cn").symlink_to(archive.root / "aws")
    assert [(finding.path, finding.wrong) for finding in found(archive)] == [
        ("snapshots/aws-cn", "it is a symbolic link, so nothing in it is read"),
        ("snapshots/aws/Linked", "it is a symbolic link, so nothing in it is read"),
    ]
    assert archive.policies() == (SUPPORT, READ_ONLY)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.root.write_text("")
    (finding,) = archive.verify()
    assert (finding.path, finding.wrong) == ("snapshots", "it can't be read: Not a directory")
    assert archive.policies() == ()


def test_a_huge_file_is_not_read(archive: Archive) -> None:
    with (place(archive) / V1).open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte, sparse
    (finding,) = found(archive)
    assert finding.wrong == "is not read: its 1099511627776 bytes are more than 16777216"


def test_a_document_that_is_no_policy_is_found(archive: Archive) -> None:
    from tracker.policy.parse import digest

    path = place(archive) / V1
    value = json.loads(path.read_text())
    value["document"] = {"Version": "2012-10-17", "Statement": []}
    value["sha256"] = digest(canonical(value["document"]))
    path.write_text(canonical(value))
    assert "its document is no policy: " in "".join(finding.wrong for finding in found(archive))


def test_what_a_git_repository_has_beside_is_not_wrong(archive: Archive) -> None:
    for folder in (archive.root, archive.root / "aws", place(archive)):
        (folder / "README.md").write_text("what this is")
        (folder / ".gitattributes").write_text("")
    assert archive.verify() == ()


def test_an_index_that_says_something_else_is_found(archive: Archive) -> None:
    with archive.database.transaction() as db:
        db.execute("UPDATE snapshots SET sha256 = '0' WHERE version = 'v2'")
        db.execute("DELETE FROM looks")
        db.execute("UPDATE observations SET version = 'v9' WHERE policy = 'aws/ReadOnlyAccess'")
    assert [(finding.path, finding.wrong) for finding in archive.verify()] == [
        ("tracker.db", "looks of the index are not what the files of aws say"),
        ("tracker.db", "observations of the index are not what the files of aws/ReadOnlyAccess say"),
        (
            "tracker.db",
            "snapshots of the index are not what the files of aws/AWSSupportServiceRolePolicy say",
        ),
    ]
    archive.rebuild(lambda _: [])
    assert archive.verify() == ()


def test_a_damaged_database_is_found(archive: Archive) -> None:
    for beside in ("-wal", "-shm"):
        archive.database.path.with_name(f"tracker.db{beside}").unlink(missing_ok=True)
    raw = bytearray(archive.database.path.read_bytes())
    raw[5 * 4096 :] = os.urandom(len(raw) - 5 * 4096)
    archive.database.path.write_bytes(raw)
    findings = archive.verify()
    assert findings
    assert {finding.path for finding in findings} == {"tracker.db"}
    assert any("damage" in finding.wrong for finding in findings)


def test_a_broken_reference_in_the_database_is_found(archive: Archive) -> None:
    connection = sqlite3.connect(archive.database.path)
    connection.execute("UPDATE changes SET policy = 'aws/Nothing' WHERE policy = 'aws/ReadOnlyAccess'")
    connection.commit()
    connection.close()
    (finding,) = archive.verify()
    assert finding.wrong == "SQLite finds it damaged: a row of changes points at a missing policies"


def test_a_database_of_a_newer_tracker_is_found(archive: Archive) -> None:
    connection = sqlite3.connect(archive.database.path)
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    (finding,) = archive.verify()
    assert finding.path == "tracker.db"
    assert "newer policy-tracker" in finding.wrong


def test_a_clock_that_is_a_little_off_is_nobodys_fault(archive: Archive) -> None:
    archive.keep(a_snapshot(3, create_date=seen(3, 9).observed_at + timedelta(minutes=5)))
    identity = archive.identities(SUPPORT)[-1]
    _line("timeline.jsonl", _observation(3, 9, create_date=f"{identity[1]:%Y-%m-%dT%H:%M:%SZ}"))(archive)
    assert found(archive) == []
