"""Snapshots on the disk: new, same, in conflict, damaged; one or many."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.making import NOON, READ_ONLY, SUPPORT, a_snapshot, an_archive, made, seen
from tracker.archive.layout import file_name, policy_folder
from tracker.archive.writing import BATCH
from tracker.errors import DocumentError, InputError, UnknownPolicyError
from tracker.model.identity import PolicyArn, VersionId


def files_of(home: Path, arn: PolicyArn = SUPPORT) -> dict[str, bytes]:
    """Every file of a policy's folder with its bytes."""
    return {path.name: path.read_bytes() for path in policy_folder(home / "snapshots", arn).iterdir()}


def test_a_snapshots_file_is_canonical_json(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    assert archive.keep(a_snapshot(59)) == "new"
    ((name, raw),) = files_of(tmp_path).items()
    assert name == "2021-03-01T000000Z_v59.json"
    record = json.loads(raw)
    assert list(record) == ["arn", "create_date", "document", "schema", "sha256", "source", "version"]
    assert raw.decode() == json.dumps(record, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert record["arn"] == str(SUPPORT)
    assert record["schema"] == 1


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    before = files_of(tmp_path)
    assert archive.keep(a_snapshot(1)) == "same"
    assert files_of(tmp_path) == before


def test_a_second_source_is_a_line_beside_it_once(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    before = files_of(tmp_path)
    for _ in range(2):
        assert archive.keep(a_snapshot(1, source="git 0123")) == "same"
    both = [a_snapshot(1, source="git 0123"), a_snapshot(1, source="moto"), a_snapshot(1, source="moto")]
    assert archive.keep_many(both).same == 3
    after = files_of(tmp_path)
    lines = [json.loads(line) for line in after.pop("sources.jsonl").splitlines()]
    assert after == before
    assert [line["source"] for line in lines] == ["git 0123", "moto"]
    assert {line["sha256"] for line in lines} == {a_snapshot(1).sha256}


def test_another_document_is_kept_beside_and_never_instead(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1, "s3:GetObject"))
    before = files_of(tmp_path)
    other = a_snapshot(1, "s3:PutObject", source="git 0123")
    for _ in range(2):
        assert archive.keep(other) == "conflict"
    after = files_of(tmp_path)
    (beside,) = after.keys() - before.keys()
    assert {name: after[name] for name in before} == before
    assert beside == f"2021-01-02T000000Z_v1.json.conflict-{other.sha256[:12]}.json"
    assert json.loads(after[beside])["sha256"] == other.sha256
    assert archive.snapshots(SUPPORT) == (a_snapshot(1, "s3:GetObject"),)
    (finding,) = [one for one in archive.verify() if "conflict" in one.path]
    assert "one version has two contents" in finding.wrong
    many = archive.keep_many([a_snapshot(2), other])
    assert (many.new, many.same, [path.name for path in many.conflicts]) == (1, 0, [beside])


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff", b"[]", json.dumps({"schema": 1}).encode()],
    ids=["empty", "cut off", "no text", "no object", "keys missing"],
)
def test_a_damaged_file_is_moved_aside_for_the_right_one(tmp_path: Path, damage: bytes) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    path = policy_folder(archive.root, SUPPORT) / file_name(a_snapshot(1).identity)
    path.write_bytes(damage)
    assert archive.keep(a_snapshot(1)) == "new"
    assert archive.snapshots(SUPPORT) == (a_snapshot(1),)
    (aside,) = (raw for name, raw in files_of(tmp_path).items() if ".damaged-" in name)
    assert aside == damage  # nothing is lost, not even this
    assert any("moved aside" in finding.wrong for finding in archive.verify())


def test_an_empty_file_is_no_snapshot_so_that_it_is_fetched_again(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep_many(map(a_snapshot, (1, 2)))
    (policy_folder(archive.root, SUPPORT) / file_name(a_snapshot(2).identity)).write_bytes(b"")
    assert archive.known(SUPPORT).archived == {a_snapshot(1).identity}
    assert archive.known(SUPPORT).newest == made(1)
    assert archive.snapshots(SUPPORT) == (a_snapshot(1),)


def test_a_link_in_a_snapshots_place_is_moved_aside_too(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    path = policy_folder(archive.root, SUPPORT) / file_name(a_snapshot(2).identity)
    for target in ("first", "second"):
        (tmp_path / target).write_text("not ours")
        path.unlink(missing_ok=True)
        path.symlink_to(tmp_path / target)
        assert (VersionId(2), made(2)) not in archive.known(SUPPORT).archived
        assert archive.keep(a_snapshot(2)) == "new"
        assert (tmp_path / target).read_text() == "not ours"
    assert len([name for name in path.parent.iterdir() if ".damaged-" in name.name]) == 2


def test_a_tampered_document_is_never_handed_out(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    path = policy_folder(archive.root, SUPPORT) / file_name(a_snapshot(1).identity)
    path.write_bytes(path.read_bytes().replace(b"s3:GetObject", b"s3:PutObject"))
    with pytest.raises(InputError, match="its document has sha256") as told:
        archive.snapshot(SUPPORT, VersionId(1))
    assert "verify" in told.value.advice


def test_a_file_under_another_name_is_never_handed_out(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    place = policy_folder(archive.root, SUPPORT)
    (place / file_name(a_snapshot(1).identity)).rename(place / file_name(a_snapshot(2).identity))
    with pytest.raises(InputError, match=r"it holds 2021-01-02T000000Z_v1\.json"):
        archive.snapshot(SUPPORT, VersionId(2))
    archive.keep(a_snapshot(3, arn=READ_ONLY))
    (policy_folder(archive.root, READ_ONLY) / file_name(a_snapshot(3).identity)).rename(
        place / file_name(a_snapshot(3).identity)
    )
    with pytest.raises(InputError, match="it is of arn:aws:iam::aws:policy/ReadOnlyAccess"):
        archive.snapshot(SUPPORT, VersionId(3))


def test_what_is_no_policy_or_not_its_sha256_is_not_stored(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    right = a_snapshot(1)
    wrong = [
        replace(right, document=""),
        replace(right, document="{}\n"),
        replace(right, document=right.document.strip()),
        replace(right, sha256="0" * 64),
    ]
    for snapshot in wrong:
        with pytest.raises(DocumentError, match="AWSSupportServiceRolePolicy v1"):
            archive.keep(snapshot)
    assert not archive.root.exists()
    with pytest.raises(DocumentError):
        archive.keep_many([a_snapshot(1), replace(a_snapshot(2), sha256="0"), a_snapshot(3)])
    assert archive.snapshots(SUPPORT) == (a_snapshot(1),)  # what came before the faulty one is kept


def test_a_policy_made_again_starts_over(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    again = a_snapshot(1, "s3:PutObject", create_date=made(100))
    archive.keep_many([a_snapshot(1), a_snapshot(2), again])
    assert archive.snapshot(SUPPORT, VersionId(1)) == again
    assert archive.snapshot(SUPPORT, VersionId(1), made(1)) == a_snapshot(1)
    assert archive.identities(SUPPORT) == (a_snapshot(1).identity, a_snapshot(2).identity, again.identity)
    with pytest.raises(UnknownPolicyError, match="no v3 of AWSSupportServiceRolePolicy") as told:
        archive.snapshot(SUPPORT, VersionId(3))
    assert told.value.advice == "it has these versions: v1, v2, v1"
    with pytest.raises(UnknownPolicyError, match="no v1 of 2021-02-20T00:00:00Z of AWS"):
        archive.snapshot(SUPPORT, VersionId(1), made(50))
    with pytest.raises(UnknownPolicyError) as told:
        archive.snapshot(READ_ONLY, VersionId(1))
    assert told.value.advice == "it has these versions: none"


def test_the_path_is_learnt_from_whoever_knows_it(tmp_path: Path) -> None:
    """An import that has names only writes '/'; the same policy under its real path is not another one."""
    archive = an_archive(tmp_path)
    guessed = replace(SUPPORT, path="/")
    archive.keep(a_snapshot(1, arn=guessed))
    assert archive.policies() == (guessed,)
    assert archive.keep(a_snapshot(1)) == "same"
    assert archive.policies() == (SUPPORT,)
    assert archive.resolve("AWSSupportServiceRolePolicy") == SUPPORT
    archive.keep(a_snapshot(2, arn=guessed))
    assert archive.policies() == (SUPPORT,)
    assert len(archive.snapshots(SUPPORT)) == len(archive.snapshots(guessed)) == 2
    archive.keep(a_snapshot(3))
    assert archive.policies() == (SUPPORT,)


def test_observations_are_read_in_time_and_written_once(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep_many(map(a_snapshot, (1, 2, 3)))
    assert archive.observe_many(SUPPORT, [seen(3, 30), seen(1, 10, basis="commit")]) == 2
    assert archive.observe_many(SUPPORT, [seen(2, 20), seen(3, 30, run="another"), seen(2, 20)]) == 1
    archive.observe(SUPPORT, seen(None, 40))
    archive.observe(SUPPORT, seen(None, 40))
    in_time = (seen(1, 10, basis="commit"), seen(2, 20), seen(3, 30), seen(None, 40))
    assert archive.observations(SUPPORT) == in_time
    assert archive.known(SUPPORT).default is None
    assert archive.known(SUPPORT).seen
    for hours, number in ((9.9, None), (10, 1), (29, 2), (30, 3)):
        found = archive.at(SUPPORT, NOON + timedelta(hours=hours))
        assert (found and found.version) == (VersionId(number) if number else None)
    gone = archive.at(SUPPORT, NOON + timedelta(hours=41))
    assert gone is not None
    assert gone.version is None


def test_names_spelt_alike_are_offered(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    archive.keep(a_snapshot(1, arn=READ_ONLY))
    for asked, meant in (("ReadonlyAcces", "ReadOnlyAccess"), ("support", "AWSSupportServiceRolePolicy")):
        with pytest.raises(UnknownPolicyError) as told:
            archive.resolve(asked)
        assert told.value.advice == f"did you mean {meant}?"
    with pytest.raises(UnknownPolicyError) as told:
        archive.resolve("arn:aws-cn:iam::aws:policy/ReadOnlyAccess")
    assert "policy-tracker check" in told.value.advice
    assert archive.resolve("arn:aws:iam::aws:policy/ReadOnlyAccess") == READ_ONLY


def test_one_damaged_policy_does_not_hide_the_others(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.keep(a_snapshot(1))
    archive.keep(a_snapshot(1, arn=READ_ONLY))
    (policy_folder(archive.root, READ_ONLY) / file_name(a_snapshot(1).identity)).write_bytes(b"{")
    (archive.root / "aws" / "not a policy").mkdir()
    assert archive.policies() == (SUPPORT,)


def test_many_are_kept_a_batch_at_a_time(tmp_path: Path) -> None:
    steps: list[str] = []
    archive = an_archive(tmp_path, steps.append)
    assert archive.keep_many(map(a_snapshot, range(1, BATCH + 3))).new == BATCH + 2
    one = ["snapshot-temporary", "snapshot-renamed", "snapshot-kept"]
    assert steps == [step for size in (BATCH, 2) for step in one for _ in range(size)]
