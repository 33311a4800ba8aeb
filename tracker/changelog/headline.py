"""The answer in one sentence: what can be done today that could not be done before.

The sentence is about the effective layer (what the document grants today); what deserves attention follows it on the
page and leads in the subject of a mail (subject.py).
"""

from collections.abc import Iterable
from datetime import datetime

from tracker.changelog.actors import actor, lower_first
from tracker.changelog.roles import role_headline
from tracker.changelog.wording import between, count, day, listed, number, short, some, was
from tracker.model.change import Change, DenyChange, Difference
from tracker.model.history import Endpoint, Kind, Rollback
from tracker.model.identity import VersionId


def headline(change: Change) -> str:
    """One sentence in the reader's words, ending with a full stop. Never a bare 'nothing changed'."""
    kind, who = change.transition.kind, lower_first(actor(change.policy))
    before, after = change.transition.before, change.transition.after
    if change.role is not None:
        return role_headline(change, change.role)
    if kind is Kind.REMOVED:
        return f"{change.policy.name} is no longer visible to this account; that alone withdraws no action."
    if kind is Kind.REPUBLISHED and before and after:
        return (
            f"AWS published the same access again as {after.version} (it was {before.version}): "
            f"{who} can do exactly what it could do before."
        )
    if kind is Kind.CREATED and after:
        return f"{change.policy.name} is new ({after.version}): {_all_of(change)}."
    if kind is Kind.REAPPEARED and after and not before:
        return f"{change.policy.name} is visible to this account again ({after.version}): {_all_of(change)}."
    if kind is Kind.ROLLED_BACK and change.transition.rollback:
        return _rolled_back(change, change.transition.rollback)
    if kind is Kind.COMPARED and before and after and _identity(before) == _identity(after):
        return f"{before.version} was compared with itself: it is the same version."
    opening, can = _opening(change)
    sentence = _sentence(change, can)
    return f"{opening}{lower_first(sentence)}" if opening else sentence


def _identity(end: Endpoint) -> tuple[VersionId, datetime]:
    return end.version, end.create_date


def _opening(change: Change) -> tuple[str, str]:
    """What is to be said before the sentence about actions, and the verb that the sentence then wants."""
    name, before, after = change.policy.name, change.transition.before, change.transition.after
    version = after.version if after else "no version"
    match change.transition.kind:
        case Kind.RECREATED:
            return f"{name} was made again and starts over at {version}: ", "can now"
        case Kind.REAPPEARED:
            return f"{name} is visible to this account again ({version}): ", "can now"
        case Kind.CATALOGUE_GROWTH:
            return "AWS's list of actions moved, not the policy: ", "can now"
        case Kind.COMPARED if before and unseen(change):
            return (
                f"AWS made {version}, and nobody saw it in force: with it instead of {before.version}, ",
                "could",
            )
        case Kind.COMPARED if before:
            return f"With {version} instead of {before.version}, ", "can"
    return (
        (f"{version} is back after it had been rolled back: ", "can now")
        if change.transition.reinstated
        else ("", "can now")
    )


def unseen(change: Change) -> bool:
    """True for a version that was made after the default and that nobody ever saw in force."""
    before, after = change.transition.before, change.transition.after
    if change.transition.kind is not Kind.COMPARED or not before or not after:
        return False
    return before.observed_at is not None and after.observed_at is None


def _all_of(change: Change) -> str:
    """What a policy allows that was not there before, whole."""
    difference, who = change.difference, lower_first(actor(change.policy))
    if not difference.actions_added:
        if difference.denies_added:
            return f"{who} is denied {denied(difference.denies_added)}"
        return f"{who} can call no action yet"
    services = {action.service for action in difference.actions_added}
    return f"{who} can call {count(len(difference.actions_added), 'action')} in {count(len(services), 'service')}"


def _rolled_back(change: Change, rollback: Rollback) -> str:
    difference = change.difference
    who = lower_first(actor(change.policy))
    gone, back = len(difference.actions_removed), len(difference.actions_added)
    parts = []
    if gone:
        parts.append(f"{who} can no longer call {count(gone, 'action')}")
    if back:
        parts.append(
            f"{count(back, 'action')} can be called again"
            if gone
            else f"{who} can again call {count(back, 'action')}"
        )
    parts += _moved(difference)
    told = listed(parts) or f"{who} can do exactly what it could do before"
    lasted = between(rollback.in_force_min_s, rollback.in_force_max_s)
    return f"Rolled back to {rollback.restored}: {told}; {rollback.withdrawn} was in force for {lasted}."


def _moved(difference: Difference) -> list[str]:
    """`1 was widened`, `2 were narrowed`, `1 moved elsewhere (please review)`; empty where nothing did."""
    parts = []
    for changes, verb in ((difference.actions_widened, "widened"), (difference.actions_narrowed, "narrowed")):
        if changes:
            parts.append(f"{number(len(changes))} {was(len(changes))} {verb}")
    if changes := difference.actions_rescoped:
        parts.append(f"{number(len(changes))} {was(len(changes))} re-scoped (please review)")
    return parts


def denied(denies: Iterable[DenyChange], more: str = "") -> str:
    """`s3:PutObject`, `3 actions`, or `3 action patterns` where one of several holds a wildcard."""
    patterns = {deny.pattern for deny in denies}
    if len(patterns) == 1:
        return short(next(iter(patterns)), 80)
    wild = any("*" in pattern or "?" in pattern or " " in pattern for pattern in patterns)
    return count(len(patterns), f"{more}{'action pattern' if wild else 'action'}")


def _sentence(change: Change, can: str) -> str:
    """What became of the actions, in one sentence that begins with the actor."""
    who, difference = actor(change.policy), change.difference
    added, removed = difference.actions_added, difference.actions_removed
    rest = _moved(difference)
    if added:
        services = {action.service for action in added}
        first = f"{who} {can} call {count(len(added), 'more action')}"
        new = len(difference.services_added)
        if len(added) == 1:
            first += f", {short(added[0].action, 80)}{', of a service that is new' if new else ''}"
        else:
            first += f" in {count(len(services), 'service')}{f', {number(new)} of them new' if new else ''}"
        if removed:
            rest.insert(0, f"{number(len(removed))} {was(len(removed))} withdrawn")
        return f"{first}; {listed(rest)}." if rest else f"{first}."
    if removed:
        services = {action.service for action in removed}
        verb = "can" if can == "can now" else can
        what = (
            short(removed[0].action, 80)
            if len(removed) == 1
            else f"{count(len(removed), 'action')} in {count(len(services), 'service')}"
        )
        first = f"{who} {verb} no longer call {what}"
        if gone := len(difference.services_removed):
            some_of = f"{number(gone)} of which" if gone < len(services) else "which"
            first += f", of {some_of} nothing is left" if len(removed) > 1 else ", the last of its service"
        return f"{first}; {listed(rest)}." if rest else f"{first}."
    return _no_action_came_or_went(change)


def _no_action_came_or_went(change: Change) -> str:
    who, difference = actor(change.policy), change.difference
    for changes, how in (
        (difference.actions_widened, "more widely"),
        (difference.actions_narrowed, "only more narrowly"),
        (difference.actions_rescoped, "elsewhere or otherwise than before (please review)"),
    ):
        others = [
            c
            for c in (difference.actions_widened, difference.actions_narrowed, difference.actions_rescoped)
            if c
        ]
        if changes and len(others) == 1:
            names = listed([one.action for one in changes[:2]])
            if len(changes) > 2:
                names = f"{changes[0].action} and {number(len(changes) - 1)} others"
            return f"{who} can call the same actions as before, {names} {how}."
    if rest := _moved(difference):
        return f"{who} can call the same actions as before, of which {listed(rest)}."
    if (
        difference.denies_added
        or difference.denies_removed
        or difference.denies_widened
        or difference.denies_narrowed
        or difference.denies_rescoped
    ):
        return _denies(difference, who)
    return _no_access_moved(change)


def _no_access_moved(change: Change) -> str:
    """What of the document is otherwise, where nobody can do anything more or less today."""
    who, difference = actor(change.policy), change.difference
    if grown := [pattern.pattern for pattern in difference.patterns_added if pattern.open_ended]:
        return (
            f"{who} can call the same actions as before, but {some(grown, 2)} will also allow "
            "what AWS adds there later."
        )
    if shrunk := [pattern.pattern for pattern in difference.patterns_removed if pattern.open_ended]:
        return (
            f"{who} can call the same actions as before; what AWS adds later is no longer covered by "
            f"{some(shrunk, 2)}."
        )
    if difference.patterns_added or difference.patterns_removed:
        return f"{who} can call the same actions as before; the patterns that allow them are others."
    if difference.redundant:
        return f"{who} can do exactly what it could do before; {count(len(difference.redundant), 'edit')} had no effect."
    before, after = change.transition.before, change.transition.after
    if before and after and _identity(before) == _identity(after):
        return f"{who} can do exactly what it could do before; it is the same version."
    if difference.cosmetic or change.transition.kind is not Kind.COMPARED:
        return f"{who} can do exactly what it could do before; only the document was rewritten."
    return f"{who} can do exactly the same: it is the same document."


def _denies(difference: Difference, who: str) -> str:
    """What a change of denies alone means to whoever holds the policy."""
    parts = []
    if difference.denies_added:
        parts.append(f"is now denied {denied(difference.denies_added, 'more ')}")
    if difference.denies_removed:
        parts.append(f"is no longer denied {denied(difference.denies_removed)}")
    if difference.denies_widened:
        parts.append(f"is denied {denied(difference.denies_widened)} more widely")
    if difference.denies_narrowed:
        parts.append(f"is denied {denied(difference.denies_narrowed)} more narrowly")
    if difference.denies_rescoped:
        parts.append(f"is denied {denied(difference.denies_rescoped)} elsewhere or otherwise (please review)")
    return f"{who} {listed(parts)}."


def versions(change: Change) -> str:
    """`v19 to v20`, `v1`, or the day of a catalogue's growth: what the change lies between."""
    before, after = change.transition.before, change.transition.after
    if before and after:
        return (
            f"{before.version} to {after.version}"
            if before.version != after.version
            else f"{after.version} of {day(after.create_date)}"
        )
    end = after or before
    return str(end.version) if end else ""


_KINDS = {
    Kind.REMOVED: "no longer visible",
    Kind.REAPPEARED: "visible again",
    Kind.CREATED: "new policy",
    Kind.RECREATED: "made again",
    Kind.ROLLED_BACK: "rolled back",
    Kind.REPUBLISHED: "republished",
    Kind.UPDATED: "updated",
    Kind.CATALOGUE_GROWTH: "catalogue growth",
    Kind.COMPARED: "compared",
}


def kind_in_words(change: Change) -> str:
    """The kind of a change as a reader says it: `rolled back`, `no longer visible`, `updated, back again`."""
    return _KINDS[change.transition.kind] + (", back again" if change.transition.reinstated else "")
