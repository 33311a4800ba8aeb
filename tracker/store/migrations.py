"""Every table of tracker.db, as migrations. Applied once each, in order, inside one transaction.

The index (policies, snapshots, observations, look_files, looks, changes, and the grants with their words) says nothing
that the files don't say: `reindex` makes it again. The state (runs, reports, subscribers, messages, outbox, meta) is nowhere else.

Instants that SQL compares are written by `store.instants.sortable`: with microseconds always, so that text sorts as time.
"""

from sqlite_utils import Database, Migrations

from tracker.store.schema import MIGRATION_SET
from tracker.store.signoff_tables import SIGNOFFS

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
CREATE INDEX changes_created ON changes (policy, observed_at) WHERE kind = 'created';
-- What was indexed before has no grants: files and index are made to differ, so that a question says 'reindex'.
UPDATE policies SET timeline_bytes = -1;
"""

# Made anew, since SQLite can't change a CHECK; the outbox with it, since its rows refer to them.
SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,              -- the recipient, as its channel takes it
    channel TEXT NOT NULL DEFAULT 'mail',
    name TEXT NOT NULL DEFAULT '',      -- tells one recipient's subscriptions apart
    policies TEXT NOT NULL DEFAULT '*', -- JSON list of names and patterns
    filter TEXT NOT NULL DEFAULT '{}',  -- JSON object of what else is asked; {} is everything
    frequency TEXT NOT NULL CHECK (frequency IN ('instant', 'daily', 'weekly', 'monthly', 'watchlisted')),
    hour INTEGER CHECK (hour BETWEEN 0 AND 23),  -- UTC, of its digests; NULL: when the tracker reports
    heartbeat INTEGER NOT NULL DEFAULT 1 CHECK (heartbeat IN (0, 1)),  -- digests that say 'nothing changed', too
    form TEXT NOT NULL DEFAULT 'full' CHECK (form IN ('full', 'summary', 'attached')),
    origin TEXT NOT NULL DEFAULT 'command' CHECK (origin IN ('command', 'file', 'page')),  -- who keeps this row
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'paused', 'bounced', 'gone')),
    created TEXT NOT NULL,
    confirmed TEXT,
    paused TEXT,                        -- since when
    told_until TEXT,                    -- where its last digest ended
    token TEXT NOT NULL UNIQUE,
    UNIQUE (channel, address, name)
) STRICT;
INSERT INTO subscriptions
    (id, address, channel, policies, frequency, state, created, confirmed, told_until, token, heartbeat)
    SELECT id, address, channel, policies, frequency, state, created, created,
        CASE frequency WHEN 'monthly' THEN (SELECT max(until) FROM reports) END, token, frequency = 'monthly'
    FROM subscribers;
CREATE TABLE outbox_of_subscriptions (
    id INTEGER PRIMARY KEY,
    message TEXT NOT NULL REFERENCES messages (id),
    subscriber INTEGER REFERENCES subscriptions (id),
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
INSERT INTO outbox_of_subscriptions
    (id, message, subscriber, recipient, state, attempts, not_before, first_tried, claimed_by, claimed_until, answer,
     created, finished)
    SELECT id, message, subscriber, recipient, state, attempts, not_before, first_tried, claimed_by, claimed_until,
        answer, created, finished FROM outbox;
DROP TABLE outbox;
DROP TABLE subscribers;
ALTER TABLE subscriptions RENAME TO subscribers;
ALTER TABLE outbox_of_subscriptions RENAME TO outbox;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX outbox_open_of ON outbox (recipient, id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX subscribers_due ON subscribers (frequency, hour) WHERE state = 'active';
CREATE TABLE allowances (
    key TEXT PRIMARY KEY,               -- of whom: a hash, nobody's address
    left_over REAL NOT NULL,            -- how many requests are free, at that moment
    at TEXT NOT NULL
) STRICT;
"""

# What channels need beside mail, and what became of the mails that they carried.
CHANNELS = """
CREATE TABLE forms (
    message TEXT NOT NULL REFERENCES messages (id),
    name TEXT NOT NULL,                 -- 'json', 'slack', 'teams', 'md'
    text TEXT NOT NULL,
    PRIMARY KEY (message, name)
) STRICT;
CREATE TABLE bounces (
    subscriber INTEGER PRIMARY KEY REFERENCES subscribers (id),
    failures INTEGER NOT NULL,          -- permanent ones in a row
    last TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT;
CREATE TABLE bounce_reports (
    id TEXT PRIMARY KEY,                -- of a report that was counted: it may come twice
    seen TEXT NOT NULL
) STRICT;
"""

ATTACHMENTS = """
CREATE TABLE attachments (
    account TEXT NOT NULL,              -- 'this account'
    partition TEXT NOT NULL,
    policy TEXT NOT NULL,               -- as in `policies`, whether or not it is there
    arn TEXT NOT NULL,
    count INTEGER NOT NULL,             -- users, groups and roles
    PRIMARY KEY (account, policy)
) STRICT;
"""

# One recipient may be reached by two channels, each with a row and an order of its own.
ROWS_BY_CHANNEL = """
CREATE TABLE outbox_by_channel (
    id INTEGER PRIMARY KEY,
    message TEXT NOT NULL REFERENCES messages (id),
    subscriber INTEGER REFERENCES subscribers (id),
    channel TEXT NOT NULL,
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
    UNIQUE (message, recipient, channel)
) STRICT;
INSERT INTO outbox_by_channel
    (id, message, subscriber, channel, recipient, state, attempts, not_before, first_tried, claimed_by, claimed_until,
     answer, created, finished)
    SELECT outbox.id, message, subscriber, coalesce(subscribers.channel, 'mail'), recipient, outbox.state, attempts,
        not_before, first_tried, claimed_by, claimed_until, answer, outbox.created, finished
    FROM outbox LEFT JOIN subscribers ON subscribers.id = subscriber;
DROP TABLE outbox;
ALTER TABLE outbox_by_channel RENAME TO outbox;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX outbox_open_of ON outbox (recipient, channel, id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX outbox_of ON outbox (subscriber) WHERE subscriber IS NOT NULL;
CREATE INDEX outbox_message ON outbox (message);
"""

# A round of an older release took what migration 3 had made to differ for indexed, grants and all: it is told again.
UNGRANTED = """
UPDATE policies SET timeline_bytes = -1 WHERE policy NOT IN (SELECT policy FROM holders);
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


@migrations()
def m004_subscriptions(db: Database) -> None:
    """What a subscription may ask for: filters, digests, form; several of one recipient; who asked for its mails."""
    db.executescript(SUBSCRIPTIONS)


@migrations()
def m005_channels(db: Database) -> None:
    """What channels other than mail are given, and who can't be reached."""
    db.executescript(CHANNELS)


@migrations()
def m006_attachments(db: Database) -> None:
    """Where policies are attached, as the last listing told it."""
    db.executescript(ATTACHMENTS)


@migrations()
def m007_rows_by_channel(db: Database) -> None:
    """The channel stands in each row of the outbox: the same words to the same address by two channels are two."""
    db.executescript(ROWS_BY_CHANNEL)


@migrations()
def m008_ungranted(db: Database) -> None:
    """Policies without grants are made to differ from their files, so that the next round mends them."""
    db.executescript(UNGRANTED)


@migrations()
def m009_signoffs(db: Database) -> None:
    """Who has read which change."""
    db.executescript(SIGNOFFS)
