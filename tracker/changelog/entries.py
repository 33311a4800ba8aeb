"""Changes a line each: in a policy's timeline, in the list of everything, on the first page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from tracker.changelog.places import policy_page
from tracker.changelog.wording import count, listed
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow

_KINDS = {
    "removed": "no longer visible", "reappeared": "visible again", "created": "new policy", "recreated": "made again",
    "rolled-back": "rolled back", "republished": "republished", "updated": "updated",
    "catalogue-growth": "catalogue growth", "compared": "compared",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One count of a change with its sign and its word: `+364 added`."""

    sign: str
    count: int
    word: str
    css: str  # 'plus', 'minus' or ''


@dataclass(frozen=True, slots=True)
class Entry:
    """One change in a line."""

    id: str
    arn: PolicyArn
    path: str  # of its page, from the root
    versions: str
    kind: str  # 'updated', 'rolled-back', as the record has it
    word: str  # 'updated', 'rolled back', for a reader
    observed_at: datetime
    headline: str
    severity: str
    flagged: int  # findings that deserve attention
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()  # gaps, what came between, how long it lasted

    @property
    def loud(self) -> bool:
        """Whether it is marked in a list."""
        return self.severity in ("alarm", "attention")


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries under one heading."""

    name: str  # '2026', 'August 2026'
    entries: tuple[Entry, ...]
    folded: tuple[tuple[str, tuple[Entry, ...]], ...] = ()  # (day, its republications), told in one line each
    file: str = ""  # of the page that is about it alone

    @property
    def count(self) -> int:
        """How many changes, the folded ones too."""
        return len(self.entries) + sum(len(each) for _, each in self.folded)


def kind_word(kind: str) -> str:
    """A kind as a reader says it."""
    return _KINDS.get(kind, kind)


def entry(row: ChangeRow, stem: str, notes: Iterable[str] = ()) -> Entry:
    """A row of the log laid out; `stem` is that of its page."""
    return Entry(
        id=row.id,
        arn=row.arn,
        path=policy_page(row.arn, f"{stem}.html"),
        versions=" to ".join(str(one) for one in (row.from_version, row.to_version) if one),
        kind=row.kind,
        word=kind_word(row.kind),
        observed_at=row.observed_at,
        headline=row.headline,
        severity=row.severity,
        flagged=row.summary.get("attention", 0),
        figures=figures(row.summary),
        notes=tuple(notes),
    )


def figures(summary: Mapping[str, int]) -> tuple[Figure, ...]:
    """The counts worth a place in a line; what is zero is left out."""
    found = (
        Figure("+", summary.get("actions_added", 0), "added", "plus"),
        Figure("−", summary.get("actions_removed", 0), "withdrawn", "minus"),
        Figure("", summary.get("actions_widened", 0), "widened", ""),
        Figure("", summary.get("actions_narrowed", 0), "narrowed", ""),
        Figure("", summary.get("actions_rescoped", 0), "re-scoped", ""),
        Figure("+", summary.get("denies_added", 0), "denied", "minus"),
        Figure("−", summary.get("denies_removed", 0), "no longer denied", "plus"),
    )
    return tuple(one for one in found if one.count)


def by_year(entries: Iterable[Entry]) -> tuple[Batch, ...]:
    """Entries, newest first, under their years."""
    return tuple(
        Batch(year, tuple(found)) for year, found in groupby(entries, lambda one: f"{one.observed_at:%Y}")
    )


def by_month(entries: Iterable[Entry]) -> tuple[Batch, ...]:
    """Entries, newest first, under their months; republications of one day, where there are several, folded."""
    found = []
    for month, group in groupby(entries, lambda one: f"{one.observed_at:%Y-%m}"):
        told: list[Entry] = []
        folded = []
        for day, each in groupby(group, lambda one: f"{one.observed_at:%Y-%m-%d}"):
            same_day = tuple(each)
            again = tuple(one for one in same_day if one.kind == "republished")
            if len(again) > 1:
                folded.append((day, again))
            told += [one for one in same_day if one not in again or len(again) < 2]
        first = (told or list(folded[0][1]))[0].observed_at
        found.append(Batch(f"{first:%B %Y}", tuple(told), tuple(folded), f"{month}.html"))
    return tuple(found)


def unseen_note(gap: Iterable[str], filled: Iterable[str]) -> tuple[str, ...]:
    """What lies between two defaults, in a sentence each."""
    missing, kept = list(gap), list(filled)
    notes = []
    if missing:
        what = listed(missing) if len(missing) < 3 else f"{missing[0]} to {missing[-1]}"
        notes.append(
            f"{count(len(missing), 'version')} between the two {'was' if len(missing) == 1 else 'were'} never seen: {what}"
        )
    if kept:
        notes.append(
            f"{listed(kept)} {'was' if len(kept) == 1 else 'were'} published between the two and never in force"
        )
    return tuple(notes)
