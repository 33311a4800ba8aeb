"""The difference between two documents: what they allow today, and what they say.

What each part decides, and how, is told in docs/semantics.md.
"""

from tracker.changes.difference_effective import effective
from tracker.changes.difference_explain import Evidence, Explanation, explain
from tracker.changes.difference_telling import Side, moved
from tracker.changes.difference_textual import Sides, textual
from tracker.changes.sharing import Shared
from tracker.model.catalogue import Catalogue
from tracker.model.change import Difference
from tracker.policy.document import Document
from tracker.policy.expanding import Expander

__all__ = ["Evidence", "Explanation", "compare", "explain"]


def compare(
    before: Document | None, after: Document | None, catalogue: Catalogue, shared: Shared | None = None
) -> Difference:
    """What `after` allows and denies that `before` did not, and the other way round.

    None stands for a document that is not there: nothing is allowed. Both sides are expanded over `catalogue`,
    whose version the difference names. `shared`: what the history that both are of shares, made for this catalogue.
    """
    shared = Shared(catalogue) if shared is None else shared
    old, new = shared.expanded(before), shared.expanded(after)
    was, now = old.reach(new.unknown), new.reach(old.unknown)
    found = effective(was, now, shared.judge)
    quiet = not (found.added or found.removed or found.moved)
    sides = Sides(before, after, old.access, new.access, shared.places)
    text = textual(sides, Expander(catalogue), {*found.added, *found.removed}, quiet=quiet)
    then = Side(old.access, was.signatures, catalogue)
    today = Side(new.access, now.signatures, catalogue)
    return Difference(
        services_added=today.services(found.services_added),
        services_removed=then.services(found.services_removed),
        actions_added=today.actions(found.added),
        actions_removed=then.actions(found.removed),
        actions_widened=moved(found.moved, "widened", then, today, catalogue),
        actions_narrowed=moved(found.moved, "narrowed", then, today, catalogue),
        actions_rescoped=moved(found.moved, "rescoped", then, today, catalogue),
        denies_added=text.denies.added,
        denies_removed=text.denies.removed,
        denies_widened=text.denies.widened,
        denies_narrowed=text.denies.narrowed,
        denies_rescoped=text.denies.rescoped,
        patterns_added=text.patterns_added,
        patterns_removed=text.patterns_removed,
        redundant=text.redundant,
        cosmetic=text.cosmetic,
        equal_language=text.equal_language,
        catalogue=catalogue.version,
        services_before=found.services[0],
        services_after=found.services[1],
        actions_before=found.actions[0],
        actions_after=found.actions[1],
    )
