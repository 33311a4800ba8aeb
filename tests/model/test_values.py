"""What the values say of themselves."""

import pytest

from tracker.model.history import Kind
from tracker.model.identity import VersionId, split_partition
from tracker.model.recorded import step_name
from tracker.model.rounds import Delivery


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ReadOnlyAccess", ("aws", "ReadOnlyAccess")),
        ("aws-us-gov:ReadOnlyAccess", ("aws-us-gov", "ReadOnlyAccess")),
        ("arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess", ("aws-cn", "ViewOnlyAccess")),
        ("no partition:X", ("aws", "no partition:X")),
    ],
)
def test_a_policy_is_named_with_its_partition_by_its_arn_or_alone(text: str, told: tuple[str, str]) -> None:
    assert split_partition(text, "aws") == told


def test_a_step_is_named_by_its_ends_and_one_of_the_catalogue_by_the_version_that_stayed() -> None:
    assert step_name(Kind.UPDATED, VersionId(19), VersionId(20)) == "v19-v20"
    assert step_name(Kind.CREATED, None, VersionId(1)) == "none-v1"
    assert step_name(Kind.REMOVED, VersionId(1), None) == "v1-none"
    assert step_name(Kind.CATALOGUE_GROWTH, VersionId(59), VersionId(59)) == "v59_catalogue-growth"


def test_mails_that_were_tried_are_those_that_went_and_those_that_did_not() -> None:
    assert Delivery(sent=3, retried=2, failed=1).tried == 6
