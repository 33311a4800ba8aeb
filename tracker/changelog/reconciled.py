"""Announced against observed, for readers and programs."""

from collections import Counter
from collections.abc import Sequence

from tracker.changelog.markdown import prose
from tracker.changelog.record import Record
from tracker.model.announcements import Verdict
from tracker.model.instants import iso

# In the order in which they are counted, with the words for them.
STANDINGS = {
    "agrees": "agree",
    "differs": "differ",
    "uncounted": "announced without a count",
    "not-seen": "announced and not seen",
    "not-announced": "seen and not announced",
    "unknown": "not to be told",
}
_VERBS = ("agree", "differ")  # of one: it agrees
COLUMNS = ("announced", "said", "made (UTC)", "versions", "seen", "standing", "why")


def verdict_record(one: Verdict) -> Record:
    """A verdict as JSON has it."""
    said, seen = one.announced, one.seen
    return {
        "standing": one.standing,
        "why": one.why,
        "announced": None
        if said is None
        else {
            "day": said.day.isoformat(),
            "added": said.added,
            "removed": said.removed,
            "removes": said.removes,
            "services": list(said.services),
            "source": said.source,
        },
        "change": None
        if seen is None
        else {
            "id": seen.id,
            "kind": seen.kind,
            "from": str(seen.from_version) if seen.from_version else None,
            "to": str(seen.to_version) if seen.to_version else None,
            "made": iso(seen.made),
            "added": seen.added,
            "removed": seen.removed,
            "services": None if seen.services is None else list(seen.services),
        },
    }


def verdict_row(one: Verdict) -> tuple[str, ...]:
    """A verdict in the order of `COLUMNS`."""
    said, seen = one.announced, one.seen
    counts = "" if said is None else _counts(said.added, said.removed) or "no count"
    return (
        said.day.isoformat() if said else "",
        counts,
        f"{seen.made:%Y-%m-%d %H:%M}" if seen else "",
        f"{seen.from_version or 'none'} to {seen.to_version or 'none'}" if seen else "",
        _counts(seen.added, seen.removed) or "+0" if seen else "",
        one.standing,
        one.why,
    )


def _counts(added: int | None, removed: int | None) -> str:
    parts = [f"+{added:,}"] if added is not None else []
    parts += [f"-{removed:,}"] if removed else []
    return " ".join(parts)


def counted(verdicts: Sequence[Verdict]) -> str:
    """`4 agree, 1 differs, 30 seen and not announced`."""
    counts = Counter[str](one.standing for one in verdicts)
    told = [
        f"{counts[key]:,} {key if counts[key] == 1 and words in _VERBS else words}"
        for key, words in STANDINGS.items()
        if counts[key]
    ]
    return ", ".join(told) or "nothing was announced, and nothing seen"


def verdicts_markdown(policy: str, verdicts: Sequence[Verdict], until: str) -> str:
    """A table with its sum."""
    lines = [
        f"# {prose(policy)}: announced against observed",
        "",
        f"{counted(verdicts).capitalize()}. What AWS announced is known until {until}.",
    ]
    if verdicts:
        lines += ["", "| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
        lines += ["| " + " | ".join(prose(cell) for cell in verdict_row(one)) + " |" for one in verdicts]
    return "\n".join(lines) + "\n"
