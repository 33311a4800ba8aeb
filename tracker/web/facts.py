"""What is known of one policy, read once for all of its pages: rows, transitions, versions, what is in force."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, cast

from tracker.archive.asked import Allowed
from tracker.archive.layout import policy_key
from tracker.changelog.entries import Entry
from tracker.changelog.places import change_stems, version_stems
from tracker.changelog.timeline import Today, Watch, entries_of, points_of
from tracker.changes.identity import change_id
from tracker.collaborators import Tracker
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.changelog.chart import Point
    from tracker.changelog.feeds import Feed
    from tracker.model.change import Attention, Change, Period
    from tracker.model.history import Transition
    from tracker.model.recorded import ChangeRow
    from tracker.policy.granted import GrantedAction
    from tracker.reading import Reading

Identity = tuple[VersionId, datetime]
_LATELY = 3  # comparisons that are kept: a change and its forms are asked for together
GRACE = timedelta(hours=1)  # a planned look may be so late before anybody is warned


@dataclass
class Facts:
    """One policy at one state of the archive. Dear things are reckoned when first asked for, and kept."""

    tracker: Tracker
    arn: PolicyArn
    keeps: int = _LATELY  # comparisons; where all pages of a policy are made one after the other, all of them
    feed: "Feed | None" = None
    _now: "Mapping[str, Mapping[str, GrantedAction]] | None" = None  # what the default of today allows
    _lately: dict[str, object] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @cached_property
    def reading(self) -> "Reading":
        """The policy's past. Where all of its pages are made one after the other each of its snapshots is read once."""
        found = self.tracker.reading(self.arn)
        return found if self.keeps == _LATELY else replace(found, fetch=cache(found.fetch))

    @cached_property
    def stems(self) -> "dict[str, ChangeRow]":
        """Stem of a change's page -> its row, oldest first."""
        return change_stems(self.tracker.archive.changes(self.arn))

    @cached_property
    def transitions(self) -> "tuple[Transition, ...]":
        """Every move of the default, oldest first."""
        return self.reading.transitions()

    @cached_property
    def ids(self) -> dict[int, str]:
        """The place of a transition -> its change's id."""
        return {number: change_id(one) for number, one in enumerate(self.transitions)}

    @cached_property
    def versions(self) -> dict[str, Identity]:
        """Stem of a version's page -> the version, oldest first."""
        return version_stems(self.reading.archived)

    def version_stem(self, identity: Identity) -> str:
        """The stem of a version's page."""
        return next(stem for stem, one in self.versions.items() if one == identity)

    def granted(self, identity: Identity) -> "Mapping[str, Mapping[str, GrantedAction]]":
        """What a version allows over the catalogue of today."""
        from tracker.policy.granted import granted

        if identity == self._default and self._now is not None:
            return self._now  # the pages of the policy, of the version and of its attention ask alike
        found = granted(self.reading.document(identity), self.tracker.catalogue())
        if identity == self._default:
            self._now = found
        return found

    @property
    def _default(self) -> Identity | None:
        seen = self.reading.observations
        return seen[-1].identity if seen else None

    @cached_property
    def today(self) -> Today | None:
        """What is in force; None where the policy is not visible, or nothing was ever observed."""
        seen = self.reading.observations[-1] if self.reading.observations else None
        if seen is None or seen.identity is None:
            return None
        allowed = self.granted(seen.identity)
        version, create_date = seen.identity
        return Today(
            version, create_date, seen, sum(map(len, allowed.values())), len(allowed), denies=not allowed
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The timeline, newest first."""
        return entries_of(self.transitions, self.ids, self.stems)

    @cached_property
    def points(self) -> "tuple[Point, ...]":
        """The growth of the policy."""
        by_id = {row.id: row for row in self.stems.values()}
        rows = [by_id.get(self.ids[number]) for number in range(len(self.transitions))]
        return points_of(self.reading.observations, self.transitions, rows, self.today)

    @cached_property
    def attention(self) -> "tuple[Attention, ...]":
        """What of the default of today deserves attention, and since when."""
        database = self.tracker.database
        if not database.exists:
            return self.reading.attention()
        default = self._default
        held = self.granted(default) if default else None
        with database.reading() as db:
            allowed = Allowed(db, policy_key(self.arn))
            found = self.reading.attention(
                lambda action: iso(at) if (at := allowed.since(action)) else "", held
            )
        if self.keeps == _LATELY:
            self._now = None  # a server has the facts of many policies, and a page of a version is made once
        return found

    @cached_property
    def newest(self) -> datetime | None:
        """When the newest thing that is known of it was seen."""
        return max((one.observed_at for one in self.reading.observations), default=None)

    def change(self, stem: str) -> "Change | None":
        """The change of a stem, compared anew; None where there is none. Its forms are asked for one after the other."""
        row = self.stems.get(stem)
        number = next((number for number, told in self.ids.items() if row and told == row.id), None)
        return None if number is None else self._change(self.transitions[number])

    def _change(self, transition: "Transition") -> "Change":
        name = change_id(transition)
        found = self._lately.get(name)
        if found is None:
            found = self.reading.change(transition)
            self._keep(name, found)
        return cast("Change", found)

    def period(self, since: datetime, until: datetime) -> "Period":
        """What a stretch of time did to the policy."""
        name = f"{since}/{until}"
        found = self._lately.get(name)
        if found is None:
            found = self.reading.period(since, until, self._change, self.transitions)
            self._keep(name, found)
        return cast("Period", found)

    def _keep(self, name: str, found: object) -> None:
        with self._lock:  # several readers may ask at once
            while len(self._lately) >= self.keeps:
                del self._lately[next(iter(self._lately))]
            self._lately[name] = found

    def watch(self, *, planned: bool) -> Watch:
        """How well it is watched; `planned`: the settings name it."""
        looks, now = self.tracker.archive.looks(self.arn), self.tracker.clock()
        last = looks[-1].start if looks else None
        due = self.tracker.plan.look.previous(now)
        return Watch(
            last=last,
            next=self.tracker.plan.look.next(now) if planned else None,
            stale=planned and last is not None and last < due and now - due > GRACE,
            looks=len(looks),
        )
