"""First looks at many policies, written by the batch: nothing is compared and nobody is mailed, so they can wait a moment.

A first look finds no change, whatever it finds. Killed before a batch is written, its policies are new to the next look;
killed inside of it, what is on the disk is whole and the next round completes it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker.collaborators import Tracker
from tracker.model.asking import Answer
from tracker.model.history import Observation
from tracker.sources.parallel import Ask

if TYPE_CHECKING:
    from tracker.archive.bringing import Bringer, Brought
    from tracker.model.identity import PolicyArn

BATCH = 100  # policies between two passes of syncing; what they hold is small


@dataclass(slots=True)
class FirstLooks:
    """Gathers what a round finds of policies that nobody has looked at and that the archive has nothing of."""

    tracker: Tracker
    run: str
    _ready: "dict[PolicyArn, Brought]" = field(default_factory=dict)  # answers that are not taken yet
    _waiting: "list[Brought]" = field(default_factory=list)
    _bringer: "Bringer | None" = None

    def prepare(self, ask: Ask, answer: Answer) -> None:
        """Make a first look of a listing ready for the disk; called in whichever thread got the answer."""
        known = ask.known
        if ask.first and ask.listing is not None and not known.seen and not known.archived and answer.default:
            seen = Observation(
                self.tracker.clock(), *answer.default, source="iam", run=self.run, basis="look"
            )
            self._ready[ask.arn] = _brought(answer, seen)

    def take(self, ask: Ask) -> bool:
        """Take an answer over, if it is such a first look; then it is written with the next batch."""
        ready = self._ready.pop(ask.arn, None)
        if ready is None:
            return False
        self._waiting.append(ready)
        if len(self._waiting) >= BATCH:
            self.write()
        return True

    def write(self) -> None:
        """Write what waits: files, timelines, then one transaction for the index."""
        if self._waiting:
            self._bringer = self._bringer or self.tracker.archive.bringer()
            self._bringer.bring(self._waiting)
            self._waiting.clear()


def _brought(answer: Answer, seen: Observation) -> "Brought":
    # A look at what is as it was needs none of these.
    from tracker.archive import index
    from tracker.archive.bringing import Brought, file_of
    from tracker.archive.grants import intervals, written
    from tracker.archive.layout import policy_key
    from tracker.archive.records import observation_line
    from tracker.policy.parse import parse_document

    arn, key = answer.arn, policy_key(answer.arn)
    texts = {one.identity: one.document for one in answer.snapshots}
    hashes = {one.identity: one.sha256 for one in answer.snapshots}
    made = intervals(
        [(1, seen)], lambda identity: parse_document(texts[identity], what=f"{arn.name} {identity[0]}")
    )
    return Brought(
        arn=arn,
        is_new=True,
        versions=len(answer.snapshots),
        files=tuple(map(file_of, answer.snapshots)),
        lines=(observation_line(seen, hashes[seen.identity] if seen.identity else None),),
        snapshots=index.values((index.snapshot_row(key, one) for one in answer.snapshots), index.SNAPSHOTS),
        observations=index.values(index.observation_rows(key, [seen]), index.OBSERVATIONS),
        grants=tuple(written(made)),
    )
