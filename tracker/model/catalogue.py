"""What AWS actions exist, as a value that the pure rooms are handed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

# AWS marks what only tags, and what manages permissions, as a write as well; the narrower word says more.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html
LEVELS = ("Permissions management", "Tagging", "Write", "Read", "List")


def severest_first(access_level: str) -> str:
    """AWS's own words for a level, composite ones most severe first: 'Permissions management, Write'."""
    words = {word.strip() for word in access_level.split(",")} - {""}
    return ", ".join(
        sorted(words, key=lambda word: (LEVELS.index(word) if word in LEVELS else len(LEVELS), word))
    )


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One action as AWS's service authorization reference describes it."""

    service: str  # prefix in lower case: 's3'
    name: str  # AWS's spelling, without the prefix: 'GetObject'
    access_level: str  # AWS's own words, composite ones most severe first: 'Permissions management, Write'
    description: str  # AWS's own sentence, possibly empty

    @property
    def levels(self) -> tuple[str, ...]:
        """The access level split into its parts, most severe first."""
        return tuple(self.access_level.split(", "))


class Catalogue(Protocol):
    """The actions of AWS at one version of the catalogue. Look-ups are without regard to case."""

    @property
    def version(self) -> str:
        """The catalogue's own version, for instance '0.1.202610271'."""
        ...

    def services(self) -> Iterable[str]:
        """Every service prefix, lower case, sorted."""
        ...

    def service_name(self, service: str) -> str:
        """The human name of a prefix ('Amazon S3'); the prefix itself where nobody knows it."""
        ...

    def actions(self, service: str) -> Iterable[str]:
        """The names of a service's actions, lower case, sorted; empty for an unknown prefix."""
        ...

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What is known of one action; None where it is not in the catalogue."""
        ...
