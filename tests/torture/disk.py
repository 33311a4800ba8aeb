"""A disk that is full, read-only, slow, or fails; folders that may not be read; no file handles left: one sentence, nothing lost.

Each fault is driven into the installed command, while AWS has a new version. Whatever comes of it must be said with
what to do next, and once the fault is over one `check` leaves everything as if there had been none: the version, its
observation, its change, one mail a team, an index that reindex makes alike.
"""

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.torture._commands import Forks
from tests.torture._place import FOLDER, Place, begun

Case = tuple[str, Callable[[Place], list[str]]]
NOBODY = 65534
SETUP = 4
OURS = ("home", "snapshots", FOLDER, f"{FOLDER}/timeline.jsonl", "snapshots/aws/looks.jsonl", "changelogs",
        "changelogs/AWSSupportServiceRolePolicy", "tracker.db", "tracker.lock", "policy-tracker.toml")  # fmt: skip
# What sqlite, the archive and the changelogs ask of the kernel, and how it may fail.
CALLS = (
    ("fsync", "EIO"), ("fsync", "ENOSPC"), ("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"),
    ("rename", "EIO"), ("rename", "ENOSPC"), ("ftruncate", "EIO"), ("mkdir", "ENOSPC"), ("flock", "ENOLCK"),
)  # fmt: skip


def whole(seed: int, only: str = "") -> list[str]:
    """Every fault, each at several places."""
    return campaign(seed, [one for one in cases(seed) if only in one[0]])


def campaign(seed: int, faults: list[Case]) -> list[str]:
    """Drive each fault in; what is wrong, a sentence each."""
    with begun() as (folder, forks):
        return fault_each(seed, folder, forks, faults)


def fault_each(seed: int, folder: Path, forks: Forks, faults: list[Case]) -> list[str]:
    """The same beside a tracker that was made already, `made` in the folder."""
    found, skipped, ended = [], Counter[str](), Counter[str]()
    for number, (name, fault) in enumerate(faults):
        with Place(folder / f"disk{number}", forks, made=folder / "made" / "home") as place:
            place.publish()
            try:
                found += [f"{name}: {one}" for one in fault(place)]
                ended[name.partition(" (")[0]] += 1
            except UnavailableError as why:
                skipped[str(why)] += 1
        shutil.rmtree(folder / f"disk{number}", ignore_errors=True)
    print(f"{sum(ended.values())} faults: {', '.join(f'{n} {what}' for what, n in sorted(ended.items()))}")
    for reason, count in skipped.items():
        print(f"{count} left out: {reason}")
    return found


class UnavailableError(Exception):
    """What this machine does not let anybody try."""


def cases(seed: int) -> list[Case]:
    """The faults, each at several places."""
    dice = random.Random(seed)
    found: list[Case] = []
    found += [
        (f"disk full ({left} KB left)", partial(full, left_kb=left))
        for left in (0, 4, 16, 40, 80, 160, 320, 640)
    ]
    found += [
        (f"files may not grow (beyond {most} KB)", partial(bounded, most_kb=most))
        for most in (0, 1, 4, 16, 48, 96, 160, 400)
    ]
    found += [
        (f"no file handles (of {most})", partial(handles_used_up, most=most))
        for most in (8, 10, 12, 14, 16, 20, 24, 32)
    ]
    found += [
        (f"no permission ({what} {mode:03o})", partial(forbidden, what=what, mode=mode))
        for what in OURS
        for mode in (0o000, 0o444)
    ]
    found += [("read-only file system", read_only), ("another user's", anothers), ("slow disk", slow)]
    found += [
        (f"{call} fails ({error}, number {when})", partial(failing, call=call, error=error, when=when))
        for call, error in CALLS
        for when in sorted(dice.sample(range(1, 13), 3))
    ]
    return found


@contextmanager
def small_disk(holds: Path, size_kb: int) -> Iterator[None]:
    """A disk of its own under a folder, with a copy of what was there."""
    if os.geteuid() != 0:
        raise UnavailableError("a small disk needs root, for mount(8)")
    aside = holds.rename(holds.with_name("aside"))
    holds.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(holds)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        holds.rmdir()
        aside.rename(holds)
        raise UnavailableError(f"no disk can be mounted here: {done.stderr.strip()}")
    shutil.copytree(aside, holds, dirs_exist_ok=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(holds)], check=True)


def full(place: Place, left_kb: int) -> list[str]:
    """The tracker's disk has so much left."""
    with small_disk(place.home, 6000):
        ballast = place.home / "ballast"
        stat = os.statvfs(place.home)
        ballast.write_bytes(b"\0" * max(stat.f_bavail * stat.f_frsize - left_kb * 1024, 0))
        found = place.run("check").wrong([0, SETUP])
        found += place.run("log").wrong([0, SETUP])
        ballast.unlink()
        return found + place.wrong()


def bounded(place: Place, most_kb: int) -> list[str]:
    """No file may grow beyond a size: what an ordinary user can try of a full disk."""
    found = place.run("check", wrap=("prlimit", f"--fsize={most_kb * 1024}")).wrong([0, SETUP])
    return found + place.wrong()


def handles_used_up(place: Place, most: int) -> list[str]:
    """The process may have so many files open."""
    limit = ("prlimit", f"--nofile={most}")
    if place.run("--version", wrap=limit).code:
        raise UnavailableError(f"Python itself does not start with {most} file handles")
    found = place.run("check", wrap=limit).wrong([0, 3, SETUP, 75])
    place.end_leases()
    return found + place.wrong(twice=1)


def read_only(place: Place) -> list[str]:
    """The file system is read-only, as it is after a fault of the disk: it can be read all the same."""
    with small_disk(place.home, 6000):
        subprocess.run(["mount", "-o", "remount,ro", str(place.home)], check=True)
        found = place.run("check").wrong([SETUP], "read-only|readonly|Read-only")
        found += place.run("log").wrong([0])
        found += place.run("show", "AWSSupportServiceRolePolicy").wrong([0])
        found += place.run("backup", str(place.folder / "kept")).wrong([0, SETUP])
        subprocess.run(["mount", "-o", "remount,rw", str(place.home)], check=True)
        return found + place.wrong()


def ordinary(place: Place) -> None:
    """From now on the command is run by one whom permissions concern."""
    if os.geteuid() != 0:
        return  # whoever runs this is one
    if shutil.which("setpriv") is None:
        raise UnavailableError("without setpriv(1) permissions do not concern root")
    place.wrap = (
        "setpriv",
        "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown",
        "--inh-caps=-all",
    )


def forbidden(place: Place, what: str, mode: int) -> list[str]:
    """A file or a folder of the tracker may not be read, or not be written."""
    ordinary(place)
    target = place.home if what == "home" else place.home / what
    if not target.exists():
        target.mkdir(parents=True)
    before = target.stat().st_mode
    target.chmod(mode | (0o111 if target.is_dir() and mode else 0))
    found = place.run("check").wrong([0, SETUP])
    found += place.run("log").wrong([0, 2, SETUP])
    target.chmod(before)
    return found + place.wrong()


def anothers(place: Place) -> list[str]:
    """The folder belongs to another user."""
    if os.geteuid() != 0:
        raise UnavailableError("another user's folder needs root, to make one")
    ordinary(place)
    os.chown(place.home, NOBODY, NOBODY)
    found = place.run("check").wrong([SETUP])
    os.chown(place.home, 0, 0)
    return found + place.wrong()


def _strace(*flags: str) -> tuple[str, ...]:
    if shutil.which("strace") is None:
        raise UnavailableError("strace is not installed")
    return ("strace", "-f", "--seccomp-bpf", "-qqq", "-o", os.devnull, *flags)


def slow(place: Place) -> list[str]:
    """Every sync of the disk takes a fifth of a second."""
    flags = _strace("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=200000")
    return place.run("check", wrap=flags).wrong([0]) + place.wrong()


def failing(place: Place, call: str, error: str, when: int) -> list[str]:
    """One call of the kernel fails, once; that a mail went may not get on record."""
    names = "rename,renameat,renameat2" if call == "rename" else call
    names = "mkdir,mkdirat" if call == "mkdir" else names
    flags = _strace("-e", f"trace={names}", "-e", f"inject={names}:error={error}:when={when}")
    said = place.run("check", wrap=flags)
    if "strace:" in said.err and "ptrace" in said.err:
        raise UnavailableError("strace may not trace here")
    found = said.wrong([0, SETUP, 75])
    place.end_leases()
    return found + place.wrong(twice=1)
