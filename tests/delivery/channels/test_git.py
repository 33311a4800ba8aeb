"""A commit a changelog in a real repository: once, pushed where there is an upstream, never outside the work tree."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.conftest import NOW, message
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.git import GitChannel
from tracker.errors import RefusedError
from tracker.model.message import Form

FORMS = (Form("json", '{"schema": 1}\n'), Form("md", "# AWSSupportServiceRolePolicy\n"))
CHANNEL = GitChannel("Policy tracker <policy-tracker@example.org>", timeout_s=20)


def git(where: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(where), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "policies"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    return root


def parcel(root: Path, **changed: Any) -> Parcel:
    return Parcel(message(forms=FORMS, **changed), str(root), NOW, channel="git")


def test_a_commit_holds_markdown_and_json(tree: Path) -> None:
    (tree / "mine.txt").write_text("not to be committed by anybody else")
    git(tree, "add", "mine.txt")
    assert CHANNEL.send(parcel(tree)) == f"commit {git(tree, 'rev-parse', 'HEAD')[:12]}"
    shown = git(tree, "show", "--stat", "--format=%an <%ae>%n%B", "HEAD")
    assert "Policy tracker <policy-tracker@example.org>" in shown
    assert shown.splitlines()[1] == message().subject
    assert "Changelog-Id: 8d7c5f0e" in shown
    names = git(tree, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert names == ["AWSSupportServiceRolePolicy/v57..v59.json", "AWSSupportServiceRolePolicy/v57..v59.md"]
    assert json.loads((tree / names[0]).read_text()) == {"schema": 1}
    assert git(tree, "status", "--short") == "A  mine.txt"


def test_the_same_changelog_is_committed_once(tree: Path) -> None:
    first = CHANNEL.send(parcel(tree))
    CHANNEL.send(parcel(tree, changelog="another"))
    assert CHANNEL.send(parcel(tree)) == first
    assert git(tree, "rev-list", "--count", "HEAD") == "2"


def test_it_is_pushed_and_a_push_that_failed_is_made_up_for(tree: Path, tmp_path: Path) -> None:
    far = tmp_path / "far.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(far)], check=True)
    CHANNEL.send(parcel(tree, changelog="first"))
    git(tree, "remote", "add", "origin", str(far))
    git(tree, "push", "--quiet", "--set-upstream", "origin", "main")
    far.rename(tmp_path / "away.git")
    with pytest.raises(RefusedError, match="git push") as refused:
        CHANNEL.send(parcel(tree))
    assert not refused.value.permanent
    (tmp_path / "away.git").rename(far)
    assert CHANNEL.send(parcel(tree)).endswith(", pushed")
    assert git(far, "rev-list", "--count", "main") == "2"


def test_a_password_in_a_remote_is_not_told(tree: Path) -> None:
    CHANNEL.send(parcel(tree, changelog="first"))
    git(tree, "remote", "add", "origin", "http://user:hunter2@127.0.0.1:1/x.git")
    git(tree, "config", "branch.main.remote", "origin")
    git(tree, "config", "branch.main.merge", "refs/heads/main")
    git(tree, "update-ref", "refs/remotes/origin/main", "HEAD")
    with pytest.raises(RefusedError) as refused:
        CHANNEL.send(parcel(tree))
    assert "hunter2" not in str(refused.value)


def test_a_test_message_is_a_commit_without_files(tree: Path) -> None:
    CHANNEL.send(Parcel(message("test/1", policy="", versions=""), str(tree), NOW, channel="git"))
    assert git(tree, "log", "--format=%s") == message().subject
    assert git(tree, "ls-tree", "-r", "HEAD") == ""


def test_what_is_no_work_tree_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RefusedError, match="git rev-parse") as refused:
            CHANNEL.send(parcel(place))
        assert refused.value.permanent


@pytest.mark.parametrize(
    "name", ["..", "../../etc", "--help", ".git", ".git/hooks", "a/b", "\x1b[2J", "..\n.."]
)
def test_a_hostile_name_stays_inside(tree: Path, name: str) -> None:
    CHANNEL.send(parcel(tree, policy=name, versions=name))
    inside = [path for path in tree.parent.rglob("*.md") if ".git" not in path.relative_to(tree).parts]
    assert len(inside) == 1
    assert inside[0].parent.parent == tree
    assert git(tree, "rev-list", "--count", "HEAD") == "1"


def test_a_link_out_of_the_tree_is_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tree / "AWSSupportServiceRolePolicy").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="leads out of the work tree"):
        CHANNEL.send(parcel(tree))
    assert not list((tmp_path / "elsewhere").iterdir())
