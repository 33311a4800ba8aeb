"""Why a verdict is what it is."""

from typing import Any

import pytest

from tests.support.fake_catalogue import FakeCatalogue
from tracker.changes.compare import Explanation, explain
from tracker.errors import InputError
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

CATALOGUE = FakeCatalogue()


def document(*statements: dict[str, Any]) -> Document:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, what="test")


BEFORE = document(
    {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": "a"},
    {"Effect": "Allow", "NotAction": ["iam:*", "S3:*"], "Resource": "*"},
)
AFTER = document(
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "S3:getObject"], "Resource": ["a", "b"]},
    {"Sid": "Not", "Effect": "Deny", "Action": "*", "Resource": "secret"},
)


def of(action: str, before: Document | None = BEFORE, after: Document | None = AFTER) -> Explanation:
    return explain(before, after, action, CATALOGUE)


def test_the_statements_that_decide_are_named() -> None:
    found = of("s3:GETOBJECT")
    assert (found.action, found.known, found.verdict, found.proved) == ("S3:getObject", True, "widened", True)
    assert [(one.statement, one.sid, one.effect, one.pattern) for one in found.before] == [
        (2, "Read", "Allow", "s3:Get*")
    ]
    assert [(one.statement, one.sid, one.effect, one.pattern) for one in found.after] == [
        (1, "Read", "Allow", "S3:getObject"),
        (2, "Not", "Deny", "*"),
    ]
    assert found.after[0].scope.resources == ("a", "b")


def test_not_action_speaks_of_what_it_does_not_name() -> None:
    found = of("sts:AssumeRole")
    assert (found.verdict, [one.pattern for one in found.before]) == ("removed", ["NotAction: iam:*, S3:*"])
    assert of("iam:CreateUser").verdict == "nothing"
    assert of("iam:CreateUser").before == ()


def test_an_action_that_nobody_knows() -> None:
    found = of("foo:Bar")
    assert (found.action, found.known, found.verdict) == ("foo:bar", False, "removed")


def test_a_document_that_is_not_there() -> None:
    assert of("ec2:RunInstances", before=None, after=BEFORE).verdict == "added"
    assert of("ec2:RunInstances", before=BEFORE, after=BEFORE).verdict == "equal"
    assert of("ec2:runinstances", before=None, after=None).action == "ec2:RunInstances"


@pytest.mark.parametrize("action", ["s3", "s3:", ":x", "s3:Get*", "*", ""])
def test_one_action_is_asked_for(action: str) -> None:
    with pytest.raises(InputError, match="not one action") as caught:
        of(action)
    assert caught.value.advice
