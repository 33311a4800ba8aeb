"""What AWS actions exist, as a value that the pure rooms are handed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
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
        return _split(self.access_level)


@lru_cache(maxsize=64)
def _split(access_level: str) -> tuple[str, ...]:
    return tuple(access_level.split(", "))


@dataclass(frozen=True, slots=True)
class KeptAction:
    """What the archive keeps of an action."""

    name: str  # AWS's spelling, without the prefix
    access_level: str  # as in ActionInfo


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


class Without:
    """The actions of one catalogue that another lacks, found out when somebody asks. Look-ups are without regard to case."""

    def __init__(self, catalogue: Catalogue, other: Catalogue) -> None:
        self.version = catalogue.version
        self._catalogue = catalogue
        self._other = other

    def services(self) -> Iterable[str]:
        """Every service with such an action, lower case, sorted."""
        return tuple(self._left)

    def service_name(self, service: str) -> str:
        """The human name of a prefix, as the whole catalogue has it."""
        return self._catalogue.service_name(service)

    def actions(self, service: str) -> Iterable[str]:
        """The names of such actions, lower case, sorted."""
        return self._left.get(service.lower(), ())

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What is known of one action; None where it is in both catalogues, or in none."""
        return self._catalogue.action(service, name) if name.lower() in self.actions(service) else None

    @cached_property
    def _left(self) -> Mapping[str, tuple[str, ...]]:
        both = {
            service: set(self._catalogue.actions(service)) - set(self._other.actions(service))
            for service in self._catalogue.services()
        }
        return {service: tuple(sorted(left)) for service, left in both.items() if left}


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One catalogue took another's place: what wildcards reach may have moved with no version of any policy."""

    observed_at: datetime  # UTC: when the first round began that used the newer one
    run: str  # the id of that round
    old: Catalogue
    new: Catalogue
    came: Catalogue  # what only the newer one has
    went: Catalogue  # what only the older one has

    @classmethod
    def of(cls, observed_at: datetime, run: str, old: Catalogue, new: Catalogue) -> "Upgrade":
        """The step from one catalogue to another. Neither is read before somebody asks."""
        return cls(observed_at, run, old, new, Without(new, old), Without(old, new))
