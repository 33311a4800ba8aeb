"""Where each page stands, relative to the site's root: one map for the server, the static site, feeds and the API.

Files are named in full (`X/index.html`), so that a bare file server or an object store answers as the server does.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import stamp
from tracker.model.recorded import ChangeRow

if TYPE_CHECKING:
    from datetime import datetime

# Folders of the site's own at the root; a policy of that name stands beside them with its partition.
RESERVED = frozenset(
    {
        *("actions", "api", "changes", "feeds", "periods", "role", "search", "services"),
        *("subscribe", "confirm", "manage", "undo", "unsubscribe", "hooks"),
    }
)


_PLAIN = re.compile(r"[^A-Za-z0-9._~/-]")  # of RFC 3986: what a path holds as it is


def quote(text: str) -> str:
    """A path for an address: everything but what is plain there in percent."""
    return _PLAIN.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def folder(arn: PolicyArn) -> str:
    """The folder of a policy's or role's pages: its handle, with the partition where it is another than `aws`."""
    plain = arn.partition == "aws" and arn.handle.lower() not in RESERVED
    return arn.handle if plain else f"{arn.handle}.{arn.partition}"


def policy_page(arn: PolicyArn, name: str = "index.html") -> str:
    """A page of a policy, quoted for an address."""
    return f"{quote(folder(arn))}/{quote(name)}"


def change_stems(rows: Iterable[ChangeRow]) -> dict[str, ChangeRow]:
    """Stem of a change's files -> its row, oldest first: `v19-v20`, and where the step is taken again its instant with it."""
    taken: Counter[tuple[PolicyArn, str]] = Counter()
    found = {}
    for row in sorted(rows, key=lambda row: (row.observed_at, row.id)):
        stem = row.step
        taken[(row.arn, stem)] += 1
        found[stem if taken[(row.arn, stem)] == 1 else f"{stem}_{stamp(row.observed_at)}"] = row
    return found


def version_stems(
    identities: "Iterable[tuple[VersionId, datetime]]",
) -> "dict[str, tuple[VersionId, datetime]]":
    """Stem of a version's page -> its identity, oldest first; of two with one id the newer has the plain name."""
    ordered = sorted(identities, key=lambda one: (one[1], one[0]))
    last = dict(ordered)
    return {
        str(version) if last[version] == made else f"{version}_{stamp(made)}": (version, made)
        for version, made in ordered
    }


def service_page(service: str) -> str:
    """The page of a service."""
    return f"services/{quote(service)}.html"


def action_page(action: str) -> str:
    """The page of an action, by its name in lower case."""
    service, _, name = action.lower().partition(":")
    return f"actions/{quote(service)}/{quote(name)}.html"


def used_page(role: str) -> str:
    """The page of what a role did."""
    return f"role/{quote(role)}/used.html"


def up(path: str) -> str:
    """From a page back to the root: '' or '../' as often as it takes."""
    return "../" * path.count("/")
