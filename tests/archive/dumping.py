"""The tables as text, so that two databases can be compared byte for byte."""

import json

from tracker.store.database import Database
from tracker.store.schema import INDEX_TABLES, STATE_TABLES

# The ids of grants are given as rows come: what they join to is what must be equal.
GRANTS = """
SELECT policy, effect, scope, kind, service, text, spelling, since, until, number, sid FROM grants
JOIN holders ON holders.id = holder JOIN patterns ON patterns.id = pattern JOIN places ON places.id = place
JOIN statements ON statements.id = statement
"""


def dump(database: Database, tables: tuple[str, ...] = INDEX_TABLES) -> str:
    """Every row of the tables as a line of JSON with its column names, sorted."""
    lines = []
    with database.reading() as db:
        for table in tables:
            cursor = db.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            rows = sorted(json.dumps(dict(zip(names, row, strict=True)), sort_keys=True) for row in cursor)
            lines += [table, *rows]
        if tables == INDEX_TABLES:
            lines += ["grants", *sorted(json.dumps(row) for row in db.execute(GRANTS))]
    return "\n".join(lines)


def dump_state(database: Database) -> str:
    """The tables that reindex must never touch."""
    return dump(database, STATE_TABLES)
