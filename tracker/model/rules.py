"""What deserves attention, as values: entries of the watchlist, tripwires, accepted findings."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.model.change import Severity

# Rules that are no entries of a list: they judge access levels, what nobody reviewed, and denies that go.
LEVEL_RULES = {
    "Permissions management": "level/permissions-management",
    "Tagging": "level/tagging",
    "Write": "level/write",
}
NOT_REVIEWED = "not-reviewed/new-actions"
DENY_REMOVED = "deny/no-longer-denied"
ROLE_RULES = frozenset(
    {
        "role/attached-policy",
        "role/expected-policy-gone",
        "role/foreign-principal",
        "role/gone",
        "role/inline-policy",
        "role/made-again",
        "role/no-boundary",
    }
)  # tracker.changes.roles says what they find
BUILT_IN_RULES = frozenset({*LEVEL_RULES.values(), NOT_REVIEWED, DENY_REMOVED, *ROLE_RULES})


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """One entry of the watchlist: an action, or a set of actions that together give a capability."""

    rule: str  # stable id: 'customer-data/s3-objects'
    kind: str  # 'customer-data', 'credentials', 'escalation', 'exposure', 'capability'
    actions: tuple[
        str, ...
    ]  # patterns, lower case: every one must be allowed (a set is complete or it is not)
    consequence: str  # to follow 'can now': 'read S3 objects'
    why: str  # one sentence
    source: str
    source_date: str  # '2024-05-01'
    severity: "Severity" = "attention"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that somebody answers for: it is counted, not shown, until it expires or its scope widens."""

    pattern: str  # of actions, lower case
    reason: str
    owner: str
    expires: date | None = None
    policy: str = "*"  # glob on the policy's name
    resources: tuple[
        str, ...
    ] = ()  # patterns that the finding's scope must stay inside; empty: as it was found


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Everything that attention is judged by. Hashed by its identity: of hundreds of entries, an index is made once."""

    entries: tuple[WatchEntry, ...] = ()
    tripwires: tuple[str, ...] = ()  # patterns as the user wrote them
    accepted: tuple[Accepted, ...] = ()
    silenced: frozenset[str] = frozenset()  # rule ids
    reviewed: str = ""  # the catalogue version up to which the list was reviewed
    reviewed_on: str = ""  # '2026-11-24'
    newer: frozenset[str] = frozenset()  # actions of the catalogue in use that came after that review
