"""What the archive hands out beside history: rows of the log, rounds, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.model.history import Kind
from tracker.model.identity import PolicyArn, VersionId


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One recorded change, in as much as a log of changes prints. The comparison itself is not stored."""

    id: str  # the change's stable id
    arn: PolicyArn
    name: str  # the policy's, for people
    kind: str  # 'updated', 'rolled-back', ...
    observed_at: datetime  # UTC
    from_version: VersionId | None
    to_version: VersionId | None
    severity: str
    headline: str  # one sentence
    summary: Mapping[str, int]  # the counts of the change's record: 'actions_added' -> 117
    run: str  # the round that saw it

    @property
    def step(self) -> str:
        """How its files and pages are named: `v19-v20`. Where the same step was taken before, its instant is added."""
        return step_name(self.kind, self.from_version, self.to_version)


def step_name(kind: str, before: VersionId | None, after: VersionId | None) -> str:
    """`v19-v20`, `none-v1`; `v59_catalogue-growth` for what a version reaches although it stayed as it was."""
    if kind == Kind.CATALOGUE_GROWTH:
        return f"{after}_{kind}"
    return f"{before or 'none'}-{after or 'none'}"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One piece of work that was begun, and perhaps ended."""

    id: str
    kind: str  # 'check', 'import', 'reindex' or 'report'
    started: datetime  # UTC
    finished: datetime | None  # UTC; None: it runs still, or was killed
    outcome: str  # empty while it is open


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is wrong in the archive."""

    path: (
        str  # from the tracker's folder, with the line where there is one: 'snapshots/aws/X/timeline.jsonl:3'
    )
    wrong: str  # what is wrong, one sentence
    advice: str  # what to do about it
