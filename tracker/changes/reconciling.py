"""What AWS announced against what was seen: which announcement is about which change, and whether they say the same. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from tracker.model.announcements import Announcement, SeenChange, Standing, Verdict

# AWS dates an announcement by its own day, and writes it days after the version was made. Changes come about monthly.
WINDOW = 14  # days between a version's date and its announcement's
_SHOWN = 5  # services that are named


def reconcile(
    announced: Iterable[Announcement],
    seen: Iterable[SeenChange],
    *,
    until: date,
    watched_until: date,
    prefixes: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> tuple[Verdict, ...]:
    """How each announcement and each change stand to each other, newest first.

    An announcement and the change nearest to it in days are a pair, each in one pair at most. `until`: the last day of
    which is known what AWS announced; `watched_until`: and what was in force. What was republished with the same access
    is not for AWS to announce, and left out. `prefixes`: a service as AWS names it -> those that it may be; of a name that
    is not in it nobody can say whether it was seen.
    """
    said = sorted(announced, key=lambda one: (one.day, one.added or 0))
    changes = sorted((one for one in seen if one.kind != "republished"), key=lambda one: (one.made, one.id))
    pairs = _pairs(said, changes)
    gaps = [one for one in changes if one.gap]
    verdicts = []
    for number, one in enumerate(said):
        change = pairs.get(number)
        holds = next((gap for gap in gaps if _spans(gap, one.day)), None)
        if holds is not None:
            verdicts.append(Verdict("unknown", one, None, _lacking(holds)))
        elif change is not None:
            verdicts.append(_compared(one, change, prefixes))
        else:
            verdicts.append(_not_seen(one, changes, watched_until))
    paired = {one.seen.id for one in verdicts if one.seen is not None}
    began = said[0].day if said else until
    verdicts += [_not_announced(one, said, began, until) for one in changes if one.id not in paired]
    return tuple(sorted(verdicts, key=lambda one: (one.at, one.seen.id if one.seen else ""), reverse=True))


def _pairs(said: Sequence[Announcement], changes: Sequence[SeenChange]) -> dict[int, SeenChange]:
    """Number of an announcement -> its change: the nearest pairs first. A default that went back is nothing that AWS made."""
    near = sorted(
        (abs((one.day - change.made.date()).days), number, place)
        for number, one in enumerate(said)
        for place, change in enumerate(changes)
        if change.kind != "rolled-back" and abs((one.day - change.made.date()).days) <= WINDOW
    )
    pairs: dict[int, SeenChange] = {}
    taken = set()
    for _, number, place in near:
        if number not in pairs and place not in taken:
            pairs[number] = changes[place]
            taken.add(place)
    return pairs


def _spans(change: SeenChange, day: date) -> bool:
    return change.since is not None and change.since.date() < day <= change.made.date()


def _lacking(change: SeenChange) -> str:
    return f"the archive lacks {_listed([str(one) for one in change.gap])} between {change.from_version} and {change.to_version}"


def _compared(one: Announcement, change: SeenChange, prefixes: Mapping[str, frozenset[str]]) -> Verdict:
    wrong, unsure = _services(one, change, prefixes)
    if one.added is None and one.removed is None and not wrong:
        return Verdict("uncounted", one, change, "; ".join(["it gives no count", *unsure]))
    for what, count, found in (("added", one.added, change.added), ("removed", one.removed, change.removed)):
        if count is not None and count != found:
            few = "fewer" if found < count else "more"
            wrong.append(f"{count:,} {what} announced, {found:,} seen: {abs(count - found):,} {few}")
    unsaid = ""
    if one.removed is None and change.removed:
        unsaid = (
            f"{change.removed:,} removed, of which it {'gives no count' if one.removes else 'says nothing'}"
        )
    standing: Standing = "differs" if wrong else "agrees"
    return Verdict(standing, one, change, "; ".join([*wrong, *([unsaid] if unsaid else []), *unsure]))


def _services(
    one: Announcement, change: SeenChange, prefixes: Mapping[str, frozenset[str]]
) -> tuple[list[str], list[str]]:
    """By which services the two differ, and of which that can't be told; nothing where either names none."""
    if not one.services or change.services is None:
        return [], []
    came = set(change.services)
    known = {name: prefixes[name] for name in one.services if prefixes.get(name)}
    unknown = [name for name in one.services if name not in known]
    absent = [name for name in one.services if name in known and not known[name] & came]
    unnamed = sorted(came - {prefix for found in known.values() for prefix in found})
    wrong = [f"announced for {_few(absent)}, of which nothing came"] if absent else []
    unsure = [f"{_few(unknown)} is no service by a name that is known here"] if unknown else []
    if unnamed:
        # What a name stands for that nobody knows may be just that.
        (unsure if unknown else wrong).append(f"of {_few(unnamed)} actions came, which it does not name")
    return wrong, unsure


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _not_seen(one: Announcement, changes: Sequence[SeenChange], watched_until: date) -> Verdict:
    first = min((change.since or change.made for change in changes), default=None)
    if first is None or one.day < first.date():
        return Verdict("unknown", one, None, "the archive begins later")
    if one.day > watched_until:
        return Verdict("unknown", one, None, "nobody has looked since")
    return Verdict("not-seen", one, None, f"no version was made within {WINDOW} days of it")


def _not_announced(one: SeenChange, said: Sequence[Announcement], began: date, until: date) -> Verdict:
    day = one.made.date()
    if day > until:
        return Verdict("unknown", None, one, f"what AWS announced is known until {until.isoformat()}")
    if one.gap and any(_spans(one, each.day) for each in said):
        return Verdict("unknown", None, one, _lacking(one))
    why = ["the default went back to an older version"] if one.kind == "rolled-back" else []
    if day < began:
        why.append(f"AWS's table begins with {began.isoformat()}")
    return Verdict("not-announced", None, one, "; ".join(why))


def _listed(names: Sequence[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else f"{names[0]} to {names[-1]}"
        if len(names) > 2
        else " and ".join(names)
    )
