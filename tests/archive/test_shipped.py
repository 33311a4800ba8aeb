"""The shipped history in a new tracker's folder."""

from pathlib import Path

import pytest

from tests.archive.making import READ_ONLY, SUPPORT, a_snapshot, an_archive, record, seen
from tracker.archive.home import make_home
from tracker.archive.shipped import copy_shipped, shipped_folder
from tracker.errors import SetupError

CHECKOUT = Path(__file__).resolve().parents[2] / "snapshots"


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.json*") if path.is_file()
    }


def test_the_shipped_history_arrives_byte_for_byte(tmp_path: Path) -> None:
    assert shipped_folder() == CHECKOUT
    archive = an_archive(tmp_path)
    kept = copy_shipped(archive)
    assert kept.new > 0
    assert (kept.same, kept.conflicts) == (0, ())
    assert tree(archive.root) == tree(CHECKOUT)
    again = copy_shipped(archive)
    assert (again.new, again.same, again.conflicts) == (0, kept.new, ())
    assert tree(archive.root) == tree(CHECKOUT)
    archive.rebuild(lambda _: [])
    assert archive.verify() == ()


def test_a_wheel_has_it_inside_the_package(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="shipped history is missing"):
        shipped_folder(tmp_path / "tracker")
    (tmp_path / "snapshots").mkdir()
    assert shipped_folder(tmp_path / "tracker") == tmp_path / "snapshots"
    (tmp_path / "tracker" / "_shipped").mkdir(parents=True)
    assert shipped_folder(tmp_path / "tracker") == tmp_path / "tracker" / "_shipped"


def test_what_the_folder_holds_already_stays(tmp_path: Path) -> None:
    shipped, archive = an_archive(tmp_path / "shipped"), an_archive(tmp_path / "home")
    record(shipped, a_snapshot(1), seen(1, basis="create_date"))
    shipped.keep(a_snapshot(1, source="another"))
    record(shipped, a_snapshot(1, "s3:PutObject", arn=READ_ONLY), seen(1), READ_ONLY)
    record(archive, a_snapshot(2), seen(2, 5))
    record(archive, a_snapshot(1, arn=READ_ONLY), seen(1, 5), READ_ONLY)
    before = tree(archive.root)
    kept = copy_shipped(archive, shipped.root)
    assert (kept.new, kept.same, len(kept.conflicts)) == (1, 0, 1)
    after = tree(archive.root)
    for name, raw in before.items():
        assert after[name].startswith(raw)  # lines are added, nothing is rewritten
    assert archive.observations(SUPPORT) == (seen(1, basis="create_date"), seen(2, 5))
    assert "another" in (archive.root / "aws" / SUPPORT.name / "sources.jsonl").read_text()


def test_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "tracker"
    make_home(home)
    assert home.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in home.iterdir()) == [".gitignore", "changelogs", "snapshots"]
    (home / ".gitignore").write_text("mine")
    (home / "snapshots" / "x").write_text("mine")
    make_home(home)
    assert (home / ".gitignore").read_text() == "mine"


def test_a_home_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't make the tracker's folder"):
        make_home(tmp_path / "file" / "home")
