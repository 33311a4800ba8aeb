"""Feeds: Atom (RFC 4287) and JSON Feed 1.1 of the same entries, each whole.

An entry's id is a tag URI (RFC 4151) of the change's own id: it stays whatever address the feed is read from.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from xml.etree import ElementTree as ET

from tracker.changelog.inert import inert
from tracker.model.instants import iso
from tracker.model.recorded import ChangeRow

ATOM = "http://www.w3.org/2005/Atom"
_AUTHORITY = (
    "policy-tracker.invalid,2019"  # .invalid is nobody's (RFC 2606): these ids name things, not a host
)
# What XML 1.0 can't carry is spelt out before; https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change in a feed."""

    id: str  # the change's own
    title: str
    url: str  # of its page, absolute where the site's address is known
    updated: datetime  # UTC: when it was seen
    summary: str
    html: str  # the whole changelog, or the part of it that fits
    categories: tuple[str, ...]  # the policy, the kind, the severity

    @classmethod
    def of(cls, row: ChangeRow, *, title: str, url: str, html: str) -> Self:
        """The entry of a change on record."""
        about = (row.arn.name, row.kind, row.severity)
        return cls(row.id, title, url, row.observed_at, row.headline, html, about)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed."""

    name: str  # stable: 'all', 'alarms', 'policy/arn...', 'service/s3'
    title: str
    home: str  # the page it is about
    atom: str  # its own addresses
    json: str
    entries: tuple[FeedEntry, ...]  # newest first


def tag(name: str) -> str:
    """A tag URI, every character that one may not hold spelt in percent."""
    safe = re.sub(
        r"[^A-Za-z0-9._~!$&'()*+,;=:@/-]",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()),
        name,
    )
    return f"tag:{_AUTHORITY}:{safe}"


def _updated(feed: Feed) -> datetime:
    """When the newest entry was seen; for a feed of nothing the first moment that there is."""
    return max((one.updated for one in feed.entries), default=datetime(1970, 1, 1, tzinfo=UTC))


def _text(text: str) -> str:
    return _NOT_XML.sub("�", text)


def atom(feed: Feed) -> str:
    """The feed as Atom."""
    ET.register_namespace("", ATOM)
    root = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "en"})

    def put(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
        made = ET.SubElement(
            parent, f"{{{ATOM}}}{name}", {key: _text(value) for key, value in attributes.items()}
        )
        if text:
            made.text = _text(text)
        return made

    put(root, "id", tag(f"feed/{feed.name}"))
    put(root, "title", inert(feed.title))
    put(root, "updated", iso(_updated(feed)))
    put(root, "link", rel="self", type="application/atom+xml", href=feed.atom)
    put(root, "link", rel="alternate", type="text/html", href=feed.home)
    put(put(root, "author"), "name", "policy-tracker")
    put(root, "generator", "policy-tracker")
    for one in feed.entries:
        made = put(root, "entry")
        put(made, "id", tag(f"change/{one.id}"))
        put(made, "title", inert(one.title))
        put(made, "updated", iso(one.updated))
        put(made, "published", iso(one.updated))
        put(made, "link", rel="alternate", type="text/html", href=one.url)
        for word in one.categories:
            put(made, "category", term=inert(word))
        put(made, "summary", inert(one.summary))
        put(made, "content", one.html, type="html")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def json_feed(feed: Feed) -> str:
    """The feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    record = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": inert(feed.title),
        "home_page_url": feed.home,
        "feed_url": feed.json,
        "language": "en",
        "authors": [{"name": "policy-tracker"}],
        "items": [
            {
                "id": tag(f"change/{one.id}"),
                "url": one.url,
                "title": inert(one.title),
                "summary": inert(one.summary),
                "content_html": one.html,
                "date_published": iso(one.updated),
                "date_modified": iso(one.updated),
                "tags": list(one.categories),
            }
            for one in feed.entries
        ],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
