"""The pages of what roles did: from what the last `used` kept, never from logs."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive.used import read_used, roles_used, used_mark
from tracker.changelog.places import used_page
from tracker.changelog.site import Frame
from tracker.changelog.used_page import used_view
from tracker.errors import InputError
from tracker.web.page import MissingPageError, Page

if TYPE_CHECKING:
    from tracker.web.shelf import Shelf


def page(pages: "Shelf", path: str) -> Page:
    """The page under `role/`. Raises MissingPageError; InputError for a result that can't be read."""
    home = pages.tracker.home
    role = next((one for one in roles_used(home) if path == used_page(one)), None)
    if role is None:
        raise MissingPageError(path)
    return pages.kept(path, (used_mark(home, role),), lambda: _made(pages, role))


def used_marks(pages: "Shelf") -> tuple[tuple[str, tuple[int, int]], ...]:
    """What all of these pages are made of."""
    home = pages.tracker.home
    return tuple((used_page(role), used_mark(home, role)) for role in roles_used(home))


def _made(pages: "Shelf", role: str) -> Page:
    record = read_used(pages.tracker.home, role)
    if record is None:
        raise MissingPageError(used_page(role))
    return pages.render("used.html", Frame(used_page(role), "Policies"), view=used_view(record))


def used_by(pages: "Shelf", policy: str) -> tuple[tuple[str, str], ...]:
    """(role, its page) of each role whose calls were held against a policy, or of that role itself: an ARN."""
    home = pages.tracker.home
    return tuple(
        (role, used_page(role))
        for role in roles_used(home)
        if policy in _held_against(home, role, used_mark(home, role))
        or (":role/" in policy and policy.rpartition("/")[2] == role)
    )


@lru_cache(maxsize=64)
def _held_against(home: Path, role: str, _: tuple[int, int]) -> frozenset[str]:
    """The policies that a role's calls were held against; none where what was kept can't be read, as its page says."""
    try:
        record = read_used(home, role) or {}
        return frozenset(str(one["policy"]) for one in record["policies"])
    except (InputError, KeyError, TypeError):
        return frozenset()
