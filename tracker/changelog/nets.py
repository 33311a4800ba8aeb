"""The net of a month in a line of a list, among the changes of others."""

from typing import TYPE_CHECKING

from tracker.changelog.entries import Entry, figures
from tracker.changelog.headline import versions
from tracker.changelog.overall import SEVEREST
from tracker.changelog.period_headline import period_headline
from tracker.changelog.record import summary_record
from tracker.changelog.wording import count
from tracker.model.recorded import ChangeRow

if TYPE_CHECKING:
    from tracker.model.change import Period


def net_entry(period: "Period", path: str, last: ChangeRow) -> Entry:
    """A period of one policy as an entry. `last`: its last change; `path`: the page of the period."""
    passing = len({one.action for one in period.transient})
    flagged = sum(1 for one in period.transient_attention if not one.accepted)
    notes = [f"{count(len(period.transitions), 'change')} inside the month"]
    if passing:
        told = f"{count(passing, 'action')} came and went"
        notes.insert(0, f"{told}, {flagged:,} flagged" if flagged else told)
    summary = summary_record(period.net) if period.net else {}
    severities = [one.severity for one in period.transitions]
    severities += [one.severity for one in period.transient_attention]
    return Entry(
        id=last.id,
        arn=period.policy,
        path=path,
        versions=versions(period.net) if period.net else str(last.to_version or ""),
        kind="net" if period.net or passing else "republished",
        word="net" if period.net else "nothing is left of it",
        observed_at=last.observed_at,
        headline=period_headline(period),
        severity=min(severities, key=SEVEREST.index, default="none"),
        flagged=summary.get("attention", 0),
        figures=figures(summary),
        notes=tuple(notes),
    )
