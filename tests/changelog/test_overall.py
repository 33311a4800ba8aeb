"""What changed everywhere, folded and sorted."""

from datetime import UTC, datetime, timedelta

from tracker.changelog.overall import by_month, folded, overall_headline
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow

NOON = datetime(2021, 12, 1, 12, tzinfo=UTC)
MONTH = (datetime(2021, 12, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))


def row(
    name: str, severity: str = "info", kind: str = "updated", day: int = 0, attention: int = 0
) -> ChangeRow:
    return ChangeRow(
        id=f"{name}-{day}",
        arn=PolicyArn("aws", name),
        name=name,
        kind=kind,
        observed_at=NOON + timedelta(days=day),
        from_version=VersionId(1),
        to_version=VersionId(2),
        severity=severity,
        headline=f"{name} changed.",
        summary={"attention": attention},
        run="r",
    )


def names(rows: tuple[ChangeRow, ...]) -> list[str]:
    return [one.name for one in rows]


def test_the_gravest_come_first_then_the_most_flagged_then_the_newest() -> None:
    found = folded(
        [row("d", "none"), row("c", "attention", attention=1), row("b", "attention", attention=3), row("a", "alarm"),
         row("f", "attention", day=3, attention=1)]
    )  # fmt: skip
    assert names(found.told) == ["a", "b", "f", "c", "d"]


def test_republished_policies_are_folded_and_one_alone_is_not() -> None:
    many = [row(f"p{number:03}", "none", "republished") for number in range(737)]
    found = folded([row("x", "alarm"), *many])
    assert names(found.told) == ["x"]
    assert found.republished_in_words == (
        "737 policies were republished with the same access: p000, p001, p002, p003, p004 and 732 more"
    )
    alone = folded([row("x", "alarm"), many[0]])
    assert (names(alone.told), alone.republished_in_words) == (["x", "p000"], "")
    assert folded(many[:3]).republished_in_words.endswith(": p000, p001, p002")


def test_months_are_newest_first_by_utc() -> None:
    found = by_month([row("a"), row("b", day=31), row("c", day=30)])
    assert [(one.name, names(one.told)) for one in found] == [("2022-01", ["b"]), ("2021-12", ["c", "a"])]


def test_a_headline_counts_what_is_told_and_what_is_not_known() -> None:
    found = folded(
        [
            row("a", "alarm"),
            row("a", "attention", day=1),
            *(row(f"p{n}", "none", "republished") for n in range(2)),
        ]
    )
    assert overall_headline(found, *MONTH, known=9, read=[NOON, NOON + timedelta(days=1)], unread=4) == (
        "December 2021, 9 policies: 2 changes of 1 policy (1 alarm, 1 attention); 2 republished with the same access; "
        "2 looked at, last 2021-12-01 12:00 UTC, and nothing changed; 4 with no change on record, at which nobody looked."
    )
    assert overall_headline(folded([]), *MONTH, known=4, read=[], unread=4) == (
        "December 2021, 4 policies: 4 with no change on record, at which nobody looked."
    )
    assert overall_headline(folded([row("a")]), *MONTH, known=1, read=[], unread=0) == (
        "December 2021, 1 policy: 1 change of 1 policy (none flagged)."
    )
