"""A month of all policies: what of it is left at its end, and what came and went inside."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.changelog.entries import Entry, entry
from tracker.changelog.nets import net_entry
from tracker.changelog.places import policy_page
from tracker.changelog.site import Frame
from tracker.web.months import month_of
from tracker.web.page import MissingPageError, Page

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow
    from tracker.web.shelf import Shelf

_MOST = 6_000
_GRAVEST = ("alarm", "attention", "info", "none")


def month_of_all(pages: "Shelf", name: str) -> Page:
    """The net of one month, a policy a line, the gravest first; what was only republished is folded."""
    ends = month_of(name)
    months = [one for one, _ in pages.browsing.months()]
    if ends is None or name not in months:
        raise MissingPageError(f"periods/{name}.html")

    def make() -> Page:
        by_policy: dict[PolicyArn, list[tuple[str, ChangeRow]]] = {}
        for stem, row in pages.browsing.newest(_MOST, since=ends[0], until=ends[1]):
            by_policy.setdefault(row.arn, []).append((stem, row))
        told = [_net(pages, arn, rows, name, ends) for arn, rows in by_policy.items()]
        at = months.index(name)
        return pages.render(
            "periods.html",
            Frame(f"periods/{name}.html", "Changes"),
            name=f"{ends[0]:%B %Y}",
            month=name,
            entries=_gravest_first(one for one in told if one.kind != "republished"),
            republished=sorted((one for one in told if one.kind == "republished"), key=_by_name),
            before=_step(months, at + 1),
            after=_step(months, at - 1),
        )

    return pages.kept(f"periods/{name}.html", (pages.browsing.change_mark(),), make)


def _net(
    pages: "Shelf",
    arn: "PolicyArn",
    rows: "list[tuple[str, ChangeRow]]",
    name: str,
    ends: tuple[datetime, datetime],
) -> Entry:
    """A policy's month in a line. One step is its own net; only where there are several is anything compared."""
    path = policy_page(arn, f"{name}.html")
    if len(rows) == 1 or all(row.kind == "republished" for _, row in rows):
        return replace(entry(rows[0][1], rows[0][0]), path=path)
    return net_entry(pages.facts(arn).period(*ends), path, rows[0][1])


def _gravest_first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (_GRAVEST.index(one.severity), -one.flagged, *_by_name(one)))


def _by_name(one: Entry) -> tuple[str, str]:
    return one.arn.name.lower(), str(one.arn)


def _step(months: list[str], at: int) -> tuple[str, str] | None:
    return (months[at], f"{months[at]}.html") if 0 <= at < len(months) else None
