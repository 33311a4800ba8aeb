"""What AWS said that it changed, and how that stands to what was seen."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tracker.model.identity import VersionId

# agrees: every count that was announced is what was seen. differs: one is not. uncounted: announced without a count.
# not-seen: announced, and nothing was seen. not-announced: seen, and nothing was announced. unknown: nobody can tell.
Standing = Literal["agrees", "differs", "uncounted", "not-seen", "not-announced", "unknown"]


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row of AWS's table of updates to a managed policy, or one item of its feed: facts alone."""

    day: date  # as AWS writes it, without a time
    policy: str  # the policy's name
    added: int | None  # permissions; None: it gives no count
    removed: int | None
    removes: bool = False  # it says that some were removed, counted or not
    services: tuple[str, ...] = ()  # as AWS calls them, in its order; empty where it lists none
    source: str = ""  # where it was read


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A change of the default as the archive has it."""

    id: str
    kind: str
    from_version: VersionId | None
    to_version: VersionId | None
    since: datetime | None  # UTC: when the version before was made; None where there was none
    made: datetime  # UTC: when the version was made; of a default that went back, when that was seen
    added: int  # actions
    removed: int
    gap: tuple[VersionId, ...] = ()  # versions between that nobody saw
    services: tuple[str, ...] | None = None  # prefixes of which actions came, sorted; None: not asked for


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an announcement and a change stand to each other; one of the two may be missing."""

    standing: Standing
    announced: Announcement | None
    seen: SeenChange | None
    why: str  # one clause: by what they differ, or why nobody can tell

    @property
    def at(self) -> date:
        """The day by which it is sorted."""
        if self.announced is not None:
            return self.announced.day
        assert self.seen is not None  # noqa: S101 -- one of the two is there
        return self.seen.made.date()
