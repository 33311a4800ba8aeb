"""The changes that touch a service, from the index alone: at whose moment its words in a policy came or went."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.policy.patterns import matches
from tracker.web.searching import said_of

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.asked import Said
    from tracker.model.identity import PolicyArn
    from tracker.model.recorded import ChangeRow
    from tracker.web.shelf import Shelf

_LISTS = (
    ("added", "{} added"),
    ("removed", "{} removed"),
    ("moved", "{} elsewhere or under other conditions"),
)


@dataclass(frozen=True, slots=True)
class Touch:
    """A change that touches a service, and what it does to the words about it."""

    stem: str  # of its page
    row: "ChangeRow"
    lists: tuple[
        tuple[str, tuple[str, ...]], ...
    ]  # ('Allow added', ('s3:GetObject',)); empty lists are left out


def touching(pages: "Shelf", service: str, most: int) -> list[Touch]:
    """The newest changes, `most` of them, newest first. A statement that is only numbered otherwise touches nothing."""
    moments: dict[tuple[PolicyArn, datetime], tuple[list[Said], list[Said]]] = {}
    for arn, each in said_of(pages, service):
        for one in each:
            for place, end in enumerate((one.since, one.until)):
                if end is not None and not end.first:
                    moments.setdefault((arn, end.at), ([], []))[place].append(one)
    touches: list[Touch] = []
    for arn, moment in sorted(moments, key=lambda one: (one[1], str(one[0])), reverse=True):
        begun, ended = ({_words(one, service) for one in each} for each in moments[arn, moment])
        if begun == ended:
            continue
        if (row := pages.row_at(arn, moment)) is not None:
            gone = row[1].kind in ("removed", "reappeared")  # nobody knows that an action went, or came
            touches.append(Touch(*row, () if gone else _lists(begun, ended)))
        if len(touches) == most:
            break
    return touches


def _words(one: "Said", service: str) -> tuple[str, str, object]:
    """What is said of the service: of a NotAction list what it leaves out of it, which for most services is nothing."""
    spelt = one.spelling
    if one.how == "all-but":
        left_out = [
            each for each in re.split(r"[\s,]+", spelt) if matches(each.lower().partition(":")[0], service)
        ]
        spelt = f"all but {', '.join(left_out)}" if left_out else f"{service}:*"
    return one.effect, spelt, (one.scope, one.literal_variables)


def _lists(
    begun: "set[tuple[str, str, object]]", ended: "set[tuple[str, str, object]]"
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What came, what went, and what is said of other places: by effect."""
    came, went = ({one[:2] for one in each} for each in (begun - ended, ended - begun))
    told = {"added": came - went, "removed": went - came, "moved": came & went}
    return tuple(
        (words.format(effect), names)
        for effect in ("Allow", "Deny")
        for name, words in _LISTS
        if (names := tuple(sorted((one[1] for one in told[name] if one[0] == effect), key=str.lower)))
    )
