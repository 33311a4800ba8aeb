"""search: what the shipped history says of actions and patterns, and what is refused."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

SUPPORT = "AWSSupportServiceRolePolicy"


def test_search_says_who_since_when_by_what_and_where(home: Path, cli: Command) -> None:
    lines = cli("search", "ECR:batchgetimage").out.splitlines()
    assert lines[0] == "2 of 5 policies allow ECR:batchgetimage now."
    assert lines[2].split() == ["policy", "since", "by", "where", "statement"]
    support, read_only = lines[3:]
    assert support.startswith(f"{SUPPORT}  2026-08-19 (v59, by its date)")
    assert "by name" in support
    assert support.endswith("on every resource  4 (AWSSupportActionsGroup2)")
    assert "or earlier" in read_only  # it was so when the policy was first seen
    assert "ecr:BatchGet*" in read_only


def test_search_as_json_says_the_same_in_full(home: Path, cli: Command) -> None:
    record = json.loads(cli("search", "ecr:BatchGetImage", "--json").out)
    assert (record["type"], record["all_of"], record["at"]) == ("search", False, None)
    support, read_only = record["items"]
    assert support["policy"]["name"] == SUPPORT
    assert support["spans"] == [
        {"since": {"at": "2026-08-19T17:37:19Z", "version": "v59", "basis": "create_date", "first_on_record": False}, "until": None}
    ]  # fmt: skip
    (by,) = support["by"]
    assert (by["pattern"], by["how"], by["scope"], by["statement"], by["sid"]) == (
        "ecr:batchGetImage", "name", {"resources": ["*"]}, 4, "AWSSupportActionsGroup2"
    )  # fmt: skip
    assert {one["how"] for one in read_only["by"]} == {"wildcard"}
    assert read_only["denied"] == []


def test_search_at_a_date_tells_who_did_at_another_time(home: Path, cli: Command) -> None:
    out = cli("search", "ecr:batchGetImage", "--at", "2026-01-01").out
    assert out.startswith(
        "1 of 5 policies allowed ecr:batchGetImage at 2026-01-01T00:00:00Z; 1 more did at another time."
    )
    assert out.splitlines()[-1].split()[:3] == [SUPPORT, "2026-08-19", "(v59,"]
    items = json.loads(cli("search", "ecr:batchGetImage", "--at", "2026-01-01", "--json").out)["items"]
    assert [(one["policy"]["name"], one["allows"]) for one in items] == [
        (SUPPORT, False),
        ("ReadOnlyAccess", True),
    ]


def test_any_of_a_pattern_or_all_of_it(home: Path, cli: Command) -> None:
    some, every = (
        {
            one["policy"]["name"]
            for one in json.loads(cli("search", "ecr:Batch*", *more, "--json").out)["items"]
        }
        for more in ((), ("--all-of",))
    )
    assert {SUPPORT, "ReadOnlyAccess"} <= some
    assert every == {"ReadOnlyAccess"} - every or every < some


def test_search_in_one_policy(home: Path, cli: Command) -> None:
    done = cli("search", "ecr:batchGetImage", "--policy", SUPPORT)
    assert done.out.startswith("1 of 1 policy allows")
    assert "ReadOnlyAccess" not in done.out
    assert cli("search", "ecr:batchGetImage", "--policy", "Nobody").code == 2


def test_what_a_month_newly_let_through(home: Path, cli: Command) -> None:
    out = cli("search", "ecr:*", "--month", "2026-08").out
    assert out.startswith(
        "1 policy newly let through ecr:* from 2026-08-01T00:00:00Z until 2026-09-01T00:00:00Z."
    )
    assert "ecr:batchGetImage" in out
    record = json.loads(
        cli("search", "ecr:*", "--since", "2026-08-01", "--until", "2026-09-01", "--json").out
    )
    (gain,) = record["items"]
    assert (gain["policy"]["name"], gain["at"]["version"]) == (SUPPORT, "v59")
    assert "ecr:getAuthorizationToken" in [one["pattern"] for one in gain["by"]]
    assert cli("search", "ecr:*", "--month", "2018-01").out.startswith("0 policies newly let through")


def test_what_a_policy_names_at_length_is_cut_and_told_in_full_as_json(home: Path, cli: Command) -> None:
    buckets = [f"arn:aws:s3:::bucket-of-a-team-{number}/*" for number in range(9)]
    statements = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": one} for one in buckets]
    answer = {
        "VersionId": "v1",
        "CreateDate": "2020-01-01T00:00:00Z",
        "Document": {"Version": "2012-10-17", "Statement": statements},
    }
    folder = home / "answers"
    folder.mkdir()
    (folder / "TeamAccess.json").write_text(json.dumps(answer))
    assert cli("import", str(folder)).code == 0
    out = cli("search", "s3:GetObject", "--policy", "TeamAccess").out
    assert max(map(len, out.splitlines())) < 200
    assert "…  1, 2, 3" in out
    assert out.endswith("What ends in … is told in full by --json.\n")
    (item,) = json.loads(cli("search", "s3:GetObject", "--policy", "TeamAccess", "--json").out)["items"]
    assert [one["scope"]["resources"] for one in item["by"]] == [[one] for one in buckets]


def test_an_action_that_nobody_knows_is_said_to_be_unknown(home: Path, cli: Command) -> None:
    assert "check the spelling" in cli("search", "s3:GetObjct").out
    assert "check the spelling" not in cli("search", "s3:GetObject").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("GetObject",), "of any service: '*:GetObject'"),
        (("s3:GetObject", "--at", "soon"), "--at: not a date"),
        (("s3:GetObject", "--at", "2021-01-01", "--month", "2021-01"), "--at is a moment"),
        (("s3:GetObject", "--until", "2021-01-01"), "--until needs a --since"),
        ((), "Missing argument"),
    ],
)
def test_what_is_no_question_is_2(home: Path, cli: Command, arguments: tuple[str, ...], said: str) -> None:
    done = cli("search", *arguments)
    assert done.code == 2
    assert said in done.err


def test_an_index_that_is_behind_is_4(home: Path, cli: Command) -> None:
    (home / "tracker.db").unlink()
    done = cli("search", "s3:GetObject")
    assert done.code == 4
    assert "policy-tracker reindex" in done.err
