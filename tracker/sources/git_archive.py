"""A git repository with one file a policy: each commit that changed a file saw what it says at the commit's date.

The branch is walked once; contents are read policy by policy, so that memory holds one policy, and of the rest 28 bytes
a change. Identical contents are parsed once, and identical documents compared as they are.
"""

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tracker.errors import DocumentError, InputError
from tracker.model.identity import PolicyArn, is_policy_name
from tracker.sources import git
from tracker.sources.answers import LARGEST, read_answer
from tracker.sources.past import Gathering, Identity, Past

SHORT = 12  # digits of a commit's id in a source: enough for any repository, short enough to be read
_OTHER = re.compile(
    r"\.(md|txt|rst|ya?ml|toml|py|sh|js|ts|html|css|csv|tsv|xml|png|gif|jpg|svg|lock|cfg|ini|tf|jsonl|log|"
    r"tar|t?gz|bz2|xz|zip|bundle|db)\Z",
    re.I,
)
_FOLDER = "policies"
_LAST = 253_402_300_799  # the end of the year 9999: past it no date can be written


@dataclass(slots=True)
class _Rows:
    """The changes of one policy's file: which commit, under which path, to which content."""

    commits: "array[int]" = field(default_factory=lambda: array("I"))
    paths: "array[int]" = field(default_factory=lambda: array("I"))
    blobs: bytearray = field(default_factory=bytearray)  # ids, one after another; zeros where it was removed


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
        self._place, self._since = place, since
        self._commits = bytearray()  # ids, one after another
        self._moments = array("q")  # when each was made, no earlier than those before
        self._paths: list[str] = []
        self._rows: dict[str, _Rows] = {}
        self._width = 20  # bytes of an id; 32 in a repository of SHA-256
        self._ignored: set[str] = set()
        self._walk(_branch(place, branch), wanted)
        self._only_folder()
        self.files = sum(len(rows.commits) for rows in self._rows.values())
        self.ignored = len(self._ignored)
        head = self._id(len(self._moments) - 1)[:SHORT] if self._moments else "no commit"
        self.what = f"git archive {name or place} at {head}"

    def names(self) -> tuple[str, ...]:
        """The policies whose files it has, sorted."""
        return tuple(sorted(self._rows))

    def jobs(self) -> Iterator["GitJob"]:
        """Each policy's file in all its states, in the order of their names; contents through one git process."""
        names = self.names()
        asked = chain.from_iterable(self._blobs(self._rows[name]) for name in names)
        found = git.contents(self._place, asked, LARGEST)
        for name in names:
            rows = self._rows[name]
            told = dict(islice(found, len(self._blobs(rows))))
            yield GitJob(name, tuple(self._states(rows)), told, self._since)

    # -- walking ---------------------------------------------------------------------------------------------------

    def _walk(self, branch: str, wanted: Callable[[str], bool]) -> None:
        numbers: dict[str, int] = {}
        latest = 0  # git dates nothing before 1970
        for commit, changes in git.walk(self._place, branch) if branch else ():
            latest = max(latest, min(commit.seconds, _LAST))
            self._width = len(commit.id) // 2
            self._commits += bytes.fromhex(commit.id)
            self._moments.append(latest)
            for change in changes:
                name = policy_of(change.path)
                if name is None or not wanted(name):
                    self._ignored.add(change.path) if name is None else None
                    continue
                rows = self._rows.get(name)
                if rows is None:
                    rows = self._rows[name] = _Rows()
                number = numbers.get(change.path)
                if number is None:
                    number = numbers[change.path] = len(self._paths)
                    self._paths.append(change.path)
                rows.commits.append(len(self._moments) - 1)
                rows.paths.append(number)
                rows.blobs += bytes.fromhex(change.blob.decode()) if change.blob else bytes(self._width)

    def _only_folder(self) -> None:
        """Where the archive has a folder `policies`, what stands elsewhere under a policy's name is something else."""
        inside = [PurePosixPath(path).parent.name.lower() == _FOLDER for path in self._paths]
        if not any(inside):
            return
        for name, rows in list(self._rows.items()):
            kept = [at for at, path in enumerate(rows.paths) if inside[path]]
            self._ignored |= {self._paths[path] for path in rows.paths if not inside[path]}
            if not kept:
                del self._rows[name]
            elif len(kept) < len(rows.commits):
                width = self._width
                self._rows[name] = _Rows(
                    array("I", (rows.commits[at] for at in kept)),
                    array("I", (rows.paths[at] for at in kept)),
                    bytearray(b"".join(rows.blobs[at * width : (at + 1) * width] for at in kept)),
                )

    # -- one policy ------------------------------------------------------------------------------------------------

    def _blobs(self, rows: _Rows) -> tuple[bytes, ...]:
        """The contents of a policy's file, each once, in the order of their first use."""
        each = (self._blob(rows, at) for at in range(len(rows.commits)))
        return tuple(dict.fromkeys(one for one in each if one != git.REMOVED))

    def _blob(self, rows: _Rows, at: int) -> bytes:
        blob = rows.blobs[at * self._width : (at + 1) * self._width]
        return blob.hex().encode() if any(blob) else git.REMOVED

    def _states(self, rows: _Rows) -> "Iterator[State]":
        for at, commit in enumerate(rows.commits):
            path = self._paths[rows.paths[at]]
            yield State(self._id(commit)[:SHORT], self._moments[commit], path, self._blob(rows, at))

    def _id(self, commit: int) -> str:
        return self._commits[commit * self._width : (commit + 1) * self._width].hex()


class State(NamedTuple):
    """What one commit made of one file."""

    commit: str  # its id, short
    seconds: int  # since 1970
    path: str
    blob: bytes  # the content's id; git.REMOVED


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
                if state.blob == git.REMOVED:
                    live.discard(state.path)
                else:
                    live.add(state.path)
                    changed[state.path] = state.blob
            moment, source = datetime.fromtimestamp(seconds, UTC), f"git {commit}"
            if changed:
                path = min(changed)
                _change(made, read, changed[path], f"{path} at {commit}", moment, source)
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
