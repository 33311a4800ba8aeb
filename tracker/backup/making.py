"""A backup, made while the tracker works: the round's lock keeps the files still, SQLite copies its database as of one moment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.archive.lock import LOCK, round_lock
from tracker.backup.manifest import DATABASE, MANIFEST, Entry, Manifest, copied, files_under, hash_of
from tracker.backup.staging import require_free, staged
from tracker.errors import InputError, PartialFailure
from tracker.store.copying import copy_database, schema_in
from tracker.store.steps import Step, no_step

# What is made again, concerns one machine alone, or is another program's: the lock, SQLite's own files beside the
# database, copies kept before migrations, crash reports, half-written files, a git repository of the folder.
_LEFT_OUT = (LOCK, MANIFEST, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
_LEFT_OUT_UNDER = (".git", "crashes")


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made."""

    folder: Path
    manifest: Manifest
    left_out: tuple[str, ...]  # links and devices: they are not followed


def make_backup(
    home: Path, target: Path, *, now: datetime, version: str, lock_wait_s: float, step: Step = no_step
) -> Backup:
    """Copy the tracker's folder to the new or empty folder `target`, verified; `target` is complete or not there.

    No round runs meanwhile: one that is under way is waited for, `lock_wait_s` seconds. Mails go on being sent. Raises
    InputError where `target` is taken, or within the tracker's folder; LockedError; SetupError; PartialFailure where the
    disk gave back something else than was written. Steps: `backup-file` after each, `backup-database`, `backup-listed`.
    """
    home, target = home.resolve(), target.absolute()
    if target.resolve().is_relative_to(home):
        raise InputError(
            f"{target} is within the tracker's folder", advice="name a folder elsewhere, best on another disk"
        )
    require_free(target, what="the backup")
    with staged(target) as partial:
        with round_lock(home, lock_wait_s):
            files, left_out = _copy_files(home, partial, step)
            schema = 0
            if (home / DATABASE).exists():
                copy_database(home / DATABASE, partial / DATABASE)
                schema = schema_in(partial / DATABASE)[1]
                files.append(Entry(DATABASE, *hash_of(partial / DATABASE)))
                step("backup-database")
        _must_be_so(partial, files)
        manifest = Manifest(now, version, schema, tuple(sorted(files, key=lambda one: one.path)))
        (partial / MANIFEST).write_text(manifest.text(), encoding="utf-8")
        copied_back = (partial / MANIFEST).read_text(encoding="utf-8")
        if copied_back != manifest.text():
            raise PartialFailure(f"{MANIFEST} is not what was written", advice="look at the disk")
        step("backup-listed")
    return Backup(target, manifest, left_out)


def _copy_files(home: Path, partial: Path, step: Step) -> tuple[list[Entry], tuple[str, ...]]:
    files, left_out = [], []
    for path, entry in files_under(home):
        if _is_left_out(path):
            continue
        if not entry.is_file(follow_symlinks=False):
            left_out.append(path)
            continue
        target = partial / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.append(Entry(path, *copied(home / path, target)))
        step("backup-file")
    return files, tuple(left_out)


def _is_left_out(path: str) -> bool:
    return (
        path in _LEFT_OUT
        or path == DATABASE  # copied by SQLite
        or path.startswith(f"{DATABASE}.schema-")
        or path.split("/")[0] in _LEFT_OUT_UNDER
        or path.endswith(".tmp")
    )


def _must_be_so(partial: Path, files: list[Entry]) -> None:
    for one in files:
        if hash_of(partial / one.path) != (one.size, one.sha256):
            raise PartialFailure(
                f"{one.path} was read back as something else than was written", advice="look at the disk"
            )
