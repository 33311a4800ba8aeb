"""What the pages ask of the index: a handful of rows at a time, at a cost that doesn't grow with the number of policies."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from tracker.archive import index
from tracker.archive.damaged import readable
from tracker.archive.layout import policy_key
from tracker.model.identity import PolicyArn
from tracker.model.instants import parse_instant, stamp
from tracker.model.recorded import ChangeRow, RunRow
from tracker.store.database import Database
from tracker.store.instants import sortable

_FOREVER = "9999"
# A step that was taken before has its instant in the names of its pages, so how often it was is asked with it.
_WITH_EARLIER = """SELECT *, (SELECT count(*) FROM changes e WHERE e.policy = c.policy AND e.from_version IS c.from_version
AND e.to_version IS c.to_version AND (e.kind = 'catalogue-growth') = (c.kind = 'catalogue-growth')
AND (e.observed_at, e.id) < (c.observed_at, c.id)) AS earlier FROM changes c"""

_LOOKED = """EXISTS (SELECT 1 FROM observations o WHERE o.policy = c.policy AND o.observed_at = c.observed_at
AND o.basis = 'look')"""


@dataclass(frozen=True, slots=True)
class Held:
    """One policy of the archive, as a list of policies shows it."""

    arn: PolicyArn
    versions: int
    changes: int
    last: datetime | None  # of its newest change


class Browsing:
    """Reads the index for pages. Where there is no database yet there is nothing to read, and that is no fault."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, arn: PolicyArn) -> tuple[object, ...]:
        """What tells whether anything about a policy's history has changed since a page was made."""
        sql = """SELECT files, timeline_bytes, (SELECT count(*) FROM changes c WHERE c.policy = p.policy),
                 (SELECT max(rowid) FROM changes c WHERE c.policy = p.policy) FROM policies p WHERE policy = ?"""
        return self._one(sql, [policy_key(arn)])

    @readable()
    def marks(self) -> dict[PolicyArn, tuple[object, ...]]:
        """`mark` of every policy, by name."""
        sql = """SELECT p.arn, files, timeline_bytes, count(c.id) AS changes, max(c.rowid) AS last
                 FROM policies p LEFT JOIN changes c ON c.policy = p.policy GROUP BY p.policy ORDER BY p.policy"""
        return {
            PolicyArn.parse(str(row["arn"])): (
                row["files"],
                row["timeline_bytes"],
                row["changes"],
                row["last"],
            )
            for row in self._rows(sql, [])
        }

    def service_marks(self) -> dict[str, tuple[object, ...]]:
        """Service -> what tells whether anything that any policy says of it has changed; '': of what names no service."""
        sql = """SELECT service, count(*) AS rows, sum(holder * (since + 1)) AS begun, sum(holder * ifnull(until, -1)) AS ended,
                        sum(place) AS places FROM grants JOIN patterns ON patterns.id = grants.pattern GROUP BY service"""
        found = {
            str(row["service"]): (row["rows"], row["begun"], row["ended"], row["places"])
            for row in self._rows(sql, [])
        }
        gone = self._one("SELECT count(*), max(observed_at) FROM observations WHERE version IS NULL", [])
        return found | {"": (*found.get("", ()), *gone)}

    def look_mark(self, partition: str) -> tuple[object, ...]:
        """What tells whether anybody has looked since a page was made."""
        return self._one("SELECT bytes FROM look_files WHERE partition = ?", [partition])

    def change_mark(self) -> tuple[object, ...]:
        """What tells whether any change was recorded since a page was made."""
        return self._one("SELECT max(rowid), (SELECT count(*) FROM policies) FROM changes", [])

    def newest(
        self,
        limit: int,
        *,
        before: tuple[datetime, str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        arn: PolicyArn | None = None,
        severities: Sequence[str] = (),
        kinds: Sequence[str] = (),
        without: Sequence[str] = (),
        looked: bool = False,
    ) -> tuple[tuple[str, ChangeRow], ...]:
        """Changes with the stems of their pages, newest first. `before`: the instant and id of the last one that was shown; `without`: kinds left out; `looked`: those alone that a look of ours saw."""
        where, asked = ["observed_at >= ?", "observed_at < ?"], [
            sortable(since) if since else "",
            sortable(until) if until else _FOREVER,
        ]  # fmt: skip
        if before is not None:
            where.append("(observed_at, id) < (?, ?)")
            asked += [sortable(before[0]), before[1]]
        if arn is not None:
            where.append("policy = ?")
            asked.append(policy_key(arn))
        if looked:
            where.append(_LOOKED)
        for column, values, sign in (
            ("severity", severities, "IN"),
            ("kind", kinds, "IN"),
            ("kind", without, "NOT IN"),
        ):
            if values:
                where.append(f"{column} {sign} ({', '.join('?' * len(values))})")
                asked += values
        sql = f"{_WITH_EARLIER} WHERE {' AND '.join(where)} ORDER BY observed_at DESC, id DESC LIMIT {int(limit)}"
        return tuple(_with_stem(row) for row in self._rows(sql, asked))

    def change(self, change: str) -> tuple[str, ChangeRow] | None:
        """One change by its id, with the stem of its page."""
        found = self._rows(f"{_WITH_EARLIER} WHERE id = ?", [change])
        return _with_stem(found[0]) if found else None

    def months(self) -> tuple[tuple[str, int], ...]:
        """('2026-08', how many changes), newest first."""
        sql = "SELECT substr(observed_at, 1, 7) AS month, count(*) AS changes FROM changes GROUP BY 1 ORDER BY 1 DESC"
        return tuple((str(row["month"]), int(str(row["changes"]))) for row in self._rows(sql, []))

    def month_marks(self) -> tuple[tuple[str, tuple[object, ...]], ...]:
        """('2026-08', what tells whether anything of that month has changed), newest first."""
        sql = """SELECT month, group_concat(told) AS told FROM (
                     SELECT substr(observed_at, 1, 7) AS month, id || ' ' || severity || ' ' || headline AS told
                     FROM changes ORDER BY 1, observed_at, id) GROUP BY month ORDER BY month DESC"""
        # By what is told, not by the number of a row: history that is brought in writes a policy's rows anew.
        return tuple(
            (str(row["month"]), (sha256(str(row["told"]).encode()).hexdigest(),))
            for row in self._rows(sql, [])
        )

    @readable()
    def policies(self, limit: int = -1, after: str = "") -> tuple[Held, ...]:
        """Policies by name, from after a name on, with how much is on record of each."""
        sql = """SELECT p.arn, p.name, p.files,
                        (SELECT count(*) FROM changes c WHERE c.policy = p.policy) AS changes,
                        (SELECT max(observed_at) FROM changes c WHERE c.policy = p.policy) AS last
                 FROM policies p WHERE p.policy > ? ORDER BY p.policy LIMIT ?"""
        return tuple(
            Held(
                PolicyArn.parse(str(row["arn"])),
                int(str(row["files"])),
                int(str(row["changes"])),
                parse_instant(str(row["last"])) if row["last"] else None,
            )
            for row in self._rows(sql, [after, limit])
        )

    def count(self, table: str) -> int:
        """How many rows one of our tables has."""
        if table not in ("policies", "snapshots", "changes", "looks"):
            raise ValueError(table)
        return int(str((self._one(f"SELECT count(*) FROM {table}", []) or (0,))[0]))  # noqa: S608 -- a name of ours

    def runs(self, limit: int) -> tuple[RunRow, ...]:
        """The last pieces of work, newest first."""
        rows = self._rows("SELECT * FROM runs ORDER BY started DESC, id LIMIT ?", [limit])
        return tuple(
            RunRow(
                str(row["id"]),
                str(row["kind"]),
                parse_instant(str(row["started"])),
                parse_instant(str(row["finished"])) if row["finished"] else None,
                str(row["outcome"]),
            )
            for row in rows
        )

    def outbox_depth(self) -> dict[str, int]:
        """State -> how many mails are in it; never whose."""
        rows = self._rows("SELECT state, count(*) AS mails FROM outbox GROUP BY state ORDER BY state", [])
        return {str(row["state"]): int(str(row["mails"])) for row in rows}

    def _rows(self, sql: str, asked: Sequence[object]) -> list[dict[str, object]]:
        if not self._database.exists:
            return []
        with self._database.reading() as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, tuple(asked))]

    def _one(self, sql: str, asked: Sequence[object]) -> tuple[object, ...]:
        if not self._database.exists:
            return ()
        with self._database.reading() as db:
            return tuple(db.execute(sql, tuple(asked)).fetchone() or ())


def _with_stem(row: dict[str, object]) -> tuple[str, ChangeRow]:
    change = index.read_change(row)
    stem = change.step
    return (f"{stem}_{stamp(change.observed_at)}" if row["earlier"] else stem), change
