"""Which policies a round is about, and which of them have to be asked about one by one.

One listing tells of every policy which version is in force and when its newest was made. So only what moved, is new, or
is no longer listed is looked at by itself: where nothing changed, the listing is all that is asked of AWS.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tracker.archive.attachments import Attachments
from tracker.archive.layout import policy_key
from tracker.collaborators import Tracker
from tracker.errors import InputError, PartialFailure, TrackerError
from tracker.model.asking import Listing
from tracker.model.history import Look
from tracker.model.identity import PolicyArn, split_partition
from tracker.model.rounds import Failure
from tracker.model.watch import ALL, ATTACHED, HERE, Watch
from tracker.sources.parallel import Ask

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Survey:
    """What a round asks, and what it need not ask."""

    asks: list[Ask] = field(default_factory=list)
    policies: set[PolicyArn] = field(default_factory=set)  # that the round is about
    failed: list[Failure] = field(default_factory=list)  # listings that failed, policies that no listing has
    first: list[PolicyArn] = field(
        default_factory=list
    )  # first looked at by a listing, which has them as they are on record: an import, a round that was killed
    swept: set[str] = field(default_factory=set)  # partitions of which everything was asked for

    def looks(
        self, run: str, start: datetime, end: datetime, failed: Sequence[Failure]
    ) -> Iterator[tuple[Look, str]]:
        """The lines that say what was looked at, and in which partition. Where nothing was, nothing is said."""
        for partition in sorted({one.partition for one in self.policies} | self.swept):
            faults = sorted(str(one.policy) for one in failed if one.policy.partition == partition)
            named = sorted(str(one) for one in self.policies if one.partition == partition)
            yield (
                Look(run, start, end, None if partition in self.swept else tuple(named), tuple(faults)),
                partition,
            )


def survey(tracker: Tracker, watch: Watch, *, dry: bool = False) -> Survey:
    """What has to be asked about these policies; listings are made here, and only here. `dry`: nothing is written."""
    found = Survey(policies=set(watch.named))
    for arn in watch.named:
        first = tracker.archive.last_look(arn) is None
        try:
            found.asks.append(Ask(arn, tracker.archive.known(arn), first=first))
        except InputError as error:  # a damaged timeline: this policy waits for its repair, and no other
            found.failed.append(damaged(arn, error))
    for partition in watch.partitions if watch.listing else ():
        here = watch.listing == ATTACHED and not watch.accounts
        try:
            listing = tracker.source.listing(partition, attached=here)
        except TrackerError as error:
            log.warning("policies not listed", extra={"partition": partition, "error": str(error)})
            found.failed.append(failure(PolicyArn(partition, "*"), error))
            found.swept.add(partition)
            continue
        counts = {arn: one.attachments for arn, one in listing.policies.items()}
        if not dry:
            Attachments(tracker.database).record(HERE, partition, counts)
        _listed(tracker, watch, listing, found)
    return found


def failure(arn: PolicyArn, error: TrackerError) -> Failure:
    """What could not be had of a policy, for a round's record."""
    return Failure(arn, str(error), error.advice, error.exit_code)


def damaged(arn: PolicyArn, error: InputError) -> Failure:
    """What could not be done for a policy because its files are damaged: part of the work failed, not the usage."""
    return Failure(arn, str(error), error.advice, PartialFailure.exit_code)


def _listed(tracker: Tracker, watch: Watch, listing: Listing, found: Survey) -> None:
    """What a listing leaves to be asked: what moved or is new, and what everything no longer has in it."""
    on_record = tracker.archive.defaults(listing.partition)
    chosen = dict(listing.policies)
    if watch.listing == ALL:
        found.swept.add(listing.partition)
    elif watch.accounts:
        chosen = {arn: listing.policies[arn] for arn in _attached(watch.accounts, listing, found)}
    asks = []
    for arn, listed in sorted(chosen.items()):
        _, known = on_record.get(policy_key(arn), (arn, None))
        if known is None or listed.moved(known):
            asks.append(arn)
    if watch.listing == ALL:
        named = {policy_key(arn) for arn in listing.policies}
        asks += [
            arn
            for key, (arn, known) in sorted(on_record.items())
            if key not in named and known.default is not None and arn.account == "aws"
        ]
    read = tracker.archive.last_reads({*chosen, *asks} - found.policies)
    found.first += sorted(chosen.keys() - {*asks, *read} - found.policies)
    found.asks += [
        Ask(arn, tracker.archive.known(arn), listing, first=arn not in read)
        for arn in asks
        if arn not in found.policies
    ]
    found.policies |= {*chosen, *asks}


def _attached(accounts: Mapping[str, Sequence[str]], listing: Listing, found: Survey) -> Iterator[PolicyArn]:
    """The policies of a complete listing that the accounts name; a name that it lacks is a failure."""
    by_name = {arn.name: arn for arn in listing.policies}
    for text in sorted({text for names in accounts.values() for text in names}):
        partition, name = split_partition(text, listing.partition)
        if partition != listing.partition:
            continue
        arn = by_name.get(name)
        if arn is not None:
            yield arn
        else:
            whose = ", ".join(sorted(account for account, names in accounts.items() if text in names))
            found.failed.append(
                Failure(
                    PolicyArn(partition, name),
                    f"{name} is named as attached in {whose}, and AWS lists no such policy",
                    "Check the spelling; a policy that AWS has deprecated is visible only where it is attached.",
                    3,
                )
            )
