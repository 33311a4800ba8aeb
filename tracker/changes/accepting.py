"""Accepted findings: somebody answers for them, until they expire or their scope widens."""

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase

from tracker.model.change import Scope
from tracker.model.identity import PolicyArn
from tracker.model.rules import Accepted
from tracker.policy.patterns import covers, matches


class Acceptances:
    """The acceptances that hold for one policy today."""

    def __init__(self, accepted: Iterable[Accepted], policy: PolicyArn, today: date | None) -> None:
        """With `today` None nobody knows the day: an acceptance that expires does not hold."""
        self._holding = [
            one for one in accepted if fnmatchcase(policy.name, one.policy) and _unexpired(one, today)
        ]

    def reason(self, action: str, scopes: Iterable[Scope], *, moved: bool = False) -> str:
        """Why a finding on an action (lower case) is accepted, and by whom; empty where it is not.

        `moved`: the change widens or moves the action's scope. Then only an acceptance that names resources which
        hold the new scope still covers it.
        """
        for one in self._holding:
            if matches(one.pattern, action) and _inside(one, scopes, moved=moved):
                until = f", until {one.expires.isoformat()}" if one.expires else ""
                return f"{one.reason} ({one.owner}{until})"
        return ""


def _unexpired(one: Accepted, today: date | None) -> bool:
    """An acceptance holds through the day it names."""
    return one.expires is None or (today is not None and today <= one.expires)


def _inside(one: Accepted, scopes: Iterable[Scope], *, moved: bool) -> bool:
    if not one.resources:
        return not moved
    return all(
        scope.resources is not None and all(covers(one.resources, pattern) for pattern in scope.resources)
        for scope in scopes
    )
