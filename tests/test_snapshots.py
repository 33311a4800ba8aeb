"""snapshots/ is what released moto wheels carry, byte for byte, and agrees with an archive of others."""

import json
from pathlib import Path

import pytest

from tests import make_snapshots
from tests.support import history
from tests.support.moto_wheels import RELEASES, WheelUnavailableError, wheels
from tracker.model.instants import iso

SHIPPED = make_snapshots.ROOT / "snapshots"
SUPPORT = "AWSSupportServiceRolePolicy"
# Unique actions, counted on the documents of the wheels themselves.
SIZES = {"v38": 3374, "v39": 3442, "v41": 3722, "v57": 4169, "v59": 4533}
VERSIONS = ["v4", "v14", "v15", "v19", "v21", "v24", "v34", "v36", "v38", "v39", "v41", "v43", "v57", "v59"]


def records(policy: str) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((SHIPPED / "aws" / policy).glob("*.json"))]


def test_the_versions_promised_are_shipped() -> None:
    assert [record["version"] for record in records(SUPPORT)] == VERSIONS
    assert {path.name for path in (SHIPPED / "aws").iterdir()} == set(make_snapshots.POLICIES)
    for policy in make_snapshots.POLICIES:
        assert len(records(policy)) >= 7


@pytest.mark.parametrize(("version", "size"), SIZES.items())
def test_the_sizes_are_those_that_were_counted(version: str, size: int) -> None:
    (record,) = [record for record in records(SUPPORT) if record["version"] == version]
    document = record["document"]
    assert isinstance(document, dict)
    listed = [statement["Action"] for statement in document["Statement"]]
    assert len({action.lower() for actions in listed for action in actions}) == size


def test_every_snapshot_names_its_release_and_file() -> None:
    for policy in make_snapshots.POLICIES:
        for record in records(policy):
            made, release, path = str(record["source"]).split(" ")
            assert (made, path) == ("moto", "moto/iam/aws_managed_policies.py")
            assert release in RELEASES


def test_nobody_claims_to_have_looked() -> None:
    assert not (SHIPPED / "aws" / "looks.jsonl").exists()
    for policy in make_snapshots.POLICIES:
        lines = (SHIPPED / "aws" / policy / "timeline.jsonl").read_text().splitlines()
        seen = [json.loads(line) for line in lines]
        assert [line["version"] for line in seen] == [record["version"] for record in records(policy)]
        assert {(line["basis"], line["run"]) for line in seen} == {("create_date", "shipped")}
        assert all(line["observed_at"] == line["create_date"] for line in seen)


def test_they_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    try:
        files = wheels()
    except WheelUnavailableError as error:
        history.need(f"the released wheels of moto can't be had here: {error}")
    kept = make_snapshots.make(files, tmp_path)
    made = tmp_path / "snapshots"
    (made / "README.md").write_text(make_snapshots.readme(kept), encoding="utf-8")
    assert tree(made) == tree(SHIPPED)


@pytest.mark.parametrize("policy", make_snapshots.POLICIES)
def test_a_git_archive_of_others_has_the_same_documents_and_dates(policy: str) -> None:
    """So UpdateDate in a wheel is the date of the version that it carries, for every version that both have."""
    theirs = history.snapshots(policy)
    by_version = {str(each.version): each for each in theirs.values()}
    compared = 0
    for record in records(policy):
        if record["version"] in by_version:
            other = by_version[str(record["version"])]
            assert (record["create_date"], record["sha256"]) == (iso(other.create_date), other.sha256)
            compared += 1
    assert compared >= 5


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
