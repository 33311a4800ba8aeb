"""Lines that the disk lost, a file's last ones or all of them: the index, which has read them, has them still.

A kill never leaves this: a line is on the disk before its row. What the files have is never touched, and where they say
something else than the index, or snapshots went with the lines, somebody brought the folder to another state on purpose.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from tracker.archive import folder
from tracker.archive.files import append, read_lines
from tracker.archive.index import index_looks
from tracker.archive.indexed import look_of
from tracker.archive.layout import LOOKS, TIMELINE, policy_folder, policy_key
from tracker.archive.records import RecordError, look_line, observation_line, read_look
from tracker.errors import InputError
from tracker.model.history import Look, Observation
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.store.database import Database

log = logging.getLogger(__name__)


def bring_back(root: Path, database: Database, arns: Iterable[PolicyArn]) -> list[str]:
    """Write again what was lost of these policies' timelines and of the looks; what that was, a clause each."""
    told = []
    for arn in arns:
        place = policy_folder(root, arn)
        if lost := lost_observations(root, database, arn):
            hashes = [folder.sha256_of(place, one.identity) if one.identity else None for one in lost]
            lines = [observation_line(one, sha256) for one, sha256 in zip(lost, hashes, strict=True)]
            append(place / TIMELINE, lines, chain=True)
            told.append(f"{_many(len(lost))} of {place / TIMELINE}")
    for partition, looks in lost_looks(root, database).items():
        append(root / partition / LOOKS, list(map(look_line, looks)), chain=True)
        with database.writing() as db:
            index_looks(db, root, partition)
        told.append(f"{_many(len(looks))} of {root / partition / LOOKS}")
    for what in told:
        log.warning("%s lost, and written again from the index; look at the disk", what)
    return told


def _many(count: int) -> str:
    return f"{count:,} {'line' if count == 1 else 'lines'}"


def lost_observations(root: Path, database: Database, arn: PolicyArn) -> tuple[Observation, ...]:
    """The last lines of a policy's timeline that the index has and the file lacks, in their order."""
    place = policy_folder(root, arn)
    archived = set(folder.identities(place))
    try:
        there = folder.observations(place)
    except InputError:
        return ()
    with database.reading() as db:
        rows = db.execute(
            "SELECT observed_at, version, create_date, source, run, basis FROM observations WHERE policy = ? ORDER BY line",
            (policy_key(arn),),
        ).fetchall()
    known = [
        Observation(
            parse_instant(at),
            version and VersionId.parse(version),
            made and parse_instant(made),
            source,
            run,
            basis,
        )
        for at, version, made, source, run, basis in rows
    ]
    lost = known[len(there) :]
    if known[: len(there)] != list(there) or any(
        one.identity not in archived for one in lost if one.identity
    ):
        return ()
    return tuple(lost)


def lost_looks(root: Path, database: Database) -> dict[str, tuple[Look, ...]]:
    """Partition -> the last lines of its looks that the index has and the file lacks."""
    with database.reading() as db:
        sizes = db.execute("SELECT partition, bytes FROM look_files ORDER BY partition").fetchall()
        shorter = [one for one, size in sizes if _size(root / one / LOOKS) < size and (root / one).is_dir()]
        rows = {
            one: db.execute(
                "SELECT run, started, ended, policies, failed FROM looks WHERE partition = ? ORDER BY line",
                (one,),
            ).fetchall()
            for one in shorter
        }
    found = {}
    for partition, told in rows.items():
        known = list(map(look_of, told))
        there = _looks(root / partition / LOOKS)
        if there is not None and known[: len(there)] == there:
            found[partition] = tuple(known[len(there) :])
    return found


def _looks(path: Path) -> list[Look] | None:
    try:
        return [read_look(line) for line in read_lines(path)[0]]
    except RecordError:
        return None


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
