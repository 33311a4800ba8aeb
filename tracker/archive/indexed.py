"""Questions that the index answers faster than the files."""

import json
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import files, index
from tracker.archive.agreeing import Agreement
from tracker.archive.damaged import readable
from tracker.archive.layout import (
    LOOKS,
    policy_key,
)
from tracker.archive.records import RecordError, read_look
from tracker.model.asking import Known
from tracker.model.history import Look
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.model.recorded import ChangeRow
from tracker.store.database import Database
from tracker.store.instants import read_sortable, sortable

if TYPE_CHECKING:
    from tracker.model.history import Basis

_BASES: "dict[str, Basis]" = {"commit": "commit", "create_date": "create_date"}
_FOREVER = "9999-12-31T23:59:59.999999Z"
_OLDEST_FIRST = (
    "SELECT run, started, ended, policies, failed FROM looks WHERE partition = ? ORDER BY started, line"
)
_NEWEST_FIRST = "SELECT run, started, ended, policies, failed FROM looks WHERE partition = ? ORDER BY started DESC, line DESC"

_DEFAULTS = """
SELECT policies.policy, arn, line, version, create_date,
       (SELECT max(create_date) FROM snapshots WHERE snapshots.policy = policies.policy)
FROM policies LEFT JOIN observations ON observations.policy = policies.policy AND line = (
    SELECT line FROM observations AS every WHERE every.policy = policies.policy ORDER BY observed_at DESC, line DESC LIMIT 1)
WHERE partition = ?
"""
EVERYTHING = ":policy/*"  # ends what stands among a look's failures where the listing itself failed


class Indexed:
    """Reads the index of the archive under `root` (`snapshots/`). A missing database is an empty index."""

    def __init__(self, root: Path, database: Database) -> None:
        self._root = root
        self._database = database
        self.agreement = Agreement(root, database)
        self._looks_read: dict[
            str, tuple[int, tuple[Look, ...]]
        ] = {}  # partition -> (bytes of its file, looks)

    def arns(self) -> dict[str, PolicyArn]:
        """The ARN of every indexed policy, by its folder ('aws/ReadOnlyAccess'); of a damaged row the files tell it."""
        if not self._database.exists:
            return {}
        with self._database.reading() as db:
            rows = db.execute("SELECT policy, arn FROM policies").fetchall()
        found = {}
        for policy, arn in rows:
            with suppress(ValueError):
                found[policy] = PolicyArn.parse(arn)
        return found

    def count(self) -> int:
        """How many policies are indexed."""
        if not self._database.exists:
            return 0
        with self._database.reading() as db:
            return int(db.execute("SELECT count(*) FROM policies").fetchone()[0])

    def count_versions(self) -> int:
        """How many versions are indexed."""
        if not self._database.exists:
            return 0
        with self._database.reading() as db:
            return int(db.execute("SELECT count(*) FROM snapshots").fetchone()[0])

    @readable()
    def arn(self, key: str) -> PolicyArn | None:
        """The ARN of one indexed policy."""
        if not self._database.exists:
            return None
        with self._database.reading() as db:
            row = db.execute("SELECT arn FROM policies WHERE policy = ?", (key,)).fetchone()
        return None if row is None else PolicyArn.parse(row[0])

    def changes(
        self, arn: PolicyArn | None, since: datetime | None, until: datetime | None
    ) -> tuple[ChangeRow, ...]:
        """Recorded changes, oldest first, `since` inclusive, `until` exclusive. Raises SetupError for an index that is not made."""
        if not self._database.exists:
            self.agreement.must_hold(arn)
            return ()
        sql = "SELECT * FROM changes WHERE observed_at >= ? AND observed_at < ?"
        asked = [sortable(since) if since else "", sortable(until) if until else _FOREVER]
        if arn is not None:
            sql, asked = f"{sql} AND policy = ?", [*asked, policy_key(arn)]
        with self._database.reading() as db:
            db.row_factory = sqlite3.Row
            rows = [
                index.read_change(dict(row)) for row in db.execute(f"{sql} ORDER BY observed_at, id", asked)
            ]
        self.agreement.must_hold(arn)
        return tuple(rows)

    @readable()
    def looks(self, arn: PolicyArn, since: datetime | None, until: datetime | None) -> tuple[Look, ...]:
        """The rounds that read this policy without fault and began in [since, until), oldest first."""
        return tuple(
            look
            for look in self._all_looks(arn.partition)
            if (since is None or since <= look.start)
            and (until is None or look.start < until)
            and _read(look, arn)
        )

    @readable()
    def last_look(self, arn: PolicyArn, until: datetime | None) -> Look | None:
        """The newest round that read this policy without fault, begun no later than `until`."""
        return self._newest(arn, _read, until)

    @readable()
    def last_try(self, arn: PolicyArn, until: datetime | None) -> Look | None:
        """The newest round that asked for this policy, with or without success, begun no later than `until`."""
        return self._newest(arn, _asked, until)

    @readable()
    def last_sweep(self, partition: str, until: datetime | None) -> Look | None:
        """The newest round that asked for every policy of a partition, with or without success, begun no later than `until`."""
        with closing(self._looks(partition, newest_first=True)) as looks:
            return next((one for one in looks if one.policies is None and _not_after(one, until)), None)

    @readable()
    def last_reads(
        self,
        arns: Iterable[PolicyArn],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[PolicyArn, datetime]:
        """When each of some policies was last read in [since, until), by the start of the round; those that never were are left out.

        One pass over the looks for all of them.
        """
        found: dict[PolicyArn, datetime] = {}
        parts: dict[str, dict[str, PolicyArn]] = {}
        for arn in arns:
            parts.setdefault(arn.partition, {})[policy_key(arn)] = arn
        for partition, left in parts.items():
            with closing(self._looks(partition, newest_first=True)) as looks:
                for look in looks:
                    if not left or (since is not None and look.start < since):
                        break
                    if until is not None and look.start >= until:
                        continue
                    for key in self._among_read(look, left):
                        found[left.pop(key)] = look.start
        return found

    def _among_read(self, look: Look, left: Mapping[str, PolicyArn]) -> list[str]:
        """Which of some policies, by their folders, a round read."""
        if look.policies is None:
            return [key for key, arn in left.items() if not look.failed or not _among(arn, look.failed)]
        keys = dict.fromkeys(policy_key(PolicyArn.parse(text)) for text in look.policies)
        return [key for key in keys if key in left and not _among(left[key], look.failed)]

    @readable()
    def defaults(self, partition: str) -> dict[str, tuple[PolicyArn, Known]]:
        """Folder ('aws/ReadOnlyAccess') -> the policy and its default on record, of all policies of a partition.

        One query for all: `Known.archived` is left empty.
        """
        if not self._database.exists:
            return {}
        with self._database.reading() as db:
            rows = db.execute(_DEFAULTS, (partition,)).fetchall()
        found = {}
        for key, arn, line, version, made, newest in rows:
            default = None if version is None else (VersionId.parse(version), read_sortable(made))
            told = Known(frozenset(), default, line is not None, read_sortable(newest) if newest else None)
            found[key] = (PolicyArn.parse(arn), told)
        return found

    @readable()
    def unwatched(self) -> dict[tuple[str, datetime], "Basis"]:
        """(folder, instant) -> how a default is known to have been in force, where that was no look."""
        if not self._database.exists:
            return {}
        with self._database.reading() as db:
            rows = db.execute("SELECT policy, observed_at, basis FROM observations WHERE basis <> 'look'")
            return {(key, read_sortable(moment)): _BASES[basis] for key, moment, basis in rows}

    def observed(self, since: datetime, until: datetime) -> frozenset[str]:
        """The folders of policies whose default was seen to come or go in [since, until)."""
        return frozenset(
            self._column(
                "SELECT DISTINCT policy, '' FROM observations WHERE observed_at >= ? AND observed_at < ?",
                *(sortable(since), sortable(until)),
            )
        )

    @readable()
    def begun(self) -> dict[str, datetime]:
        """Folder -> when the policy was first seen, of all policies that were."""
        rows = self._column("SELECT policy, min(observed_at) FROM observations GROUP BY policy")
        return {key: read_sortable(moment) for key, moment in rows.items()}

    def _column(self, sql: str, *values: str) -> dict[str, str]:
        if not self._database.exists:
            return {}
        with self._database.reading() as db:
            return dict(db.execute(sql, values).fetchall())

    def _newest(
        self, arn: PolicyArn, fits: Callable[[Look, PolicyArn], bool], until: datetime | None
    ) -> Look | None:
        with closing(self._looks(arn.partition, newest_first=True)) as looks:
            return next((look for look in looks if fits(look, arn) and _not_after(look, until)), None)

    @readable()
    def identities(self, arn: PolicyArn) -> frozenset[tuple[VersionId, datetime]]:
        """The versions of a policy that the index knows."""
        if not self._database.exists:
            return frozenset()
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT version, create_date FROM snapshots WHERE policy = ?", (policy_key(arn),)
            ).fetchall()
        return frozenset((VersionId.parse(version), parse_instant(made)) for version, made in rows)

    def _all_looks(self, partition: str) -> tuple[Look, ...]:
        """Every round at a partition, oldest first; read once for the many policies of a sweep."""
        size = self._looks_size(partition)
        known = self._looks_read.get(partition)
        if known is None or known[0] != size:
            known = (size, tuple(self._looks(partition, newest_first=False)))
            self._looks_read[partition] = known
        return known[1]

    def forget_looks(self) -> None:
        """Let go of what `looks` read: a process that looks for years would hold every look there ever was."""
        self._looks_read.clear()

    def _looks(self, partition: str, *, newest_first: bool) -> Generator[Look, None, None]:
        if not self._looks_agree(partition):
            looks = _looks_of_file(self._root / partition / LOOKS)
            yield from sorted(looks, key=lambda look: look.start, reverse=newest_first)
            return
        sql = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
        with self._database.reading() as db:
            for row in db.execute(sql, (partition,)):
                yield look_of(row)

    def _looks_size(self, partition: str) -> int:
        try:
            return (self._root / partition / LOOKS).lstat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def _looks_agree(self, partition: str) -> bool:
        size = self._looks_size(partition)
        if not self._database.exists:
            return False
        with self._database.reading() as db:
            row = db.execute("SELECT bytes FROM look_files WHERE partition = ?", (partition,)).fetchone()
        return row is not None and bool(row[0] == size)


def _asked(look: Look, arn: PolicyArn) -> bool:
    return look.policies is None or _among(arn, look.policies) or _among(arn, look.failed)


def _read(look: Look, arn: PolicyArn) -> bool:
    return _asked(look, arn) and not _among(arn, look.failed)


def _not_after(look: Look, until: datetime | None) -> bool:
    return until is None or look.start <= until


def _among(arn: PolicyArn, texts: tuple[str, ...]) -> bool:
    """Whether a look's ARNs name the policy. A path is not part of who it is: an import may not have known it."""
    if str(arn) in texts or any(text.endswith(EVERYTHING) for text in texts):
        return True
    alike = (text for text in texts if text.endswith(f"/{arn.name}"))
    return any(policy_key(PolicyArn.parse(text)) == policy_key(arn) for text in alike)


def _looks_of_file(path: Path) -> Iterator[Look]:
    lines, _ = files.read_lines(path)
    for line in lines:
        try:
            yield read_look(line)
        except RecordError:
            continue  # verify names it


def look_of(row: tuple[str, str, str, str | None, str]) -> Look:
    """A look out of its row of the index: run, started, ended, policies, failed."""
    run, started, ended, policies, failed = row
    return Look(
        run=run,
        start=parse_instant(started),
        end=parse_instant(ended),
        policies=None if policies is None else tuple(json.loads(policies)),
        failed=tuple(json.loads(failed)),
    )
