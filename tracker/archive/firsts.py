"""What was first named in any policy, when, and by whom: read from the grants, all policies together."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.model.identity import PolicyArn, VersionId
from tracker.store.instants import read_sortable

# What a policy said when it was first seen is no news, unless it was created then: it comes before what is news.
_SAID = """
WITH begun AS MATERIALIZED (SELECT policy, min(observed_at) AS observed_at FROM observations GROUP BY policy)
SELECT kind, service, text, spelling, arn, since.observed_at, since.version,
       since.observed_at = begun.observed_at AND NOT EXISTS (
           SELECT 1 FROM changes WHERE kind = 'created' AND changes.policy = holders.policy
           AND changes.observed_at = begun.observed_at) AS old
FROM grants JOIN places ON places.id = place AND effect = 'Allow' JOIN patterns ON patterns.id = pattern AND kind < 2
JOIN holders ON holders.id = holder JOIN policies USING (policy) JOIN begun USING (policy)
JOIN observations AS since ON since.policy = holders.policy AND since.line = grants.since
ORDER BY since.observed_at, old DESC, arn
"""


@dataclass(frozen=True, slots=True)
class First:
    """An action, or a service, that no policy had named before."""

    name: str  # 's3:GetObject', or 's3'
    at: datetime  # UTC: when a default with it was first seen
    arn: PolicyArn  # the policy that named it
    version: VersionId


def firsts(db: sqlite3.Connection) -> tuple[tuple[First, ...], tuple[First, ...]]:
    """(services, actions) that were newly named, newest first; what was there when watching began is not among them.

    An action is named by its name alone; a wildcard names its service.
    """
    services: dict[str, First | None] = {}
    actions: dict[str, First | None] = {}
    for kind, service, text, spelling, arn, at, version, old in db.execute(_SAID):
        for names, key, name in (
            (services, service, service),
            (actions, text if kind == 0 else "", spelling),
        ):
            if key and key not in names:
                names[key] = (
                    None
                    if old
                    else First(name, read_sortable(at), PolicyArn.parse(arn), VersionId.parse(version))
                )
    return tuple(_newest_first(services.values())), tuple(_newest_first(actions.values()))


def _newest_first(found: Iterable[First | None]) -> list[First]:
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (-one.at.timestamp(), one.name.lower()))
