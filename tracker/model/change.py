"""A change: the difference between two accesses, explained. The values behind the JSON record (schema 1)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.trail import Trail

Severity = Literal["alarm", "attention", "info", "none"]
Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True, order=True)
class ConditionEntry:
    """One operator and key of a Condition block with its alternatives."""

    operator: str  # as written: 'StringEquals', 'ForAnyValue:StringLikeIfExists'
    key: str  # as written: 'aws:SourceAccount'
    values: tuple[str, ...]  # sorted; true is 'true', 1 is '1'


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where a grant or a deny holds. Exactly one of resources and not_resources is not None."""

    resources: tuple[str, ...] | None = ("*",)  # sorted
    not_resources: tuple[str, ...] | None = None  # sorted
    principal: tuple[tuple[str, tuple[str, ...]], ...] | None = (
        None  # (('Service', ('support.amazonaws.com',)),)
    )
    not_principal: bool = False  # `principal` came from NotPrincipal
    condition: tuple[ConditionEntry, ...] = ()  # sorted; all hold together

    @property
    def everywhere(self) -> bool:
        """True for every resource, under no condition, by anybody."""
        return self.resources == ("*",) and self.principal is None and not self.condition


@dataclass(frozen=True, slots=True)
class ActionChange:
    """An action that came or went."""

    action: (
        str  # 's3:GetObject', spelt as the document spells it (for a wildcard's reach, as the catalogue does)
    )
    service: str  # lower case
    access_level: str  # the catalogue's, or 'Unknown'
    description: str  # the catalogue's, possibly empty
    scopes: tuple[Scope, ...]  # where it holds (for one that went: where it held)
    tags: tuple[str, ...] = ()  # sorted: 'unknown', 'by-wildcard', 'under-deny', ...


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """An action that was allowed before and is allowed after, elsewhere or otherwise."""

    action: str
    service: str
    access_level: str
    before: tuple[Scope, ...]
    after: tuple[Scope, ...]
    proved: bool  # False: not provable either way, so shown as re-scoped for review


@dataclass(frozen=True, slots=True)
class DenyChange:
    """A deny that came or went (then one of before and after is empty), or moved."""

    pattern: str
    before: tuple[Scope, ...]
    after: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class PatternChange:
    """An action string of the document that is no plain Allow of one action: a wildcard, a NotAction list, a deny."""

    pattern: str  # 's3:Get*', or 'NotAction: iam:*, sts:*'
    effect: Effect
    scopes: tuple[Scope, ...]
    reaches: int  # how many actions of the catalogue it matches today
    open_ended: bool  # it will also match actions that AWS has yet to invent


@dataclass(frozen=True, slots=True)
class Redundant:
    """An edit without effect: what was added was covered before, what was withdrawn still is."""

    pattern: str
    effect: Effect
    direction: Literal["added", "removed"]
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service of which no action was allowed before (or none is any more)."""

    service: str  # lower case
    name: str  # the human name, or the prefix
    actions: tuple[str, ...]  # sorted


@dataclass(frozen=True, slots=True)
class Attention:
    """Something in a change that deserves an alarm, by a rule with a reason, a source and that source's date."""

    rule: str  # 'reads-data:s3:GetObject', stable
    kind: str  # 'customer-data', 'credentials', 'escalation', 'exposure', 'capability', 'level', 'not-reviewed', 'deny'
    actions: tuple[str, ...]  # the actions concerned that this change touches
    completes: tuple[str, ...]  # actions already held that, with `actions`, complete a set
    consequence: str  # what can now be done, to follow 'can now': 'read S3 objects'
    why: str  # one sentence
    source: str
    source_date: str  # '2024-05-01'
    scopes: tuple[Scope, ...]
    severity: Severity = "attention"
    accepted: str = ""  # the reason it was accepted, or empty
    since: str = ""  # for what is in force: '2021-12-21T23:48:04Z', or empty


@dataclass(frozen=True, slots=True)
class TripwireHit:
    """A pattern of the user's own that a change newly grants."""

    pattern: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What of a role changed beside the statements of its documents. Every tuple is sorted."""

    trusted_added: tuple[
        str, ...
    ] = ()  # principals: 'Service support.amazonaws.com', 'AWS arn:aws:iam::...:root'
    trusted_removed: tuple[str, ...] = ()
    attached_added: tuple[str, ...] = ()  # ARNs of managed policies
    attached_removed: tuple[str, ...] = ()
    inline_added: tuple[str, ...] = ()  # names of inline policies
    inline_removed: tuple[str, ...] = ()
    inline_changed: tuple[str, ...] = ()
    trust_changed: bool = False  # the trust policy says something else, conditions included
    boundary: tuple[str, str] = ("", "")  # ARN of the permissions boundary before and after; empty: none
    policies: tuple[str, ...] = ()  # names of those attached before or after, and of the one that should be
    made_again: bool = False  # another role under the same name
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two accesses; nothing of when, of which policy, of what deserves attention."""

    services_added: tuple[ServiceChange, ...] = ()
    services_removed: tuple[ServiceChange, ...] = ()
    actions_added: tuple[ActionChange, ...] = ()
    actions_removed: tuple[ActionChange, ...] = ()
    actions_widened: tuple[ScopeChange, ...] = ()
    actions_narrowed: tuple[ScopeChange, ...] = ()
    actions_rescoped: tuple[ScopeChange, ...] = ()
    denies_added: tuple[DenyChange, ...] = ()
    denies_removed: tuple[DenyChange, ...] = ()
    denies_widened: tuple[DenyChange, ...] = ()
    denies_narrowed: tuple[DenyChange, ...] = ()
    denies_rescoped: tuple[DenyChange, ...] = ()  # denied elsewhere or otherwise; or not provable either way
    patterns_added: tuple[PatternChange, ...] = ()
    patterns_removed: tuple[PatternChange, ...] = ()
    redundant: tuple[Redundant, ...] = ()
    cosmetic: tuple[str, ...] = ()  # sentences: 'the statements were re-ordered'
    equal_language: bool = False  # equal pattern languages and scopes: at most cosmetic
    catalogue: str = ""  # version of the catalogue that both sides were expanded over
    catalogue_before: str = ""  # of a catalogue's growth: the one that it was expanded over before
    services_before: int = 0  # services with at least one action allowed
    services_after: int = 0
    actions_before: int = 0  # actions allowed
    actions_after: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A transition with what it changed and what of that deserves attention: the unit of every changelog."""

    transition: Transition
    difference: Difference
    attention: tuple[Attention, ...] = ()
    tripwires: tuple[TripwireHit, ...] = ()
    severity: Severity = "none"
    id: str = ""  # stable: from ARN, versions, kind and first observation
    role: RoleChange | None = None  # only where it is a role that changed
    trail: Trail | None = None  # only of a policy that is attached to a tracked role

    @property
    def policy(self) -> PolicyArn:
        """The policy that changed."""
        return self.transition.policy

    @property
    def topics(self) -> tuple[str, ...]:
        """Whose subscribers hear of it: the policy's; of a role's change those of the policies that hang on it, too."""
        return (self.policy.name, *(self.role.policies if self.role else ()))

    @property
    def kind(self) -> str:
        """The kind as the record prints it."""
        return str(self.transition.kind)


@dataclass(frozen=True, slots=True)
class Transient:
    """An action that was granted and withdrawn again (or the other way round) inside a period."""

    action: str
    direction: Literal["granted", "withdrawn", "widened", "narrowed", "re-scoped"]  # what it was for a while
    min_s: float  # seconds it was so at least, as far as observations tell
    max_s: float  # and at most
    access_level: str = "Unknown"


@dataclass(frozen=True, slots=True)
class Period:
    """What a stretch of time did to one policy: the net change, the transitions in it, and what came and went."""

    policy: PolicyArn
    since: datetime  # UTC, inclusive
    until: datetime  # UTC, exclusive
    net: Change | None  # None: the same access at both ends
    transitions: tuple[Change, ...]
    transient: tuple[Transient, ...]
    looks: int  # successful looks inside
    first_look: datetime | None
    last_look: datetime | None
    transient_attention: tuple[Attention, ...] = field(default=())  # what deserves it of what came and went
    known_before: bool = True  # False: nothing is known of the policy before `since`
    transient_scopes: tuple[
        Transient, ...
    ] = ()  # allowed at both ends alike, elsewhere or otherwise for a while

    @property
    def growths(self) -> tuple[Change, ...]:
        """What upgrades of the catalogue gave or took inside it, oldest first: transitions that are no version's."""
        return tuple(one for one in self.transitions if one.transition.kind is Kind.CATALOGUE_GROWTH)
