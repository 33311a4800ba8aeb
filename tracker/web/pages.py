"""From a path to a page: which pages there are, and who makes each."""

import re
from collections.abc import Mapping

from tracker.archive.layout import arn_of_folder
from tracker.changelog.places import RESERVED, folder
from tracker.model.identity import PolicyArn
from tracker.web import policy_pages, site_pages
from tracker.web.page import Page
from tracker.web.shelf import Shelf

Query = Mapping[str, str]


class Pages(Shelf):
    """Everything that can be read, by path from the root."""

    _last: PolicyArn | None = None  # the policy that was asked for last

    def page(self, path: str, query: Query | None = None) -> Page:
        """The page under a path. Raises MissingPageError, TrackerError."""
        head, _, rest = path.partition("/")
        if rest and head not in RESERVED:
            arn = self.policy_of(head)
            if arn is not None:
                return policy_pages.page(self, arn, rest, query or {})
        return site_pages.page(self, path, query or {})

    def policy_of(self, name: str) -> PolicyArn | None:
        """The policy or role whose folder that is; None where there is none. It costs one look at the disk."""
        if self._last is not None and self.static and folder(self._last) == name:
            return self._last  # as files all pages of a policy are made one after the other
        self._last = self._policy_of(name)
        return self._last

    def _policy_of(self, name: str) -> PolicyArn | None:
        for partition in (self.tracker.partition, *_partition(name)):
            plain = name if partition == self.tracker.partition else name.rpartition(".")[0]
            place = self.tracker.archive.root / partition
            if arn_of_folder(partition, plain) is None or not (place / plain).is_dir():
                continue  # cheaper than being told which names are spelt alike
            arn = self.tracker.archive.find(plain, partition)
            if arn is not None and folder(arn) == name:
                return arn
        return None


def _partition(name: str) -> tuple[str, ...]:
    found = re.search(r"\.(aws[a-z-]*)\Z", name)
    return (found[1],) if found else ()
