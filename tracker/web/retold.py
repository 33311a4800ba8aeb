"""The entries that the feeds of the last build hold, taken over from there where nothing that they show has moved.

To compare and render sixty changes whole takes longer than all else that one piece of news asks for, and all but one or
two of them stood in the feeds before. A feed is believed if it is the file that was written, to the byte.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.changelog.feeds import FeedEntry, tag

if TYPE_CHECKING:
    from tracker.model.recorded import ChangeRow


def digest(body: bytes) -> str:
    """What the manifest of a site knows a file by."""
    return sha256(body).hexdigest()[:32]


def retold(site: Path, files: Mapping[str, str], rows: Iterable["ChangeRow"]) -> dict[str, FeedEntry]:
    """Change -> its entry in any of the feeds that a build wrote. `files`: path -> digest as written; `rows`: what is wanted."""
    items: dict[str, dict[str, str]] = {}
    for path, written in files.items():
        if not path.endswith(".json"):
            continue
        try:
            body = (site / path).read_bytes()
        except OSError:
            continue
        if digest(body) == written:
            items |= {item["id"]: item for item in json.loads(body)["items"]}
    return {
        row.id: FeedEntry.of(row, title=item["title"], url=item["url"], html=item["content_html"])
        for row in rows
        if (item := items.get(tag(f"change/{row.id}")))
    }
