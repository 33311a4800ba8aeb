"""The answer to 'who may call this, since when?' in words and as records: for the command, and for whoever asks by machine."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tracker.changelog.record import Record, dumps, policy_record, scope_record
from tracker.changelog.scopes import all_in_words
from tracker.changelog.wording import count
from tracker.model.asked import Holder, Moment, Question, Said, Span
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso


def answer(
    asked: Question, found: Sequence[Holder], moment: datetime | None, known: int, *, every: bool
) -> str:
    """`12 of 69 policies allow s3:GetObject now; 3 more did before.`"""
    holding = sum(one.span_at(moment) is not None for one in found)
    what = asked.asked if asked.single else f"{'all' if every else 'any'} of {asked.asked}"
    then = f"at {iso(moment)}" if moment else "now"
    verb = "allowed" if moment else "allows" if 1 in (holding, known) else "allow"
    told = f"{holding:,} of {count(known, 'policy', 'policies')} {verb} {what} {then}"
    others = len(found) - holding
    if others:
        told += f"; {others:,} more did at another time" if moment else f"; {others:,} more did before"
    return told + "."


def since_in_words(moment: Moment) -> str:
    """`2021-12-22 (v20)`; for the first observation `2021-12-22 (v20) or earlier`; of a version nobody watched 'by its date'."""
    notes = [str(moment.version)] if moment.version else []
    notes += ["by its date"] if moment.basis == "create_date" else []
    told = f"{moment.at:%Y-%m-%d}" + (f" ({', '.join(notes)})" if notes else "")
    return f"{told} or earlier" if moment.first else told


def by_in_words(said: Iterable[Said]) -> str:
    """By which words of the document: `by name`, `s3:Get*`, `all but iam:*`."""
    return ", ".join(sorted({_by(one) for one in said}, key=lambda one: (one != "by name", one.lower())))


def _by(one: Said) -> str:
    return {"name": "by name", "wildcard": one.spelling, "all-but": f"all but {one.spelling}"}[one.how]


def statements_in_words(said: Iterable[Said]) -> str:
    """Which statements: `2, 5 (ReadObjects)`."""
    found = sorted({(one.statement, one.sid) for one in said})
    return ", ".join(f"{number} ({sid})" if sid else str(number) for number, sid in found)


def where_in_words(allows: Sequence[Said], denies: Sequence[Said]) -> str:
    """Where it is allowed, and where the same policy takes it back."""
    told = all_in_words(tuple(dict.fromkeys(one.scope for one in allows)))
    if denies:
        told += f"; denied {all_in_words(tuple(dict.fromkeys(one.scope for one in denies)))}"
    return told


def shown_at(holder: Holder, moment: datetime | None) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """What a policy says at a moment, or by its last default; where it allows nothing then, as its last span began."""
    at = moment if holder.span_at(moment) else holder.spans[-1].since.at
    return holder.said_at(at, "Allow"), holder.said_at(at, "Deny")


def holder_record(holder: Holder, moment: datetime | None) -> Record:
    """A policy that allows what was asked, or did: the spans in which it did, and by what it says (or said last)."""
    allows, denies = shown_at(holder, moment)
    return {
        "policy": policy_record(holder.arn),
        "allows": holder.span_at(moment) is not None,
        "spans": [_span(one) for one in holder.spans],
        "by": _sorted(allows),
        "denied": _sorted(denies),
        "not_visible_since": None if holder.gone is None else iso(holder.gone),
    }


def gain_record(arn: PolicyArn, moment: Moment, said: Iterable[Said]) -> Record:
    """What a policy newly let through at a moment."""
    return {"policy": policy_record(arn), "at": _moment(moment), "by": _sorted(said)}


def _sorted(said: Iterable[Said]) -> list[Record]:
    return sorted(map(said_record, said), key=lambda one: (str(one["pattern"]).lower(), dumps(one)))


def said_record(one: Said) -> Record:
    """One thing that a policy says, or said."""
    return {
        "pattern": one.spelling,
        "how": one.how,
        "scope": scope_record(one.scope),
        "statement": one.statement,
        "sid": one.sid,
        "since": _moment(one.since),
        "until": None if one.until is None else _moment(one.until),
    }


def _span(one: Span) -> Record:
    return {"since": _moment(one.since), "until": None if one.until is None else _moment(one.until)}


def _moment(one: Moment) -> Record:
    return {
        "at": iso(one.at),
        "version": None if one.version is None else str(one.version),
        "basis": one.basis,
        "first_on_record": one.first,
    }
