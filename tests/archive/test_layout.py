"""Names become paths only where they are names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.making import READ_ONLY, SUPPORT, a_snapshot, an_archive, seen
from tracker.archive.layout import (
    CONFLICT,
    arn_of_folder,
    file_name,
    folder_name,
    identity_of,
    is_partition,
    policy_folder,
)
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.identity import PolicyArn, VersionId

VERSIONS = st.builds(
    VersionId,
    st.integers(1, 999_999_999),
    st.one_of(st.just(""), st.from_regex(r"\.[A-Za-z0-9-]{0,20}", fullmatch=True)),
)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(9998, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001 -- hypothesis wants naive bounds
)  # fmt: skip
NAMES = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,128}", fullmatch=True).filter(
    lambda name: name not in (".", "..")
)


def test_names_as_documented() -> None:
    identity = (VersionId(59), datetime(2026, 8, 19, 17, 37, 19, tzinfo=UTC))
    assert file_name(identity) == "2026-08-19T173719Z_v59.json"
    assert policy_folder(Path("snapshots"), SUPPORT) == Path("snapshots/aws/AWSSupportServiceRolePolicy")


@given(VERSIONS, MOMENTS)
@settings(deadline=None)
def test_a_file_name_is_the_identity_and_back(version: VersionId, made: datetime) -> None:
    name = file_name((version, made))
    assert identity_of(name) == (version, made)
    assert identity_of(f"{name}.conflict-0123456789ab.json") is None
    assert CONFLICT.fullmatch(f"{name}.conflict-0123456789ab.json")


@pytest.mark.parametrize(
    "name",
    [
        "2026-02-30T000000Z_v1.json",
        "2026-08-19T173719Z_v0.json",
        "2026-08-19T173719Z_v01.json",
        "2026-08-19T173719Z_59.json",
        "2026-08-19T17:37:19Z_v59.json",
        "2026-08-19T173719.000000Z_v59.json",  # microseconds only where there are any
        "2026-08-19T173719Z_v59.json\n",
        "2026-08-19T173719Z_v59.json.tmp",
        ".2026-08-19T173719Z_v59.json",
        "timeline.jsonl",
    ],
)
def test_no_other_name_is_a_snapshots(name: str) -> None:
    assert identity_of(name) is None


@given(NAMES, st.sampled_from(["aws", "aws-cn", "aws-us-gov"]), st.sampled_from(["aws", "123456789012"]))
@settings(deadline=None)
def test_every_policy_has_a_folder_of_its_own(name: str, partition: str, account: str) -> None:
    arn = PolicyArn(partition, name, "/service-role/", account)
    folder = folder_name(arn)
    assert arn_of_folder(partition, folder) == PolicyArn(partition, name, "/", account)
    assert Path(folder).name == folder  # one component: nothing in it leads elsewhere
    assert folder != "looks.jsonl"


@pytest.mark.parametrize(
    "arn",
    [
        PolicyArn("..", "X"),
        PolicyArn("aws/../..", "X"),
        PolicyArn("aws", ".."),
        PolicyArn("aws", "../../etc/passwd"),
        PolicyArn("aws", "a/b"),
        PolicyArn("aws", ""),
        PolicyArn("aws", "X\0"),
        PolicyArn("aws", "X\n"),
        PolicyArn("aws", "x" * 129),
        PolicyArn("aws", "X", account="../aws"),
        PolicyArn("", "X"),
        PolicyArn("AWS", "X"),
    ],
)
def test_what_is_no_arn_never_becomes_a_path(arn: PolicyArn, tmp_path: Path) -> None:
    archive = an_archive(tmp_path / "home")
    with pytest.raises(InputError, match="not"):
        archive.known(arn)
    with pytest.raises(InputError, match="not"):
        archive.keep(a_snapshot(1, arn=arn))
    with pytest.raises(InputError, match="not"):
        archive.observe(arn, seen(1))
    assert [path.name for path in tmp_path.rglob("*")] == ["home"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "", "a b", "arn:aws:iam::aws:policy/../x", "arn:aws:s3:::bucket"]
)
def test_what_is_no_name_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownPolicyError, match="not the "):
        an_archive(tmp_path).resolve(name)


def test_a_policy_named_like_a_file_of_ours(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    arn = PolicyArn("aws", "looks.jsonl")
    archive.keep(a_snapshot(1, arn=arn))
    archive.observe(arn, seen(1))
    assert archive.policies() == (arn,)
    assert archive.snapshots(arn) == (a_snapshot(1, arn=arn),)


def test_a_customers_policy_is_not_awss_of_the_same_name(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    own = PolicyArn("aws", "ReadOnlyAccess", account="123456789012")
    archive.keep(a_snapshot(1, "s3:GetObject", arn=READ_ONLY))
    archive.keep(a_snapshot(1, "s3:PutObject", arn=own))
    assert archive.policies() == (own, READ_ONLY) or archive.policies() == (READ_ONLY, own)
    assert archive.snapshots(own) == (a_snapshot(1, "s3:PutObject", arn=own),)
    assert archive.resolve("ReadOnlyAccess") == READ_ONLY
    assert archive.resolve(str(own)) == own


def test_partitions() -> None:
    assert all(map(is_partition, ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"]))
    assert not any(map(is_partition, ["", "..", "aws/", "azure", "Aws", "aws\n", "aws" + "x" * 40]))


def test_no_other_folder_is_a_policys(tmp_path: Path) -> None:
    names = [
        "a policy",
        "abc~ReadOnlyAccess",
        "aws~ReadOnlyAccess",
        "1234~ReadOnlyAccess",
        "~ReadOnlyAccess",
        "x" * 129,
    ]
    assert [name for name in names if arn_of_folder("aws", name)] == []
    assert arn_of_folder("azure", "ReadOnlyAccess") is None
    archive = an_archive(tmp_path)
    for name in names:
        (archive.root / "aws" / name).mkdir(parents=True)
    assert archive.policies() == archive.behind() == ()
    assert archive.rebuild(lambda _: []).policies == 0
