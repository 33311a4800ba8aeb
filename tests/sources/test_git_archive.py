"""A git repository as a source of history: what each commit saw, and what in the wild goes wrong with it."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.git_archives import Commit, Content, answer, document, git, made, raw, repository
from tests.support.history import need
from tracker.errors import InputError
from tracker.model.identity import PolicyArn
from tracker.model.instants import parse_instant
from tracker.sources import git as git_processes
from tracker.sources.git_archive import GitArchive, GitJob, policy_of
from tracker.sources.history import Selection, open_history, unpacked
from tracker.sources.past import Past


@pytest.fixture(autouse=True)
def _needs_git() -> None:
    if subprocess.run(["git", "--version"], capture_output=True, check=False).returncode:
        need("git is not installed")


def commits(*files: Content, path: str = "policies/X", first: int = 1) -> list[Commit]:
    """One commit a day, each with what it writes to one file."""
    return [
        Commit(f"2024-01-{day:02}T06:00:00Z", {path: content}) for day, content in enumerate(files, first)
    ]


def archive(tmp_path: Path, told: Sequence[Commit], **options: Any) -> GitArchive:
    return GitArchive(repository(tmp_path / "git", told), **options)


def pasts(source: GitArchive) -> dict[str, Past]:
    return {job.name: job.past(PolicyArn("aws", job.name), "r1") for job in source.jobs()}


def seen(past: Past) -> list[tuple[str, str | None]]:
    """(day and hour, version) of every observation."""
    return [
        (f"{one.observed_at:%m-%d %H}", None if one.version is None else str(one.version))
        for one in past.observations
    ]


def test_a_commit_that_changed_the_default_is_an_observation_at_its_date(tmp_path: Path) -> None:
    source = archive(tmp_path, commits(answer(1), answer(2, "s3:PutObject")))
    past = pasts(source)["X"]
    assert seen(past) == [("01-01 06", "v1"), ("01-02 06", "v2")]
    last = past.observations[-1]
    commit = git("-C", str(tmp_path / "git"), "rev-parse", "master")
    assert (last.source, last.run, last.basis) == (f"git {commit[:12]}", "r1", "commit")
    assert (last.create_date, past.snapshots[-1].source) == (made(2), last.source)
    assert source.what == f"git archive {tmp_path / 'git'} at {commit[:12]}"


def test_the_same_version_in_another_style_is_no_observation(tmp_path: Path) -> None:
    told = [
        answer(1),
        answer(1, date="2020-01-05T12:00:07+00:00"),
        raw({"PolicyVersion": {**answer(1)["PolicyVersion"], "Document": json.dumps(document())}}),
        answer(1)["PolicyVersion"],
        json.dumps(answer(1)).encode(),
    ]
    past = pasts(archive(tmp_path, commits(*told)))["X"]
    assert seen(past) == [("01-01 06", "v1")]
    assert len(past.snapshots) == 1


def test_empty_and_cut_off_files_are_named_by_commit_and_tell_nothing(tmp_path: Path) -> None:
    told = commits(answer(1), b"", raw(answer(2))[:99], answer(1), answer(2, "s3:PutObject"))
    past = pasts(archive(tmp_path, told))["X"]
    assert seen(past) == [("01-01 06", "v1"), ("01-05 06", "v2")]
    ids = git("-C", str(tmp_path / "git"), "log", "--reverse", "--format=%H", "master").split()
    assert [(one.where, one.seen_at, one.reason[:20]) for one in past.refused] == [
        (f"policies/X at {ids[1][:12]}", parse_instant("2024-01-02T06:00:00Z"), "the document is empt"),
        (f"policies/X at {ids[2][:12]}", parse_instant("2024-01-03T06:00:00Z"), "the JSON is cut off:"),
    ]


def test_a_document_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    bad = {"PolicyVersion": {**answer(2)["PolicyVersion"], "Document": {"Version": "2012-10-17"}}}
    past = pasts(archive(tmp_path, commits(answer(1), bad)))["X"]
    assert [one.reason for one in past.refused] == ["no Statement"]
    assert [str(one.version) for one in past.snapshots] == ["v1"]


def test_a_default_that_went_back_is_observed_each_time(tmp_path: Path) -> None:
    past = pasts(archive(tmp_path, commits(answer(1), answer(2), answer(1), answer(2))))["X"]
    assert [version for _, version in seen(past)] == ["v1", "v2", "v1", "v2"]
    assert len(past.snapshots) == 2


def test_an_answer_that_is_not_in_force_is_a_version_and_no_observation(tmp_path: Path) -> None:
    """As AWS_ConfigRole on 2020-12-18: v1, which is not the default, for an hour before v2."""
    told = commits(answer(1), answer(1, default=False), answer(2, "s3:PutObject"), answer(5, default=False))
    past = pasts(archive(tmp_path, told))["X"]
    assert [version for _, version in seen(past)] == ["v1", "v2"]
    assert [str(one.version) for one in past.snapshots] == ["v1", "v2", "v5"]
    assert past.stale == 2


def test_a_file_that_is_removed_is_a_policy_that_is_no_longer_visible(tmp_path: Path) -> None:
    past = pasts(archive(tmp_path, commits(answer(1), None, answer(1))))["X"]
    assert seen(past) == [("01-01 06", "v1"), ("01-02 06", None), ("01-03 06", "v1")]


def test_a_file_that_moves_is_still_the_policy(tmp_path: Path) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"aws/policies/X": answer(1)}),
        Commit("2024-01-02T06:00:00Z", {"aws/policies/X": None, "policies/X.json": answer(1)}),
        Commit("2024-01-03T06:00:00Z", {"policies/X.json": answer(2)}),
    ]
    past = pasts(archive(tmp_path, told))["X"]
    assert seen(past) == [("01-01 06", "v1"), ("01-03 06", "v2")]


def test_a_copy_that_goes_while_the_other_stays_is_no_removal(tmp_path: Path) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1), "policies/X.json": answer(1)}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": None}),
    ]
    assert seen(pasts(archive(tmp_path, told))["X"]) == [("01-01 06", "v1")]


def test_a_renamed_policy_is_one_that_goes_and_one_that_comes(tmp_path: Path) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1)}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": None, "policies/Y": answer(1)}),
    ]
    found = pasts(archive(tmp_path, told))
    assert seen(found["X"])[-1] == ("01-02 06", None)
    assert seen(found["Y"]) == [("01-02 06", "v1")]


def test_a_policy_made_again_has_two_snapshots_of_one_id(tmp_path: Path) -> None:
    again = answer(1, "s3:PutObject", date="2024-01-02T00:00:00Z")
    past = pasts(archive(tmp_path, commits(answer(1), again)))["X"]
    assert [(str(one.version), one.create_date.year) for one in past.snapshots] == [
        ("v1", 2020),
        ("v1", 2024),
    ]


def test_two_documents_of_one_version_are_both_told_the_first_first(tmp_path: Path) -> None:
    past = pasts(archive(tmp_path, commits(answer(1, "s3:Z"), answer(1, "s3:A"))))["X"]
    assert [("s3:Z" in one.document, "s3:A" in one.document) for one in past.snapshots] == [
        (True, False),
        (False, True),
    ]
    assert len({one.identity for one in past.snapshots}) == 1


def test_of_two_commits_in_one_second_the_later_holds(tmp_path: Path) -> None:
    told = [
        Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1)}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": answer(2)}),
        Commit("2024-01-02T06:00:00Z", {"policies/X": answer(1)}),
        Commit("2024-01-03T06:00:00Z", {"policies/X": answer(3)}),
    ]
    assert seen(pasts(archive(tmp_path, told))["X"]) == [("01-01 06", "v1"), ("01-03 06", "v3")]


def test_a_commit_dated_before_its_parent_was_seen_after_it(tmp_path: Path) -> None:
    told = [
        Commit("2024-01-05T06:00:00Z", {"policies/X": answer(1)}),
        Commit("2024-01-01T06:00:00Z", {"policies/Y": answer(1)}),
        Commit("2024-01-06T06:00:00Z", {"policies/Y": answer(2)}),
    ]
    assert seen(pasts(archive(tmp_path, told))["Y"]) == [("01-05 06", "v1"), ("01-06 06", "v2")]


def test_a_merge_counts_once_with_all_that_it_brought(tmp_path: Path) -> None:
    work = tmp_path / "work"
    git("init", "--quiet", "--initial-branch=main", str(work))
    (work / "policies").mkdir()

    def commit(day: int, *arguments: str) -> None:
        os.environ["GIT_COMMITTER_DATE"] = f"2024-01-{day:02}T06:00:00Z"
        git("-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b.invalid", *arguments)

    try:
        (work / "policies" / "X").write_bytes(raw(answer(1)))
        git("-C", str(work), "add", ".")
        commit(1, "commit", "--quiet", "-m", "one")
        git("-C", str(work), "checkout", "--quiet", "-b", "side")
        (work / "policies" / "X").write_bytes(raw(answer(2)))
        commit(2, "commit", "--quiet", "-am", "two")
        (work / "policies" / "X").write_bytes(raw(answer(3)))
        commit(3, "commit", "--quiet", "-am", "three")
        git("-C", str(work), "checkout", "--quiet", "main")
        commit(4, "merge", "--quiet", "--no-ff", "side", "-m", "merge")
    finally:
        del os.environ["GIT_COMMITTER_DATE"]
    assert seen(pasts(GitArchive(work))["X"]) == [("01-01 06", "v1"), ("01-04 06", "v3")]


def test_what_can_be_no_policy_is_left_alone(tmp_path: Path) -> None:
    files: dict[str, Content] = {
        "README.md": b"# Policies",
        ".github/workflows/run.yml": b"on: push",
        "automation/script.sh": b"echo",
        "findings/X.json": b'{"findings": []}',
        "DEPRECATED.json": b"[]",
        "policies/.gitkeep": b"",
        "policies/X": answer(1),
    }
    source = archive(tmp_path, [Commit("2024-01-01T06:00:00Z", files)])
    assert (source.names(), source.files, source.ignored) == (("X",), 1, 6)
    assert pasts(source)["X"].refused == ()


def test_without_a_folder_named_policies_any_file_may_be_one(tmp_path: Path) -> None:
    source = archive(tmp_path, [Commit("2024-01-01T06:00:00Z", {"X.json": answer(1), "iam/Y": answer(2)})])
    assert source.names() == ("X", "Y")


def test_links_are_not_read(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1)))
    blob = git("-C", str(place), "hash-object", "-w", "--stdin", stdin=b"/etc/passwd")
    feed = (
        b"commit refs/heads/master\ncommitter a <a@b.invalid> 1704261600 +0000\ndata 1\nx\nfrom master^0\n"
        + f"M 120000 {blob} policies/Y\nM 120000 {blob} policies/X\n".encode()
    )
    git("-C", str(place), "fast-import", "--quiet", stdin=feed)
    found = pasts(GitArchive(place))
    assert [version for _, version in seen(found["X"])] == ["v1", None]  # what was a file is none any more
    assert found["Y"].observations == ()


def test_since_leaves_out_what_came_before_but_for_the_default_of_then(tmp_path: Path) -> None:
    told = commits(answer(1), answer(2), b"", answer(3), b"", answer(4))
    whole = pasts(archive(tmp_path, told))["X"]
    since = GitArchive(tmp_path / "git", since=parse_instant("2024-01-05"))
    past = pasts(since)["X"]
    assert seen(past) == [("01-04 06", "v3"), ("01-06 06", "v4")]
    assert [str(one.version) for one in past.snapshots] == ["v3", "v4"]
    assert past.refused == whole.refused[1:]
    assert set(past.observations) < set(whole.observations)  # the same lines, so that halves make a whole


def test_only_the_policies_that_are_wanted_are_read(tmp_path: Path) -> None:
    told = [Commit("2024-01-01T06:00:00Z", {"policies/X": answer(1), "policies/Y": answer(1)})]
    assert archive(tmp_path, told, wanted=lambda name: name == "Y").names() == ("Y",)


def test_a_repository_without_commits_has_nothing(tmp_path: Path) -> None:
    source = archive(tmp_path, [])
    assert (source.names(), list(source.jobs()), source.files) == ((), [], 0)


def test_a_branch_is_taken_by_its_name_or_because_it_is_the_only_one(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1)), branch="data")
    git("-C", str(place), "symbolic-ref", "HEAD", "refs/heads/nowhere")
    assert GitArchive(place).names() == ("X",)
    git("-C", str(place), "branch", "other", "data")
    with pytest.raises(InputError, match="no branch checked out") as refused:
        GitArchive(place)
    assert "refs/heads/other" in refused.value.advice
    assert GitArchive(place, branch="other").names() == ("X",)
    with pytest.raises(InputError, match="no branch 'third'"):
        GitArchive(place, branch="third")


def test_a_repository_of_sha256_is_read_too(tmp_path: Path) -> None:
    place = tmp_path / "git"
    git("init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=master", str(place))
    content = raw(answer(1))
    feed = b"commit refs/heads/master\ncommitter a <a@b.invalid> 1704261600 +0000\ndata 1\nx\n"
    feed += b"M 100644 inline policies/X\ndata %d\n%s\n" % (len(content), content)
    git("-C", str(place), "fast-import", "--quiet", stdin=feed)
    assert [version for _, version in seen(pasts(GitArchive(place))["X"])] == ["v1"]


def test_a_content_that_the_repository_lacks_or_that_is_too_large_is_refused(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1), b"x" * 5000, answer(2, "s3:PutObject")))
    blobs = [git("-C", str(place), "rev-parse", f"master~{back}:policies/X").encode() for back in (2, 1)]
    found = dict(git_processes.contents(place, [*blobs, b"0" * 39 + b"1"], largest=1000))
    assert [content and len(content) for content in found.values()] == [len(raw(answer(1))), None, None]
    states = next(GitArchive(place).jobs()).states
    past = GitJob("X", states, dict.fromkeys(state.blob for state in states), None).past(
        PolicyArn("aws", "X"), "r1"
    )
    assert [one.reason[:23] for one in past.refused] == ["the repository lacks it"] * 3


def test_a_damaged_repository_is_an_error_in_git_s_words(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1)))
    for file in (place / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(InputError, match="can't be read by git") as refused:
        pasts(GitArchive(place))
    assert "git fsck" in refused.value.advice


def test_nothing_of_a_repository_s_configuration_is_run(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1), answer(2)))
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "gpg.program",
        "core.sshCommand",
        "diff.x.textconv",
    ):
        git("-C", str(place), "config", key, str(trap))
    git("-C", str(place), "config", "log.showSignature", "true")
    (place / "info").mkdir(exist_ok=True)
    (place / "info" / "attributes").write_text("* diff=x\n")
    assert len(pasts(GitArchive(place))["X"].observations) == 2
    assert not (tmp_path / "sprung").exists()


def test_git_s_own_variables_do_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = repository(tmp_path / "git", commits(answer(1)))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert GitArchive(place).names() == ("X",)


def test_a_bundle_is_unpacked_for_as_long_as_it_is_read(tmp_path: Path) -> None:
    place = repository(tmp_path / "git", commits(answer(1)))
    bundle = tmp_path / "a.bundle"
    git("-C", str(place), "bundle", "create", "--quiet", str(bundle), "master")  # without HEAD
    with unpacked(bundle) as scratch:
        source = open_history(scratch, str(bundle), Selection())
        assert (source.names(), source.what.split(" at ")[0]) == (("X",), f"git archive {bundle}")
    assert not scratch.exists()
    bundle.write_bytes(bundle.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"a\.bundle can't be read by git"), unpacked(bundle):
        pass


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("policies/ReadOnlyAccess", "ReadOnlyAccess"),
        ("a/b/ReadOnlyAccess.json", "ReadOnlyAccess"),
        ("policies/AWS-SSM-DiagnosisAutomation", "AWS-SSM-DiagnosisAutomation"),
        ("policies/.hidden", None),
        ("README.md", None),
        ("policies/two words", None),
        ("policies/.json", None),
    ],
)
def test_a_path_names_a_policy_or_none(path: str, name: str | None) -> None:
    assert policy_of(path) == name
