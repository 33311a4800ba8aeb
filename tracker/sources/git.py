"""git as two long-lived processes: one that walks a branch, one that hands out contents. Nothing is checked out.

A repository is somebody else's: nothing in its configuration may run a program of its own or reach for the network.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tracker.errors import InputError, SetupError
from tracker.sources.git_rows import REMOVED

AHEAD = 500  # contents asked for before the first is taken: their ids must fit the pipe to git (64 KB)
PIPE = 1 << 20  # bytes that git may be ahead of us
SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    # git would map the whole repository into memory, and keep 96 MB of what it unpacked.
    "core.packedGitWindowSize=1m",
    "core.packedGitLimit=16m",
    "core.deltaBaseCacheLimit=8m",
)
REGULAR = (b"100644", b"100755", b"100664")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the branch."""

    id: str  # hexadecimal, in full
    seconds: int  # its committer's date, since 1970


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a commit did to one file."""

    path: str
    blob: bytes  # the content's id, hexadecimal; REMOVED


def command(place: Path, *arguments: str) -> list[str]:
    """A git command on a repository, with nothing of its configuration that runs programs."""
    program = shutil.which("git")
    if program is None:
        raise SetupError(
            "git is not installed, and a git archive is read with it",
            advice="install git (apt install git), then import again",
        )
    settings = (part for setting in SETTINGS for part in ("-c", setting))
    return [program, "-C", str(place), "--no-pager", *settings, *arguments]


def environment() -> dict[str, str]:
    """The environment of every git process: no variable that names another repository, no prompt, no network."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def ask(place: Path, *arguments: str, of: Path | None = None) -> str:
    """What a short git command prints. Raises InputError with git's own words, about `of`, where it fails."""
    done = subprocess.run(  # noqa: S603 -- git, with arguments of our own and a path after them
        command(place, *arguments),
        capture_output=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise failure(of or place, done.stderr)
    return done.stdout.decode(errors="replace").strip()


def failure(place: Path, said: bytes) -> InputError:
    """git's last words as our error."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()] or ["git failed"]
    words = next((line for line in lines if line.startswith("fatal:")), lines[-1])
    advice = (
        f"it belongs to another user: git config --global --add safe.directory {place}"
        if "dubious ownership" in words
        else "look at it with 'git fsck', or clone it anew"
    )
    return InputError(f"{place} can't be read by git: {words[:300]}", advice=advice)


def is_repository(place: Path) -> bool:
    """Whether a folder is a git repository, bare or not; its parents are not looked at."""
    return (place / ".git").exists() or all((place / name).exists() for name in ("HEAD", "objects", "refs"))


def clone(bundle: Path, place: Path) -> None:
    """Unpack a bundle into a new bare repository. Raises InputError where it is cut off or lacks commits."""
    ask(
        place.parent,
        "clone",
        "--quiet",
        "--bare",
        "--template=",
        "--",
        str(bundle.absolute()),
        str(place),
        of=bundle,
    )


def walk(place: Path, branch: str) -> Iterator[tuple[Commit, list[FileChange]]]:
    """Each commit of a branch with what it did to regular files, oldest first.

    A merge counts as one commit with all that it brought, so that the branch is one line of states. What was a file and
    is a link, or another thing, counts as removed. Raises InputError.
    """
    arguments = (
        "log", "--reverse", "--first-parent", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--format=%x01%H %ct", branch, "--",
    )  # fmt: skip
    with _running(place, arguments, stdin=subprocess.DEVNULL) as (_, stdout):
        commit: Commit | None = None
        changes: list[FileChange] = []
        tokens = _tokens(stdout)
        for token in tokens:
            if token.startswith(b"\x01"):
                if commit:
                    yield commit, changes
                oid, seconds = token[1:].split()
                commit, changes = Commit(oid.decode(), int(seconds)), []
            elif token.startswith(b":"):
                path = next(tokens)
                changes.append(_change(token, path))
        if commit:
            yield commit, changes


def _tokens(stdout: IO[bytes]) -> Iterator[bytes]:
    """What git separates by NUL."""
    rest = b""
    while chunk := stdout.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        for token in whole:
            yield token.lstrip(b"\n")
    if rest.strip():
        yield rest.strip()


def _change(about: bytes, path: bytes) -> FileChange:
    _, mode, _, blob, _ = about.split(b" ")
    return FileChange(path.decode("utf-8", "replace"), blob if mode in REGULAR else REMOVED)


def contents(place: Path, blobs: Iterable[bytes], largest: int) -> Iterator[tuple[bytes, bytes | None]]:
    """(id, content) of each blob in this order, through one process that is asked ahead.

    None for one that is larger than `largest` bytes, or that the repository lacks. Raises InputError.
    """
    with _running(place, ("cat-file", "--batch"), stdin=subprocess.PIPE) as (stdin, stdout):
        asked = cast("IO[bytes]", stdin)
        waiting: deque[bytes] = deque()
        for blob in blobs:
            waiting.append(blob)
            asked.write(blob + b"\n")
            if len(waiting) >= AHEAD:
                asked.flush()
                while len(waiting) > AHEAD // 2:
                    yield _content(place, stdout, waiting.popleft(), largest)
        asked.close()
        while waiting:
            yield _content(place, stdout, waiting.popleft(), largest)


def _content(place: Path, stdout: IO[bytes], blob: bytes, largest: int) -> tuple[bytes, bytes | None]:
    about = stdout.readline().split()
    if len(about) == 2 and about[1] == b"missing":
        return blob, None
    if len(about) != 3:
        raise InputError(f"{place} can't be read by git: it ended early", advice="look at it with 'git fsck'")
    size = int(about[2])
    if size > largest:
        left = size + 1
        while left:
            left -= len(stdout.read(min(left, 1 << 20)) or b" " * left)
        return blob, None
    content = stdout.read(size + 1)
    if len(content) != size + 1:
        raise InputError(f"{place} can't be read by git: it ended early", advice="look at it with 'git fsck'")
    return blob, content[:-1]


@contextmanager
def _running(
    place: Path, arguments: Sequence[str], stdin: int
) -> Iterator[tuple[IO[bytes] | None, IO[bytes]]]:
    """A git process that ends with the block, however that ends. Raises InputError with git's words where it fails."""
    with tempfile.TemporaryFile() as said:  # a pipe would fill where nobody reads it
        process = subprocess.Popen(  # noqa: S603 -- git, with arguments of our own
            command(place, *arguments), stdin=stdin, stdout=subprocess.PIPE, stderr=said, env=environment()
        )
        stdout = cast("IO[bytes]", process.stdout)
        with suppress(OSError, AttributeError):  # Linux alone has it, and a user may have too many
            fcntl.fcntl(stdout, fcntl.F_SETPIPE_SZ, PIPE)
        broken = False
        try:
            yield process.stdin, stdout
        except BrokenPipeError:
            broken = True  # it ended while it was asked: its own words say why
        except BaseException:
            process.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                if process.stdin is not None:
                    process.stdin.close()
            stdout.close()
            code = process.wait()
        if code or broken:
            said.seek(0)
            raise failure(place, said.read())
