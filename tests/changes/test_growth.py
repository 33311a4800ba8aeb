"""Catalogue growth: one document over two catalogues."""

from collections.abc import Iterable
from datetime import UTC, datetime

from tests.support.policies import POLICY, TODAY, allowing, by_rule, policy, statement
from tracker.catalogue.watchlist import load_rules
from tracker.changes.growth import grown, growth, may_move
from tracker.model.catalogue import ActionInfo, Upgrade
from tracker.model.change import Change
from tracker.model.history import Endpoint, Kind
from tracker.model.identity import VersionId
from tracker.policy.document import Document

MOMENT = datetime(2026, 11, 24, tzinfo=UTC)
V1 = Endpoint(VersionId(1), MOMENT, MOMENT)


class Tiny:
    """A catalogue of a few actions, all of one level."""

    def __init__(self, version: str, *actions: str, level: str = "Read") -> None:
        self.version = version
        self._level = level
        self._known: dict[str, dict[str, str]] = {}
        for action in actions:
            service, _, name = action.partition(":")
            self._known.setdefault(service, {})[name.lower()] = name

    def services(self) -> Iterable[str]:
        return sorted(self._known)

    def service_name(self, service: str) -> str:
        return service.upper()

    def actions(self, service: str) -> Iterable[str]:
        return sorted(self._known.get(service, {}))

    def action(self, service: str, name: str) -> ActionInfo | None:
        known = self._known.get(service.lower(), {}).get(name.lower())
        return ActionInfo(service.lower(), known, self._level, f"About {known}") if known else None


OLD = Tiny("1", "s3:GetBucketAcl", "s3:PutObject", "sdb:Select")
NEW = Tiny("2", "s3:GetBucketAcl", "s3:GetObject", "s3:PutObject", "ebs:GetBlock")


def change(document: Document) -> Change | None:
    rules = load_rules(catalogue=NEW, tripwires=["s3:GetObject"])
    return growth(POLICY, V1, document, OLD, NEW, observed_at=MOMENT, rules=rules, today=TODAY, run="r")


def test_a_wildcard_gains_what_the_catalogue_gained() -> None:
    found = change(allowing("s3:Get*"))
    assert found is not None
    assert (found.kind, found.difference.catalogue) == ("catalogue-growth", "2")
    (added,) = found.difference.actions_added
    assert (added.action, added.access_level, added.tags) == ("s3:GetObject", "Read", ("by-wildcard",))
    assert added.description == "About GetObject"
    assert found.transition.kind is Kind.CATALOGUE_GROWTH
    assert (found.transition.before, found.transition.after, found.transition.run) == (V1, V1, "r")


def test_it_deserves_attention_like_any_other_gain() -> None:
    found = change(allowing("s3:Get*"))
    assert found is not None
    assert by_rule(found)["customer-data/s3-objects"].severity == "alarm"
    assert [hit.actions for hit in found.tripwires] == [("s3:GetObject",)]


def test_services_come_and_go() -> None:
    found = grown(allowing("*"), OLD, NEW)
    assert [(one.service, one.name, one.actions) for one in found.services_added] == [
        ("ebs", "EBS", ("ebs:GetBlock",))
    ]
    assert [one.service for one in found.services_removed] == ["sdb"]
    assert [one.action for one in found.actions_removed] == ["sdb:Select"]
    assert (found.services_before, found.services_after, found.actions_before, found.actions_after) == (
        2,
        2,
        3,
        4,
    )


def test_what_is_named_in_full_or_denied_does_not_grow() -> None:
    assert change(allowing("s3:GetObject", "ebs:GetBlock", "sdb:Select")) is None
    assert change(policy(statement("s3:*"), statement("s3:GetObj*", effect="Deny"))) is None


def test_not_action_grows_too() -> None:
    found = change(policy({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}))
    assert found is not None
    assert [one.action for one in found.difference.actions_added] == ["ebs:GetBlock", "s3:GetObject"]


def test_only_a_wildcard_that_meets_what_came_or_went_may_move() -> None:
    upgrade = Upgrade.of(MOMENT, "r", OLD, NEW)
    for action, moves in (("s3:Get*", True), ("sdb:*", True), ("s3:GetObject", False), ("s3:Put*", False)):
        assert may_move(allowing(action), upgrade) is moves, action
    came = upgrade.came
    assert (came.version, list(came.services()), came.service_name("ebs")) == ("2", ["ebs", "s3"], "EBS")
    assert came.action("s3", "getobject") is not None
    assert came.action("s3", "putobject") is None
