"""What a gate found, in words and as a record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.changelog.record import Record, scope_record
from tracker.changelog.scopes import all_in_words
from tracker.changelog.wording import count
from tracker.changes.gate import Breach
from tracker.policy.positions import Span

_NAMED = 5
_HOWS = {
    "granted": "granted",
    "added": "newly granted",
    "widened": "granted more widely",
    "rescoped": "granted elsewhere (please review)",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One policy or file with what the gate found in it."""

    name: str  # as it was named: 'ReadOnlyAccess v12', 'policies/a.json'
    file: str  # the path of the file that holds the document, as it was named or as the archive keeps it
    uri: str  # the same as a URI: relative to the current folder where it is in it
    spans: tuple[Span, ...]  # of its statements; empty where they are not known
    breaches: tuple[Breach, ...]

    def span(self, breach: Breach) -> Span | None:
        """Where the statement of a breach stands; a document in a string has one span for all of them."""
        if not self.spans:
            return None
        return self.spans[min(breach.statement, len(self.spans)) - 1]


def text(judged: Sequence[Judged], forbidden: int, against: str) -> str:
    """A line for each policy or file; under it one for each pattern and statement."""
    lines = []
    for one in judged:
        patterns = len({breach.forbidden for breach in one.breaches})
        verb = "newly granted" if against else "granted"
        if not patterns:
            lines.append(f"{one.name}: nothing forbidden is {verb}")
            continue
        of = count(forbidden, "forbidden pattern", "forbidden patterns")
        lines.append(f"{one.name}: {patterns:,} of {of} {'is' if patterns == 1 else 'are'} {verb}")
        lines += [f"  {place(one, breach)}: {sentence(breach)}" for breach in one.breaches]
    return "\n".join(lines)


def place(judged: Judged, breach: Breach) -> str:
    """`line 4, statement 2 (Admin)`."""
    span = judged.span(breach)
    line = f"line {span.line}, " if span else ""
    return f"{line}statement {breach.statement}{f' ({breach.sid})' if breach.sid else ''}"


def sentence(breach: Breach) -> str:
    """`iam:PassRole is granted on every resource, by iam:*; forbidden by iam:Pass*`."""
    named = ", ".join(breach.actions[:_NAMED])
    more = len(breach.actions) - _NAMED
    if more > 0:
        named += f" and {more:,} more"
    by = ", ".join(breach.patterns[:_NAMED]) + (" ..." if len(breach.patterns) > _NAMED else "")
    verb = "is" if len(breach.actions) == 1 else "are"
    where = all_in_words((breach.scope,))
    if not breach.actions:
        told = (
            f"no action that is known today, but what AWS may yet add is {_HOWS[breach.how]} {where}, by {by}"
        )
    elif set(breach.patterns) == set(breach.actions):
        told = f"{named} {verb} {_HOWS[breach.how]} {where}"
    else:
        told = f"{named} {verb} {_HOWS[breach.how]} {where}, by {by}"
    if breach.denied:
        told += f", but denied {all_in_words(breach.denied)}"
    return told if breach.actions == (breach.forbidden,) else f"{told}; forbidden by {breach.forbidden}"


def record(
    judged: Iterable[Judged],
    forbidden: Iterable[str],
    against: str,
    catalogue: str,
    unknown: Iterable[str],
    failed: Iterable[tuple[str, str]],
) -> Record:
    """The one JSON document of a gate, schema 1."""
    return {
        "schema": 1,
        "type": "gate",
        "forbidden": sorted(forbidden),
        "unknown": sorted(unknown),
        "against": against or None,
        "catalogue": catalogue,
        "judged": [{"name": one.name, "file": one.file} for one in judged],
        "failed": [{"name": name, "error": error} for name, error in failed],
        "items": [_item(one, breach) for one in judged for breach in one.breaches],
    }


def _item(judged: Judged, breach: Breach) -> Record:
    span = judged.span(breach)
    return {
        "name": judged.name,
        "file": judged.file,
        "forbidden": breach.forbidden,
        "how": breach.how,
        "actions": list(breach.actions),
        "patterns": list(breach.patterns),
        "statement": breach.statement,
        "sid": breach.sid,
        "scope": scope_record(breach.scope),
        "denied": [scope_record(scope) for scope in breach.denied],
        "region": {
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        }
        if span
        else None,
    }
