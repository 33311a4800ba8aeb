"""Rows of lists as data: a change, a policy, a version, a transition in as much as a list tells."""

from collections.abc import Mapping
from datetime import datetime

from tracker.changelog.places import policy_page
from tracker.changelog.record import Record, policy_record, scope_record
from tracker.model.asked import Holder
from tracker.model.history import Endpoint, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso
from tracker.model.recorded import ChangeRow


def maybe_iso(moment: datetime | None) -> str | None:
    """An instant as text, or None."""
    return iso(moment) if moment else None


def change_row_record(row: ChangeRow, page: str) -> Record:
    """A change as a list shows it; `page` is its page's path."""
    return {
        "id": row.id,
        "policy": policy_record(row.arn),
        "kind": row.kind,
        "from": str(row.from_version) if row.from_version else None,
        "to": str(row.to_version) if row.to_version else None,
        "observed_at": iso(row.observed_at),
        "severity": row.severity,
        "headline": row.headline,
        "summary": dict(sorted(row.summary.items())),
        "page": page,
    }


def version_row_record(
    arn: PolicyArn, stem: str, identity: tuple[VersionId, datetime], default: bool, seen: list[datetime]
) -> Record:
    """A version as a list shows it."""
    return {
        "version": str(identity[0]),
        "create_date": iso(identity[1]),
        "default": default,
        "observed_at": [iso(one) for one in seen],
        "page": policy_page(arn, f"{stem}.html"),
    }


def _end(end: Endpoint | None) -> Record | None:
    if end is None:
        return None
    return {
        "version": str(end.version),
        "create_date": iso(end.create_date),
        "observed_at": maybe_iso(end.observed_at),
        "basis": end.basis,
    }


def transition_record(one: Transition, change: str) -> Record:
    """A move of the default; `change` is the id of what it changed."""
    return {
        "kind": str(one.kind),
        "from": _end(one.before),
        "to": _end(one.after),
        "observed_at": iso(one.observed_at),
        "gap": [str(version) for version in one.gap],
        "versions_filled": [str(version) for version in one.filled],
        "reinstated": one.reinstated,
        "change": change,
    }


def holder_record(one: Holder, moment: datetime | None) -> Record:
    """A policy that allows what was asked: since when, until when, and by what it says at a moment (or today, or last)."""
    span = one.span_at(moment)
    at = moment if moment is not None or span else one.spans[-1].since.at
    return {
        "policy": policy_record(one.arn),
        "allows": span is not None,
        "spans": [
            {
                "since": iso(each.since.at),
                "until": maybe_iso(each.until.at if each.until else None),
                "first_on_record": each.since.first,
            }
            for each in one.spans
        ],
        "patterns": list(dict.fromkeys(each.spelling for each in one.said_at(at, "Allow"))),
        "scopes": [
            scope_record(each) for each in dict.fromkeys(each.scope for each in one.said_at(at, "Allow"))
        ],
        "denied": [
            scope_record(each) for each in dict.fromkeys(each.scope for each in one.said_at(at, "Deny"))
        ],
        "not_visible_since": maybe_iso(one.gone),
    }


def list_record(items: list[Record], following: str | None = None) -> Record:
    """One page of a list; `following` is the cursor of the next one."""
    return {"items": items, "next": following}


def counts_record(found: Mapping[str, int]) -> Record:
    """Counts by name, sorted."""
    return dict(sorted(found.items()))
