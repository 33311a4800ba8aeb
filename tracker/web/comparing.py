"""The page that compares any two versions or dates of a policy, or what two policies allow today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.changelog.places import policy_page
from tracker.changelog.site import Frame
from tracker.changelog.wording import count
from tracker.errors import InputError
from tracker.model.history import Endpoint, Kind, Transition
from tracker.web.page import Page
from tracker.web.policy_pages import compared_stems

if TYPE_CHECKING:
    from tracker.model.change import Change, Difference
    from tracker.web.facts import Facts
    from tracker.web.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy each of whose versions has a page of what came since."""

    name: str
    path: str  # of the policy's page
    since: tuple[tuple[str, datetime, str], ...]  # (version, when AWS made it, the page), newest first


FIELDS = ("policy", "from", "to", "with")


def compare_page(pages: "Shelf", query: Mapping[str, str]) -> Page:
    """The form, and where it was filled in, what `diff` says. A wrong word is said beside the form."""
    asked = {name: query.get(name, "").strip()[:200] for name in FIELDS}
    frame = Frame("compare.html", "Policies")
    if pages.static:
        return pages.render("compare.html", frame, view=None, fault="", standing=_standing(pages))
    if not asked["policy"] or not (asked["from"] or asked["with"]):
        fault = "Name a version or a date to compare from, or another policy." if query.get("go") else ""
        return pages.render(
            "compare.html", frame, asked=asked, view=None, fault=fault, advice="", between="", sentence=""
        )
    try:
        facts = pages.facts(pages.tracker.archive.resolve(asked["policy"], pages.tracker.partition))
        other = (
            pages.facts(pages.tracker.archive.resolve(asked["with"], pages.tracker.partition))
            if asked["with"]
            else None
        )
        change, between = (
            _policies(facts, other) if other else (_versions(facts, asked["from"], asked["to"]), "")
        )
        sentence = _told(change.difference, facts.arn.name, other.arn.name) if other else ""
    except InputError as error:
        return pages.render(
            "compare.html", frame, asked=asked, view=None, fault=f"{str(error)[0].upper()}{str(error)[1:]}.", advice=error.advice, between="", sentence=""
        )  # fmt: skip
    marks = (pages.marks(facts.arn), pages.marks(other.arn) if other else ())
    return pages.kept(
        f"compare.html?{asked}",
        marks,
        lambda: pages.render(
            "compare.html", frame, asked=asked, view=pages.tracker.renderer().view(change), fault="", advice="", between=between, sentence=sentence
        ),
    )  # fmt: skip


def _standing(pages: "Shelf") -> list[Standing]:
    """What a site of files compares beside its changes: each version of the watched policies with today's, newest first."""
    found = []
    for arn in pages.watched:
        facts = pages.facts(arn)
        rows = [
            (str(facts.versions[stem][0]), facts.versions[stem][1], policy_page(arn, f"since-{stem}.html"))
            for stem in reversed(compared_stems(pages, facts))
        ]
        if rows:
            found.append(Standing(arn.name, policy_page(arn), tuple(rows)))
    return found


def _told(difference: "Difference", one: str, other: str) -> str:
    """What two policies differ in, of neither of which can be said that it came first."""
    more, less = len(difference.actions_added), len(difference.actions_removed)
    moved = (
        len(difference.actions_widened) + len(difference.actions_narrowed) + len(difference.actions_rescoped)
    )
    parts = [f"{other} allows {count(more, 'action')} that {one} does not"] * bool(more)
    parts += [f"{one} allows {count(less, 'action')} that {other} does not"] * bool(less)
    told = "; ".join(parts) or f"{other} and {one} allow the same actions"
    return f"{told}; {count(moved, 'is', 'are')} allowed by both, and not alike." if moved else f"{told}."


def _versions(facts: "Facts", before: str, after: str) -> "Change":
    one = facts.reading.pointed(before)
    if after:
        other = facts.reading.pointed(after)
    else:
        if facts.today is None:
            raise InputError(f"{facts.arn.name} is not visible now: name a version to compare to")
        other = (facts.today.version, facts.today.create_date)
    return facts.reading.compared(one, other, max(one[1], other[1]))


def _policies(facts: "Facts", other: "Facts") -> "tuple[Change, str]":
    """What the default of one policy allows and that of another does not."""
    from tracker.changes.attention import assess
    from tracker.changes.compare import compare

    if facts.today is None or other.today is None:
        raise InputError("one of the two is not visible now, so there is nothing to compare")
    ends = [Endpoint(one.today.version, one.today.create_date, None) for one in (facts, other) if one.today]
    documents = [
        one.reading.document((end.version, end.create_date))
        for one, end in zip((facts, other), ends, strict=True)
    ]
    catalogue = facts.tracker.catalogue()
    transition = Transition(other.arn, Kind.COMPARED, None, ends[1], max(end.create_date for end in ends))
    change = assess(
        transition,
        compare(documents[0], documents[1], catalogue),
        before=documents[0],
        after=documents[1],
        rules=facts.tracker.rules(),
        catalogue=catalogue,
        today=facts.tracker.clock().date(),
    )
    return change, f"{other.arn.name} {ends[1].version} instead of {facts.arn.name} {ends[0].version}"
