"""What the documents of one policy's history share: each is expanded once, though it is compared with the one before and
with the one after, and scopes are numbered and ruled on once for all.
"""

from collections.abc import Set

from tracker.changes.difference_effective import Judge, Reach
from tracker.model.catalogue import Catalogue
from tracker.policy.access import Access, Kept, Places, access_of, signatures
from tracker.policy.document import Document
from tracker.policy.expanding import Expander

KEPT = 3  # documents; one may reach 22,000 actions


class Expanded:
    """One document: its access, and what it reaches."""

    def __init__(
        self, document: Document | None, places: Places, catalogue: Catalogue, kept: Kept | None = None
    ) -> None:
        self.document = document
        self.access: Access = access_of(document, places, kept)
        self.plain = self.access.plain
        literals = self.access.literals
        expander = Expander(catalogue, () if self.plain else literals)
        self.unknown: Set[str] = expander.unknown(literals)  # named, and not in the catalogue
        self._catalogue = catalogue
        self._alone = Reach(signatures(self.access, expander))
        self._beside: tuple[Set[str], Reach] = (frozenset(), self._alone)

    def reach(self, beside: Set[str] = frozenset()) -> Reach:
        """What the document reaches. Its wildcards reach `beside`, too: what a document next to it names and no catalogue knows."""
        foreign = beside - self.unknown
        if self.plain or not foreign:
            return self._alone
        if self._beside[0] != foreign:
            expander = Expander(self._catalogue, self.unknown | foreign)
            self._beside = (foreign, Reach(signatures(self.access, expander), self._alone))
        return self._beside[1]


class Shared:
    """The documents of one history. For one thread."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.places = Places()
        self.judge = Judge(self.places)
        self._kept: Kept = {}
        self._expanded: dict[int, Expanded] = {}  # by the document's own id; the last few

    def expanded(self, document: Document | None) -> Expanded:
        """A document expanded."""
        found = self._expanded.pop(id(document), None)
        if found is None:
            while len(self._expanded) >= KEPT:
                del self._expanded[next(iter(self._expanded))]
            found = Expanded(document, self.places, self.catalogue, self._kept)
        self._expanded[id(document)] = found  # it holds the document, so the id stays its own
        return found

    def allowed(self, document: Document) -> Set[str]:
        """The actions that a document allows: `granted.allowed_actions`."""
        return self.expanded(document).reach().allowed(self.judge.allows)
