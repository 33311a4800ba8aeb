"""What AWS actions exist, as a value that the pure rooms are handed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One action as AWS's service authorization reference describes it."""

    service: str  # prefix in lower case: 's3'
    name: str  # AWS's spelling, without the prefix: 'GetObject'
    access_level: str  # AWS's own words, composite ones most severe first: 'Permissions management, Write'
    description: str  # AWS's own sentence, possibly empty


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
