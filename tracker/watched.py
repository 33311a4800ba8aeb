"""What the settings watch, without asking AWS: the archived policies that are meant, and in which accounts they are attached."""

from collections.abc import Callable

from tracker.archive.attachments import Attachments
from tracker.archive.layout import policy_key
from tracker.collaborators import Tracker
from tracker.errors import TrackerError
from tracker.model.identity import PolicyArn, split_partition
from tracker.model.watch import ALL, ATTACHED, HERE, Watch
from tracker.roles import archived_role, hanging


def listing_of(tracker: Tracker, word: str = "") -> Watch | None:
    """The watch that a word stands for, or the settings' word; None where the settings name policies."""
    if not word and tracker.policies in ((ALL,), (ATTACHED,)):
        (word,) = tracker.policies
    if word == ALL:
        return Watch(listing="all", partitions=tracker.partitions, roles=tracker.roles)
    if word == ATTACHED:
        return Watch(
            listing="attached",
            partitions=tracker.partitions,
            accounts=tracker.accounts(),
            roles=tracker.roles,
        )
    return None


def watched(tracker: Tracker, watch: Watch | None = None) -> tuple[PolicyArn, ...]:
    """The archived policies that a watch is about, or the settings: those named, everything, or what was attached at the last look."""
    watch = watch or listing_of(tracker) or Watch(tuple(_known(tracker, tracker.policies, tracker.partition)))
    found = set(watch.named)
    if watch.listing == ALL:
        found |= {arn for arn in tracker.archive.policies() if arn.partition in watch.partitions}
    elif watch.accounts:
        names = sorted({text for names in watch.accounts.values() for text in names})
        for partition in watch.partitions:
            found |= set(_known(tracker, names, partition))
    elif watch.listing:
        known = {
            policy_key(arn): arn for arn in tracker.archive.policies() if arn.partition in watch.partitions
        }
        counts = Attachments(tracker.database).counts()
        found |= {arn for key, arn in known.items() if key in counts}
    return tuple(sorted(found | set(with_roles(tracker))))


def with_roles(tracker: Tracker) -> tuple[PolicyArn, ...]:
    """The archived roles of the settings, and what hangs on them as far as it is archived; sorted."""
    roles = {arn for name in tracker.roles if (arn := archived_role(tracker, name))}
    return tuple(
        sorted(roles | {arn for arn in hanging(tracker, tracker.roles) if tracker.archive.known(arn).seen})
    )


def is_watched(tracker: Tracker) -> Callable[[PolicyArn], bool]:
    """Whether the settings watch a policy, known or not."""
    listing = listing_of(tracker)
    if listing is not None and listing.listing == ALL:
        return lambda arn: arn.partition in listing.partitions
    if listing is not None:
        attached = frozenset(watched(tracker))
        return lambda arn: arn in attached
    named = {split_partition(name, tracker.partition) for name in tracker.policies}
    return lambda arn: (arn.partition, arn.name) in named


def _known(tracker: Tracker, names: "tuple[str, ...] | list[str]", partition: str) -> list[PolicyArn]:
    """Those that were ever looked at; of the others there is nothing to tell."""
    return [arn for name in names if (arn := tracker.archive.find(name, partition))]


def where_attached(tracker: Tracker) -> Callable[[PolicyArn], tuple[str, ...]]:
    """A policy -> the accounts in which it is attached, as far as the accounts' file or the last listing tells; sorted."""
    counts = Attachments(tracker.database).counts()
    try:
        accounts = tracker.accounts()
    except TrackerError:
        accounts = {}  # a fault of the file is said where it is needed, not where a column is
    told: dict[tuple[str, str], set[str]] = {}
    for account, names in accounts.items():
        for name in names:
            for partition in tracker.partitions:
                told.setdefault(split_partition(name, partition), set()).add(account)

    def accounts_of(arn: PolicyArn) -> tuple[str, ...]:
        found = sorted(told.get((arn.partition, arn.name), ()))
        if accounts:
            return tuple(found)
        count = counts.get(policy_key(arn), 0)
        return (f"{HERE} ({count})",) if count else ()

    return accounts_of
