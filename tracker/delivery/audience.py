"""Who hears of a change at once, and which part of it: subscriptions that are told the same are one group."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from tracker.delivery.filters import Filter, actions_outside, selected, watchlisted
from tracker.delivery.subscription import Subscriber
from tracker.delivery.wish import AT_ONCE
from tracker.model.change import Change


@dataclass(frozen=True, slots=True)
class Group:
    """Subscriptions that are told the same words."""

    part: Change  # of the change, what they are told of
    form: str
    note: str  # a sentence about what was left out; empty for the whole
    mark: str  # tells the message from the one about the whole change, in its usual form
    people: tuple[Subscriber, ...]  # by id


def audience(people: Iterable[Subscriber], change: Change) -> tuple[Group, ...]:
    """The groups of those who want a change at once; of each subscription the part that its filter asks for."""
    found: dict[tuple[tuple[str, ...], str], tuple[Change, list[Subscriber]]] = {}
    wanted: dict[tuple[Filter, str], Change | None] = {}  # what is asked alike is answered once
    for one in sorted(people, key=lambda one: one.id):
        if not any(map(one.wants, change.topics)):
            continue
        asked = (one.wish.filter, one.frequency)
        if asked not in wanted:
            wanted[asked] = wanted_at_once(one, change)
        if (part := wanted[asked]) is not None:
            services = one.wish.filter.services if part is not change else ()
            found.setdefault((services, one.wish.form), (part, []))[1].append(one)
    return tuple(
        Group(part, form, _note(change, part, services), mark(services, form), tuple(group))
        for (services, form), (part, group) in sorted(found.items(), key=lambda item: item[0])
    )


def wanted_at_once(one: Subscriber, change: Change) -> Change | None:
    """The part of a change that a subscription is told of when it is seen; None where it hears nothing, or later."""
    if one.frequency not in AT_ONCE or not any(map(one.wants, change.topics)):
        return None
    part = selected(change, one.wish.filter)
    if part is not None and one.frequency == "watchlisted" and not watchlisted(part):
        return None
    return part


def mark(*of: object) -> str:
    """What a message's id ends with, by what makes it differ; empty for the whole in its usual form."""
    if not any(of[:-1]) and of[-1] == "full":
        return ""
    return f"~{sha256(repr(of).encode()).hexdigest()[:8]}"


def about(services: tuple[str, ...]) -> str:
    """`About ec2 and s3 alone, as this subscription asks.`; empty where it asks for all."""
    if not services:
        return ""
    listed = ", ".join(services[:-1]) + (" and " if services[:-1] else "") + services[-1]
    return f"About {listed} alone, as this subscription asks."


def _note(change: Change, part: Change, services: tuple[str, ...]) -> str:
    if not services:
        return ""
    left = actions_outside(change, part)
    return f"{about(services)} The change is about {left} {'action' if left == 1 else 'actions'} more."
