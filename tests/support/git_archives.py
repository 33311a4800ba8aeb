"""Small git archives for tests: commits told as values, written by git fast-import."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.model.instants import iso

Content = bytes | dict[str, Any] | None


@dataclass(frozen=True)
class Commit:
    """What one commit writes; None removes a file."""

    when: str  # '2021-12-22T00:11:56Z'
    files: Mapping[str, Content]


def document(*actions: str) -> dict[str, Any]:
    """A policy document that allows these actions."""
    statement = {"Effect": "Allow", "Action": list(actions or ("s3:GetObject",)), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def made(version: int) -> datetime:
    """When version `version` was made, unless a test says otherwise: one a month from 2020-01 on."""
    return datetime(2020 + (version - 1) // 12, (version - 1) % 12 + 1, 5, 12, 0, 7, tzinfo=UTC)


def answer(version: int, *actions: str, default: bool = True, date: str | None = None) -> dict[str, Any]:
    """What `aws iam get-policy-version` prints."""
    return {
        "PolicyVersion": {
            "Document": document(*actions),
            "VersionId": f"v{version}",
            "IsDefaultVersion": default,
            "CreateDate": date or iso(made(version)),
        }
    }


def raw(content: Content) -> bytes:
    """A file's bytes."""
    return content if isinstance(content, bytes) else (json.dumps(content, indent=4) + "\n").encode()


def repository(place: Path, commits: Sequence[Commit], branch: str = "master") -> Path:
    """A bare repository with these commits on a branch, oldest first."""
    git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(place))
    feed = b""
    for number, commit in enumerate(commits):
        when = int(datetime.fromisoformat(commit.when.replace("Z", "+00:00")).timestamp())
        feed += b"commit refs/heads/%s\ncommitter a <a@example.invalid> %d +0000\n" % (branch.encode(), when)
        message = f"commit {number}".encode()
        feed += b"data %d\n%s\n" % (len(message), message)
        for path, content in commit.files.items():
            if content is None:
                feed += b"D %s\n" % path.encode()
            else:
                feed += b"M 100644 inline %s\ndata %d\n%s\n" % (
                    path.encode(),
                    len(raw(content)),
                    raw(content),
                )
    git("-C", str(place), "fast-import", "--quiet", stdin=feed)
    return place


def git(*arguments: str, stdin: bytes = b"") -> str:
    """What git prints. Fails where git does."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], input=stdin, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode().strip()
