"""From what a person typed to policies, versions and instants; and from the archive to what a person wants to know."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.shell import Shell
from tracker.errors import InputError, TrackerError, UnknownPolicyError
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant, words
from tracker.model.rounds import Failure
from tracker.model.watch import Watch

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tracker.collaborators import Tracker

Identity = tuple[VersionId, datetime]


def complete_policy(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Names of archived policies, for the shell: read from the folders' names, without opening anything else."""
    from click.shell_completion import CompletionItem  # only a shell that asks needs it

    shell = ctx.find_object(Shell) or Shell()
    places = (shell.find_home() / "snapshots").glob("*/*")
    names = {place.name for place in places if place.name.startswith(incomplete) and place.is_dir()}
    return [CompletionItem(name) for name in sorted(names)]


class PolicyName(click.ParamType[str]):
    """A policy's name or ARN, completed from the archive."""

    name = "policy"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Names of archived policies."""
        return complete_policy(ctx, param, incomplete)


POLICY = PolicyName()


def archived(tracker: "Tracker", names: Sequence[str], *, every: bool = False) -> tuple[PolicyArn, ...]:
    """The archived policies of these names; of the settings' where none is given; all of them with `every`.

    Raises UnknownPolicyError for a name that the archive does not know. AWS is not asked.
    """
    if every:
        return tracker.archive.policies()
    from tracker.watched import listing_of, watched

    if not names and (listing := listing_of(tracker)):
        return watched(tracker, listing)
    return tuple(
        dict.fromkeys(tracker.archive.resolve(name, tracker.partition) for name in names or tracker.policies)
    )


def answered_for(tracker: "Tracker", names: Sequence[str], *, every: bool = False) -> tuple[PolicyArn, ...]:
    """As `archived`; where none is named the watched roles and what hangs on them, too: whoever signs answers for these as well."""
    from tracker.watched import with_roles

    found = archived(tracker, names, every=every)
    return found if names or every else tuple(dict.fromkeys((*found, *with_roles(tracker))))


def watch_of(tracker: "Tracker", names: Sequence[str], word: str = "") -> tuple[Watch, tuple[Failure, ...]]:
    """What to look at: policies by their names, a listing by its word, else what the settings say; and names that can't be had."""
    from tracker.watched import listing_of

    listing = listing_of(tracker, word) if word or not names else None
    if listing is not None:
        return listing, ()
    roles = tuple(name for name in names if name in tracker.roles) if names else tracker.roles
    found, failed = findable(tracker, [name for name in names or tracker.policies if name not in roles])
    return Watch(found, roles=roles), failed


def findable(tracker: "Tracker", names: Sequence[str]) -> tuple[tuple[PolicyArn, ...], tuple[Failure, ...]]:
    """The policies of these names, asking AWS for those the archive does not know; and those that can't be had."""
    from tracker.service import resolve

    found: list[PolicyArn] = []
    failed: list[Failure] = []
    for name in names:
        try:
            found += resolve(tracker, [name])
        except TrackerError as error:
            arn = PolicyArn(tracker.partition, name)
            failed.append(Failure(arn, str(error), error.advice, error.exit_code))
    return tuple(dict.fromkeys(found)), tuple(failed)


def version_of(tracker: "Tracker", arn: PolicyArn, text: str) -> Identity:
    """The archived version that `text` means: `v57`, or a date or instant at which it was the default.

    Raises InputError for what is neither, UnknownPolicyError for a version or date that the archive knows nothing of.
    """
    if text[:1] in ("v", "V"):
        try:
            return _identity(tracker, arn, VersionId.parse(text.lower()))
        except ValueError as error:
            raise InputError(str(error)) from error
    try:
        moment = parse_instant(text)
    except ValueError as error:
        raise InputError(
            f"neither a version nor a date: {text!r}", advice="wanted: v57, 2021-12-21 or 2021-12-21T23:48Z"
        ) from error
    seen = tracker.archive.at(arn, moment)
    if seen is None:
        first = next(iter(tracker.archive.observations(arn)), None)
        raise UnknownPolicyError(
            f"nothing is known of {arn.name} at {words(moment)}",
            advice=f"its first observation is of {words(first.observed_at)}"
            if first
            else "it was never observed",
        )
    if seen.identity is None:
        raise UnknownPolicyError(f"{arn.name} was not visible to this account at {words(moment)}")
    return seen.identity


def default_of(tracker: "Tracker", arn: PolicyArn) -> Identity:
    """The default on record. Raises UnknownPolicyError, with the versions that there are, where none is."""
    default = tracker.archive.known(arn).default
    if default is None:
        versions = ", ".join(str(version) for version, _ in tracker.archive.identities(arn))
        raise UnknownPolicyError(
            f"{arn.name} has no default that is known", advice=f"name a version: {versions}"
        )
    return default


def _identity(tracker: "Tracker", arn: PolicyArn, version: VersionId) -> Identity:
    return tracker.archive.snapshot(arn, version).identity


class Standing(NamedTuple):
    """How well a policy is watched."""

    looks: int
    last: datetime | None  # when it was last looked at
    next_look: datetime


def standing(tracker: "Tracker", arn: PolicyArn) -> Standing:
    """When AWS was last asked about a policy, and when it will be next if cron or the daemon is running."""
    looks = tracker.archive.looks(arn)
    return Standing(len(looks), looks[-1].start if looks else None, tracker.plan.look.next(tracker.clock()))


def in_words(how: Standing) -> str:
    """`looked 3 times, last 2026-11-24 06:17 UTC; next look 2026-11-25 06:17 UTC`."""
    times = (
        f"looked {how.looks} {'time' if how.looks == 1 else 'times'}, last {words(how.last)}"
        if how.last
        else "never looked at"
    )
    return f"{times}; next look {words(how.next_look)}"


def month(text: str) -> tuple[datetime, datetime]:
    """[first, next first) of a month written `2021-12`. Raises InputError for anything else."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"not a month: {text!r}", advice="wanted: 2021-12") from error
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def instant(text: str, what: str) -> datetime:
    """A date or an instant. Raises InputError naming the option."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise InputError(f"{what}: {error}") from error


def begun(since: str | None, now: datetime) -> datetime | None:
    """The --since of a list that has no end but now. Raises InputError for what is still to come."""
    begin = instant(since, "--since") if since else None
    if begin is not None and begin > now:
        raise InputError(
            f"--since {since} is still to come", advice=f"nothing is on record after now, {words(now)}"
        )
    return begin


def stretch(
    month_: str | None, since: str | None, until: str | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """[since, until) of the options --month, --since and --until; None where none is given."""
    if month_ and (since or until):
        raise click.UsageError("--month stands alone: it is a --since and an --until")
    if until and not since:
        raise click.UsageError("--until needs a --since")
    if month_:
        begin, end = month(month_)
        if begin > now:
            raise InputError(
                f"that month has not begun: {month_}",
                advice=f"the newest that has is {now:%Y-%m}; it is told as far as it has gone",
            )
        return begin, end
    if not since:
        return None
    begin, end = instant(since, "--since"), instant(until, "--until") if until else now
    if begin >= end:
        raise InputError(f"--since {since} does not come before --until {until or 'now'}")
    return begin, end


def read_text(path: Path) -> str:
    """A file that a person named, as text. Raises InputError where it can't be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path} can't be read: {reason}") from error
