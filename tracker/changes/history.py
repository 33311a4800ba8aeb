"""From observations to transitions: what happened to a policy, told by when its defaults were seen.

Version numbers do not order history, observations do: a default can go back, and a policy made again starts over.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.changes.sightings import Stint, confirmations, in_force, stints
from tracker.model.history import Endpoint, Kind, Look, Observation, Rollback, Transition
from tracker.model.identity import PolicyArn, VersionId

Identity = tuple[VersionId, datetime]

# A version id may have nine digits; a list of a million names helps nobody. AWS's longest history has 188.
NAMED_GAP = 1000


def transitions(
    policy: PolicyArn,
    observations: Sequence[Observation],
    archived: Collection[Identity],
    *,
    same: Callable[[Identity, Identity], bool],
    watched_since: datetime | None = None,
    looks: Sequence[Look] = (),
) -> Iterator[Transition]:
    """Every change of the default, oldest first, one at a time.

    `archived` holds the identities of all snapshots; `same` tells whether two of them have equal pattern languages
    and scopes (it is asked only where the answer decides the kind); `looks` narrow how long a default was in force.
    The first observation is where knowledge begins and no transition, unless `watched_since` lies before it: then
    the policy was looked for, was not there, and has been created.
    """
    been: list[Stint] = []  # every stint so far, oldest first
    rounds = {look.run: look.start for look in looks}
    for stint in stints(observations, confirmations(policy, looks)):
        # The round that found a policy began before it saw it, and proves nothing of the time before.
        watched = watched_since is not None and watched_since < min(
            stint.first_seen, rounds.get(stint.run, stint.first_seen)
        )
        transition = _Step(policy, been, stint, archived, same, watched).transition()
        if transition is not None:
            yield transition
        been.append(stint)


@dataclass(frozen=True, slots=True)
class _Step:
    """One stint and all that came before it."""

    policy: PolicyArn
    been: Sequence[Stint]
    now: Stint
    archived: Collection[Identity]
    same: Callable[[Identity, Identity], bool]
    watched: bool  # it was looked for before

    def transition(self) -> Transition | None:
        last = next((stint for stint in reversed(self.been) if stint.identity), None)
        old, new = last.identity if last else None, self.now.identity
        kind = self._kind(old, new)
        if kind is None:
            return None
        before, after = _endpoint(last), _endpoint(self.now)
        gap, filled = self._between(before, after) if kind is not Kind.ROLLED_BACK else ((), ())
        return Transition(
            policy=self.policy,
            kind=kind,
            before=before,
            after=after,
            observed_at=self.now.first_seen,
            run=self.now.run,
            gap=gap,
            filled=filled,
            rollback=self._rollback(old, new) if old and new and kind is Kind.ROLLED_BACK else None,
            reinstated=bool(old and new and new[0] > old[0] and self._was_default(new)),
        )

    def _kind(self, old: Identity | None, new: Identity | None) -> Kind | None:
        """The first kind that fits, in the order that the house's words give them."""
        if new is None:
            return Kind.REMOVED if old else None  # what nobody ever saw was not removed
        if old is None:
            return Kind.CREATED if self.been or self.watched else None
        if self.been[-1].identity is None:
            return Kind.REAPPEARED
        if _started_over(old, new):
            return Kind.RECREATED
        if new[0] < old[0] and self._was_default(new):
            return Kind.ROLLED_BACK
        return Kind.REPUBLISHED if self.same(old, new) else Kind.UPDATED

    def _was_default(self, identity: Identity) -> bool:
        return any(stint.identity == identity for stint in self.been)

    def _rollback(self, withdrawn: Identity, restored: Identity) -> Rollback:
        earlier = self.been[-2] if len(self.been) > 1 else None
        at_least, at_most = in_force(self.been[-1:], earlier, self.now.first_seen)
        return Rollback(restored[0], withdrawn[0], at_least, at_most)

    def _between(
        self, before: Endpoint | None, after: Endpoint | None
    ) -> tuple[tuple[VersionId, ...], tuple[VersionId, ...]]:
        """(ids that nobody has, ids that are archived but were never the default so far) between two defaults."""
        if before is None or after is None:
            return (), ()
        over = _started_over((before.version, before.create_date), (after.version, after.create_date))
        lowest = 1 if over else before.version.number + 1
        numbers = range(lowest, after.version.number)
        kept = {
            version.number: version
            for version, create_date in self.archived
            if before.create_date <= create_date <= after.create_date and version.number in numbers
        }
        defaults = {stint.identity[0].number for stint in self._lineage(after) if stint.identity}
        gap = tuple(VersionId(n) for n in _named(numbers) if n not in kept and n not in defaults)
        filled = tuple(kept[n] for n in sorted(kept) if n not in defaults)
        return gap, filled

    def _lineage(self, after: Endpoint) -> Iterator[Stint]:
        """The stints of the policy's present life, newest first: those before a recreation do not count."""
        newer: Identity = (after.version, after.create_date)
        for stint in reversed(self.been):
            if stint.identity is None:
                continue
            if _started_over(stint.identity, newer):
                return
            yield stint
            newer = stint.identity


def _started_over(old: Identity, new: Identity) -> bool:
    """True where version ids began again: the id did not grow although the document is younger."""
    return new[0].number <= old[0].number and new[1] > old[1]


def _named(numbers: range) -> Sequence[int]:
    """All of a gap, or its two ends where it is too long to be named."""
    if len(numbers) <= NAMED_GAP:
        return numbers
    half = NAMED_GAP // 2
    return (*numbers[:half], *numbers[-half:])


def _endpoint(stint: Stint | None) -> Endpoint | None:
    if stint is None or stint.identity is None:
        return None
    version, create_date = stint.identity
    return Endpoint(version, create_date, stint.first_seen, stint.basis)
