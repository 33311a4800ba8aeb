"""Every table of tracker.db, as migrations. Applied once each, in order, inside one transaction.

The index (policies, snapshots, observations, look_files, looks, changes, and the grants with their words) says nothing
that the files don't say: `reindex` makes it again. The state (runs, reports, subscribers, messages, outbox, meta) is nowhere else.

Instants that SQL compares are written by `store.instants.sortable`: with microseconds always, so that text sorts as time.
"""

from sqlite_utils import Database, Migrations

from tracker.store.schema import MIGRATION_SET

migrations = Migrations(MIGRATION_SET)

INDEX = """
CREATE TABLE policies (
    policy TEXT PRIMARY KEY,            -- the folder: 'aws/AWSSupportServiceRolePolicy'
    arn TEXT NOT NULL,
    partition TEXT NOT NULL,
    name TEXT NOT NULL,
    files INTEGER NOT NULL,             -- snapshot files that this index has seen
    timeline_bytes INTEGER NOT NULL     -- length of the complete lines that this index has seen
) STRICT;
CREATE INDEX policies_name ON policies (name);
CREATE TABLE snapshots (
    policy TEXT NOT NULL REFERENCES policies (policy),
    version TEXT NOT NULL,
    number INTEGER NOT NULL,            -- 57 of 'v57'
    create_date TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    file TEXT NOT NULL,                 -- its name in the folder
    PRIMARY KEY (policy, create_date, version)
) STRICT;
CREATE TABLE observations (
    policy TEXT NOT NULL REFERENCES policies (policy),
    line INTEGER NOT NULL,              -- of timeline.jsonl, from 1
    observed_at TEXT NOT NULL,
    version TEXT,                       -- NULL: no longer visible
    create_date TEXT,
    source TEXT NOT NULL,
    run TEXT NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('look', 'commit', 'create_date')),
    PRIMARY KEY (policy, line)
) STRICT;
CREATE INDEX observations_run ON observations (run);
CREATE TABLE look_files (
    partition TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL              -- length of the complete lines that this index has seen
) STRICT;
CREATE TABLE looks (
    partition TEXT NOT NULL REFERENCES look_files (partition),
    line INTEGER NOT NULL,              -- of looks.jsonl, from 1
    run TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT NOT NULL,
    policies TEXT,                      -- JSON list of ARNs; NULL: all
    failed TEXT NOT NULL,               -- JSON list of ARNs
    PRIMARY KEY (partition, line)
) STRICT;
CREATE INDEX looks_started ON looks (partition, started);
CREATE TABLE changes (
    id TEXT PRIMARY KEY,
    policy TEXT NOT NULL REFERENCES policies (policy),
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    from_version TEXT,
    to_version TEXT,
    severity TEXT NOT NULL CHECK (severity IN ('alarm', 'attention', 'info', 'none')),
    headline TEXT NOT NULL,
    summary TEXT NOT NULL,              -- JSON object of counts
    run TEXT NOT NULL
) STRICT;
CREATE INDEX changes_policy ON changes (policy, observed_at);
CREATE INDEX changes_observed ON changes (observed_at);
"""

STATE = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('check', 'import', 'reindex', 'report')),
    started TEXT NOT NULL,
    finished TEXT,
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_open ON runs (started) WHERE finished IS NULL;
CREATE TABLE reports (
    policy TEXT NOT NULL,
    period TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    made TEXT NOT NULL,
    PRIMARY KEY (policy, period)
) STRICT;
CREATE TABLE subscribers (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL DEFAULT 'mail',
    policies TEXT NOT NULL DEFAULT '*',
    frequency TEXT NOT NULL CHECK (frequency IN ('instant', 'monthly')),
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'bounced', 'gone')),
    created TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    thread TEXT,
    policy TEXT,
    versions TEXT,
    subject TEXT,
    text TEXT,
    html TEXT,
    attachments TEXT,
    urgent INTEGER,
    created TEXT
) STRICT;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    message TEXT NOT NULL REFERENCES messages (id),
    subscriber INTEGER REFERENCES subscribers (id),
    recipient TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'sent', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL,
    first_tried TEXT,                   -- three days from then on a mail that the server puts off has failed
    claimed_by TEXT,
    claimed_until TEXT,
    answer TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    finished TEXT,
    UNIQUE (message, recipient)
) STRICT;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX outbox_open_of ON outbox (recipient, id) WHERE state IN ('waiting', 'claimed');
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT
) STRICT;
"""

# No reference is declared here: each of 10^5 rows would look up three others. verify holds them to what the files say.
GRANTS = """
CREATE TABLE holders (
    id INTEGER PRIMARY KEY,
    policy TEXT NOT NULL UNIQUE         -- of `policies`
) STRICT;
CREATE TABLE patterns (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,              -- 0 an action, 1 a pattern with * or ?, 2 the patterns of a NotAction list
    service TEXT NOT NULL,              -- 's3'; '' where it is no plain text
    text TEXT NOT NULL,                 -- lower case
    spelling TEXT NOT NULL,             -- as documents write it, the service in lower case
    UNIQUE (text, kind)
) STRICT;
CREATE INDEX patterns_wild ON patterns (service) WHERE kind > 0;
CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    effect TEXT NOT NULL CHECK (effect IN ('Allow', 'Deny')),
    scope TEXT NOT NULL,                -- JSON; '{}' is every resource under no condition
    UNIQUE (scope, effect)
) STRICT;
CREATE TABLE statements (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,            -- in its document, from 1
    sid TEXT NOT NULL,                  -- or ''
    UNIQUE (number, sid)
) STRICT;
CREATE TABLE grants (
    pattern INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    place INTEGER NOT NULL,
    since INTEGER NOT NULL,             -- observations.line that began it
    until INTEGER,                      -- and that ended it; NULL: the last default seen says it
    statement INTEGER NOT NULL,         -- where the last document says it in which it held
    PRIMARY KEY (pattern, holder, place, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_holder ON grants (holder, until);
CREATE INDEX observations_gone ON observations (policy) WHERE version IS NULL;
-- What was indexed before has no grants: files and index are made to differ, so that a question says 'reindex'.
UPDATE policies SET timeline_bytes = -1;
"""


@migrations()
def m001_index(db: Database) -> None:
    """The tables that say what the files say."""
    db.executescript(INDEX)


@migrations()
def m002_state(db: Database) -> None:
    """The tables of the service."""
    db.executescript(STATE)


@migrations()
def m003_grants(db: Database) -> None:
    """What each policy said from when until when, for the question who may call what."""
    db.executescript(GRANTS)
