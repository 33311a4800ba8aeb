"""Denies that go although nothing is allowed here: what other policies allow may now take effect."""

from collections.abc import Iterator

from tracker.changes.held import held
from tracker.model.catalogue import Catalogue
from tracker.model.change import Attention, DenyChange, Difference, Scope
from tracker.model.rules import DENY_REMOVED
from tracker.policy.access import Expander
from tracker.policy.document import Document
from tracker.policy.patterns import is_wild

_SOURCE = (
    "IAM User Guide, policy evaluation logic "
    "(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)"
)
_READ_ON = "2026-11-24"


def deny_findings(
    difference: Difference, after: Document | None, catalogue: Catalogue
) -> Iterator[Attention]:
    """At most one finding: the denies that are gone or narrower, of actions that the document itself does not allow.

    What it does allow is newly granted, and told as such.
    """
    if after is None:
        return
    loose = [
        one
        for one in (*difference.denies_removed, *difference.denies_narrowed)
        if not _allowed_here(one, after, catalogue)
    ]
    if loose:
        patterns = tuple(sorted({one.pattern for one in loose}))
        scopes: set[Scope] = {scope for one in loose for scope in one.before}
        named = ", ".join(patterns[:3]) + (f" and {len(patterns) - 3} more" if len(patterns) > 3 else "")
        yield Attention(
            rule=DENY_REMOVED,
            kind="deny",
            actions=patterns,
            completes=(),
            consequence=f"call {named} where another policy allows it",
            why="This policy stopped it whatever other policies say, and no longer does.",
            source=_SOURCE,
            source_date=_READ_ON,
            scopes=tuple(sorted(scopes)),
            severity="attention",
        )


def _allowed_here(deny: DenyChange, after: Document, catalogue: Catalogue) -> bool:
    """True where the document itself allows all that the deny matches today."""
    pattern = deny.pattern.lower()
    if pattern.startswith("notaction:"):
        return False
    reached = Expander(catalogue).reach(pattern) if is_wild(pattern) else (pattern,)
    return bool(reached) and set(reached) <= held(after, reached, catalogue).keys()
