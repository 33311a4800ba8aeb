"""What changed everywhere, in a line a change: the gravest first, and what was republished folded into one line."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changelog.wording import count, stretch, was
from tracker.model.history import Kind
from tracker.model.instants import words
from tracker.model.recorded import ChangeRow

SEVEREST = ("alarm", "attention", "info", "none")
NAMED = 5  # policies of a folded line that are named


@dataclass(frozen=True, slots=True)
class Folded:
    """The changes of a stretch of time, as a list of all of them tells them."""

    name: str  # '2021-12', or empty
    told: tuple[ChangeRow, ...]  # the gravest first
    republished: tuple[ChangeRow, ...]  # by name; empty where there is one alone, which is told

    @property
    def republished_in_words(self) -> str:
        """`737 policies were republished with the same access: A, B, C, D, E and 732 more`; empty for none."""
        if not self.republished:
            return ""
        names = list(dict.fromkeys(row.name for row in self.republished))
        told = f"{count(len(names), 'policy', 'policies')} {was(len(names))} republished with the same access"
        return f"{told}: {some(names)}"


def some(names: Sequence[str]) -> str:
    """The first few of many names, and how many there are besides."""
    if len(names) <= NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"


def folded(rows: Iterable[ChangeRow], name: str = "") -> Folded:
    """Lay the changes of one stretch out."""
    ordered = sorted(rows, key=_gravest_first)
    again = [row for row in ordered if row.kind == Kind.REPUBLISHED]
    if len(again) < 2:
        again = []
    folding = {row.id for row in again}
    return Folded(
        name,
        tuple(row for row in ordered if row.id not in folding),
        tuple(sorted(again, key=lambda row: (row.name.lower(), str(row.arn), row.observed_at))),
    )


def by_month(rows: Iterable[ChangeRow]) -> tuple[Folded, ...]:
    """Lay the changes out by the months (UTC) in which they were seen, the newest month first."""
    months: defaultdict[str, list[ChangeRow]] = defaultdict(list)
    for row in rows:
        months[f"{row.observed_at:%Y-%m}"].append(row)
    return tuple(folded(months[name], name) for name in sorted(months, reverse=True))


def overall_headline(
    found: Folded,
    since: datetime,
    until: datetime,
    *,
    known: int,
    read: Sequence[datetime],
    unread: int,
) -> str:
    """What a stretch of time did to all policies, in one sentence.

    `read`: when each of those of which no change is on record was last looked at; `unread`: of how many nobody did.
    """
    grave = Counter(row.severity for row in found.told if row.severity in ("alarm", "attention"))
    severities = [f"{number} {severity}" for severity, number in sorted(grave.items())]
    parts = []
    if found.told:
        told = f"{count(len(found.told), 'change')} of {count(len({row.arn for row in found.told}), 'policy', 'policies')}"
        parts.append(f"{told} ({', '.join(severities) or 'none flagged'})")
    if found.republished:
        parts.append(f"{len({row.arn for row in found.republished}):,} republished with the same access")
    if read:
        parts.append(f"{len(read):,} looked at, last {words(min(read))}, and nothing changed")
    if unread:
        parts.append(f"{unread:,} with no change on record, at which nobody looked")
    return f"{stretch(since, until)}, {count(known, 'policy', 'policies')}: {'; '.join(parts)}."


def _gravest_first(row: ChangeRow) -> tuple[object, ...]:
    return (
        SEVEREST.index(row.severity) if row.severity in SEVEREST else len(SEVEREST),
        -row.summary.get("attention", 0),
        -row.observed_at.timestamp(),
        row.name.lower(),
        str(row.arn),
        row.id,
    )
