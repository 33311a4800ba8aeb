"""The real history of 69 managed policies, 2019 to 2024, as git objects: for tests and benchmarks to read.

The bundle lies outside the repository. Where it is missing a test that needs it skips and says so;
with POLICY_TRACKER_REQUIRE_ALL=1 that is a failure.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tracker.model.history import Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT.parent / "shared" / "history" / "managed-policies-2019-2024.bundle"
SUPPORT = "AWSSupportServiceRolePolicy"


@dataclass(frozen=True, slots=True)
class Committed:
    """One file of one commit of the git archive."""

    commit: str
    seen_at: datetime  # UTC, the commit's
    blob: str  # git's id of the file's content


def need(reason: str) -> NoReturn:
    """Skip the test for want of something outside the repository, or fail where everything is required."""
    if os.environ.get("POLICY_TRACKER_REQUIRE_ALL") == "1":
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)


def missing() -> str:
    """Why the history cannot be read; empty where it can."""
    if not BUNDLE.is_file():
        return f"the bundle of real history is not there ({BUNDLE})"
    return "" if shutil.which("git") else "git is not installed"


@cache
def clone() -> Path:
    """A bare clone of the bundle, made once a machine and bundle; safe with several test processes at once."""
    if why := missing():
        need(why)
    digest = hashlib.sha256(BUNDLE.read_bytes()).hexdigest()[:16]
    home = Path(tempfile.gettempdir()) / f"policy-tracker-history-{os.getuid()}-{digest}"
    if not home.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{home.name}."))
        _git("clone", "--quiet", "--bare", "--branch", "master", str(BUNDLE), str(fresh / "git"))
        with contextlib.suppress(OSError):  # another process was faster; its clone is as good
            (fresh / "git").rename(home)
        shutil.rmtree(fresh)
    return home


@cache
def _log() -> dict[str, tuple[Committed, ...]]:
    """Policy name -> its file in every commit that touched it, oldest first: one walk for all of them."""
    text = _git(
        f"--git-dir={clone()}", "log", "--reverse", "--raw", "--no-abbrev", "--no-renames",
        "--format=>%H %cI", "master",
    ).decode()  # fmt: skip
    found: dict[str, list[Committed]] = defaultdict(list)
    commit, seen_at = "", datetime.min.replace(tzinfo=UTC)
    for line in text.splitlines():
        if line.startswith(">"):
            commit, stamp = line[1:].split()
            seen_at = parse_instant(stamp)
        elif line.startswith(":"):
            about, path = line.split("\t")
            found[path.removeprefix("policies/")].append(Committed(commit, seen_at, about.split()[3]))
    return {name: tuple(each) for name, each in sorted(found.items())}


def policies() -> tuple[str, ...]:
    """The names of the 69 policies, sorted."""
    return tuple(_log())


def commits(name: str) -> tuple[Committed, ...]:
    """Every commit that touched a policy's file, oldest first, the odd ones (empty, reformatted, stale) too."""
    return _log()[name]


@cache
def raw(name: str) -> tuple[tuple[Committed, bytes], ...]:
    """The commits of a policy with the bytes of its file in each."""
    wanted = commits(name)
    told = _git(
        f"--git-dir={clone()}", "cat-file", "--batch", stdin="".join(f"{each.blob}\n" for each in wanted)
    )
    contents, at = [], 0
    for _ in wanted:
        end = told.index(b"\n", at)
        size = int(told[at:end].split()[2])
        contents.append(told[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return tuple(zip(wanted, contents, strict=True))


@cache
def answers(name: str) -> tuple[tuple[Committed, dict[str, Any]], ...]:
    """The `PolicyVersion` of every commit that holds one; empty and cut-off files are left out."""
    found = []
    for committed, content in raw(name):
        try:
            found.append((committed, json.loads(content)["PolicyVersion"]))
        except ValueError:
            continue
    return tuple(found)


def arn(name: str) -> PolicyArn:
    """The ARN of a policy of the bundle. The files do not tell the path; by its name it is a guess."""
    return PolicyArn("aws", name, "/aws-service-role/" if name.endswith("ServiceRolePolicy") else "/")


def identity(answer: dict[str, Any]) -> tuple[VersionId, datetime]:
    """(version, create date) of one answer of IAM."""
    return VersionId.parse(answer["VersionId"]), parse_instant(answer["CreateDate"])


@cache
def observations(name: str) -> tuple[Observation, ...]:
    """What the archive saw of one policy's default, one a change; answers that say 'not the default' are stale."""
    found: list[Observation] = []
    for committed, answer in answers(name):
        version, create_date = identity(answer)
        if not answer["IsDefaultVersion"] or (found and found[-1].identity == (version, create_date)):
            continue
        source = f"git {committed.commit}"
        found.append(Observation(committed.seen_at, version, create_date, source, "history", "commit"))
    return tuple(found)


@cache
def snapshots(name: str) -> dict[tuple[VersionId, datetime], Snapshot]:
    """Every version that the archive holds, by its identity, oldest first, as canonical text."""
    found: dict[tuple[VersionId, datetime], Snapshot] = {}
    for committed, answer in answers(name):
        key = identity(answer)
        if key not in found:
            text = json.dumps(answer["Document"], sort_keys=True, indent=2, ensure_ascii=False) + "\n"
            digest = hashlib.sha256(text.encode()).hexdigest()
            found[key] = Snapshot(arn(name), *key, text, digest, f"git {committed.commit}")
    return dict(sorted(found.items(), key=lambda item: (item[0][1], item[0][0])))


def document(name: str, version: str) -> str:
    """The canonical text of a version, for instance ('ReadOnlyAccess', 'v68'); of two with one id, the younger."""
    wanted = [each for each in snapshots(name).values() if str(each.version) == version]
    assert wanted, f"{name} has no {version} in the bundle"
    return wanted[-1].document


def adjacent(name: str) -> tuple[tuple[Snapshot, Snapshot], ...]:
    """Every two defaults in a row as they were seen, going back included."""
    found = [snapshots(name)[each.identity] for each in observations(name) if each.identity]
    return tuple(pairwise(found))


def _git(*arguments: str, stdin: str = "") -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *arguments], input=stdin.encode(), capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, f"git {arguments[:3]}: {done.stderr.decode(errors='replace')}"
    return done.stdout
