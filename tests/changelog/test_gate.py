"""What a gate found, in sentences."""

from tests.support.fake_catalogue import FakeCatalogue
from tests.support.policies import allowing, policy, statement
from tracker.changelog.gate import sentence
from tracker.changes.gate import breaches
from tracker.policy.document import Document
from tracker.policy.questions import question


def told(document: Document, forbidden: str, before: Document | None = None) -> str:
    (one,) = breaches([question(forbidden)], document, FakeCatalogue(), before, against=before is not None)
    return sentence(one)


def test_many_actions_are_counted() -> None:
    assert told(allowing("*"), "*") == (
        "apigateway:GET, apigateway:POST, cloudwatch:GetMetricData, cloudwatch:ListMetrics, ec2:DescribeImages and 13 more "
        "are granted on every resource, by *; forbidden by *"
    )


def test_what_only_the_future_holds_is_said_to_be_of_the_future() -> None:
    assert told(allowing("svc:*", on="arn:aws:svc:::a"), "svc:DoIt") == (
        "no action that is known today, but what AWS may yet add is granted on arn:aws:svc:::a, by svc:*; "
        "forbidden by svc:DoIt"
    )


def test_what_a_deny_takes_back_in_part_is_told() -> None:
    document = policy(statement("s3:GetObject"), statement("s3:*", on="arn:aws:s3:::a", effect="Deny"))
    assert told(document, "s3:GetObject") == (
        "s3:GetObject is granted on every resource, but denied on arn:aws:s3:::a"
    )


def test_how_it_is_new_is_told() -> None:
    narrow, other = (allowing("s3:GetObject", on=f"arn:aws:s3:::{name}") for name in "ab")
    wide = allowing("s3:GetObject")
    assert told(wide, "s3:GetObject", narrow) == "s3:GetObject is granted more widely on every resource"
    assert told(other, "s3:GetObject", narrow) == (
        "s3:GetObject is granted elsewhere (please review) on arn:aws:s3:::b"
    )
