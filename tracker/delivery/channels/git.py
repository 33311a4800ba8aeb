"""A git repository: a commit a changelog, with its Markdown and its JSON record, pushed where the branch has an upstream.

The work tree is the operator's: its hooks, signing and remotes are used as they are set. A commit bears the changelog's
id, so that one which was made before a crash is found and not made again.
"""

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.delivery.addresses import one_line, readable_answer
from tracker.delivery.channel import Parcel
from tracker.errors import RefusedError, SetupError

_TRAILER = "Changelog-Id"
_ODD = re.compile(r"[^A-Za-z0-9+=,@_.-]+")


class GitChannel:
    """A Channel that is a work tree on this machine. `author`: 'Policy tracker <policy-tracker@example.org>'."""

    def __init__(self, author: str, *, timeout_s: float = 60.0) -> None:
        self._author = author or "policy-tracker <policy-tracker@localhost>"
        self._timeout_s = timeout_s

    def send(self, parcel: Parcel) -> str:
        """Commit and push. Raises SetupError without git, RefusedError for what is no work tree or can't be pushed."""
        root = Path(parcel.recipient)
        inside = self._git(root, "rev-parse", "--absolute-git-dir", permanent=True)
        with _alone(Path(inside)):
            commit = self._found(root, parcel) or self._commit(root, parcel)
            pushed = self._push(root)
        return f"commit {commit[:12]}{pushed}"

    def probe(self, address: str) -> str:
        """Whether it is a work tree, and whether a push would be taken; nothing is changed."""
        root = Path(address)
        self._git(root, "rev-parse", "--absolute-git-dir", permanent=True)
        if self._run(root, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}").returncode:
            return f"{root} is a repository; its branch has no upstream, so nothing is pushed"
        self._git(root, "push", "--quiet", "--dry-run")
        return f"{root} is a repository, and its upstream would take a push"

    def close(self) -> None:
        """Nothing is kept open."""

    def _found(self, root: Path, parcel: Parcel) -> str:
        if self._run(root, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
            return ""  # no commit yet
        wanted = f"{_TRAILER}: {_identity(parcel)}"
        return self._git(root, "log", "--fixed-strings", f"--grep={wanted}", "--max-count=1", "--format=%H")

    def _commit(self, root: Path, parcel: Parcel) -> str:
        message = parcel.message
        paths = []
        for suffix, text in (("md", message.form("md")), ("json", message.form("json"))):
            if text and message.policy:
                path = (
                    root / _part(message.policy) / f"{_part(message.versions or message.changelog)}.{suffix}"
                )
                if not path.resolve().is_relative_to(root.resolve()) or path.is_symlink():
                    raise RefusedError(f"{path} leads out of the work tree", permanent=True)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
                paths.append(str(path))
        if paths:
            self._git(root, "add", "--force", "--", *paths)
        words = f"{one_line(message.subject)}\n\n{_TRAILER}: {_identity(parcel)}\n"
        who = self._author.partition("<")
        self._git(
            root, "-c", f"user.name={one_line(who[0]) or 'policy-tracker'}", "-c", f"user.email={who[2].rstrip('> ')}",
            "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", f"--message={words}",
            *(["--only", "--", *paths] if paths else []),
        )  # fmt: skip
        return self._git(root, "rev-parse", "HEAD")

    def _push(self, root: Path) -> str:
        if self._run(root, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}").returncode:
            return ""
        self._git(root, "push", "--quiet")
        return ", pushed"

    def _git(self, root: Path, *arguments: str, permanent: bool = False) -> str:
        done = self._run(root, *arguments)
        if done.returncode:
            words = [one for one in arguments if not one.startswith("-") and "=" not in one]
            raise RefusedError(
                f"git {words[0]} in {root}: {readable_answer(_without_secrets(done.stderr or done.stdout))}",
                permanent=permanent,
            )
        return done.stdout.strip()

    def _run(self, root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name == "GIT_SSH_COMMAND"
        }
        environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            return subprocess.run(  # noqa: S603 -- no shell, and every argument is ours or follows '--'
                ["git", "-C", str(root), *arguments],  # noqa: S607 -- the operator's git, by their PATH
                env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace",
                timeout=self._timeout_s, stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise SetupError("git is not installed here", advice="install git; the messages wait") from error
        except subprocess.TimeoutExpired as error:
            raise RefusedError(f"git did not end within {self._timeout_s:g} s", permanent=False) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One sender of ours at a time in a repository."""
    with (folder / "policy-tracker.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _identity(parcel: Parcel) -> str:
    return one_line(parcel.message.changelog)


def _part(text: str) -> str:
    """A name of a file or folder: no separators, no hidden file, no option."""
    return _ODD.sub("_", text).strip(".-")[:120] or "_"


def _without_secrets(text: str) -> str:
    """A remote's address may hold a password."""
    return re.sub(r"://[^/\s@]*@", "://***@", text)
