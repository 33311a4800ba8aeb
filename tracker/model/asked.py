"""What the archive answers when it is asked who may call what, and since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from tracker.model.change import Effect, Scope
from tracker.model.history import Basis
from tracker.model.identity import PolicyArn, VersionId

How = Literal["name", "wildcard", "all-but"]  # how a statement says it; all-but is a NotAction list


@dataclass(frozen=True, slots=True)
class Question:
    """An action, or a pattern of actions, that somebody asks about."""

    asked: str  # as typed
    pattern: str  # lower case, canonical

    @property
    def single(self) -> bool:
        """True for one action, False for a pattern of them."""
        return "*" not in self.pattern and "?" not in self.pattern


class Moment(NamedTuple):
    """An observation that began something or ended it. A tuple, as `Said`: an answer is made of thousands."""

    at: datetime  # UTC: when the default was seen
    version: VersionId | None  # the default that was seen; None: the policy was no longer visible
    basis: Basis
    first: bool = False  # the policy's first observation, before which nothing is known


class Said(NamedTuple):
    """One thing that a policy said, and for how long."""

    effect: Effect
    how: How
    pattern: str  # lower case, canonical; of a NotAction list its patterns, blanks between
    spelling: str  # as documents spell it
    scope: Scope
    literal_variables: bool  # `${` in its scope means itself
    statement: int  # its number in the last document that says it, from 1
    sid: str  # and its Sid, or empty
    since: Moment
    until: Moment | None  # None: the last default seen says it

    def holds_at(self, moment: datetime) -> bool:
        """Whether it was said by the default at a moment."""
        return self.since.at <= moment and (self.until is None or moment < self.until.at)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which a policy allowed what was asked, without a break."""

    since: Moment
    until: Moment | None  # None: it does still


@dataclass(frozen=True, slots=True)
class Holder:
    """A policy that allows what was asked, or did once."""

    arn: PolicyArn
    spans: tuple[Span, ...]  # oldest first, never empty
    said: tuple[Said, ...]  # everything it said about it, allowed and denied, oldest first
    gone: datetime | None = None  # since when it is no longer visible to this account

    def span_at(self, moment: datetime | None) -> Span | None:
        """The span that a moment lies in; the one that lasts where no moment is named."""
        for span in self.spans:
            if moment is None:
                if span.until is None:
                    return span
            elif span.since.at <= moment and (span.until is None or moment < span.until.at):
                return span
        return None

    def said_at(self, moment: datetime | None, effect: Effect) -> tuple[Said, ...]:
        """What it says at a moment, or by the last default seen."""
        return tuple(
            one
            for one in self.said
            if one.effect == effect and (one.until is None if moment is None else one.holds_at(moment))
        )
