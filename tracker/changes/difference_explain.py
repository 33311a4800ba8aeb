"""Why an action's verdict is what it is: the statements before and after that name it."""

from dataclasses import dataclass

from tracker.changes.difference_effective import Judge
from tracker.errors import InputError
from tracker.model.catalogue import Catalogue
from tracker.model.change import Effect, Scope
from tracker.policy.access import Places, scope_order
from tracker.policy.document import Document, Place, Statement
from tracker.policy.granted import catalogue_spelling
from tracker.policy.patterns import matches
from tracker.policy.regions import Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement that decides about an action."""

    statement: int  # its place in the document, from 1, as a reader counts
    sid: str
    effect: Effect
    pattern: str  # what names the action there: 's3:Get*', or 'NotAction: iam:*'
    scope: Scope


@dataclass(frozen=True, slots=True)
class Explanation:
    """One action in two documents."""

    action: str  # as the newer document spells it, else the older, else the catalogue
    known: bool  # the catalogue has it
    verdict: (
        Verdict  # 'added', 'removed', 'widened', 'narrowed', 'rescoped', 'equal', or 'nothing': not allowed
    )
    proved: bool
    before: tuple[Evidence, ...]  # Allows and Denies, in the order of the document
    after: tuple[Evidence, ...]


def explain(
    before: Document | None, after: Document | None, action: str, catalogue: Catalogue
) -> Explanation:
    """Which statements of two documents make the verdict on one action ('s3:GetObject', any case).

    Raises InputError where `action` is no single action.
    """
    low = action.lower()
    service, _, name = low.partition(":")
    if not (service and name) or "*" in low or "?" in low:
        raise InputError(
            f"not one action: {action!r}",
            advice="name one, with its service: policy-tracker diff --explain s3:GetObject",
        )
    places = Places()
    was, now = _evidence(before, low), _evidence(after, low)
    verdict, proved = Judge(places).ruling(*(_signature(side, places) for side in (was, now)))
    literal = [e.pattern for _, e in (*now, *was) if e.pattern.lower() == low]
    return Explanation(
        action=literal[0] if literal else catalogue_spelling(low, catalogue),
        known=catalogue.action(service, name) is not None,
        verdict=verdict,
        proved=proved,
        before=tuple(e for _, e in was),
        after=tuple(e for _, e in now),
    )


def _evidence(document: Document | None, action: str) -> list[tuple[Place, Evidence]]:
    found = []
    for one in document.statements if document else ():
        pattern = _names(one, action)
        if pattern is not None:
            evidence = Evidence(one.index + 1, one.sid, one.effect, pattern, one.scope)
            found.append((Place(one.scope, one.literal_variables), evidence))
    return found


def _names(statement: Statement, action: str) -> str | None:
    """What of a statement names the action; None where nothing does."""
    naming = [pattern for pattern in statement.listed if matches(pattern.lower(), action)]
    if statement.actions is not None:
        literal = [pattern for pattern in naming if pattern.lower() == action]
        return min(literal or naming, default=None)
    return None if naming else "NotAction: " + ", ".join(sorted(set(statement.listed), key=str.lower))


def _signature(side: list[tuple[Place, Evidence]], places: Places) -> int:
    signature = 0
    for place, evidence in sorted(side, key=lambda one: scope_order(one[0].scope)):
        signature |= 1 << (2 * places.number(place) + (evidence.effect == "Deny"))
    return signature
