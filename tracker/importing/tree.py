"""The snapshots/ tree of another installation as a source: its versions, and what it saw, on its own word.

Its observations keep what they are: looks stay looks, with the date at which that installation saw them. Its rounds
(looks.jsonl) are not brought: they say when the other one asked, and this one's schedule hangs on when this one asked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tracker.archive import folder
from tracker.archive.layout import Identity, arn_of_folder
from tracker.archive.shipped import from_second_sources
from tracker.errors import InputError
from tracker.model.history import Observation, Snapshot
from tracker.model.identity import PolicyArn
from tracker.model.imported import RefusedFile
from tracker.sources.past import Past


def tree_of(place: Path) -> Path | None:
    """The `snapshots` tree that a folder is, or holds as a tracker's folder does; None where it is neither."""
    for root in (place / "snapshots", place):
        if any(
            arn_of_folder(one.partition, one.name) is not None and folder.identities(one.under(root))
            for one in (folder.places(root) if root.is_dir() else ())
        ):
            return root
    return None


class TrackerTree:
    """Another installation's history."""

    def __init__(
        self,
        root: Path,
        *,
        name: str = "",
        since: datetime | None = None,
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._since = since
        self._places: dict[str, Path] = {}  # by 'aws/ReadOnlyAccess'
        self.ignored = self.files = 0
        for one in folder.places(root):
            known = folder.identities(one.under(root))
            if arn_of_folder(one.partition, one.name) is None or not known:
                self.ignored += 1
            elif wanted(one.name):
                self._places[f"{one.partition}/{one.name}"] = one.under(root)
                self.files += len(known)
        self.what = f"another tracker's {name or root}"

    def names(self) -> tuple[str, ...]:
        """The folders of its policies, with their partitions."""
        return tuple(self._places)

    def jobs(self) -> Iterator["TreeJob"]:
        """Each policy's snapshots and timeline."""
        for place in self._places.values():
            yield TreeJob(place, self._since)


@dataclass(frozen=True, slots=True)
class TreeJob:
    """One policy of another installation."""

    place: Path
    since: datetime | None

    @property
    def name(self) -> str:
        """The policy's ARN: the tree knows it whole."""
        return str(folder.arn_in(self.place) or arn_of_folder(self.place.parent.name, self.place.name))

    @property
    def files(self) -> int:
        """How many snapshots it has."""
        return len(folder.identities(self.place))

    def past(self, arn: PolicyArn, run: str) -> Past:
        """What its files tell. A damaged snapshot is refused, and so is what was seen of it."""
        snapshots: list[Snapshot] = []
        refused: list[RefusedFile] = []
        for identity in folder.identities(self.place):
            try:
                snapshots.append(replace(folder.load(self.place, identity), arn=arn))
            except InputError as error:
                where = f"{self.place.name} {identity[0]}"
                refused.append(RefusedFile(arn.name, where, None, str(error)))
        held = {one.identity for one in snapshots}
        more = [one for one in from_second_sources(self.place) if one.identity in held]
        past = Past(
            arn,
            snapshots=tuple(snapshots + [replace(one, arn=arn) for one in more]),
            observations=self._observations(run, held),
            refused=tuple(refused),
        )
        return past if self.since is None else past.since(self.since)

    def _observations(self, run: str, held: set[Identity]) -> tuple[Observation, ...]:
        seen = folder.in_time(folder.observations(self.place)) if held else ()
        return tuple(replace(one, run=run) for one in seen if one.identity is None or one.identity in held)
