"""`diff --explain ACTION`: which statements before and after make the verdict about one action."""

import json
from typing import TYPE_CHECKING, Any

from tracker.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.changes.difference_explain import Evidence, Explanation
    from tracker.model.catalogue import Catalogue
    from tracker.policy.document import Document

_VERDICTS = {
    "added": "it can be called now, and could not be before",
    "removed": "it could be called before, and can not be any more",
    "widened": "it can be called in more places than before, or under fewer conditions",
    "narrowed": "it can be called in fewer places than before, or under more conditions",
    "rescoped": "where it can be called has moved; please review",
    "equal": "nothing changed about it",
    "nothing": "it could not be called before, and can not be now",
}


def explained(
    before: "Document | None", after: "Document | None", action: str, catalogue: "Catalogue", wanted: str
) -> str:
    """The explanation as text or JSON. Raises InputError for another format, or where `action` is no single action."""
    from tracker.changes.difference_explain import explain

    if wanted not in ("text", "json"):
        raise InputError(
            f"--explain is not made as {wanted}", advice="wanted: --format text or --format json"
        )
    found = explain(before, after, action, catalogue)
    return json.dumps(_record(found), indent=2, ensure_ascii=False) if wanted == "json" else _text(found)


def _text(found: "Explanation") -> str:
    known = "" if found.known else " (an action that the catalogue does not know)"
    unproved = "" if found.proved else " (that it only moved can't be proved)"
    lines = [f"{found.action}{known}: {_VERDICTS.get(found.verdict, found.verdict)}{unproved}"]
    for when, evidence in (("before", found.before), ("after", found.after)):
        lines.append(f"\n{when}:" if evidence else f"\n{when}: no statement names it")
        lines += [_line(one) for one in evidence]
    return "\n".join(lines)


def _line(one: "Evidence") -> str:
    from tracker.changelog.scopes import all_in_words

    sid = f" ({one.sid})" if one.sid else ""
    return f"  statement {one.statement}{sid}: {one.effect} {one.pattern} {all_in_words((one.scope,))}"


def _record(found: "Explanation") -> dict[str, Any]:
    return {
        "schema": 1,
        "type": "explanation",
        "action": found.action,
        "known": found.known,
        "verdict": found.verdict,
        "proved": found.proved,
        "before": _evidence(found.before),
        "after": _evidence(found.after),
    }


def _evidence(evidence: "Sequence[Evidence]") -> list[dict[str, Any]]:
    from tracker.changelog.record import scope_record

    return [
        {
            "statement": one.statement,
            "sid": one.sid or None,
            "effect": one.effect,
            "pattern": one.pattern,
            "scope": scope_record(one.scope),
        }
        for one in evidence
    ]
