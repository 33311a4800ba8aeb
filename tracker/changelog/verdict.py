"""Need I worry? The gravest of a change in one sentence, to stand beneath its headline."""

from dataclasses import dataclass

from tracker.changelog.actors import short_actor
from tracker.changelog.findings import flagged, unreviewed
from tracker.changelog.headline import unseen
from tracker.changelog.wording import count, listed
from tracker.model.change import Change
from tracker.model.history import Kind

_NAMED = 3  # consequences; what is more is counted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a change before anybody has read it."""

    severity: str  # 'alarm', 'attention', or '' where nothing is flagged
    lead: str  # 'Alarm:', 'Nothing is flagged.'
    sentence: str  # 'AWS Support can now read S3 objects and log in to machines.'; possibly empty


def verdict_of(change: Change) -> Verdict:
    """The gravest findings by their consequences, and whether a tripwire of the user's own was hit."""
    found = flagged(change.attention)
    hit = listed(one.pattern for one in change.tripwires)
    if not found and not hit:
        new = unreviewed(change.attention)
        told = f"{count(new, 'action')} of it the watchlist has not reviewed yet." if new else ""
        return Verdict("", "Nothing is flagged.", told)
    severity = "alarm" if hit else found[0].severity
    words = list(dict.fromkeys(one.consequence for one in found if one.consequence))
    left = len(words) - _NAMED
    can = f"{', '.join(words[:_NAMED])}, and {count(left, 'thing')} more" if left > 0 else listed(words)
    parts = [f"{short_actor(change.policy)} {_verb(change)} {can}."] * bool(words)
    parts += [f"It hits your {'tripwire' if len(change.tripwires) == 1 else 'tripwires'} {hit}."] * bool(hit)
    return Verdict(severity, f"{severity.capitalize()}:", " ".join(parts))


def _verb(change: Change) -> str:
    if change.transition.kind is not Kind.COMPARED:
        return "can now"
    return "could" if unseen(change) else "can"
