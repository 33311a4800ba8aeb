"""Pages kept by what they were made of: a page is made again when one of its marks has moved, and not before."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from tracker.web.page import Page

Key = tuple[Hashable, ...]


class PageCache:
    """The pages asked for last, up to so many bytes. Safe in several threads; the same page is at worst made twice."""

    def __init__(self, most_bytes: int = 32_000_000) -> None:
        self._most = most_bytes
        self._held = 0
        self._pages: OrderedDict[str, tuple[Key, Page, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str, key: Key, make: Callable[[], Page]) -> Page:
        """The page of that name if it was made under the same marks; else made anew and kept."""
        with self._lock:
            found = self._pages.get(name)
            if found is not None and found[0] == key:
                self._pages.move_to_end(name)
                return found[1]
        page = make()
        size = len(page.body) + len(page.compressed or b"")
        with self._lock:
            old = self._pages.pop(name, None)
            self._held += size - (old[2] if old else 0)
            self._pages[name] = (key, page, size)
            while self._held > self._most and len(self._pages) > 1:
                _, (_, _, gone) = self._pages.popitem(last=False)
                self._held -= gone
        return page
