"""A backup made a tracker's folder again: every file proved first, then copied, then there as a whole."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tracker.backup.manifest import DATABASE, MANIFEST, Manifest, copied, files_under, hash_of, read_manifest
from tracker.backup.staging import require_free, staged, told
from tracker.errors import PartialFailure, SetupError
from tracker.store.copying import schema_in, wrong_in
from tracker.store.schema import APPLICATION_ID, SCHEMA
from tracker.store.steps import Step, no_step

_NAMED = 3  # files that are named where many are wrong
_LONGEST = 200  # characters of what is wrong with one


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    manifest: Manifest
    waiting: int  # messages that had not gone when the backup was made; some may have gone since


def wrong_in_backup(backup: Path, manifest: Manifest) -> tuple[str, ...]:
    """What of a backup is not as its list says, one sentence a file, sorted: missing, changed, added, a link."""
    listed = {one.path: one for one in manifest.files}
    there, wrong = set(), []
    for path, entry in files_under(backup):
        if path == MANIFEST:
            continue
        there.add(path)
        if path not in listed:
            wrong.append(f"{path} is not in its list")
        elif not entry.is_file(follow_symlinks=False):
            wrong.append(f"{path} is no file")
        elif hash_of(backup / path) != (listed[path].size, listed[path].sha256):
            wrong.append(f"{path} is not what was backed up")
    wrong += [f"{path} is missing" for path in listed.keys() - there]
    return tuple(sorted(wrong))


def restore_backup(backup: Path, home: Path, *, step: Step = no_step) -> Restored:
    """Make the new or empty folder `home` what was backed up; it is complete or not there.

    Raises InputError where `backup` is none or `home` is taken, PartialFailure where a file is not what was backed up,
    SetupError where the database is a newer release's, or the disk refuses. Step: `restore-file` after each.
    """
    home = home.absolute()
    manifest = read_manifest(backup)
    require_free(home, what="what is restored")
    try:
        _must_be_whole(backup, manifest)
    except OSError as error:
        raise told(backup, error) from error
    with staged(home) as partial:
        for name in ("snapshots", "changelogs"):
            (partial / name).mkdir()  # an empty one has no file that would make it
        for one in manifest.files:
            target = partial / one.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if copied(backup / one.path, target) != (one.size, one.sha256):
                raise PartialFailure(f"{one.path} changed while it was read", advice="restore again")
            step("restore-file")
    return Restored(manifest, _waiting(backup / DATABASE))


def _waiting(database: Path) -> int:
    """Rows of a backup's outbox that wait; a database of the first release has no outbox."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            said = file.execute("SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed')")
            return int(said.fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


def _must_be_whole(backup: Path, manifest: Manifest) -> None:
    wrong = wrong_in_backup(backup, manifest)
    if wrong:
        more = f", and {len(wrong) - _NAMED:,} more" if len(wrong) > _NAMED else ""
        raise PartialFailure(
            f"{backup} is not what was backed up: {', '.join(one[:_LONGEST] for one in wrong[:_NAMED])}{more}; nothing was restored",
            advice="take another backup",
        )
    if not any(one.path == DATABASE for one in manifest.files):
        return
    database = backup / DATABASE
    if found := wrong_in(database):
        raise PartialFailure(f"{database} is damaged: {found}", advice="take another backup")
    try:
        application, schema = schema_in(database)
    except sqlite3.DatabaseError as error:  # pragma: no cover -- wrong_in has read it
        raise PartialFailure(f"{database} is damaged: {error}", advice="take another backup") from error
    if application != APPLICATION_ID or schema > SCHEMA:
        raise SetupError(
            f"{database} was written by a newer policy-tracker (schema {schema}, this one knows {SCHEMA})"
            if application == APPLICATION_ID
            else f"{database} is a database of something else",
            advice=f"install policy-tracker {manifest.version} or a later one, then restore",
        )
