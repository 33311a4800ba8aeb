"""`gate` as a pipeline meets it: exit codes, what it names, files without a tracker's folder, versions with one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command

ADMIN = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"},
    {
      "Sid": "Admin", "Effect": "Allow",
      "Action": ["iam:*", "kms:Decrypt"],
      "Resource": "*"
    }
  ]
}
"""


@pytest.fixture
def admin(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "admin.json").write_text(ADMIN, encoding="utf-8")
    return Path("policies/admin.json")


def base(tmp_path: Path, *actions: str) -> Path:
    path = tmp_path / "base" / "policies" / "admin.json"
    path.parent.mkdir(parents=True)
    said = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": said}), encoding="utf-8")
    return path


def items(out: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(out)["items"]
    return found


def test_what_is_granted_is_named_with_action_statement_line_and_scope(cli: Command, admin: Path) -> None:
    ended = cli("gate", admin, "--forbid", "iam:PassRole", "--forbid", "ec2:*")
    assert ended.code == 1
    assert ended.out == (
        "policies/admin.json: 1 of 2 forbidden patterns is granted\n"
        "  line 5, statement 2 (Admin): iam:PassRole is granted on every resource, by iam:*\n"
    )
    assert ended.err == ""


def test_nothing_forbidden_is_0_and_no_folder_is_made(cli: Command, admin: Path, tmp_path: Path) -> None:
    ended = cli("gate", admin, "--forbid", "ec2:*")
    assert (ended.code, ended.out) == (0, "policies/admin.json: nothing forbidden is granted\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["policies"]


def test_a_file_that_cant_be_read_is_2_and_the_others_are_judged_first(cli: Command, admin: Path) -> None:
    Path("policies/bad.json").write_text("{", encoding="utf-8")
    ended = cli("gate", "policies/bad.json", admin, "--forbid", "ec2:*", "--sarif", "out.sarif")
    assert ended.code == 2
    assert '"text": "policies/bad.json: the JSON' in Path("out.sarif").read_text(encoding="utf-8")
    ended_folder = cli("gate", "policies", admin, "--forbid", "ec2:*")
    assert "policies is a folder, and gate judges files" in ended_folder.err
    assert "policies/bad.json: the JSON is cut off" in ended.err
    assert ended.out == "policies/admin.json: nothing forbidden is granted\n"
    assert cli("gate", "policies/bad.json", admin, "--forbid", "iam:*").code == 1


def test_json_is_one_document(cli: Command, admin: Path) -> None:
    ended = cli("gate", admin, "--forbid", "S3:getobject", "--json")
    (one,) = items(ended.out)
    assert one["actions"] == ["s3:GetObject"]
    assert (one["statement"], one["sid"], one["scope"]) == (1, "Read", {"resources": ["arn:aws:s3:::a/*"]})
    assert one["region"] == {"line": 4, "column": 5, "end_line": 4, "end_column": 97}
    assert json.loads(ended.out)["type"] == "gate"


def test_against_a_file_and_a_folder_only_what_is_new_counts(
    cli: Command, admin: Path, tmp_path: Path
) -> None:
    earlier = base(tmp_path, "iam:*")
    for against in (earlier, tmp_path / "base", earlier.parent):
        assert cli("gate", admin, "--forbid", "iam:*", "--against", against).code == 0
        ended = cli("gate", admin, "--forbid", "kms:Decrypt", "--against", against)
        assert ended.code == 1
        assert "kms:Decrypt is newly granted on every resource" in ended.out


def test_a_file_that_the_folder_lacks_is_new(cli: Command, admin: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert cli("gate", admin, "--forbid", "iam:*", "--against", "./empty").code == 1


@pytest.mark.parametrize(
    ("against", "said"),
    [("v3", "is a file, and has no versions here"), ("./gone/x.json", "can't be read")],
)
def test_an_against_that_does_not_fit_is_said(cli: Command, admin: Path, against: str, said: str) -> None:
    ended = cli("gate", admin, "--forbid", "iam:*", "--against", against)
    assert ended.code == 2
    assert said in ended.err


def test_a_pattern_that_means_nothing_is_said(cli: Command, admin: Path) -> None:
    ended = cli("gate", admin, "--forbid", "s3:GetObjct", "--forbid", "s3:G*", "--json")
    assert "--forbid s3:GetObjct: no action of the catalogue is meant by it" in ended.err
    assert json.loads(ended.out)["unknown"] == ["s3:GetObjct"]


@pytest.mark.parametrize("arguments", [(), ("--forbid", "GetObject"), ("--forbid", "")])
def test_a_gate_that_forbids_nothing_or_nonsense_is_2(
    cli: Command, admin: Path, arguments: tuple[str, ...]
) -> None:
    assert cli("gate", admin, *arguments).code == 2


def test_sarif_is_written_with_a_path_relative_to_the_current_folder(
    cli: Command, admin: Path, tmp_path: Path
) -> None:
    cli("gate", tmp_path / admin, "--forbid", "iam:*", "--sarif", "out.sarif")
    (result,) = json.loads(Path("out.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/admin.json"
    assert place["region"] == {"startLine": 5, "startColumn": 5, "endLine": 9, "endColumn": 6}
    ended = cli("gate", admin, "--forbid", "ec2:*", "--sarif", "no/such/out.sarif")
    assert ended.code == 2
    assert "can't be written" in ended.err


def test_a_policy_of_the_archive_by_its_default_and_by_a_version(cli: Command, home: Path) -> None:
    ended = cli("gate", "AWSSupportServiceRolePolicy", "--forbid", "iam:DeleteRole", "--json")
    assert ended.code == 1
    (one,) = items(ended.out)
    assert one["name"] == "AWSSupportServiceRolePolicy v59"
    lines = Path(one["file"]).read_text(encoding="utf-8").splitlines()
    assert any("iam:DeleteRole" in line for line in lines[one["region"]["line"] : one["region"]["end_line"]])
    assert cli("gate", "AWSSupportServiceRolePolicy@v4", "--forbid", "acm:describeAcmeAccount").code == 0


def test_a_policy_against_a_version_and_a_date(cli: Command, home: Path) -> None:
    newly = (
        "gate",
        "--forbid",
        "acm:describeAcmeAccount",
        "--forbid",
        "iam:DeleteRole",
        "--json",
        "--against",
    )
    for against in ("v57", "2026-06-01"):
        ended = cli(*newly, against)
        assert ended.code == 1
        assert [(one["how"], one["actions"]) for one in items(ended.out)] == [
            ("added", ["acm:describeAcmeAccount"])
        ]
    assert cli(*newly, "v59").code == 0
    assert cli(*newly, "./").code == 2


def test_without_a_subject_the_policies_of_the_settings_are_judged(cli: Command, home: Path) -> None:
    ended = cli("gate", "--forbid", "iam:DeleteRole")
    assert ended.code == 1
    assert ended.out.startswith("AWSSupportServiceRolePolicy v59: 1 of 1 forbidden pattern is granted\n")


def test_nor_a_folder_nothing_is_judged_and_that_is_no_success(cli: Command, tmp_path: Path) -> None:
    ended = cli("--home", tmp_path / "none", "gate", "--forbid", "iam:DeleteRole")
    assert (ended.code, ended.out) == (4, "")


def test_what_a_document_says_can_not_move_a_cursor(cli: Command, admin: Path) -> None:
    hostile = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::\u202ea", "Sid": "a\u200bb"}
    Path("policies/hostile.json").write_text(json.dumps({"Statement": hostile}), encoding="utf-8")
    ended = cli("gate", "policies/hostile.json", "--forbid", "s3:*")
    assert "(a\\u200bb)" in ended.out
    assert "\\u202ea" in ended.out
    assert "\u202e" not in ended.out
