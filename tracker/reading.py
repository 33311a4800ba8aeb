"""The past of one policy read as changes: observations and snapshots in; transitions, changes and periods out.

Nothing here writes. What it needs is handed to it; catalogue and rules are made when something is compared.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

from tracker.errors import InputError, UnknownPolicyError
from tracker.model.history import Endpoint, Kind, Look, Observation, Snapshot, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso, parse_instant, words

if TYPE_CHECKING:
    from tracker.changes.sharing import Shared
    from tracker.model.catalogue import Catalogue, Upgrade
    from tracker.model.change import Attention, Change, Difference, Period
    from tracker.model.rules import Rules
    from tracker.model.trail import Events
    from tracker.policy.document import Document
    from tracker.policy.granted import Granted

log = logging.getLogger(__name__)

Identity = tuple[VersionId, datetime]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one policy, perhaps with one look more than the archive holds (a dry run's)."""

    arn: PolicyArn
    observations: Sequence[Observation]  # oldest first
    looks: Sequence[Look]  # the rounds that looked at it
    archived: frozenset[Identity]
    fetch: Callable[[Identity], Snapshot]  # reads one snapshot
    catalogue: "Callable[[], Catalogue]"
    rules: "Callable[[], Rules]"
    today: date  # accepted findings expire
    kinds: Mapping[tuple[VersionId | None, VersionId | None], Kind] = field(
        default_factory=dict
    )  # told before
    upgrades: "Sequence[Upgrade]" = ()  # of the catalogue, oldest first
    roles: Callable[[], Sequence[str]] = tuple  # names of the tracked roles that it is attached to
    events: "Callable[[], Events] | None" = None  # CloudTrail's; without it no change says how to look there
    _documents: "dict[Identity, Document]" = field(default_factory=dict)
    _told: "dict[tuple[Identity | None, Identity | None], Difference]" = field(
        default_factory=dict
    )  # compared to tell a kind, and kept until the change itself is asked for
    _grown: "dict[Transition, Change]" = field(default_factory=dict)

    def document(self, identity: Identity) -> "Document":
        """The parsed document of one version. Raises DocumentError where the file holds no policy."""
        if identity not in self._documents:
            from tracker.policy.parse import parse_document  # only where something is compared

            what = f"{self.arn.name} {identity[0]}"
            self._documents[identity] = parse_document(self.fetch(identity).document, what=what)
        return self._documents[identity]

    def transitions(self) -> tuple[Transition, ...]:
        """Every transition of the policy, oldest first, and every growth of the catalogue that it was watched through."""
        moved = tuple(self._moved(cache(self._shared)))
        grown = self.growths()
        return tuple(sorted((*moved, *grown), key=lambda one: one.observed_at)) if grown else moved

    def _moved(self, shared: "Callable[[], Shared]") -> Iterator[Transition]:
        from tracker.changes.history import transitions

        looked = min((look.start for look in self.looks), default=None)
        return transitions(
            self.arn,
            self.observations,
            self.archived,
            same=lambda one, other: self._same(one, other, shared),
            watched_since=looked,
            looks=self.looks,
        )

    def _shared(self) -> "Shared":
        """What the documents share while they are gone through in one thread."""
        from tracker.changes.sharing import Shared  # only where something is compared

        return Shared(self.catalogue())

    def growths(self) -> tuple[Transition, ...]:
        """What upgrades of the catalogue gave to or took from the policy while it was watched, oldest first."""
        return tuple(one for upgrade in self.upgrades for one in self._growth(upgrade))

    def _growth(self, upgrade: "Upgrade") -> "Iterator[Transition]":
        """What a policy that was looked at before gained or lost by an upgrade of the catalogue; nothing for most."""
        if not any(look.start < upgrade.observed_at and look.run != upgrade.run for look in self.looks):
            return  # nobody watched it: what its wildcards reached then was told to nobody
        seen = [one for one in self.observations if one.observed_at <= upgrade.observed_at]
        seen = [one for one in seen if one.run != upgrade.run]
        default = seen[-1].identity if seen else None
        if default is None:
            return
        from tracker.changes.growth import growth, may_move

        try:
            if not may_move(self.document(default), upgrade):
                return
            mine = self.catalogue()
            change = growth(
                self.arn,
                Endpoint(*default, observed_at=seen[-1].observed_at, basis=seen[-1].basis),
                self.document(default),
                upgrade.old,
                mine
                if mine.version == upgrade.new.version
                else upgrade.new,  # with descriptions, if it can be
                observed_at=upgrade.observed_at,
                rules=self.rules(),
                today=self.today,
                run=upgrade.run,
            )
        except InputError as error:  # a kept catalogue that is gone: verify names it
            log.warning("%s", error)
            return
        if change is not None:
            self._grown[change.transition] = change
            yield change.transition

    def change(self, transition: Transition, shared: "Shared | None" = None) -> "Change":
        """A transition explained: what it changed and what of that deserves attention."""
        if transition in self._grown:
            return self._with_trail(self._grown[transition])
        from tracker.changes.attention import assess

        before, after = _identity(transition.before), _identity(transition.after)
        if transition.kind is Kind.REMOVED:
            after = before  # no longer visible to this account: nobody knows that an action went
        difference = self._told.pop((before, after), None) or self._difference(before, after, shared)
        return self._with_trail(
            assess(
                transition,
                difference,
                before=self._end(before),
                after=self._end(after),
                rules=self.rules(),
                catalogue=self.catalogue(),
                today=self.today,
                shared=shared,
            )
        )

    def _with_trail(self, change: "Change") -> "Change":
        """The same change with where CloudTrail shows the use of what it grants, if a tracked role has the policy."""
        roles = self.roles() if self.events else ()
        if not roles or self.events is None:
            return change
        from tracker.changes.trail import granted_from, trail_of

        step = change.transition
        since = granted_from(step.before, step.after, self.archived) if step.after else None
        if self.arn.is_role and step.before:  # IAM does not say when a role became what it is
            looked = [look.start for look in self.looks if look.end < step.observed_at]
            since = max(looked, default=step.before.create_date)
        return replace(change, trail=trail_of(change, roles, self.events(), since))

    def compared(self, before: Identity, after: Identity, now: datetime, run: str = "") -> "Change":
        """Any two archived versions compared as documents, whether or not they ever were the default."""
        defaults = {observation.identity for observation in self.observations}
        between = [one for one in self.archived if before[1] < one[1] <= after[1] and one not in defaults]
        transition = Transition(
            policy=self.arn,
            kind=Kind.COMPARED,
            before=self._endpoint(before),
            after=self._endpoint(after),
            observed_at=now,
            run=run,
            filled=tuple(sorted(version for version, _ in between)),
        )
        return self.change(transition)

    def pointed(self, text: str) -> Identity:
        """The archived version that `text` means: `v57`, or a date or instant at which it was the default.

        Raises InputError for what is neither, UnknownPolicyError for a version or date that nothing is known of.
        """
        if text[:1] in ("v", "V"):
            try:
                wanted = VersionId.parse(text.lower())
            except ValueError as error:
                raise InputError(str(error)) from error
            found = sorted((made, version) for version, made in self.archived if version == wanted)
            if not found:
                have = (
                    ", ".join(str(one) for one in sorted(version for version, _ in self.archived)) or "none"
                )
                raise UnknownPolicyError(
                    f"the archive has no {wanted} of {self.arn.name}", advice=f"it has these versions: {have}"
                )
            return found[-1][1], found[-1][0]
        try:
            moment = parse_instant(text)
        except ValueError as error:
            raise InputError(
                f"neither a version nor a date: {text!r}",
                advice="wanted: v57, 2021-12-21 or 2021-12-21T23:48Z",
            ) from error
        seen = [one for one in self.observations if one.observed_at <= moment]
        if not seen:
            first = self.observations[0] if self.observations else None
            raise UnknownPolicyError(
                f"nothing is known of {self.arn.name} at {words(moment)}",
                advice=f"its first observation is of {words(first.observed_at)}"
                if first
                else "it was never observed",
            )
        if seen[-1].identity is None:
            raise UnknownPolicyError(f"{self.arn.name} was not visible to this account at {words(moment)}")
        return seen[-1].identity

    def changes(self) -> "tuple[Change, ...]":
        """Every change of the policy, oldest first."""
        shared = cache(self._shared)
        moved = [
            self.change(one, shared()) for one in self._moved(shared)
        ]  # each while its documents are at hand
        grown = [self.change(one) for one in self.growths()]
        return tuple(sorted((*moved, *grown), key=lambda one: one.transition.observed_at))

    def period(
        self,
        since: datetime,
        until: datetime,
        change: "Callable[[Transition], Change] | None" = None,
        transitions: "Sequence[Transition] | None" = None,
    ) -> "Period":
        """What the stretch [since, until) did to the policy. Raises ValueError where it ends before it begins.

        `change`: how to come by the change of a transition, where the caller has it already; `transitions` too.
        """
        told = change or self.change
        from tracker.changes.period import period

        found = period(
            self.arn,
            since,
            until,
            observations=self.observations,
            changes=tuple(
                told(one)
                for one in (self.transitions() if transitions is None else transitions)
                if since <= one.observed_at < until
            ),
            document=self.document,
            looks=self.looks,
            rules=self.rules(),
            catalogue=self.catalogue(),
            today=self.today,
            archived=self.archived,
        )
        return replace(found, net=self._with_trail(found.net)) if found.net else found

    def attention(
        self, since: Callable[[str], str] | None = None, held: "Granted | None" = None
    ) -> "tuple[Attention, ...]":
        """What of the default of today deserves attention, and since when it is allowed; nothing where there is none.

        `since`: how to tell since when an action is allowed, where the caller knows it without reading every version;
        `held`: what the default allows, where the caller has it.
        """
        from tracker.changes.attention import in_force

        default = self.observations[-1].identity if self.observations else None
        if default is None:
            return ()
        if since is None:
            began = self.allowed_since()

            def since(action: str) -> str:
                return began.get(action, "")

        return in_force(
            self.arn,
            self.document(default),
            self.rules(),
            self.catalogue(),
            since,
            self.today,
            held,
        )

    def allowed_since(self) -> dict[str, str]:
        """Since when each action that the default allows has been allowed without a break, as far as it was seen."""
        from tracker.policy.granted import allowed_actions

        since: dict[str, str] = {}
        for seen in self.observations:
            document = self.document(seen.identity) if seen.identity else None
            began = iso(seen.observed_at)
            since = {
                action: since.get(action, began) for action in allowed_actions(document, self.catalogue())
            }
        return since

    def with_more(self, observation: Observation | None, snapshots: Sequence[Snapshot]) -> "Reading":
        """The same past with one look more that nobody has written down."""
        more = {snapshot.identity: snapshot for snapshot in snapshots}
        return replace(
            self,
            observations=(*self.observations, observation) if observation else self.observations,
            archived=self.archived | more.keys(),
            fetch=lambda identity: more.get(identity) or self.fetch(identity),
        )

    def _same(self, one: Identity, other: Identity, shared: "Callable[[], Shared]") -> bool:
        if self.arn.is_role:
            return False  # another document of a role is another role, whatever its statements allow
        if (told := self.kinds.get((one[0], other[0]))) is not None:
            return told is Kind.REPUBLISHED
        found = self._told[one, other] = self._difference(one, other, shared())
        return found.equal_language

    def _difference(
        self, before: Identity | None, after: Identity | None, shared: "Shared | None" = None
    ) -> "Difference":
        from tracker.changes.compare import compare

        return compare(self._end(before), self._end(after), self.catalogue(), shared)

    def _end(self, identity: Identity | None) -> "Document | None":
        return None if identity is None else self.document(identity)

    def _endpoint(self, identity: Identity) -> Endpoint:
        seen = [one.observed_at for one in self.observations if one.identity == identity]
        basis = [one.basis for one in self.observations if one.identity == identity]
        return Endpoint(*identity, observed_at=min(seen, default=None), basis=basis[0] if basis else "look")


def _identity(endpoint: Endpoint | None) -> Identity | None:
    return None if endpoint is None else (endpoint.version, endpoint.create_date)
