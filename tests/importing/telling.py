"""What an archive says, without what differs from run to run: for archives that came to it by other ways."""

from typing import Any

from tracker.collaborators import Tracker

_CHANGES = "SELECT * FROM changes ORDER BY id"
_GRANTS = """
SELECT holders.policy, effect, scope, kind, text, began.observed_at, ended.observed_at, number, sid
FROM grants JOIN holders ON holders.id = holder JOIN places ON places.id = place JOIN patterns ON patterns.id = pattern
JOIN statements ON statements.id = statement
JOIN observations AS began ON began.policy = holders.policy AND began.line = since
LEFT JOIN observations AS ended ON ended.policy = holders.policy AND ended.line = until
ORDER BY 1, 2, 3, 4, 5, 6
"""


def changes(tracker: Tracker) -> list[dict[str, Any]]:
    """Every recorded change, without the round that saw it."""
    with tracker.database.read() as db:
        return [{key: row[key] for key in row if key != "run"} for row in db.query(_CHANGES)]


def grants(tracker: Tracker) -> list[tuple[object, ...]]:
    """Every interval: who said what from when to when."""
    with tracker.database.reading() as db:
        return db.execute(_GRANTS).fetchall()


def observations(tracker: Tracker) -> list[tuple[object, ...]]:
    """Every observation, in time, without the round."""
    with tracker.database.reading() as db:
        return db.execute(
            "SELECT policy, observed_at, version, create_date, source, basis FROM observations ORDER BY 1, 2, 5"
        ).fetchall()


def snapshots(tracker: Tracker) -> list[tuple[object, ...]]:
    """Every snapshot."""
    with tracker.database.reading() as db:
        return db.execute("SELECT policy, file, sha256, source FROM snapshots ORDER BY 1, 2").fetchall()


def everything(tracker: Tracker) -> list[object]:
    """All of it."""
    return [changes(tracker), grants(tracker), observations(tracker), snapshots(tracker)]
