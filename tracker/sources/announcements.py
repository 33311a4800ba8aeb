"""AWS's announcements of changes to its managed policies: the table that travels with us, and a page or feed as it was saved.

The page: https://docs.aws.amazon.com/awssupport/latest/user/aws-managed-policies-aws-support.html has a table of Change,
Description and Date; the guide's feed has items with a title, a description and a date. Facts are taken, and no sentence.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import InputError
from tracker.model.announcements import Announcement
from tracker.model.instants import parse_instant

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 16 * 1024 * 1024  # bytes of a page
_KNOWN = Path(__file__).with_name("announcements.json")
_ADDED = re.compile(r"\badd(?:ed|s)\s+([\d,]{1,9})\s+(?:new\s+)?permissions?\b", re.IGNORECASE)
_REMOVED = re.compile(r"\bremove[ds]\s+([\d,]{1,9})\s+permissions?\b", re.IGNORECASE)
_REMOVES = re.compile(r"\bremove[ds]\s+(?:[\w,]+\s+){0,3}permissions?\b", re.IGNORECASE)
_SERVICE = re.compile(r"\s+[–—-]\s+|:\s|\n")  # what follows a service's name: 'Amazon EC2 – to describe ...'
_COLUMNS = ("change", "description", "date")
_SAVE = (
    "save AWS's page 'AWS managed policies for AWS Support' as HTML, or the guide's feed, and name that file"
)
_MOST_SERVICES, _LONGEST = 500, 120


@dataclass(frozen=True, slots=True)
class Announced:
    """What is known of AWS's announcements of one policy."""

    items: tuple[Announcement, ...]  # oldest first
    until: date  # the last day of which it is known what was announced


def known_announcements(policy: str) -> Announced:
    """Those that travel with us; none for a policy that they are not about."""
    record = json.loads(_KNOWN.read_text(encoding="utf-8"))
    until = date.fromisoformat(record["known_until"])
    if policy != record["policy"]:
        return Announced((), until)
    items = (
        Announcement(
            day=date.fromisoformat(one["day"]),
            policy=policy,
            added=one["added"],
            removed=one["removed"],
            removes=one["removes"],
            source=record["page"],
        )
        for one in record["announcements"]
    )
    return Announced(tuple(items), until)


def read_announcements(raw: bytes, policy: str, source: str) -> tuple[Announcement, ...]:
    """The announcements about a policy in a page or a feed, oldest first.

    Raises InputError, which names `source`, for what is neither, or has a row about the policy that can't be read.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is no text in UTF-8 (byte {error.start})", advice=_SAVE) from error
    start = text[:2000].lstrip().lower()
    is_feed = start.startswith("<?xml") or "<rss" in start or "<feed" in start
    if is_feed and "<html" not in start:
        return _of_feed(text, policy, source)
    return _of_page(text, policy, source)


def merged(known: Announced, read: tuple[Announcement, ...], until: date) -> Announced:
    """Both together: of one day what was read now counts."""
    days = {one.day for one in read}
    items = [*read, *(one for one in known.items if one.day not in days)]
    return Announced(tuple(sorted(items, key=lambda one: one.day)), max(known.until, until))


def _of_page(text: str, policy: str, source: str) -> tuple[Announcement, ...]:
    tables = _read_tables(text, source)
    found: list[Announcement] = []
    any_table = False
    for table in tables.tables:
        if not table or [cell.text.strip().lower() for cell in table[0]][:3] != list(_COLUMNS):
            continue
        any_table = True
        found += [
            _announcement(row[1].text, row[1].items, _day(row[2].text, source), policy, source)
            for row in table[1:]
            if len(row) >= len(_COLUMNS) and _names(row[0].text, policy)
        ]
    if not any_table:
        raise InputError(f"{source} has no table of Change, Description and Date", advice=_SAVE)
    return tuple(sorted(found, key=lambda one: one.day))


def _of_feed(text: str, policy: str, source: str) -> tuple[Announcement, ...]:
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # a feed needs neither, and entities may grow without end
        raise InputError(f"{source} declares a document type: such a feed is not read", advice=_SAVE)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 -- no document type, so no entity; the size is bounded
    except ElementTree.ParseError as error:
        raise InputError(f"{source} is no XML: {error}", advice=_SAVE) from error
    found = []
    for item in root.iter():
        if _tag(item) not in ("item", "entry"):
            continue
        parts = {_tag(child): "".join(child.itertext()) for child in item}
        words = " ".join(parts.get(key, "") for key in ("title", "description", "summary", "content"))
        if not _names(words, policy):
            continue
        inner = _read_tables(f"<table><tr><td>{words}</td></tr></table>", source)
        when = next((parts[key] for key in ("pubDate", "published", "updated") if parts.get(key)), "")
        cell = inner.tables[0][0][0] if inner.tables and inner.tables[0] else _Cell()
        found.append(_announcement(cell.text, cell.items, _moment(when, source), policy, source))
    return tuple(sorted(found, key=lambda one: one.day))


def _read_tables(text: str, source: str) -> "_Tables":
    tables = _Tables()
    try:
        tables.feed(text)
        tables.close()
    except (
        AssertionError,
        ValueError,
    ) as error:  # Python's own parser, of `<![x[`, or `&#` with 5,000 digits
        raise InputError(f"{source} is no HTML: {error}", advice=_SAVE) from error
    return tables


def _announcement(text: str, items: list[str], day: date, policy: str, source: str) -> Announcement:
    services = [_SERVICE.split(item.strip(), maxsplit=1)[0].strip()[:_LONGEST] for item in items]
    return Announcement(
        day=day,
        policy=policy,
        added=_count(_ADDED, text),
        removed=_count(_REMOVED, text),
        removes=_REMOVES.search(text) is not None,
        services=tuple(dict.fromkeys(one for one in services if one))[:_MOST_SERVICES],
        source=source,
    )


def _count(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(" ".join(text.split()))
    return int(found[1].replace(",", "")) if found and found[1].strip(",") else None


def _names(text: str, policy: str) -> bool:
    return re.search(rf"(?<![\w+=.@-]){re.escape(policy)}(?![\w+=@-])", text) is not None


def _day(text: str, source: str) -> date:
    said = " ".join(text.split())
    for form in ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(said, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise InputError(
        f"{source} dates an announcement {said[:60]!r}", advice="wanted: a page in English, 'October 4, 2022'"
    )


def _moment(text: str, source: str) -> date:
    try:
        return parsedate_to_datetime(text.strip()).date()
    except (ValueError, IndexError, OverflowError):
        pass
    try:
        return parse_instant(text).date()
    except ValueError:
        return _day(text, source)


def _tag(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]


class _Cell:
    """A cell of a table: its words, and those of each item of its lists."""

    def __init__(self) -> None:
        self.text = ""
        self.items: list[str] = []


class _Tables(HTMLParser):
    """Every table of a page, row by row. A table inside a cell is a table of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[_Cell]]] = []
        self._open: list[list[list[_Cell]]] = []  # tables around where we are
        self._in_item = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, row, cell or item."""
        if tag == "table":
            self._open.append([])
            self.tables.append(self._open[-1])
            self._in_item = 0
        elif not self._open:
            return
        elif tag == "tr":
            self._open[-1].append([])
        elif tag in ("td", "th") and self._open[-1]:
            self._open[-1][-1].append(_Cell())
            self._in_item = 0
        elif tag == "li" and (cell := self._cell()) is not None:
            cell.items.append("")
            self._in_item += 1

    def handle_endtag(self, tag: str) -> None:
        """Leave a table or an item."""
        if tag == "table" and self._open:
            self._open.pop()
        elif tag == "li" and self._in_item:
            self._in_item -= 1
        elif tag in ("p", "br", "div") and (cell := self._cell()) is not None:
            cell.text += " "

    def handle_data(self, data: str) -> None:
        """Words of the cell that is open."""
        cell = self._cell()
        if cell is not None:
            cell.text += data
            if self._in_item and cell.items:
                cell.items[-1] += data

    def _cell(self) -> _Cell | None:
        return self._open[-1][-1][-1] if self._open and self._open[-1] and self._open[-1][-1] else None
