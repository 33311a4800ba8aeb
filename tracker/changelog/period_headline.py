"""A period in one sentence, and in the subject of its mail: what lasted, what came and went, how often anybody looked."""

from collections.abc import Iterable
from datetime import datetime

from tracker.changelog.actors import actor, lower_first, short_actor
from tracker.changelog.findings import flagged
from tracker.changelog.headline import denied, kind_in_words, versions
from tracker.changelog.subject import can_now, clip, signed, verdict
from tracker.changelog.wording import between, count, listed, number, stretch
from tracker.model.change import Attention, Change, Period, Transient
from tracker.model.history import Kind
from tracker.model.instants import words


def looks(period: Period) -> str:
    """How often anybody looked, and what follows from it; never a bare 'nothing changed'."""
    if period.looks == 1 and period.last_look:
        return f"Looked once, at {words(period.last_look)}."
    if period.looks and period.last_look:
        first = f", first at {words(period.first_look)}" if period.first_look else ""
        return f"Looked {count(period.looks, 'time')}{first}, last at {words(period.last_look)}."
    bases = {change.transition.after.basis for change in period.transitions if change.transition.after}
    if "look" in bases or not bases:
        return "Nobody looked in this period: what AWS changed and changed back in it is not known."
    how = "the commits of an archive" if "commit" in bases else "the versions' own dates"
    return f"Nobody looked in this period: what is told here follows {how}."


def _most(transient: Iterable[Transient], direction: str) -> tuple[int, str]:
    """How many actions came and went, and how long the longest of them was in force."""
    found = [one for one in transient if one.direction == direction]
    if not found:
        return 0, ""
    longest = max(found, key=lambda one: (one.max_s, one.min_s))
    return len(found), between(longest.min_s, longest.max_s)


def _came_and_went(period: Period) -> str:
    """`could call 41 more actions, and 14 fewer, for at most 10 h 25 min`; empty where nothing came and went."""
    granted, for_how_long = _most(period.transient, "granted")
    withdrawn, without = _most(period.transient, "withdrawn")
    if granted and withdrawn and for_how_long == without:
        return f"could call {count(granted, 'more action')}, and {number(withdrawn)} fewer, for {without}"
    if granted and withdrawn:
        return f"could call {count(granted, 'more action')} for {for_how_long}, and {number(withdrawn)} fewer for {without}"
    if granted:
        return f"could call {count(granted, 'more action')} for {for_how_long}"
    if withdrawn:
        return f"could call {count(withdrawn, 'action')} fewer for {without}"
    if moved := len({one.action.lower() for one in period.transient_scopes}):
        return f"could for a while call {count(moved, 'action')} in another scope"
    return ""


def period_headline(period: Period) -> str:
    """The answer of a period in one sentence: what lasted, and what came and went inside it."""
    name, who = stretch(period.since, period.until), lower_first(actor(period.policy))
    passing = _came_and_went(period)
    gained = _net(period.net) if period.net else ""
    grown = _grown(period)
    if gained:
        return f"{name}: {who} {gained}{'; besides, it ' + passing if passing else ''}{grown}."
    if passing:
        return f"{name}: {who} gained and lost nothing that lasted, but {passing}{grown}."
    if moved := [one for one in period.transitions if one.transition.kind is not Kind.CATALOGUE_GROWTH]:
        what = listed(dict.fromkeys(f"{kind_in_words(one)} ({versions(one)})" for one in moved))
        return f"{name}: {what}, after which {who} can do exactly what it could do before{grown}."
    if grown:
        return f"{name}: AWS made no other version the default{grown}."
    if period.looks and period.last_look:
        return f"{name}: {_looked(period, period.last_look)}, nothing changed."
    return f"{name}: nobody looked, so whether anything changed is not known."


def _grown(period: Period) -> str:
    """What upgrades of the catalogue gave and took: `; by AWS's newer list of actions its wildcards reach 3 actions more`."""
    found = period.growths
    added = {one.action.lower() for change in found for one in change.difference.actions_added}
    gone = {one.action.lower() for change in found for one in change.difference.actions_removed}
    told = [f"{count(len(added), 'action')} more"] * bool(added) + [f"{number(len(gone))} fewer"] * bool(gone)
    return f"; by AWS's newer list of actions its wildcards reach {listed(told)}" if told else ""


def _looked(period: Period, last: datetime) -> str:
    return (
        f"looked once, at {words(last)}"
        if period.looks == 1
        else f"looked {count(period.looks, 'time')}, last at {words(last)}"
    )


def _net(net: Change) -> str:
    """`gained 55 actions in 9 services, 2 of them new, and lost 15`; empty where nothing of it is effective."""
    difference = net.difference
    parts = []
    if added := difference.actions_added:
        services = count(len({one.service for one in added}), "service")
        new = len(difference.services_added)
        parts.append(
            f"gained {count(len(added), 'action')} in {services}{f', {number(new)} of them new' if new else ''}"
        )
    if removed := difference.actions_removed:
        parts.append(f"lost {number(len(removed))}" if added else f"lost {count(len(removed), 'action')}")
    for moved, word in (
        (difference.actions_widened, "widened"),
        (difference.actions_narrowed, "narrowed"),
        (difference.actions_rescoped, "re-scoped (please review)"),
    ):
        if moved:
            parts.append(f"had {count(len(moved), 'action')} {word}")
    if difference.denies_added:
        parts.append(f"is now denied {denied(difference.denies_added, 'more ')}")
    if difference.denies_removed:
        parts.append(f"is no longer denied {denied(difference.denies_removed)}")
    if difference.denies_rescoped:
        parts.append(f"is denied {denied(difference.denies_rescoped)} elsewhere or otherwise (please review)")
    if difference.services_added and len(parts) == 2:
        return f"{parts[0]}, and {parts[1]}"
    return listed(parts)


def period_subject(period: Period) -> str:
    """One line: 'AWS Support can now read S3 objects (+55 −15 actions, December 2021)'."""
    name, who = stretch(period.since, period.until), short_actor(period.policy)
    net = period.net
    added, removed = (
        (len(net.difference.actions_added), len(net.difference.actions_removed)) if net else (0, 0)
    )
    lasting = [item.consequence for item in flagged(net.attention) if item.consequence] if net else []
    passing = [item for item in flagged(period.transient_attention) if item.consequence]
    if lasting:
        return clip(f"{can_now(who, lasting[0])} ({signed(added, removed)}, {name})")
    if passing:
        kept = f"net {signed(added, removed)}" if added or removed else "net nothing"
        return clip(
            f"{who} could {passing[0].consequence} for {_lasted(period, passing[0])} ({name}, {kept})"
        )
    return clip(f"{who}: {_quiet(period)} ({name})")


def _lasted(period: Period, item: Attention) -> str:
    """How long the longest of a finding's actions came and stayed."""
    wanted = {action.lower() for action in item.actions}
    found = [one for one in (*period.transient, *period.transient_scopes) if one.action.lower() in wanted]
    return next((_most(found, how)[1] for how in ("granted", "widened") if _most(found, how)[0]), "a while")


def _quiet(period: Period) -> str:
    """A subject's middle where nothing leads."""
    net = period.net
    added, removed = (
        (len(net.difference.actions_added), len(net.difference.actions_removed)) if net else (0, 0)
    )
    if net and (added or removed):
        new = len(net.difference.services_added)
        more = f", {count(new, 'new service')}" if new else ""
        return f"{signed(added, removed)}{more}, {verdict(net.attention)}"
    if passing := len(period.transient) + len(period.transient_scopes):
        return f"net nothing, {count(passing, 'action')} came and went"
    if grown := period.growths:
        added, removed = (
            sum(len(getattr(one.difference, side)) for one in grown)
            for side in ("actions_added", "actions_removed")
        )
        return f"{signed(added, removed)} by its wildcards, no new version"
    if period.transitions or net:
        return f"nothing gained or lost, {count(len(period.transitions), 'change')} of the document"
    if period.looks:
        return f"looked {count(period.looks, 'time')}, nothing changed"
    return "nobody looked, nothing is known"
