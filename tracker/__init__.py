"""policy-tracker: what can be done in an AWS account today that could not be done before.

What is public is in `__all__`, and docs/library.md tells how to use it. All else may change from one release to the next.
Names are loaded when they are first asked for (PEP 562), so that `import tracker` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.errors import (
        DocumentError,
        InputError,
        SettingsError,
        SetupError,
        TrackerError,
        UnknownPolicyError,
    )
    from tracker.library import Archive, compare, record
    from tracker.model.asked import Holder, Moment, Said, Span
    from tracker.model.change import (
        ActionChange,
        Attention,
        Change,
        ConditionEntry,
        DenyChange,
        Difference,
        PatternChange,
        Period,
        Redundant,
        Scope,
        ScopeChange,
        ServiceChange,
        Transient,
        TripwireHit,
    )
    from tracker.model.history import Endpoint, Kind, Transition
    from tracker.model.identity import PolicyArn, VersionId

__all__ = [
    "ActionChange",
    "Archive",
    "Attention",
    "Change",
    "ConditionEntry",
    "DenyChange",
    "Difference",
    "DocumentError",
    "Endpoint",
    "Holder",
    "InputError",
    "Kind",
    "Moment",
    "PatternChange",
    "Period",
    "PolicyArn",
    "Redundant",
    "Said",
    "Scope",
    "ScopeChange",
    "ServiceChange",
    "SettingsError",
    "SetupError",
    "Span",
    "TrackerError",
    "Transient",
    "Transition",
    "TripwireHit",
    "UnknownPolicyError",
    "VersionId",
    "compare",
    "record",
]
_ROOMS = {
    "tracker.errors": ("DocumentError", "InputError", "SettingsError", "SetupError", "TrackerError", "UnknownPolicyError"),
    "tracker.library": ("Archive", "compare", "record"),
    "tracker.model.asked": ("Holder", "Moment", "Said", "Span"),
    "tracker.model.history": ("Endpoint", "Kind", "Transition"),
    "tracker.model.identity": ("PolicyArn", "VersionId"),
}  # fmt: skip
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take it for a promise that every name exists

    def __getattr__(name: str) -> object:
        """A public name, loaded from the room that it lives in."""
        if name not in __all__:
            raise AttributeError(f"module 'tracker' has no attribute {name!r}")
        found: object = getattr(import_module(_ROOM_OF.get(name, "tracker.model.change")), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """What is public."""
    return list(__all__)
