"""evidence: the command over the shipped history."""

import json
from pathlib import Path

from tests.cli.conftest import Command

SUPPORT = "AWSSupportServiceRolePolicy"


def test_a_folder_and_a_zip(home: Path, cli: Command, tmp_path: Path) -> None:
    done = cli("evidence", "audit", "--since", "2026-01-01", "--until", "2026-10-01", "--zip")
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "audit" / "index.html").is_file()
    assert (tmp_path / "audit.zip").is_file()
    assert (tmp_path / "audit" / "changelogs" / SUPPORT / "v57-v59.md").is_file()
    again = json.loads(
        cli("evidence", "audit2", SUPPORT, "--since", "2026-01-01", "--until", "2026-10-01", "--json").out
    )
    assert (again["findings"], again["zip"]) == (0, None)
    assert (again["unsigned"], again["asked_for_no_signature"]) == (0, 2)  # nobody looked then
    assert "2 changes of this time came with history" in (tmp_path / "audit" / "signoffs.md").read_text()
    one, other = (tmp_path / name / "SHA256SUMS" for name in ("audit", "audit2"))
    assert one.read_bytes() == other.read_bytes()


def test_what_is_refused(home: Path, cli: Command, tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "x").write_text("")
    for words, code, wrong in (
        (("audit", "--since", "2026-01-01"), 2, "not empty"),
        (("new", "--since", "2026-01-01", "--until", "2025-01-01"), 2, "does not come before"),
        (("new", "--since", "yesterday"), 2, "--since"),
        (("new", "NoSuch", "--since", "2026-01-01"), 2, "NoSuch"),
        (("new", "--since", "2026-01-01", "--announcements", "none.html"), 2, "can't be read"),
    ):
        done = cli("evidence", *words)
        assert (done.code, wrong in done.err) == (code, True), done.err
    assert not (tmp_path / "new").exists()


def test_a_damaged_archive_is_evidence_too(home: Path, cli: Command, tmp_path: Path) -> None:
    assert cli("ack", "v59", "--by", "Jane").code == 0
    signoffs = home / "signoffs.jsonl"
    signoffs.write_text(signoffs.read_text() + "garbage\n")
    timeline = home / "snapshots" / "aws" / SUPPORT / "timeline.jsonl"
    timeline.write_text(timeline.read_text().replace("moto 2.0.0", "moto 2.0.1", 1))
    done = cli("evidence", "audit", "--since", "2026-01-01")
    assert done.code == 3
    assert "verify found" in done.err
    assert (tmp_path / "audit/archive/signoffs.jsonl").read_bytes() == signoffs.read_bytes()
    assert "Jane" in (tmp_path / "audit/signoffs.md").read_text()
    timeline.write_text("garbage\n" + timeline.read_text())
    signoffs.unlink()
    signoffs.mkdir()
    done = cli("evidence", "worse", "--since", "2026-01-01")
    assert (done.code, "what changed in the policy can't be told" in done.out) == (3, True)
    page = (tmp_path / "worse/index.html").read_text()
    assert "timeline.jsonl:1 is no line of a timeline.jsonl" in page
    assert str(home) not in page
    assert list((tmp_path / f"worse/archive/snapshots/aws/{SUPPORT}").glob("*_v59.json"))
