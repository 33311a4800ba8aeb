"""Stints: how long one version stayed the default, as far as observations and looks can tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.model.history import Basis, Look, Observation
from tracker.model.identity import PolicyArn, VersionId, role_arn

Identity = tuple[VersionId, datetime]


@dataclass(frozen=True, slots=True)
class Stint:
    """One stretch of time in which the same version was the default (identity None: not visible)."""

    identity: Identity | None
    first_seen: datetime  # UTC; for the shipped history the date by which it is taken to have begun
    run: str  # the round of the first sighting
    basis: Basis
    sighted: tuple[datetime, datetime] | None  # UTC; first and last time that anybody really saw it so

    def seen_at(self, moment: datetime) -> "Stint":
        """The same stint, sighted at `moment` too."""
        first, last = self.sighted or (moment, moment)
        return replace(self, sighted=(min(first, moment), max(last, moment)))


def in_force(run: Sequence[Stint], earlier: Stint | None, left: datetime) -> tuple[float, float]:
    """(at least, at most) seconds that the stints of `run`, one after the other, lasted together.

    `earlier` is the stint before them and `left` the moment at which the one after them was seen. They began no
    earlier than their first document was made, and no earlier than the stint before was last sighted.
    """
    first = run[0]
    begun = [first.identity[1] if first.identity else first.first_seen]
    if earlier and earlier.sighted:
        begun.append(earlier.sighted[1])
    sightings = [moment for stint in run if stint.sighted for moment in stint.sighted]
    at_least = (max(sightings) - min(sightings)).total_seconds() if sightings else 0.0
    at_most = (left - max(begun)).total_seconds()
    return at_least, max(at_most, at_least)


def confirmations(policy: PolicyArn, looks: Sequence[Look]) -> tuple[tuple[datetime, str], ...]:
    """(start, run) of every look that read this policy, oldest first."""
    arn = str(policy)
    # A role that was not there was asked for by its name alone.
    mine = {arn, str(role_arn(policy.name, policy.partition))} if policy.is_role else {arn}
    return tuple(
        sorted(
            (look.start, look.run)
            for look in looks
            if (look.policies is None or not mine.isdisjoint(look.policies)) and mine.isdisjoint(look.failed)
        )
    )


def stints(
    observations: Sequence[Observation], confirmed: Sequence[tuple[datetime, str]] = ()
) -> tuple[Stint, ...]:
    """Observations sorted by time, those in a row of one version taken together, with when each was last seen.

    A look that made an observation is in `confirmed` too, with the observation's run: it started before what it
    saw, so it is no later sighting of the version before.
    """
    ordered = sorted(observations, key=_when)
    found: list[Stint] = []
    for seen in ordered:
        if not found or found[-1].identity != seen.identity:
            found.append(Stint(seen.identity, seen.observed_at, seen.run, seen.basis, None))
        if seen.basis != "create_date":  # a date is no sighting
            found[-1] = found[-1].seen_at(seen.observed_at)
    made = {seen.run for seen in ordered if seen.basis == "look"}
    for moment, run in confirmed:
        current = next((n for n in range(len(found) - 1, -1, -1) if found[n].first_seen <= moment), None)
        if current is not None and run not in made:
            found[current] = found[current].seen_at(moment)
    return tuple(found)


def _when(seen: Observation) -> tuple[datetime, datetime, int, str, str]:
    if seen.version is None or seen.create_date is None:
        return seen.observed_at, seen.observed_at, 0, "", seen.source
    return seen.observed_at, seen.create_date, seen.version.number, seen.version.suffix, seen.source
