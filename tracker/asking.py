"""The archive asked who may call what: which policies, since when, until when. It reads the index alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracker.archive.archive import Archive
from tracker.archive.asked import gone, said
from tracker.archive.layout import policy_key
from tracker.model.asked import Holder, Moment, Question, Said
from tracker.model.identity import PolicyArn
from tracker.policy.questions import newly, spans

_FEW = 10  # of more policies all are asked about at once


def holders(
    archive: Archive, asked: Question, *, every: bool = False, policies: Iterable[PolicyArn] | None = None
) -> tuple[Holder, ...]:
    """Each policy, of all or of these, that allows what is asked or once did, by name.

    A pattern means any of its actions, with `every` all of them. Raises SetupError for an index that is behind.
    """
    chosen = None if policies is None else tuple(policies)
    checked = (None,) if chosen is None or len(chosen) > _FEW else chosen
    if not archive.database.exists:
        for arn in checked:
            archive.must_agree(arn)
        return ()
    with archive.database.reading() as db:
        for arn in checked:
            archive.must_agree(arn, db)
        left = gone(db)
        found = list(said(db, asked, None if chosen is None else {policy_key(arn) for arn in chosen}))
    told = [(arn, spans(asked, each, every=every), each) for arn, each in found]
    return tuple(
        sorted(
            (Holder(arn, when, tuple(each), left.get(arn)) for arn, when, each in told if when),
            key=lambda one: (one.arn.name.lower(), str(one.arn)),
        )
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """What a policy newly let through of a question, at one moment."""

    arn: PolicyArn
    moment: Moment
    said: tuple[Said, ...]  # by which it did; where a Deny went, what stood already


def gains(
    asked: Question, found: Iterable[Holder], since: datetime, until: datetime | None
) -> tuple[Gain, ...]:
    """What policies newly let through in [since, until), oldest first.

    A pattern in other words, under another scope or in another statement is nothing new, and neither is what a policy
    said when it was first seen: nobody knows since when.
    """
    told = []
    for holder in found:
        moments: dict[datetime, tuple[Moment, list[Said]]] = {}
        for one in holder.said:
            if (
                one.effect == "Allow"
                and _within(one.since, since, until)
                and newly(asked, one, _before(holder, one))
            ):
                moments.setdefault(one.since.at, (one.since, []))[1].append(one)
        for span in holder.spans:
            if _within(span.since, since, until) and span.since.at not in moments:
                moments[span.since.at] = (span.since, list(holder.said_at(span.since.at, "Allow")))
        told += [
            Gain(holder.arn, moment, tuple(each))
            for moment, each in moments.values()
            if holder.span_at(moment.at)
        ]
    return tuple(sorted(told, key=lambda one: (one.moment.at, one.arn.name.lower(), str(one.arn))))


def _within(moment: Moment, since: datetime, until: datetime | None) -> bool:
    return not moment.first and since <= moment.at and (until is None or moment.at < until)


def _before(holder: Holder, one: Said) -> list[Said]:
    """What the policy said until something began."""
    begun = one.since.at
    return [
        each
        for each in holder.said
        if each.since.at < begun and (each.until is None or each.until.at >= begun)
    ]
