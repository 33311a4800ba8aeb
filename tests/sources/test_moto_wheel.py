"""A moto wheel is read as data, in both of its layouts; one that contradicts itself is refused."""

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import DocumentError, InputError
from tracker.model.identity import PolicyArn, VersionId
from tracker.sources import moto_wheel
from tracker.sources.moto_wheel import DATA_FILE, read_wheel

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
LATER = {
    "CreateDate": "2018-04-19T18:04:44+00:00",
    "DefaultVersionId": "v7",
    "Document": DOCUMENT,
    "Path": "/job-function/",
    "UpdateDate": "2024-10-10T18:03:48+00:00",
}
OLDER = {
    **LATER,
    "Arn": "arn:aws:iam::aws:policy/job-function/Reader",
    "PolicyName": "Reader",
    "VersionId": "v7",
    "IsDefaultVersion": True,
}
METADATA = "Metadata-Version: 2.1\nName: moto\nVersion: 9.8.7\n\nVersion: not this one\n"


def wheel(folder: Path, data: str | None, metadata: str | None = METADATA) -> Path:
    path = folder / "moto-9.8.7-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        if metadata is not None:
            archive.writestr("moto-9.8.7.dist-info/METADATA", metadata)
        if data is not None:
            archive.writestr(DATA_FILE, data)
    return path


def source(entries: Any) -> str:
    return f'# Imported\naws_managed_policies_data = """\n{json.dumps(entries)}"""\n'


@pytest.mark.parametrize("entry", [LATER, OLDER], ids=["later layout", "older layout"])
def test_an_entry_becomes_a_snapshot(tmp_path: Path, entry: dict[str, Any]) -> None:
    (snapshot,) = read_wheel(wheel(tmp_path, source({"Reader": entry})))
    assert snapshot.arn == PolicyArn("aws", "Reader", "/job-function/")
    assert snapshot.version == VersionId(7)
    assert snapshot.create_date == datetime(2024, 10, 10, 18, 3, 48, tzinfo=UTC), "UpdateDate, not CreateDate"
    assert json.loads(snapshot.document) == DOCUMENT
    assert snapshot.source == "moto 9.8.7 moto/iam/aws_managed_policies.py"


def test_a_missing_path_is_the_root(tmp_path: Path) -> None:
    entry = {key: value for key, value in LATER.items() if key != "Path"}
    (snapshot,) = read_wheel(wheel(tmp_path, source({"Reader": entry})))
    assert str(snapshot.arn) == "arn:aws:iam::aws:policy/Reader"


def test_only_the_policies_named_are_read_and_sorted(tmp_path: Path) -> None:
    path = wheel(tmp_path, source({"B": LATER, "A": LATER, "Broken": {}}))
    assert [snapshot.arn.name for snapshot in read_wheel(path, {"A", "B", "Absent"})] == ["A", "B"]


def test_the_data_file_is_never_executed(tmp_path: Path) -> None:
    data = "import os\nos.abort()\n" + source({"Reader": LATER})
    assert len(read_wheel(wheel(tmp_path, data))) == 1


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**LATER, "DefaultVersionId": "7"}, "not a policy version: '7'"),
        ({**LATER, "UpdateDate": "yesterday"}, "not a date or time"),
        ({**LATER, "UpdateDate": None}, "can't be read"),
        ({**LATER, "Path": "job-function"}, "not the ARN"),
        ({key: value for key, value in LATER.items() if key != "UpdateDate"}, "has no UpdateDate"),
        ({key: value for key, value in LATER.items() if key != "Document"}, "has no Document"),
        ([], "can't be read"),
        ({**OLDER, "VersionId": "v6"}, "its VersionId is v6, the rest of it says v7"),
        ({**OLDER, "Arn": "arn:aws:iam::aws:policy/Reader"}, "its Arn is arn:aws:iam::aws:policy/Reader"),
    ],
)
def test_an_entry_that_says_nonsense_is_refused_by_name(tmp_path: Path, entry: Any, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        read_wheel(wheel(tmp_path, source({"Reader": entry})))
    assert "Reader in moto 9.8.7" in str(refused.value)


def test_a_document_that_is_no_policy_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"Reader v7 in moto 9\.8\.7"):
        read_wheel(wheel(tmp_path, source({"Reader": {**LATER, "Document": {"Statement": []}}})))


@pytest.mark.parametrize(
    ("data", "metadata", "said"),
    [
        (None, METADATA, "has no moto/iam/aws_managed_policies.py"),
        (source({}), None, "no wheel of moto"),
        (source({}), "Name: moto\n\nVersion: 1\n", "no wheel of moto"),
        ("other = 1\n", METADATA, "assigns no policies"),
        (source([]), METADATA, "assigns no policies"),
        ("aws_managed_policies_data = open('x')\n", METADATA, "can't be read as data"),
        ("aws_managed_policies_data = '{'\n", METADATA, "can't be read as data"),
        ("aws_managed_policies_data = 7\n", METADATA, "can't be read as data"),
        ("aws_managed_policies_data = (\n", METADATA, "can't be read as data"),
    ],
)
def test_what_is_no_moto_wheel_is_refused(
    tmp_path: Path, data: str | None, metadata: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        read_wheel(wheel(tmp_path, data, metadata))
    assert str(tmp_path) in str(refused.value)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "moto-1-py3-none-any.whl"
    path.write_text("<html>proxy</html>")
    with pytest.raises(InputError, match="can't be read as a wheel"):
        read_wheel(path)
    with pytest.raises(InputError, match="can't be read as a wheel"):
        read_wheel(tmp_path / "absent.whl")


def test_a_data_file_beyond_all_measure_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "moto-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("moto-1.dist-info/METADATA", "Version: 1\n\n")
        archive.writestr(DATA_FILE, b"#" * (moto_wheel.MAX_BYTES + 1))
    with pytest.raises(InputError, match="at most are read"):
        read_wheel(path)
