"""The actions of a change laid out by service and access level, and the same in one row a service."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker.changelog.findings import FLAGGED
from tracker.changelog.scopes import Line, everywhere, in_one_line, where
from tracker.model.catalogue import Catalogue
from tracker.model.change import ActionChange, Difference

LEVELS = ("Permissions management", "Write", "Tagging", "Read", "List")  # gravest first; any other comes last
_NOTES = {
    "by-wildcard": "by a wildcard",
    "under-deny": "less what a deny withholds",
    "unknown": "not in AWS's list of actions",
}


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action that came or went."""

    action: str  # 's3:GetObject'
    name: str  # 'GetObject'
    description: str  # 'retrieve objects from Amazon S3': to follow 'may', possibly empty
    where: tuple[Line, ...]  # it holds; empty for every resource
    mark: str  # 'flagged': it deserves attention, and stands there with the reason; 'not reviewed'; or empty
    tags: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What its tags say to a reader."""
        return tuple(_NOTES[tag] for tag in self.tags if tag in _NOTES)

    @property
    def remarks(self) -> str:
        """Where it holds and what its tags say, in plain words; empty for every resource and no tag."""
        return ", ".join(filter(None, (in_one_line(self.where), *self.notes)))


@dataclass(frozen=True, slots=True)
class LevelGroup:
    """The actions of one service at one access level."""

    level: str
    actions: tuple[ActionRow, ...]


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """The actions of one service, gravest access level first."""

    service: str  # 's3'
    name: str  # 'Amazon S3'
    whole: bool  # all that is allowed of it came with this change (or all of it went)
    levels: tuple[LevelGroup, ...]
    count: int
    flagged: int  # how many of the actions deserve attention

    @property
    def names(self) -> tuple[str, ...]:
        """The actions, flagged ones first, then in the order of the list."""
        rows = [row for level in self.levels for row in level.actions]
        return tuple(row.action for row in sorted(rows, key=lambda row: row.mark != FLAGGED))


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One service in one row."""

    service: str
    name: str
    added: int
    removed: int
    moved: int
    new: bool
    gone: bool
    flagged: int
    names: tuple[str, ...]  # of the actions added, in the order of the list


def _plain(description: str) -> str:
    """AWS's sentence without its first words, to follow the action's name."""
    text = description.strip().removesuffix(".")
    for opening in ("Grants permission to ", "Grants permissions to ", "Grant permission to "):
        text = text.removeprefix(opening)
    return text


def level_order(level: str) -> tuple[int, str]:
    """Where an access level stands among others: the gravest first, what nobody knows last."""
    first = level.split(",")[0].strip()
    return (LEVELS.index(first) if first in LEVELS else len(LEVELS), level)


def groups(
    actions: Iterable[ActionChange], whole: frozenset[str], marks: Mapping[str, str], catalogue: Catalogue
) -> tuple[ServiceGroup, ...]:
    """The actions by service, services by their human names; `whole`: services that came or went altogether."""
    by_service: defaultdict[str, defaultdict[str, list[ActionRow]]] = defaultdict(lambda: defaultdict(list))
    for one in actions:
        row = ActionRow(
            action=one.action,
            name=one.action.partition(":")[2] or one.action,
            description=_plain(one.description),
            where=() if everywhere(one.scopes) else where(one.scopes),
            mark=marks.get(one.action.lower(), ""),
            tags=one.tags,
        )
        by_service[one.service][one.access_level].append(row)
    groups = []
    for service, levels in by_service.items():
        rows = tuple(
            LevelGroup(level, tuple(sorted(levels[level], key=lambda row: row.name.lower())))
            for level in sorted(levels, key=level_order)
        )
        every = [row for level in rows for row in level.actions]
        groups.append(
            ServiceGroup(
                service=service,
                name=catalogue.service_name(service),
                whole=service in whole,
                levels=rows,
                count=len(every),
                flagged=sum(row.mark == FLAGGED for row in every),
            )
        )
    return tuple(sorted(groups, key=lambda group: (group.name.lower(), group.service)))


def summary(
    added: Iterable[ServiceGroup],
    removed: Iterable[ServiceGroup],
    difference: Difference,
    catalogue: Catalogue,
) -> tuple[SummaryRow, ...]:
    """One row for each service that anything happened to, by its human name."""
    come, gone = {one.service: one for one in added}, {one.service: one for one in removed}
    moved: defaultdict[str, int] = defaultdict(int)
    for one in (*difference.actions_widened, *difference.actions_narrowed, *difference.actions_rescoped):
        moved[one.service] += 1
    rows = [
        SummaryRow(
            service=service,
            name=catalogue.service_name(service),
            added=come[service].count if service in come else 0,
            removed=gone[service].count if service in gone else 0,
            moved=moved[service],
            new=service in come and come[service].whole,
            gone=service in gone and gone[service].whole,
            flagged=come[service].flagged if service in come else 0,
            names=come[service].names if service in come else (),
        )
        for service in {*come, *gone, *moved}
    ]
    return tuple(sorted(rows, key=lambda row: (row.name.lower(), row.service)))
