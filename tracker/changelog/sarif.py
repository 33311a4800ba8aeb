"""What a gate found as SARIF 2.1.0, within what GitHub's code scanning reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from tracker.changelog.gate import Judged, sentence
from tracker.changelog.inert import inert
from tracker.changelog.record import Record
from tracker.changes.gate import Breach

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
MOST_RESULTS = 5_000  # GitHub shows no more of a run (and refuses more than 25,000)
MOST_RULES = 25_000  # GitHub refuses more in a run
_LONG = 1_000  # characters of a message: what is longer nobody reads in a margin


def sarif(
    judged: Sequence[Judged], forbidden: Iterable[str], failed: Sequence[tuple[str, str]], version: str
) -> Record:
    """One run: a rule for each forbidden pattern, a result for each statement that grants something of it."""
    broken = {breach.forbidden for one in judged for breach in one.breaches}
    # Where there are too many rules, those that are broken come first: no result may lose its own.
    kept = sorted(set(forbidden), key=lambda one: (one not in broken, one))[:MOST_RULES]
    rules = {pattern: number for number, pattern in enumerate(sorted(kept))}
    found = [(one, breach) for one in judged for breach in one.breaches]
    shown = found[:MOST_RESULTS]
    notes = [error if error.startswith(name) else f"{name}: {error}" for name, error in failed]
    if len(found) > len(shown):
        notes.append(
            f"{len(found):,} results, of which the first {len(shown):,} are in this file: GitHub shows no more"
        )
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "policy-tracker",
                        "version": version,
                        "rules": [_rule(pattern) for pattern in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not failed,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": _short(note)}} for note in notes
                        ],
                    }
                ],
                "results": list(_results(shown, rules)),
            }
        ],
    }


def _rule(pattern: str) -> Record:
    what = inert(pattern)
    return {
        "id": what,
        "name": "ForbiddenActionGranted",
        "shortDescription": {"text": _short(f"{what} is forbidden")},
        "fullDescription": {"text": _short(f"No policy may allow {what}, after its own Deny is subtracted.")},
        "help": {
            "text": _short(
                f"The statement allows an action that {what} forbids. Name the actions that are needed instead of a "
                f"wildcard, take the action out, or deny it. See {PAGE}"
            )
        },
        "helpUri": PAGE,
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "iam"], "security-severity": "8.0", "precision": "very-high"},
    }


def _results(shown: Iterable[tuple[Judged, Breach]], rules: dict[str, int]) -> Iterator[Record]:
    met: dict[str, int] = {}
    for judged, breach in shown:
        location: Record = {"artifactLocation": {"uri": judged.uri}}
        span = judged.span(breach)
        # GitHub wants a line; a document of which nothing is known begins at its first.
        location["region"] = (
            {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            }
            if span
            else {"startLine": 1}
        )
        mark = _mark(judged, breach)
        met[mark] = met.get(mark, 0) + 1
        yield {
            "ruleId": inert(breach.forbidden),
            "ruleIndex": rules[breach.forbidden],
            "level": "warning" if breach.how == "rescoped" else "error",
            "message": {"text": _short(f"{sentence(breach)}.")},
            "locations": [{"physicalLocation": location}],
            "partialFingerprints": {"grantedBy/v1": f"{mark}:{met[mark]}"},
        }


def _mark(judged: Judged, breach: Breach) -> str:
    """The same for the same finding after statements were moved: file, rule, and what grants it."""
    told = "\n".join((judged.uri, breach.forbidden, breach.sid, *breach.patterns))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def _short(text: str) -> str:
    text = inert(text)
    return text if len(text) <= _LONG else f"{text[: _LONG - 4]} ..."
