"""A git repository with one file a policy: each commit that changed a file saw what it says at the commit's date.

The branch is walked once; contents are read policy by policy, so that memory holds one policy, and of the rest some bytes
a change. Identical contents are parsed once, and identical documents compared as they are.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from pathlib import Path, PurePosixPath

from tracker.errors import DocumentError, InputError
from tracker.model.identity import PolicyArn, is_policy_name
from tracker.sources import git
from tracker.sources.answers import LARGEST, read_answer
from tracker.sources.git_rows import REMOVED, Rows, State
from tracker.sources.past import Gathering, Identity, Past

SHORT = 12  # digits of a commit's id in a source: enough for any repository, short enough to be read
_OTHER = re.compile(
    r"\.(md|txt|rst|ya?ml|toml|py|sh|js|ts|html|css|csv|tsv|xml|png|gif|jpg|svg|lock|cfg|ini|tf|jsonl|log|"
    r"tar|t?gz|bz2|xz|zip|bundle|db)\Z",
    re.I,
)
_FOLDER = "policies"


class GitArchive:
    """The history of one branch of a repository. Raises InputError where git can't read it."""

    def __init__(
        self,
        place: Path,
        *,
        name: str = "",
        branch: str = "",
        since: datetime | None = None,
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`name` is what people call it; of what was seen before `since` only the last state counts."""
        self._place, self._since, self._rows = place, since, Rows()
        ignored: set[str] = set()
        chosen = _branch(place, branch)
        for commit, changes in git.walk(place, chosen) if chosen else ():
            self._rows.commit(commit.id, commit.seconds)
            for change in changes:
                policy = policy_of(change.path)
                if policy is None:
                    ignored.add(change.path)
                elif wanted(policy):
                    self._rows.change(policy, change.path, change.blob)
        # Where there is a folder `policies`, what stands elsewhere under a policy's name is something else.
        self.ignored = len(ignored) + self._rows.keep(_is_of_policies)
        self.files = len(self._rows)
        self.what = f"git archive {name or place} at {self._rows.last[:SHORT] or 'no commit'}"

    def names(self) -> tuple[str, ...]:
        """The policies whose files it has, sorted."""
        return self._rows.names()

    def jobs(self) -> Iterator["GitJob"]:
        """Each policy's file in all its states, in the order of their names; contents through one git process."""
        rows, names = self._rows, self._rows.names()
        asked = chain.from_iterable(rows.blobs(name) for name in names)
        found = git.contents(self._place, asked, LARGEST)
        for name in names:
            told = dict(islice(found, len(rows.blobs(name))))
            yield GitJob(name, tuple(rows.states(name)), told, self._since)


@dataclass(frozen=True, slots=True)
class GitJob:
    """One policy's file, or the files that it was in turn, in all its states, oldest first."""

    name: str
    states: tuple[State, ...]
    told: dict[bytes, bytes | None]  # contents by their ids; None: it can't be had
    since: datetime | None

    @property
    def files(self) -> int:
        """How many states it has."""
        return len(self.states)

    def past(self, arn: PolicyArn, run: str) -> Past:
        """What the states tell."""
        made, read = Gathering(arn, run, "commit"), _Read(self.told)
        live: set[str] = set()
        for (commit, seconds), states in groupby(self.states, key=lambda state: state[:2]):
            changed: dict[str, bytes] = {}
            for state in states:
                if state.blob == REMOVED:
                    live.discard(state.path)
                else:
                    live.add(state.path)
                    changed[state.path] = state.blob
            moment, source = datetime.fromtimestamp(seconds, UTC), f"git {commit[:SHORT]}"
            if changed:
                path = min(changed)
                _change(made, read, changed[path], f"{path} at {commit[:SHORT]}", moment, source)
            elif not live and made.observations:
                made.seen(moment, None, source)
        past = made.past()
        return past if self.since is None else past.since(self.since)


@dataclass(slots=True)
class _Read:
    """The contents of one policy's file, each read once."""

    told: dict[bytes, bytes | None]
    done: dict[bytes, tuple[Identity, bool] | DocumentError] = field(default_factory=dict)

    def version(
        self, made: Gathering, blob: bytes, what: str, source: str
    ) -> tuple[Identity, bool] | DocumentError:
        """The version that a content is, and whether it says that it is in force; or why it is none."""
        if blob not in self.done:
            content = self.told[blob]
            try:
                if content is None:
                    self.done[blob] = DocumentError(
                        f"{what}: the repository lacks its content, or it has more than {LARGEST:,} bytes"
                    )
                else:
                    answer = read_answer(content, what)
                    self.done[blob] = made.version(answer, what, source), answer.in_force
            except DocumentError as error:
                self.done[blob] = error
        return self.done[blob]


def _change(made: Gathering, read: _Read, blob: bytes, what: str, moment: datetime, source: str) -> None:
    """A commit wrote the file."""
    found = read.version(made, blob, what, source)
    if isinstance(found, DocumentError):
        made.refuse(what, moment, found)
        return
    identity, in_force = found
    if in_force:
        made.seen(moment, identity, source)
    else:
        made.stale += 1  # IAM itself said that another version is in force


def _is_of_policies(before: str) -> bool:
    """Whether what stands before a name in a path ends with a folder `policies`."""
    return before.rstrip("/").rpartition("/")[2].lower() == _FOLDER


def policy_of(path: str) -> str | None:
    """The policy whose file this is by its name, with or without `.json`; None for what can be no policy's."""
    file = PurePosixPath(path).name
    if file.startswith(".") or _OTHER.search(file):
        return None
    name = file.removesuffix(".json")
    return name if is_policy_name(name) else None


def _branch(place: Path, branch: str) -> str:
    """The branch to walk: the one that is named, else HEAD, else the only one; empty for a repository without commits."""
    heads = git.ask(place, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes").splitlines()
    if branch:
        for full in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}", branch):
            if full in heads:
                return full
        raise InputError(
            f"{place} has no branch {branch!r}", advice=f"it has: {', '.join(sorted(heads)) or 'none'}"
        )
    try:
        git.ask(place, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except InputError:
        if len(heads) > 1:
            raise InputError(
                f"{place} has no branch checked out, and {len(heads)} to choose from",
                advice=f"name one with --branch: {', '.join(sorted(heads))}",
            ) from None
        return heads[0] if heads else ""
    return "HEAD"
