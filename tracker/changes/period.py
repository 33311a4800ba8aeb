"""What a stretch of time did to one policy: the net change, the transitions in it, and what came and went."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from tracker.changes.attention import assess, findings, severity_of
from tracker.changes.compare import compare
from tracker.changes.history import transitions
from tracker.changes.identity import change_id
from tracker.changes.sightings import Identity, Stint, confirmations, stints
from tracker.changes.transient import only, transients
from tracker.model.catalogue import Catalogue
from tracker.model.change import Attention, Change, Difference, Period, Transient
from tracker.model.history import Endpoint, Kind, Look, Observation, Transition
from tracker.model.identity import PolicyArn
from tracker.model.instants import utc
from tracker.model.rules import Rules
from tracker.policy.document import Document


def period(
    policy: PolicyArn,
    since: datetime,
    until: datetime,
    *,
    observations: Sequence[Observation],
    changes: Sequence[Change],
    document: Callable[[Identity], Document],
    looks: Sequence[Look],
    rules: Rules,
    catalogue: Catalogue,
    today: date,
    archived: Collection[Identity] = (),
) -> Period:
    """The period [since, until) of one policy.

    `observations` are all that are known of it and `changes` its changes (those outside the period are left out);
    `document` gives the document of a version that was the default. The net change leads from the default at the
    start, the last that was seen before `since`, to the one at the end. Where nothing is known of before, it leads
    from the first that was seen inside, or from nothing if the policy was created inside.
    Raises ValueError where `until` does not come after `since`.
    """
    if utc(until) <= utc(since):
        raise ValueError(f"a period that ends before it begins: {since} to {until}")
    seen = confirmations(policy, looks)
    inside = tuple(one for one in changes if since <= one.transition.observed_at < until)
    span = _Span.of([one for one in stints(observations, seen) if one.first_seen < until], since, inside)
    told = _Telling(policy, document, rules, catalogue, today, _compared_already(inside))
    passing = told.transient(span)
    moments = [moment for moment, _ in seen if since <= moment < until]
    in_full = [one for one in passing if one.direction in ("granted", "withdrawn")]
    return Period(
        policy=policy,
        since=since,
        until=until,
        net=told.net(span, observations, archived, inside),
        transitions=inside,
        transient=tuple(in_full),
        looks=len(moments),
        first_look=min(moments, default=None),
        last_look=max(moments, default=None),
        transient_attention=told.attention(span, passing),
        known_before=span.known_before,
        transient_scopes=tuple(one for one in passing if one not in in_full),
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """The defaults of a period in order."""

    base: Stint | None  # the visible one at the start; None: there was no policy, or nothing is known
    later: tuple[Stint, ...]  # the visible ones after it
    last: Stint | None  # the state at the end, visible or not; None: nothing was ever seen
    since: datetime
    known_before: bool

    @classmethod
    def of(cls, known: Sequence[Stint], since: datetime, inside: Sequence[Change]) -> "_Span":
        before = [stint for stint in known if stint.first_seen < since]
        visible = [stint for stint in known if stint.first_seen >= since and stint.identity]
        start = next((stint for stint in reversed(before) if stint.identity), None)
        nothing = bool(before) or any(one.transition.kind is Kind.CREATED for one in inside)
        if start is None and not nothing and visible:
            start, *visible = visible  # knowledge begins here
        return cls(start, tuple(visible), known[-1] if known else None, since, bool(before))


@dataclass(frozen=True, slots=True)
class _Telling:
    """What it takes to compare the versions of a policy."""

    policy: PolicyArn
    document: Callable[[Identity], Document]
    rules: Rules
    catalogue: Catalogue
    today: date
    _compared: dict[tuple[Identity | None, Identity | None], Difference] = field(default_factory=dict)

    def net(
        self,
        span: _Span,
        observations: Sequence[Observation],
        archived: Collection[Identity],
        inside: Sequence[Change],
    ) -> Change | None:
        """The change from the default at the start to the one at the end; None where both allow the same."""
        transition = self._net_transition(span, observations, archived, inside)
        if transition is None:
            return None
        before, after = (_identity(end) for end in (transition.before, transition.after))
        if transition.kind is Kind.REMOVED:
            after = before  # no longer visible to this account: nobody knows that an action went
        difference = self.difference(before, after)
        if difference.equal_language and transition.kind is not Kind.REMOVED:
            return None
        same = next((one for one in inside if one.difference is difference), None)  # one step, judged already
        if same is not None and same.role is None and same.transition.policy == transition.policy:
            severity = severity_of(transition.kind, difference, same.attention, same.tripwires)
            return Change(
                transition, difference, same.attention, same.tripwires, severity, change_id(transition)
            )
        return assess(
            transition,
            difference,
            before=self._document(before),
            after=self._document(after),
            rules=self.rules,
            catalogue=self.catalogue,
            today=self.today,
        )

    def _net_transition(
        self,
        span: _Span,
        observations: Sequence[Observation],
        archived: Collection[Identity],
        inside: Sequence[Change],
    ) -> Transition | None:
        """The transition as if nothing had been seen between both ends, with the gaps that were told between."""
        last = span.last
        if last is None or last.first_seen < span.since:
            return None
        ended = [
            one
            for one in observations
            if one.observed_at == last.first_seen and one.identity == last.identity
        ]
        base = span.base
        started = [
            one
            for one in observations
            if one.observed_at < span.since
            or (not span.known_before and base and one.observed_at == base.first_seen)
        ]
        created = datetime.min.replace(tzinfo=UTC)  # where there was no policy before
        found = tuple(
            transitions(
                self.policy,
                [*started, *ended],
                archived,
                # Only the last step is wanted, and of those before it nothing but that they were: they need no comparison.
                same=lambda old, new: new == last.identity and self.difference(old, new).equal_language,
                watched_since=None if base else created,
            )
        )
        if not found or found[-1].observed_at != last.first_seen:
            return None
        gap = {version for one in inside for version in one.transition.gap}
        filled = {version for one in inside for version in one.transition.filled}
        rollback = next(
            (one.transition.rollback for one in reversed(inside) if one.transition.rollback), None
        )
        net = replace(found[-1], gap=tuple(sorted(gap)), filled=tuple(sorted(filled - gap)))
        if net.rollback and rollback and rollback.restored == net.rollback.restored:
            net = replace(net, rollback=rollback)
        return net

    def transient(self, span: _Span) -> tuple[Transient, ...]:
        """What was otherwise for a while between two ends that are alike in it."""
        return transients(span.base, span.later, self._against_base(span))

    def attention(self, span: _Span, passing: Sequence[Transient]) -> tuple[Attention, ...]:
        """What deserves attention of it, each finding once."""
        found: dict[tuple[str, str, tuple[str, ...]], Attention] = {}
        if not passing:
            return ()
        base = span.base.identity if span.base else None
        for place, difference in self._against_base(span).items():
            told, _ = findings(
                self.policy,
                only(difference, passing),
                before=self._document(base),
                after=self._document(span.later[place].identity),
                rules=self.rules,
                catalogue=self.catalogue,
                today=self.today,
            )
            for one in told:
                found.setdefault((one.rule, one.consequence, one.actions), one)
        return tuple(found[key] for key in sorted(found))

    def _against_base(self, span: _Span) -> dict[int, Difference]:
        """What each version inside changed against the one at the start, by its place."""
        base = span.base.identity if span.base else None
        return {
            place: self.difference(base, stint.identity)
            for place, stint in enumerate(span.later)
            if stint.identity != base
        }

    def difference(self, before: Identity | None, after: Identity | None) -> Difference:
        """The difference between two versions, compared once."""
        if (before, after) not in self._compared:
            self._compared[before, after] = compare(
                self._document(before), self._document(after), self.catalogue
            )
        return self._compared[before, after]

    def _document(self, identity: Identity | None) -> Document | None:
        return None if identity is None else self.document(identity)


def _compared_already(
    changes: Sequence[Change],
) -> dict[tuple[Identity | None, Identity | None], Difference]:
    """The differences that are known: the net change of a period with one step is that step's."""
    return {
        (_identity(one.transition.before), _identity(one.transition.after)): one.difference
        for one in changes
        if one.transition.kind is not Kind.REMOVED
    }


def _identity(end: Endpoint | None) -> Identity | None:
    return (end.version, end.create_date) if end else None
