"""`check --all` and `--attached` against a real HTTP server that speaks IAM: which calls, which output, which exit code."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command, settings
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import throttled
from tracker.archive import folder
from tracker.model.identity import PolicyArn

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
READ_ONLY = PolicyArn("aws", "ReadOnlyAccess")
NEW = PolicyArn("aws", "BrandNewPolicy", "/job-function/")
DATE = "2026-10-30T12:00:00Z"


def allowing(*actions: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


@pytest.fixture(autouse=True)
def _no_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here only listings are counted; roles have tests of their own."""
    monkeypatch.setenv("POLICY_TRACKER_ROLES", "[]")


@pytest.fixture
def aws(iam: FakeIam, home: Path, cli: Command) -> FakeIam:
    """An AWS with the five policies that ship, each at the newest version that ships, looked at once."""
    for place in sorted((home / "snapshots" / "aws").iterdir()):
        newest = folder.load(place, folder.identities(place)[-1])
        iam.put(newest.arn, str(newest.version), json.loads(newest.document), newest.create_date)
    done = cli("check", "--all")
    assert (done.code, done.err) == (0, "")
    assert "looked at 5 policies" in done.out
    assert set(iam.actions) == {"ListPolicies"}  # all five are in the archive, by their dates
    iam.forget_calls()
    return iam


def test_where_nothing_changed_one_listing_is_all_that_is_asked(aws: FakeIam, cli: Command) -> None:
    done = cli("check", "--all", "--exit-code")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"looked at 5 policies, .* UTC: nothing changed; next look .* UTC\n", done.out)
    assert aws.actions == ["ListPolicies"]


def test_what_moved_came_and_went_is_told_the_gravest_first(aws: FakeIam, cli: Command) -> None:
    aws.put(SUPPORT, "v60", allowing("s3:ListBucket"), DATE)
    aws.put(READ_ONLY, "v999", allowing("s3:GetObject", "iam:PassRole"), DATE)
    aws.put(NEW, "v1", allowing("ec2:DescribeVpcs"), DATE)
    aws.remove("arn:aws:iam::aws:policy/SecurityAudit")
    done = cli("check", "--all", "--exit-code")
    assert done.code == 1
    told = [line.split()[0] for line in done.out.splitlines() if re.match(r"\w+ (v|none|to )", line)]
    assert sorted(told) == [
        "AWSSupportServiceRolePolicy",
        "BrandNewPolicy",
        "ReadOnlyAccess",
        "SecurityAudit",
    ]
    assert told[0] == "ReadOnlyAccess"  # what may pass roles is an alarm
    assert "looked at 6 policies" in done.out
    assert sorted(set(aws.actions)) == ["GetPolicy", "GetPolicyVersion", "ListPolicies", "ListPolicyVersions"]
    assert aws.actions.count("GetPolicy") == 1  # of the one that is gone
    aws.forget_calls()
    assert "nothing changed" in cli("check", "--all").out
    assert aws.actions == ["ListPolicies"]


def test_republished_policies_are_one_line(aws: FakeIam, cli: Command, home: Path) -> None:
    for place in sorted((home / "snapshots" / "aws").iterdir()):
        if place.is_dir() and place.name != NEW.name:
            newest = folder.load(place, folder.identities(place)[-1])
            aws.put(newest.arn, f"v{newest.version.number + 1}", json.loads(newest.document), DATE)
    done = cli("check", "--all", "--exit-code")
    assert done.code == 0
    assert (
        "5 policies were republished with the same access: AWSSupportServiceRolePolicy, AWSTrusted"
        in done.out
    )
    assert len(done.out.splitlines()) == 2
    record = json.loads(cli("log", "--all", "--json").out)
    assert sum(row["kind"] == "republished" for row in record["items"]) >= 5


def test_what_fails_is_listed_with_3_or_its_own_code_and_stops_no_other(aws: FakeIam, cli: Command) -> None:
    aws.put(SUPPORT, "v60", "{}", DATE)
    aws.put(READ_ONLY, "v999", allowing("s3:GetObject"), DATE)
    done = cli("check", "--all")
    assert done.code == 3
    assert "AWSSupportServiceRolePolicy v60: no Statement" in done.err
    assert "ReadOnlyAccess v" in done.out
    assert "1 not read" in done.out
    aws.put(SUPPORT, "v60", allowing("s3:ListBucket"), DATE)
    aws.forget_calls()
    assert "AWSSupportServiceRolePolicy v59 to v60" in cli("check", "--all").out


def test_a_listing_that_can_not_be_had_has_its_own_code(aws: FakeIam, cli: Command) -> None:
    aws.deny("iam:ListPolicies")
    done = cli("check", "--all")
    assert done.code == 4
    assert (
        "all policies (aws): ListPolicies of the managed policies of partition aws: not allowed" in done.err
    )
    aws.calm()
    aws.always("ListPolicies", throttled())
    assert cli("check", "--all", "--set", "aws.attempts=1").code == 75


def test_attached_alone_with_the_account_column(aws: FakeIam, cli: Command) -> None:
    aws.put(READ_ONLY, "v999", allowing("s3:GetObject"), DATE)
    aws.put(SUPPORT, "v60", allowing("s3:ListBucket"), DATE)
    aws.attach(READ_ONLY, 2)
    done = cli("check", "--attached")
    assert (done.code, done.err) == (0, "")
    assert "AWSSupportServiceRolePolicy" not in done.out
    assert [call.parameters.get("OnlyAttached") for call in aws.calls if call.action == "ListPolicies"] == [
        "true"
    ]
    assert re.search(r"\npolicy +default +account\nReadOnlyAccess +v999 +this account \(2\)\n\Z", done.out)
    record = json.loads(cli("check", "--attached", "--json").out)
    assert [(one["policy"]["name"], one["accounts"]) for one in record["attached"]] == [
        ("ReadOnlyAccess", ["this account (2)"])
    ]


def test_search_among_what_is_attached_shows_the_accounts(aws: FakeIam, cli: Command, tmp_path: Path) -> None:
    assert "policy-tracker check --attached asks AWS" in cli("search", "s3:ListBucket", "--attached").err
    aws.attach(READ_ONLY, 2)
    assert cli("check", "--attached").code == 0
    done = cli("search", "s3:ListBucket", "--attached")
    assert done.out.startswith("1 of 1 policy allows s3:ListBucket now.")
    assert re.search(r"\npolicy +account +since .*\nReadOnlyAccess +this account \(2\) +20", done.out)
    (item,) = json.loads(cli("search", "s3:ListBucket", "--attached", "--json").out)["items"]
    assert item["accounts"] == ["this account (2)"]
    assert "of 0 policies" in cli("search", "s3:ListBucket", "--attached", "--policy", "SecurityAudit").out
    assert "accounts" not in json.loads(cli("search", "s3:ListBucket", "--json").out)["items"][0]


def test_accounts_from_a_file(aws: FakeIam, cli: Command, tmp_path: Path, home: Path) -> None:
    listed = tmp_path / "accounts.txt"
    listed.write_text(f"# ours\n111111111111 ReadOnlyAccess, {SUPPORT}\nsandbox: ReadOnlyAccess Nonsense\n")
    done = cli("check", "--attached", "--accounts", listed)
    assert done.code == 3
    assert "Nonsense is named as attached in sandbox, and AWS lists no such policy" in done.err
    assert "ReadOnlyAccess" in done.out
    assert re.search(r"ReadOnlyAccess +v\d+ +111111111111, sandbox\n", done.out)
    assert all("OnlyAttached" not in call.parameters for call in aws.calls)
    settings(home, f'policies = "attached"\naccounts = "{listed}"')
    assert "looked at 2 policies" in cli("check").out
    assert "111111111111, sandbox" in cli("log").out
    listed.write_text("111111111111 Read/Only\n")
    done = cli("check", "--attached")
    assert done.code == 2
    assert f"{listed}:1: no policy's name and no ARN: 'Read/Only'" in done.err


def test_settings_that_watch_everything(aws: FakeIam, cli: Command, home: Path) -> None:
    settings(home, 'policies = "all"')
    done = cli("check")
    assert "looked at 5 policies" in done.out
    assert aws.actions == ["ListPolicies"]
    aws.forget_calls()
    assert cli("check", "--if-due").out == ""
    assert aws.actions == []
    assert "5 policies" in cli("doctor").out


def test_another_partition_is_another_policy(aws: FakeIam, cli: Command) -> None:
    gov = PolicyArn("aws-us-gov", "ReadOnlyAccess")
    aws.put(gov, "v3", allowing("s3:GetObject"), DATE)
    done = cli("check", "ReadOnlyAccess", "--partition", "aws-us-gov")
    assert (done.code, done.err) == (0, "")
    assert aws.calls[-1].region == "us-gov-west-1"
    assert "ReadOnlyAccess v3" in cli("show", "aws-us-gov:ReadOnlyAccess").out
    done = cli("diff", "aws-us-gov:ReadOnlyAccess", "aws:ReadOnlyAccess")
    assert done.code == 0
    assert done.err.startswith(f"{gov} v3 -> {READ_ONLY} v")
    assert "more actions" in done.out
    record = json.loads(cli("diff", str(gov), "aws:ReadOnlyAccess@v50", "--json").out)
    assert (record["from"]["version"], record["to"]["version"]) == ("v3", "v50")
    assert record["kind"] == "compared"
