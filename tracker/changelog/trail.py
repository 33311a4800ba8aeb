"""Ready queries for CloudTrail Lake and Athena: has one of the newly granted actions been used?

Trino's SQL, which both speak: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-limitations.html and
https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html, whose names of columns these are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from tracker.changelog.wording import count, listed
from tracker.model.instants import iso
from tracker.model.trail import EventGroup, Trail, Unlogged

STORE = "EVENT_DATA_STORE_ID"
TABLE = "cloudtrail_logs"
_DATE = "(20[0-9]{2}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?)?"  # what Lambda and CloudFront put behind a name
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class UnloggedRow:
    """Actions that one reason keeps out of a trail, or out of what it records by default."""

    names: tuple[str, ...]
    what: str  # 'AWS::S3::Object', or why it is never recorded
    source: str
    source_date: str


@dataclass(frozen=True, slots=True)
class TrailView:
    """The queries and what they can't see, for the templates."""

    question: str
    queries: tuple[
        tuple[str, tuple[str, ...]], ...
    ]  # (name, lines of SQL); none where nothing is ever recorded
    data_only: tuple[UnloggedRow, ...]
    never: tuple[UnloggedRow, ...]


def trail_view(trail: Trail | None) -> TrailView | None:
    """The queries of a change and what they can't see; None where there is nothing to ask."""
    if trail is None:
        return None
    both = (("CloudTrail Lake", lake(trail)), ("Athena", athena(trail))) if trail.groups else ()
    asked = tuple((name, tuple(sql.split("\n"))) for name, sql in both)
    return TrailView(
        f"Has {listed(trail.roles)} used one of the newly granted actions?",
        asked,
        _rows(trail.data_only),
        _rows(trail.never),
    )


def lake(trail: Trail) -> str:
    """The query for CloudTrail Lake; the event data store's ID is to be put in."""
    return "\n".join(
        [
            f"-- {count(trail.actions, 'newly granted action')}. Put your event data store's ID in the place of {STORE}.",
            "SELECT eventTime, eventSource, eventName, awsRegion, recipientAccountId, errorCode, sourceIPAddress,",
            "       userIdentity.sessionContext.sessionIssuer.userName AS role, requestParameters",
            f"FROM {STORE}",
            f"WHERE eventTime >= '{trail.since:%Y-%m-%d %H:%M:%S}'",
            f"  AND userIdentity.sessionContext.sessionIssuer.userName IN ({_texts(trail.roles)})",
            "  AND (",
            *_alternatives(trail.groups),
            "  )",
            "ORDER BY eventTime",
        ]
    )


def athena(trail: Trail) -> str:
    """The query for Athena over a trail's log files, by the table that AWS's own page makes."""
    return "\n".join(
        [
            f"-- {count(trail.actions, 'newly granted action')}. Put your table's name in the place of {TABLE};",
            "-- where it has partitions, a condition on them makes this cheaper.",
            "SELECT eventtime, eventsource, eventname, awsregion, recipientaccountid, errorcode, sourceipaddress,",
            "       useridentity.sessioncontext.sessionissuer.username AS role, requestparameters",
            f"FROM {TABLE}",
            f"WHERE eventtime >= '{iso(trail.since)}'",
            f"  AND useridentity.sessioncontext.sessionissuer.username IN ({_texts(trail.roles)})",
            "  AND (",
            *_alternatives(trail.groups),
            "  )",
            "ORDER BY eventtime",
        ]
    )


def _alternatives(groups: Sequence[EventGroup]) -> Iterable[str]:
    for number, group in enumerate(groups):
        first = "    (" if not number else "    OR ("
        text = f"{first}eventSource = '{group.source}' AND {_names(group)})"
        yield from wrap(
            text, _WIDTH, subsequent_indent="        ", break_long_words=False, break_on_hyphens=False
        )


def _names(group: EventGroup) -> str:
    if group.begins:
        return f"regexp_like(eventName, '^({'|'.join(group.names)})')"
    if group.dated:
        return " OR ".join(_dated(group.names)).join("()")
    return f"eventName IN ({_texts(group.names)})"


def _dated(names: Sequence[str]) -> Iterable[str]:
    """One pattern a name: a single pattern of hundreds of names would be a line that nobody can read."""
    return (f"regexp_like(eventName, '^{name}{_DATE}$')" for name in names)


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _rows(found: Sequence[Unlogged]) -> tuple[UnloggedRow, ...]:
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        said = one.recorded
        grouped.setdefault((said.resource_type or said.why, said.source, said.source_date), []).append(
            one.action
        )
    return tuple(
        UnloggedRow(tuple(names), what, source, day) for (what, source, day), names in sorted(grouped.items())
    )
