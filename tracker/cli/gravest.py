"""What is gravest comes first, wherever findings or changes are listed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.model.change import Attention

SEVEREST = ("alarm", "attention", "info", "none")


def gravest_first(findings: "Iterable[Attention]") -> "list[Attention]":
    """The findings, alarms first; those of one severity keep the order they have, which is by rule."""
    return sorted(findings, key=lambda one: SEVEREST.index(one.severity))
