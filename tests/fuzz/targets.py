"""Every target by its name, made when it is first asked for."""

from collections.abc import Callable
from functools import cache

from tests.fuzz import pages, places, texts
from tests.fuzz.target import Target

_MAKE: dict[str, Callable[[], Target]] = {
    "backups": places.backups,
    "bundles": places.bundles,
    "git": places.repositories,
    "pages": pages.pages,
    "settings": places.settings,
    "tars": places.tars,
    "trackers": places.trackers,
}


def names() -> list[str]:
    """The parsers that are fed, sorted."""
    return sorted([*_MAKE, *(one.name for one in texts.text_targets())])


@cache
def target(name: str) -> Target:
    """One of them."""
    if name in _MAKE:
        return _MAKE[name]()
    return next(one for one in texts.text_targets() if one.name == name)
