"""A policy document as values: what `parse_document` makes of JSON, with every element in one shape."""

from dataclasses import dataclass

from tracker.model.change import Effect, Scope

OLD_VERSION = "2008-10-17"  # what no Version element means, too
NEW_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Exactly one of actions and not_actions is not None."""

    effect: Effect
    actions: tuple[str, ...] | None  # as written: spelling, order and repetitions kept
    not_actions: tuple[str, ...] | None  # as written
    scope: Scope  # resources, principal and condition, each sorted and without repetitions
    sid: str = ""
    index: int = 0  # its place in the document, from 0
    literal_variables: bool = False  # it holds `${`, and the document's Version takes that literally


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document that was checked. Equal documents may be spelt differently: compare them by access."""

    statements: tuple[Statement, ...]
    version: str = OLD_VERSION
    id: str = ""
    single: bool = False  # Statement was one object, not a list
