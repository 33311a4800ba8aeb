"""Parsers of what lies in files and folders: settings, tars, git repositories and bundles, backups, another tracker's folder."""

import io
import random
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from itertools import count
from multiprocessing.util import Finalize
from pathlib import Path

from tests.fuzz.mutate import TOKENS, mutated
from tests.fuzz.target import Target
from tests.support.git_archives import answer, git
from tests.support.git_archives import raw as raw_of
from tests.support.memory import in_memory
from tests.support.world import SUPPORT, allowing, make_world
from tracker import service
from tracker.archive.verify import verify
from tracker.backup.making import make_backup
from tracker.backup.restoring import restore_backup
from tracker.errors import InputError
from tracker.importing.bring import naming, opened
from tracker.settings import load_settings
from tracker.settings.values import DECLARED
from tracker.sources.history import Selection, unpacked

_SPLIT = b"\0\0"  # between a file's name and what it holds


def scratch() -> Path:
    """A folder of this process alone, in memory where that can be had; it goes with the process."""
    made = Path(tempfile.mkdtemp(prefix="fuzz-", dir=in_memory()))
    # Of multiprocessing, whose children run no atexit; in a process that was forked since it does nothing.
    Finalize(None, shutil.rmtree, args=(made, True), exitpriority=0)
    return made


def _in_it(place: Path, read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """`read`, and a look at what it left behind: temporary files go to place/tmp, and nothing may stay there or beside."""
    (place / "tmp").mkdir()
    known = {one.name for one in place.iterdir()}

    def watched(raw: bytes) -> object:
        before, tempfile.tempdir = tempfile.tempdir, str(place / "tmp")
        try:
            return read(raw)
        finally:
            tempfile.tempdir = before
            beside = {one.name for one in place.iterdir()} - known - {"in", "out"}
            left = [*(one.name for one in (place / "tmp").iterdir()), *beside]
            if left:
                shutil.rmtree(place / "tmp")
                (place / "tmp").mkdir()
                raise AssertionError(f"left behind: {left[:3]}")

    return watched


def _content(raw: bytes, chance: random.Random) -> bytes:
    """What the file holds went wrong, and seldom its name."""
    name, split, content = raw.partition(_SPLIT)
    return name + split + mutated(content, chance)


def settings() -> Target:
    """policy-tracker.toml, and the same as variables of the environment."""
    place = scratch()
    home = place / "in"
    home.mkdir()

    def read(raw: bytes) -> object:
        if raw.startswith(b"env:"):
            told = (line.partition("=") for line in raw[4:].decode("utf-8", "surrogateescape").splitlines())
            return load_settings(
                place / "out", {name: value for name, _, value in told}, {}, needs_file=False
            )
        (home / "policy-tracker.toml").write_bytes(raw)
        return load_settings(home, {}, {}, needs_file=True)

    lines = dict[str, list[str]]()
    for key, declared in sorted(DECLARED.items()):
        section, _, name = key.rpartition(".")
        lines.setdefault(section, []).append(f"{name} = {declared.kind.write(declared.default)}")
    tables = '[[attention.accepted]]\npattern = "s3:Get*"\nreason = "x"\nowner = "y"\nexpires = 2027-01-31\n'
    variables = 'env:POLICY_TRACKER_MAIL__PORT=25\nPOLICY_TRACKER_POLICIES=["A"]\nPOLICY_TRACKER_SCHEDULE__LOOK=6h\nPOLICY_TRACKER_WEB__HOSTS=a.example,b'
    whole = "\n".join(
        ("" if not section else f"[{section}]\n") + "\n".join(told) for section, told in sorted(lines.items())
    )
    few = 'policies = ["A", "B"]\nbase_url = "https://a.example"\n[schedule]\nlook = "17 6 * * *"\n[mail]\nhost = "m.example"\nport = 25\nsender = "A <a@b.example>"\n'
    seeds = [whole, few, few, tables, variables, variables]
    return Target("settings", [one.encode() for one in seeds], _in_it(place, read), writes_under=str(place))


def _history() -> Callable[[Path], object]:
    """What reads all of a source and compares it, as an import does before it writes."""
    arn_of = naming(make_world(scratch() / "names").tracker, "aws")

    def read(path: Path) -> object:
        with unpacked(path) as place:
            found = opened(place, str(path), Selection())
            pasts = []
            for job in found.jobs():
                try:
                    arn = arn_of(job.name)
                except ValueError as error:
                    raise AssertionError(f"a name that is none came through: {job.name!r}") from error
                pasts.append(job.past(arn, "r1"))
            return pasts

    return read


def _member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content) if kind == tarfile.REGTYPE else 0, kind, link
    return member, content


def _tar(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload] # one of its modes, as text
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def tars() -> Target:
    """A tar of answers: names that lead out, links, bombs, cut off, packed in every way."""
    place, read_history = scratch(), _history()

    def read(raw: bytes) -> object:
        (place / "in").write_bytes(raw)
        return read_history(place / "in")

    good = [
        _member("policies/ReadOnlyAccess", raw_of(answer(3))),
        _member("X@v1@2021-01-01.json", b'{"Version":"2012-10-17","Statement":[]}'),
    ]
    bad = [
        _member("../out", b"x"), _member("/tmp/out", b"x"), _member("policies/link", kind=tarfile.SYMTYPE, link="/etc"),
        _member("policies/hard", kind=tarfile.LNKTYPE, link="../../etc/passwd"), _member("dev", kind=tarfile.CHRTYPE),
    ]  # fmt: skip
    bomb = [_member("policies/Big", bytes(3_000_000))]
    seeds = [
        _tar(good),
        _tar([*good, bad[2], bad[3]]),
        *(_tar([*good, one]) for one in bad[:2]),
        _tar(good, "w:gz"),
        _tar(bomb, "w:xz"),
    ]
    return Target("tars", seeds, _in_it(place, read), mutate=_packed_tar, writes_under=str(place))


def _packed_tar(raw: bytes, chance: random.Random) -> bytes:
    """Bytes anywhere; else a header whose sum is right again, so that what it says is believed."""
    if raw[257:262] != b"ustar" or chance.random() < 0.3:
        return mutated(raw, chance)
    out = bytearray(raw)
    at = 512 * chance.randrange(len(raw) // 512)
    field, size = chance.choice(
        ((0, 100), (100, 8), (124, 12), (124, 12), (136, 12), (156, 1), (157, 100), (345, 155))
    )
    said = chance.choice(
        (
            chance.choice(TOKENS),
            b"77777777777",
            b"\x80" + b"\xff" * 11,
            bytes([chance.choice(b"01234567xgLKSV")]),
        )
    )
    out[at + field : at + field + size] = said[:size].ljust(size, b"\0")
    out[at + 148 : at + 156] = b" " * 8
    out[at + 148 : at + 156] = b"%06o\0 " % sum(out[at : at + 512])
    return bytes(out)


def repositories() -> Target:
    """A git repository of twenty files: paths, kinds, contents and dates of somebody else's making."""
    place, numbers, read_history = scratch(), count(), _history()
    world = make_world(place / "world")

    def read(raw: bytes) -> object:
        repository = place / "in"
        shutil.rmtree(repository, ignore_errors=True)
        git("init", "--quiet", "--bare", "--template=", "--initial-branch=master", str(repository))
        fed = subprocess.run(
            ["git", "-C", str(repository), "fast-import", "--quiet", "--force"],
            input=raw,
            capture_output=True,
            check=False,
        )
        if fed.returncode:
            raise InputError("git itself refused to make it")
        if next(numbers) % 10:
            return read_history(repository)
        return service.import_history(world.tracker, repository, Selection())

    return Target("git", [b""], _in_it(place, read), mutate=_stream, writes_under=str(place))


def _stream(_: bytes, chance: random.Random) -> bytes:
    """What `git fast-import` is fed: a few commits of twenty files in all."""
    feed = b""
    for _commit in range(4):
        when = chance.choice((1_600_000_000, 0, 1, 2**31, 2**33, 253_402_300_799, 253_402_300_800, 2**40))
        feed += b"commit refs/heads/master\ncommitter a <a@example.invalid> %d +0000\ndata 1\nx\n" % when
        for number in range(5):
            names = (
                b"policies/A%d" % number,
                b"policies/" + chance.choice(TOKENS),
                b"A%d.json" % number,
                b"policies/a/../b",
                chance.choice(TOKENS),
            )
            name = chance.choice(names[:1] * 3 + names[1:])
            quoted = b'"' + b"".join(b"\\%03o" % byte for byte in name if byte)[:4000] + b'"'
            mode = chance.choice((b"100644", b"100644", b"100644", b"100755", b"120000"))
            seed = raw_of(answer(chance.randrange(1, 5), "s3:Get*"))
            content = seed if chance.random() < 0.3 else mutated(seed, chance)
            feed += b"M %s inline %s\ndata %d\n%s\n" % (mode, quoted, len(content), content)
    return feed


def bundles() -> Target:
    """A git bundle with bytes changed."""
    place, read_history = scratch(), _history()
    source = place / "source"
    git("init", "--quiet", "--bare", "--template=", "--initial-branch=master", str(source))
    git(
        "-C",
        str(source),
        "fast-import",
        "--quiet",
        "--force",
        stdin=_stream(b"", random.Random(1)).replace(b"\n..", b"\nxx"),
    )
    git("-C", str(source), "bundle", "create", "--quiet", str(place / "in"), "master")
    seed = (place / "in").read_bytes()

    def read(raw: bytes) -> object:
        (place / "in").write_bytes(raw)
        return read_history(place / "in")

    return Target("bundles", [seed], _in_it(place, read), mutate=_bundle, writes_under=str(place))


def _bundle(raw: bytes, chance: random.Random) -> bytes:
    head, pack = raw.split(b"PACK", 1)
    if chance.random() < 0.5:
        return mutated(head, chance) + b"PACK" + pack
    return head + b"PACK" + mutated(pack, chance)


def backups() -> Target:
    """A backup with one of its files changed, its list most of the time."""
    place = scratch()
    world = make_world(place / "world")
    world.aws.publish(SUPPORT, "v1", world.clock(), allowing("s3:Get*"))
    service.check(world.tracker, [SUPPORT])
    backup = place / "backup"
    made = make_backup(world.tracker.home, backup, now=world.clock(), version="0.1.0", lock_wait_s=1)

    def read(raw: bytes) -> object:
        name, _, content = raw.partition(_SPLIT)
        path = backup / name.decode()
        before = path.read_bytes()
        shutil.rmtree(place / "out", ignore_errors=True)
        try:
            path.write_bytes(content)
            return restore_backup(backup, place / "out")
        finally:
            path.write_bytes(before)

    names = ["backup.json"] * 8 + [
        one.path for one in made.manifest.files if not one.path.startswith("changelogs")
    ]
    seeds = [name.encode() + _SPLIT + (backup / name).read_bytes() for name in names]
    return Target("backups", seeds, _in_it(place, read), mutate=_content, writes_under=str(place))


def trackers() -> Target:
    """A tracker's folder with one file changed: as `verify` looks at its own, and `import` at another's."""
    place, read_history = scratch(), _history()
    world = make_world(place / "world")
    for number in (1, 2):
        world.aws.publish(
            SUPPORT, f"v{number}", world.clock(), allowing("s3:Get*", *("ec2:Run*",) * (number - 1))
        )
        service.check(world.tracker, [SUPPORT])
        world.clock.forward(days=1)
    home = world.tracker.home

    def read(raw: bytes) -> object:
        name, _, content = raw.partition(_SPLIT)
        path = home / name.decode()
        before = path.read_bytes()
        try:
            path.write_bytes(content)
            verify(home, world.tracker.database)
            return read_history(home)
        finally:
            path.write_bytes(before)

    files = sorted(
        path for path in (home / "snapshots").rglob("*") if path.is_file() and path.stat().st_size < 100_000
    )
    seeds = [str(path.relative_to(home)).encode() + _SPLIT + path.read_bytes() for path in files]
    return Target("trackers", seeds, _in_it(place, read), mutate=_content, writes_under=str(place))
