"""The file that says what is attached in which account."""

from pathlib import Path

import pytest

from tracker.errors import InputError
from tracker.sources.accounts import read_accounts

SUPPORT = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"


def test_an_account_a_line_and_its_policies_after_it(tmp_path: Path) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(
        f"\n# ours\n222 B, A  # and no more\n111: {SUPPORT}\n222 aws-us-gov:A\n333\n", encoding="utf-8-sig"
    )
    assert read_accounts(path) == {"111": (SUPPORT,), "222": ("A", "B", "aws-us-gov:A"), "333": ()}
    assert list(read_accounts(path)) == ["111", "222", "333"]


@pytest.mark.parametrize("name", ["Read/Only", "arn:aws:iam::aws:user/Me", "gov:A:B"])
def test_what_is_no_policy_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(f"111 A\n222 {name}\n")
    with pytest.raises(InputError, match=r"accounts\.txt:2: no policy's name and no ARN") as told:
        read_accounts(path)
    assert "123456789012 ReadOnlyAccess" in told.value.advice


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt can't be read: No such file"):
        read_accounts(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="it is not UTF-8 text"):
        read_accounts(tmp_path / "binary")
