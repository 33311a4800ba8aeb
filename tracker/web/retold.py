"""The entries of the feeds of everything, read out of the feeds of the policies, where each stands as it does here.

To compare and render sixty changes whole takes longer than all else that one piece of news asks for, and each was made
for its policy's own feed. A feed is believed if it is the file that was written, to the byte.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.changelog.feeds import FeedEntry, tag
from tracker.changelog.places import folder
from tracker.web.files import digest

if TYPE_CHECKING:
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow


def retold(site: Path, files: Mapping[str, str], rows: Iterable["ChangeRow"]) -> dict[str, FeedEntry]:
    """Change -> its entry, of those that stand in their policies' feeds. `files`: path -> digest as written; `rows`: what is wanted."""
    wanted: defaultdict[PolicyArn, list[ChangeRow]] = defaultdict(list)
    for row in rows:
        wanted[row.arn].append(row)
    found = {}
    for arn, each in wanted.items():
        path = f"{folder(arn)}/feed.json"
        try:
            body = (site / path).read_bytes()
        except OSError:
            continue
        if digest(body) != files.get(path):
            continue
        items = {item["id"]: item for item in json.loads(body)["items"]}
        for row in each:
            if item := items.get(tag(f"change/{row.id}")):
                found[row.id] = FeedEntry.of(
                    row, title=item["title"], url=item["url"], html=item["content_html"]
                )
    return found
