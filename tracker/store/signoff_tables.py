"""The tables of sign-offs, as migration 9 makes them."""

# Who has read which change: the lines of signoffs.jsonl, of which there is one file.
SIGNOFFS = """
CREATE TABLE signoff_files (
    file TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL              -- length of the complete lines that this index has seen
) STRICT;
CREATE TABLE signoffs (
    file TEXT NOT NULL REFERENCES signoff_files (file),
    line INTEGER NOT NULL,              -- from 1
    signed_at TEXT NOT NULL,
    change TEXT NOT NULL,               -- its id, whether or not it is in `changes`
    arn TEXT NOT NULL,
    from_version TEXT,
    to_version TEXT,
    sha256 TEXT,                        -- of the document that was signed for
    signer TEXT NOT NULL,
    ticket TEXT NOT NULL,
    note TEXT NOT NULL,
    items TEXT NOT NULL,                -- JSON list of the rules that were signed for; '[]': the whole change
    out_of INTEGER NOT NULL,            -- how many items the change had
    PRIMARY KEY (file, line)
) STRICT;
CREATE INDEX signoffs_change ON signoffs (change);
"""
