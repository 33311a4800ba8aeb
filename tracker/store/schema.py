"""What a database of ours is told by, light enough to be looked at on every start."""

MIGRATION_SET = "policy-tracker"
SCHEMA = 9  # how many migrations there are; kept in the file as PRAGMA user_version
APPLICATION_ID = (
    0x706F6C79  # 'poly': marks the file as ours, see https://sqlite.org/pragma.html#pragma_application_id
)

INDEX_TABLES = (
    "policies",
    "snapshots",
    "observations",
    "look_files",
    "looks",
    "changes",
    "signoff_files",
    "signoffs",
)
# Of the index, too. Their ids are given as rows come, so two indexes of the same files are equal in what they join to.
GRANT_TABLES = ("holders", "patterns", "places", "statements", "grants")
STATE_TABLES = (
    "runs",
    "reports",
    "subscribers",
    "messages",
    "outbox",
    "allowances",
    "forms",
    "bounces",
    "bounce_reports",
    "attachments",
    "meta",
)
