"""What was granted when: the versions that were in force at each moment of a period, and what each of them allows.

With the past of the role itself, a policy counts while it hung on the role, and inline policies count with it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from tracker.model.catalogue import Catalogue
from tracker.model.history import Observation
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.used import InForce, Verdict
from tracker.policy.granted import allowed_actions
from tracker.reading import Identity, Reading

# The gravest first.
VERDICTS: tuple[Verdict, ...] = ("not granted", "unknown", "perhaps", "granted")


class Held:
    """The past of one policy, or of a role, asked about one moment."""

    def __init__(self, reading: Reading, allowed: Callable[[Reading, Identity], frozenset[str]]) -> None:
        self.reading = reading
        self._seen = reading.observations
        self._at = [one.observed_at for one in self._seen]
        self._allowed = allowed
        # Until when each observation is known to have stood: the last look before the next one, which still saw it.
        self._stood = [self._last_look(following) for following in self._seen[1:]]

    def turns(self) -> set[datetime]:
        """Every moment at which what is known changes."""
        made = {one.create_date for one in self._seen if one.create_date is not None}
        return {*self._at, *made, *(moment for moment in self._stood if moment is not None)}

    def at(self, moment: datetime) -> tuple[Observation | None, Observation | None]:
        """(the last default seen by then, the next one where it, or one between them that nobody saw, may have been in force)."""
        number = bisect_right(self._at, moment)
        now = self._seen[number - 1] if number else None
        if number == len(self._seen):
            return now, None
        following = self._seen[number]
        stood = self._stood[number - 1] if number else None
        made = following.create_date
        # IAM tells of no state of a role when it began: any time after the last look that saw the one before.
        may = self.reading.arn.is_role or (made is not None and made <= moment) or _gap(now, following)
        return now, following if may and (stood is None or moment >= stood) else None

    def allowed(self, seen: Observation | None) -> frozenset[str]:
        """What a default allows: actions in lower case."""
        return (
            frozenset()
            if seen is None or seen.identity is None
            else self._allowed(self.reading, seen.identity)
        )

    def attached(self, seen: Observation | None) -> frozenset[str]:
        """The policies that hang on a role in a state of it: ARNs."""
        role = self.reading.document(seen.identity).role if seen and seen.identity else None
        return frozenset(role.attached if role else ())

    def _last_look(self, following: Observation) -> datetime | None:
        return max((one.start for one in self.reading.looks if one.end < following.observed_at), default=None)


def _gap(before: Observation | None, after: Observation) -> bool:
    """Whether there are versions between two defaults that nobody saw."""
    if before is None or before.version is None or after.version is None:
        return False
    return after.version.number - before.version.number > 1


class Grants:
    """What the policies of a role granted, by stretches of time in which nothing that is known changes."""

    def __init__(
        self, readings: Iterable[Reading], catalogue: Catalogue, role: Reading | None = None
    ) -> None:
        """`role`: its own past, which tells when each policy hung on it; without it each always did."""
        allowed: dict[tuple[PolicyArn, Identity], frozenset[str]] = {}

        def once(reading: Reading, identity: Identity) -> frozenset[str]:
            key = (reading.arn, identity)
            if key not in allowed:
                document = reading.document(identity)
                # Of a role its inline policies: its trust policy says who may assume it.
                granting = [one for _, one in document.role.inline] if document.role else [document]
                allowed[key] = frozenset().union(*(allowed_actions(one, catalogue) for one in granting))
            return allowed[key]

        self._role = Held(role, once) if role else None
        self._held = [Held(reading, once) for reading in readings]
        self._turns = sorted({turn for one in self._all() for turn in one.turns()})

    def __bool__(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self._all())

    def stretch(self, moment: datetime) -> int:
        """The number of the stretch that a moment lies in."""
        return bisect_right(self._turns, moment)

    def verdict(self, stretch: int, actions: Sequence[str]) -> tuple[Verdict, str]:
        """Whether any of these actions was granted in a stretch, and which one it is that speaks for them."""
        if not self or stretch == 0:
            return "unknown", actions[0]
        moment = self._turns[stretch - 1]
        dark, later = False, set[str]()
        for one, now, following, sure in self._hanging(moment):
            allowed = one.allowed(now)
            for action in actions if sure else ():
                if action.lower() in allowed:
                    return "granted", action
            later |= allowed
            later |= one.allowed(following)
            dark |= now is None or now.version is None
        for action in actions:
            if action.lower() in later:
                return "perhaps", action
        return ("unknown" if dark else "not granted"), actions[0]

    def in_force(self, stretch: int) -> tuple[InForce, ...]:
        """The versions that were in force in a stretch."""
        if stretch == 0:
            return tuple(InForce(one.reading.arn, None) for one in self._held)
        return self.at(self._turns[stretch - 1])

    def at(self, moment: datetime) -> tuple[InForce, ...]:
        """The versions that were in force at a moment; the role's own state where that has inline policies."""
        found = []
        for one, now, following, sure in self._hanging(moment):
            if one is self._role and not (one.allowed(now) or one.allowed(following)):
                continue
            version: VersionId | None = now.version if now else None
            found.append(
                InForce(one.reading.arn, version, following.version if following else None, perhaps=not sure)
            )
        return tuple(found)

    def over(self, first: datetime, last: datetime) -> dict[str, VersionId | None]:
        """Each action that was granted between two moments -> None where it is still at the end, else the last version that did."""
        granted: dict[str, VersionId | None] = {}
        for stretch in range(self.stretch(first), self.stretch(last) + 1):
            moment = self._turns[stretch - 1] if stretch else first
            granted |= self._granted(max(moment, first))
        at_the_end = self._granted(last)
        return {action: None if action in at_the_end else version for action, version in granted.items()}

    def _granted(self, moment: datetime) -> dict[str, VersionId | None]:
        """Each action that is surely granted at a moment -> the version that does."""
        held: dict[str, VersionId | None] = {}
        for one, now, _, sure in self._hanging(moment):
            held |= dict.fromkeys(one.allowed(now) if sure else (), now.version if now else None)
        return held

    def _all(self) -> list[Held]:
        return [*self._held, *([self._role] if self._role else ())]

    def _hanging(
        self, moment: datetime
    ) -> Iterator[tuple[Held, Observation | None, Observation | None, bool]]:
        """What the role held at a moment: its policies, and itself for its inline ones; `Held.at` of each, and whether it hung surely."""
        if self._role is None:
            yield from ((one, *one.at(moment), True) for one in self._held)
            return
        now, following = self._states(self._role, moment)
        surely, perhaps = self._role.attached(now), self._role.attached(following)
        for one in self._held:
            if (arn := str(one.reading.arn)) in surely | perhaps:
                yield one, *one.at(moment), arn in surely
        yield self._role, now, following, True

    @staticmethod
    def _states(role: Held, moment: datetime) -> tuple[Observation | None, Observation | None]:
        """(the state of a role that is known of a moment, the next one where that may have begun).

        Before the first look nobody saw the role; a service-linked one was as it was then, since AWS lets nobody attach
        a policy to it or detach one (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html).
        """
        now, following = role.at(moment)
        return (following, None) if now is None and role.reading.arn.service else (now, following)
