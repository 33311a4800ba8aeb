"""The index of all changelogs: what was written, by policy, newest first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.model.identity import PolicyArn
from tracker.model.instants import stamp
from tracker.model.recorded import ChangeRow


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One changelog in the index."""

    versions: str
    kind: str
    observed_at: datetime
    headline: str
    severity: str
    attention: int  # how much of it deserves attention
    path: str  # of its files, relative to the page and without suffix: './X/v19-v20'


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """One policy in the index."""

    arn: PolicyArn
    rows: tuple[IndexRow, ...]  # newest first
    periods: tuple[tuple[str, str], ...]  # (name, path without suffix), newest first


def folder_of(arn: PolicyArn) -> str:
    """The folder of a policy's changelogs; one of another partition than `aws` carries the partition in its name."""
    return arn.name if arn.partition == "aws" else f"{arn.name}.{arn.partition}"


def index_policies(
    rows: Iterable[ChangeRow], files: Mapping[str, str], periods: Mapping[PolicyArn, Sequence[str]]
) -> tuple[IndexPolicy, ...]:
    """The rows of the log laid out by policy; policies by name, each with its newest change first."""
    by_policy: defaultdict[PolicyArn, list[IndexRow]] = defaultdict(list)
    taken: Counter[tuple[PolicyArn, str]] = Counter()
    for row in sorted(rows, key=lambda row: (row.observed_at, row.id)):
        stem = row.step
        taken[(row.arn, stem)] += 1
        if taken[(row.arn, stem)] > 1:
            stem = f"{stem}_{stamp(row.observed_at)}"
        path = files.get(row.id, f"{folder_of(row.arn)}/{stem}")
        by_policy[row.arn].append(
            IndexRow(
                versions=" to ".join(str(one) for one in (row.from_version, row.to_version) if one),
                kind=row.kind.replace("-", " "),
                observed_at=row.observed_at,
                headline=row.headline,
                severity=row.severity,
                attention=row.summary.get("attention", 0),
                path=f"./{path}",
            )
        )
    return tuple(
        IndexPolicy(
            arn,
            tuple(reversed(by_policy[arn])),
            tuple(
                (stem.rpartition("/")[2], f"./{stem}") for stem in sorted(periods.get(arn, ()), reverse=True)
            ),
        )
        for arn in sorted({*by_policy, *periods}, key=lambda arn: (arn.name.lower(), str(arn)))
    )
