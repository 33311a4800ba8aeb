"""What to look for in CloudTrail to learn whether a role has used what a change newly grants. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from tracker.model.change import Change
from tracker.model.history import Endpoint
from tracker.model.identity import VersionId
from tracker.model.trail import EventGroup, Events, Recorded, Trail, TrailEvent, Unlogged

# What a name of CloudTrail's may look like. A document may name an action that is none; it goes into no query.
_NAME = re.compile(r"[A-Za-z0-9_]{1,200}\Z", re.ASCII)
_SOURCE = re.compile(r"[a-z0-9.-]{1,200}\Z", re.ASCII)
_NO_NAME = Recorded("none", "It is no name that an AWS API could have.")


def granted_from(
    before: Endpoint | None, after: Endpoint, archived: Collection[tuple[VersionId, datetime]]
) -> datetime:
    """The instant before which nobody can have used what came between two versions, however many lie between them.

    That is when the version after the first was made; where nobody has that one, when the first itself was. A version
    that came back was there again after the one in its place was made.
    """
    if before is None:
        return after.create_date
    # Where it was made again it may have the same id.
    if after.create_date < before.create_date or after.version <= before.version:
        return max(before.create_date, after.create_date)
    following = [
        made
        for version, made in (*archived, (after.version, after.create_date))
        if version.number == before.version.number + 1 and before.create_date < made <= after.create_date
    ]
    return min(following, default=before.create_date)


def trail_of(
    change: Change, roles: Sequence[str], events: Events, since: datetime | None = None
) -> Trail | None:
    """What tells whether one of these roles has used a newly granted action; None where none is newly granted.

    `since`: when the first of them may have been, where that is before the newer version was made.
    """
    after = change.transition.after
    granted = newly_granted(change)
    if not roles or after is None or not granted:
        return None
    found: list[TrailEvent] = []
    data, never = [], []
    for action in granted:
        event, recorded = events.event_of(action), events.recording(action)
        if event is not None and not _speakable(event):
            event, recorded = None, _NO_NAME
        if event is None:
            never.append(Unlogged(action, recorded))
            continue
        found.append(event)
        if recorded.how == "data":
            data.append(Unlogged(action, recorded))
    begin = since or after.create_date
    return Trail(tuple(sorted(roles)), begin, _groups(found), len(found), tuple(data), tuple(never))


def newly_granted(change: Change) -> tuple[str, ...]:
    """The actions that can be called now and could not before, or in more places than before; sorted."""
    difference = change.difference
    named = [one.action for one in difference.actions_added]
    named += [one.action for one in difference.actions_widened]
    return tuple(sorted(named, key=lambda action: (action.lower(), action)))


def _groups(events: Iterable[TrailEvent]) -> tuple[EventGroup, ...]:
    names: dict[tuple[str, bool, bool], set[str]] = {}
    for event in events:
        for source in event.sources:
            names.setdefault((source, event.dated, event.begins), set()).update(event.names)
    return tuple(
        EventGroup(source, tuple(sorted(found)), dated, begins)
        for (source, dated, begins), found in sorted(names.items())
    )


def _speakable(event: TrailEvent) -> bool:
    return all(map(_NAME.match, event.names)) and all(map(_SOURCE.match, event.sources))
