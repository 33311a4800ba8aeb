"""`policy-tracker search`: which policies allow an action, since when, until when. It reads the index alone."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, instant, stretch
from tracker.cli.shell import Shell
from tracker.errors import InputError
from tracker.model.instants import iso
from tracker.model.watch import ATTACHED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.asking import Gain
    from tracker.collaborators import Tracker
    from tracker.model.asked import Holder, Question
    from tracker.model.identity import PolicyArn

    Accounts = Callable[[PolicyArn], tuple[str, ...]]

_WIDEST = 90  # characters of a cell: a policy may name hundreds of resources


@click.command(
    "search",
    cls=Examples,
    short_help="Which policies allow an action, since when.",
    examples=(
        "policy-tracker search s3:GetObject",
        "policy-tracker search 's3:Get*' --all-of --at 2022-01-01",
        "policy-tracker search '*:Decrypt' --policy ReadOnlyAccess --json",
        "policy-tracker search iam:PassRole --attached",
        "policy-tracker search 'kms:*' --month 2024-03    # what was newly let through in a month",
    ),
)
@click.argument("action", metavar="ACTION-OR-PATTERN")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=POLICY,
    metavar="POLICY",
    help="Of this policy alone; may be given again.",
)
@click.option(
    "--attached", is_flag=True, help="Of those attached in this account or in the accounts' file alone."
)
@click.option("--at", metavar="DATE", help="At a date or an instant, UTC, instead of now.")
@click.option(
    "--all-of",
    "every",
    is_flag=True,
    help="Policies that allow all of a pattern's actions, not just any of them.",
)
@click.option("--month", "month_", metavar="YYYY-MM", help="What was newly let through in a month, UTC.")
@click.option("--since", metavar="DATE", help="What was newly let through from this instant on, UTC.")
@click.option("--until", metavar="DATE", help="And before this one. [default: now]")
@formatted("text", "json")
@click.pass_obj
def command(
    shell: Shell,
    action: str,
    policies: tuple[str, ...],
    attached: bool,
    at: str | None,
    every: bool,
    month_: str | None,
    since: str | None,
    until: str | None,
    wanted: str,
) -> None:
    """Which policies allow an action, since when and until when, by which statement and under which scope.

    ACTION-OR-PATTERN is without regard to case; 's3:Get*' means any of these, with --all-of all of them. What a policy's
    own Deny takes back everywhere is not allowed; what it takes back in part is told beside it.
    """
    from tracker.policy.questions import question

    tracker = shell.tracker()
    period = stretch(month_, since, until, tracker.clock())
    if at and period:
        raise click.UsageError("--at is a moment; --month, --since and --until are a stretch of time")
    asked, moment = question(action), instant(at, "--at") if at else None
    from tracker.asking import gains, holders

    only = _only(tracker, policies, attached)
    found = holders(tracker.archive, asked, every=every, policies=only)
    accounts = _accounts(tracker, attached)
    if period:
        _put_gains(asked, gains(asked, found, *period), period, wanted)
    elif wanted == "json":
        _put_json(asked, found, moment, every, accounts)
    else:
        from tracker.changelog.holders import answer

        known = tracker.archive.count() if only is None else len(only)
        put(answer(asked, found, moment, known, every=every))
        _put_holders(found, moment, accounts)
        _put_doubts(tracker, asked, found)


def _only(tracker: "Tracker", policies: tuple[str, ...], attached: bool) -> "tuple[PolicyArn, ...] | None":
    """The policies that are asked about; None for all."""
    if not attached:
        return archived(tracker, policies) if policies else None
    from tracker.watched import listing_of, watched

    found = watched(tracker, listing_of(tracker, ATTACHED))
    if not found:
        raise InputError(
            "nothing is known to be attached", advice="policy-tracker check --attached asks AWS what is"
        )
    named = set(archived(tracker, policies)) if policies else set(found)
    return tuple(arn for arn in found if arn in named)


def _accounts(tracker: "Tracker", attached: bool) -> "Accounts | None":
    """Where a policy is attached, if that is what is watched or asked about."""
    if not attached and tracker.policies != (ATTACHED,):
        return None
    from tracker.watched import where_attached

    return where_attached(tracker)


def _put_holders(found: "Sequence[Holder]", moment: datetime | None, accounts: "Accounts | None") -> None:
    """Who allows it, then who does no longer, or does at another time."""
    holding = [one for one in found if one.span_at(moment)]
    others = [one for one in found if not one.span_at(moment)]
    for rows, columns, cells in (
        (holding, ("since", "by", "where", "statement"), _cells),
        (others, ("from", "until", "by", "where"), _past),
    ):
        if rows:
            told = [
                (name, *((", ".join(accounts(one.arn)),) if accounts else ()), *rest)
                for one in rows
                for name, *rest in (cells(one, moment),)
            ]
            _put_table(("policy", *(("account",) if accounts else ()), *columns), told)


def _put_table(columns: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> None:
    """A table in which a cell stays short enough to be read; one that is cut off says where the whole is."""
    from tracker.changelog.wording import short

    told = [[short(cell, _WIDEST) for cell in row] for row in rows]
    put("")
    table(columns, told)
    if told != [list(row) for row in rows]:
        put("\nWhat ends in … is told in full by --json.")


def _put_doubts(tracker: "Tracker", asked: "Question", found: "Sequence[Holder]") -> None:
    """An action that nobody names and the catalogue doesn't know may be misspelt."""
    if asked.single and not any(one.how == "name" for each in found for one in each.said):
        service, _, name = asked.pattern.partition(":")
        if tracker.catalogue().action(service, name) is None:
            put(
                f"\nNo document names {asked.asked}, and the catalogue of AWS's actions doesn't know it: check the spelling."
            )


def _cells(one: "Holder", moment: datetime | None) -> tuple[str, ...]:
    from tracker.changelog.holders import (
        by_in_words,
        shown_at,
        since_in_words,
        statements_in_words,
        where_in_words,
    )

    allows, denies = shown_at(one, moment)
    span = one.span_at(moment)
    assert span is not None  # noqa: S101 -- the caller has asked
    name = one.arn.name if one.gone is None else f"{one.arn.name} (not visible since {one.gone:%Y-%m-%d})"
    return (
        name,
        since_in_words(span.since),
        by_in_words(allows),
        where_in_words(allows, denies),
        statements_in_words(allows),
    )


def _past(one: "Holder", moment: datetime | None) -> tuple[str, ...]:
    from tracker.changelog.holders import by_in_words, shown_at, since_in_words, where_in_words

    span = one.spans[-1]
    allows, denies = shown_at(one, moment)
    until = since_in_words(span.until) if span.until else "now"
    return (
        one.arn.name,
        since_in_words(span.since),
        until,
        by_in_words(allows),
        where_in_words(allows, denies),
    )


def _put_json(
    asked: "Question",
    found: "Sequence[Holder]",
    moment: datetime | None,
    every: bool,
    accounts: "Accounts | None",
) -> None:
    from tracker.changelog.holders import holder_record

    put_items(
        "search",
        [
            {**holder_record(one, moment), **({"accounts": list(accounts(one.arn))} if accounts else {})}
            for one in found
        ],
        action=asked.asked,
        all_of=every,
        at=iso(moment) if moment else None,
    )


def _put_gains(
    asked: "Question", found: "Sequence[Gain]", period: tuple[datetime, datetime], wanted: str
) -> None:
    from tracker.changelog.holders import by_in_words, gain_record, statements_in_words, where_in_words
    from tracker.changelog.wording import count

    if wanted == "json":
        items = [gain_record(one.arn, one.moment, one.said) for one in found]
        put_items("gains", items, action=asked.asked, since=iso(period[0]), until=iso(period[1]))
        return
    policies = count(len({one.arn for one in found}), "policy", "policies")
    put(f"{policies} newly let through {asked.asked} from {iso(period[0])} until {iso(period[1])}.")
    if found:
        rows = [
            (
                f"{one.moment.at:%Y-%m-%d}",
                f"{one.arn.name} {one.moment.version or ''}".rstrip(),
                ", ".join(
                    sorted(
                        {each.spelling if each.how != "all-but" else by_in_words([each]) for each in one.said}
                    )
                ),
                where_in_words(one.said, ()),
                statements_in_words(one.said),
            )
            for one in found
        ]
        _put_table(("seen", "policy", "newly", "where", "statement"), rows)
