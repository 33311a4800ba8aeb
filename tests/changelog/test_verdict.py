"""Whether to worry, in one sentence beneath the headline."""

from dataclasses import replace

import pytest

from tests.changelog import cases
from tests.changelog.making import change, document
from tracker.changelog.chart import Mark, _named
from tracker.changelog.verdict import Verdict, verdict_of
from tracker.model.change import Attention, Severity, TripwireHit

CALM = change(document({"Action": cases.READS}), document({"Action": [*cases.READS, "ec2:describeNew"]}))


def found(consequence: str, severity: Severity, kind: str = "customer-data") -> Attention:
    return Attention(
        f"{kind}/rule", kind, ("a:B",), (), consequence, "Why.", "aws", "2026-01-01", (), severity
    )


def one(*items: Attention, hits: tuple[TripwireHit, ...] = ()) -> Verdict:
    return verdict_of(replace(CALM, attention=items, tripwires=hits))


@pytest.mark.parametrize(
    ("items", "hits", "verdict"),
    [
        ((), (), Verdict("", "Nothing is flagged.", "")),
        (
            (found("", "info", "not-reviewed"),),
            (),
            Verdict("", "Nothing is flagged.", "1 action of it the watchlist has not reviewed yet."),
        ),
        (
            (found("see names", "attention"), found("read S3 objects", "alarm"), found("see names", "attention")),
            (),
            Verdict("alarm", "Alarm:", "AWS Support can now read S3 objects and see names."),
        ),
        (
            tuple(found(f"do {name}", "attention") for name in "abcde"),
            (),
            Verdict("attention", "Attention:", "AWS Support can now do a, do b, do c, and 2 things more."),
        ),
        (
            (),
            (TripwireHit("ec2:*", ("ec2:describeNew",)), TripwireHit("*:Get*", ("s3:GetObject",))),
            Verdict("alarm", "Alarm:", "It hits your tripwires ec2:* and *:Get*."),
        ),
    ],
)  # fmt: skip
def test_the_gravest_comes_first_and_what_is_more_is_counted(
    items: tuple[Attention, ...], hits: tuple[TripwireHit, ...], verdict: Verdict
) -> None:
    assert one(*items, hits=hits) == verdict


def test_the_labels_of_a_chart_do_not_lie_on_each_other() -> None:
    """What came and went is named, and the newest; of the rest what has room."""

    def mark(x: float, label: str, anchor: str = "middle", *, passing: bool = False) -> Mark:
        return Mark(x, 10.0, label, anchor, label, passing)

    told = _named(
        [
            mark(44, "v1", "start"), mark(60, "v2"), mark(100, "v18"), mark(110, "v19"), mark(118, "v20", passing=True),
            mark(180, "v21"), mark(282, "v59"), mark(300, "v60", "end"),
        ]
    )  # fmt: skip
    assert [one.label for one in told] == ["v1", "", "", "", "v20", "v21", "", "v60"]
