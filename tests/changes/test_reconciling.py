"""Announced against observed: which belongs to which, and whether they say the same."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.changes.reconciling import WINDOW, reconcile
from tracker.model.announcements import Announcement, SeenChange, Verdict
from tracker.model.identity import VersionId


def said(
    day: str, added: int | None = None, removed: int | None = None, *, removes: bool = False
) -> Announcement:
    return Announcement(date.fromisoformat(day), "X", added, removed, removes)


def seen(number: int, made: str, added: int, removed: int = 0, *, kind: str = "updated", since: str = "", gap: tuple[int, ...] = ()) -> SeenChange:  # fmt: skip
    return SeenChange(
        id=f"id{number}-{made}", kind=kind, from_version=VersionId(number - 1 - len(gap)), to_version=VersionId(number),
        since=datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None,
        made=datetime.fromisoformat(made).replace(tzinfo=UTC), added=added, removed=removed,
        gap=tuple(map(VersionId, gap)),
    )  # fmt: skip


def told(*verdicts: Verdict) -> list[tuple[str, str, str]]:
    return [
        (one.standing, str(one.seen.to_version) if one.seen else "", one.why) for one in reversed(verdicts)
    ]


def verdicts(announced: list[Announcement], changes: list[SeenChange], until: str = "2023-01-01", watched: str = "2023-01-01") -> list[tuple[str, str, str]]:  # fmt: skip
    return told(
        *reconcile(
            announced, changes, until=date.fromisoformat(until), watched_until=date.fromisoformat(watched)
        )
    )


def test_counts_agree_differ_or_are_not_given() -> None:
    found = verdicts(
        [said("2022-02-17", 74), said("2022-03-14", 54), said("2022-06-23", removes=True), said("2022-08-17", 46, 2)],
        [
            seen(21, "2022-02-18T00:53:34", 55, 15), seen(22, "2022-03-14", 54), seen(24, "2022-06-24", 16, 14),
            seen(25, "2022-08-17", 46, 2),
        ],
    )  # fmt: skip
    assert found == [
        ("differs", "v21", "74 added announced, 55 seen: 19 fewer; 15 removed, of which it says nothing"),
        ("agrees", "v22", ""),
        ("uncounted", "v24", "it gives no count"),
        ("agrees", "v25", ""),
    ]


def test_services_that_are_announced_are_held_against_those_that_came() -> None:
    prefixes = {
        "Amazon EC2": frozenset({"ec2"}),
        "Amazon S3": frozenset({"s3"}),
        "AWS Glue": frozenset({"glue"}),
    }

    def held(count: int | None, announced: tuple[str, ...], came: tuple[str, ...] | None) -> tuple[str, str]:
        (one,) = reconcile(
            [replace(said("2022-03-14", count), services=announced)],
            [replace(seen(22, "2022-03-14", 54), services=came)],
            until=date(2023, 1, 1), watched_until=date(2023, 1, 1), prefixes=prefixes,
        )  # fmt: skip
        return one.standing, one.why

    assert held(54, ("Amazon EC2", "Amazon S3"), ("ec2", "s3")) == ("agrees", "")
    assert held(54, ("Amazon EC2", "AWS Glue"), ("ec2",)) == (
        "differs", "announced for AWS Glue, of which nothing came",
    )  # fmt: skip
    assert held(None, ("Amazon EC2",), ("ec2", "s3")) == (
        "differs", "of s3 actions came, which it does not name",
    )  # fmt: skip
    assert held(54, ("Amazon EC2", "Amazon Foo"), ("ec2", "s3")) == (
        "agrees", "Amazon Foo is no service by a name that is known here; of s3 actions came, which it does not name",
    )  # fmt: skip
    assert held(None, ("Amazon Foo",), None) == ("uncounted", "it gives no count")


def test_what_has_no_counterpart() -> None:
    found = verdicts(
        [said("2022-03-14", 54), said("2022-09-01", 5), said("2022-12-24", 1)],
        [
            seen(20, "2021-12-21", 41, 14), seen(19, "2021-12-22", 14, 41, kind="rolled-back"),
            seen(22, "2022-03-14", 54), seen(23, "2022-06-01", 3), seen(24, "2022-11-30", 9),
            seen(25, "2022-06-02", 0, kind="republished"),
        ],
        until="2022-10-01", watched="2022-12-01",
    )  # fmt: skip
    assert found == [
        ("not-announced", "v20", "AWS's table begins with 2022-03-14"),
        (
            "not-announced",
            "v19",
            "the default went back to an older version; AWS's table begins with 2022-03-14",
        ),
        ("agrees", "v22", ""),
        ("not-announced", "v23", ""),
        ("not-seen", "", f"no version was made within {WINDOW} days of it"),
        ("unknown", "v24", "what AWS announced is known until 2022-10-01"),
        ("unknown", "", "nobody has looked since"),
    ]


def test_where_versions_are_lacking_nobody_can_tell() -> None:
    found = verdicts(
        [said("2021-01-01", 1), said("2022-03-14", 54), said("2022-04-27", 25)],
        [seen(21, "2022-02-18", 5, since="2021-11-12"), seen(24, "2022-06-24", 95, since="2022-02-18", gap=(22, 23))],
    )  # fmt: skip
    why = "the archive lacks v22 and v23 between v21 and v24"
    assert found == [
        ("unknown", "", "the archive begins later"),
        ("not-announced", "v21", ""),
        ("unknown", "", why),
        ("unknown", "", why),
        ("unknown", "v24", why),
    ]


def test_the_nearest_belong_together() -> None:
    found = verdicts(
        [said("2022-03-10", 1), said("2022-03-12", 2)],
        [seen(2, "2022-03-11", 1), seen(3, "2022-03-12", 2), seen(4, "2022-03-20", 9)],
    )
    assert found == [("agrees", "v2", ""), ("agrees", "v3", ""), ("not-announced", "v4", "")]


DAYS = st.dates(date(2022, 1, 1), date(2022, 12, 31))


@given(st.lists(st.tuples(DAYS, st.integers(0, 9)), max_size=6), st.lists(st.tuples(DAYS, st.integers(0, 9)), max_size=6), st.randoms())  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_everything_is_told_once_whatever_the_order(announced: list[tuple[date, int]], changes: list[tuple[date, int]], random: object) -> None:  # fmt: skip
    said_ = [Announcement(day, "X", count, None, source=str(n)) for n, (day, count) in enumerate(announced)]
    seen_ = [seen(n + 2, day.isoformat(), count) for n, (day, count) in enumerate(changes)]
    found = reconcile(said_, seen_, until=date(2023, 1, 1), watched_until=date(2023, 1, 1))
    assert sorted(one.announced.source for one in found if one.announced) == sorted(
        one.source for one in said_
    )
    assert sorted(one.seen.id for one in found if one.seen) == sorted(one.id for one in seen_)
    again = reconcile(
        reversed(said_), reversed(seen_), until=date(2023, 1, 1), watched_until=date(2023, 1, 1)
    )
    assert [one.standing for one in again].count("agrees") == [one.standing for one in found].count("agrees")
