"""Every kind of change, every period, the cumulative changelog, the index and the mails, as files to read."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.changelog import cases
from tests.changelog.making import BILLING, CATALOGUE, SUPPORT
from tracker.changelog.baseline import Baseline
from tracker.changelog.headline import headline
from tracker.changelog.record import summary_record
from tracker.changelog.render import Renderer
from tracker.model.change import Change
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow

Golden = Callable[[str, str], None]
RENDERER = Renderer(CATALOGUE)


@pytest.mark.parametrize("name", sorted(cases.SMALL))
def test_change(name: str, golden: Golden) -> None:
    change = cases.SMALL[name]()
    golden(f"{name}.md", RENDERER.markdown(change))
    golden(f"{name}.html", RENDERER.html(change))
    golden(f"{name}.txt", RENDERER.text(change))
    golden(f"{name}.json", RENDERER.json(change))


@pytest.mark.parametrize("name", sorted(cases.REAL))
def test_real_change(name: str, golden: Golden) -> None:
    change = cases.REAL[name]()
    golden(f"{name}.md", RENDERER.markdown(change))
    golden(f"{name}.html", RENDERER.html(change))
    golden(f"{name}.txt", RENDERER.text(change))
    golden(f"{name}.json", RENDERER.json(change))


@pytest.mark.parametrize("name", ["updated", "quiet", "rolled-back", "denies", "hostile", "removed"])
def test_mail(name: str, golden: Golden) -> None:
    message = RENDERER.message(cases.SMALL[name]())
    golden(f"{name}.mail.txt", f"Subject: {message.subject}\n\n{message.text}")
    golden(f"{name}.mail.html", message.html)


@pytest.mark.parametrize("name", sorted(cases.PERIODS))
def test_period(name: str, golden: Golden) -> None:
    period = cases.PERIODS[name]()
    golden(f"{name}.md", RENDERER.period_markdown(period))
    golden(f"{name}.html", RENDERER.period_html(period))
    golden(f"{name}.txt", RENDERER.period_text(period))
    golden(f"{name}.json", RENDERER.period_json(period))
    message = RENDERER.period_message(period)
    golden(f"{name}.mail.txt", f"Subject: {message.subject}\n\n{message.text}")


@pytest.mark.parametrize("name", sorted(cases.REAL_PERIODS))
def test_real_period(name: str, golden: Golden) -> None:
    period = cases.REAL_PERIODS[name]()
    golden(f"{name}.md", RENDERER.period_markdown(period))
    golden(f"{name}.txt", RENDERER.period_text(period))
    message = RENDERER.period_message(period)
    golden(f"{name}.mail.txt", f"Subject: {message.subject}\n\n{message.text}")


def test_period_of_several_policies(golden: Golden) -> None:
    periods = (
        cases.month(),
        cases.month(policy=BILLING, net=cases.denies(), transitions=(cases.denies(),)),
        *(
            cases.month(policy=PolicyArn("aws", f"Example{number}"), transitions=(cases.republished(),))
            for number in range(3)
        ),
        cases.month(policy=PolicyArn("aws", "ExampleUnseen"), looks=0, first_look=None, last_look=None),
    )
    golden("periods.md", RENDERER.period_markdown(*periods))
    golden("periods.html", RENDERER.period_html(*periods))
    golden("periods.txt", RENDERER.period_text(*periods))
    assert RENDERER.period_markdown(*periods) == RENDERER.period_markdown(*reversed(periods))


def test_a_republication_of_737_policies_is_one_line() -> None:
    names = [f"Example{number:03}" for number in range(737)]
    periods = [
        cases.month(policy=PolicyArn("aws", name), transitions=(cases.republished(),)) for name in names
    ]
    text = RENDERER.period_markdown(*periods)
    assert text.splitlines()[:3] == [
        "# May 2026: 737 policies",
        "",
        "- 737 policies were republished with the same access. " + ", ".join(f"`{name}`" for name in names),
    ]
    assert len(text.splitlines()) == 3
    assert "737 policies were republished" in RENDERER.period_html(*periods)


def _history() -> list[Change]:
    return [cases.quiet(), cases.updated(), cases.rolled_back(), cases.republished()]


def test_cumulative(golden: Golden) -> None:
    golden("changelog.md", RENDERER.cumulative_markdown(SUPPORT, _history()))
    golden("changelog.html", RENDERER.cumulative_html(SUPPORT, _history()))
    golden("changelog.txt", RENDERER.cumulative_text(SUPPORT, _history()))
    assert RENDERER.cumulative_markdown(SUPPORT, reversed(_history())) == RENDERER.cumulative_markdown(
        SUPPORT, _history()
    )


def row(change: Change) -> ChangeRow:
    """The row of the log that stands for a change."""
    before, after = change.transition.before, change.transition.after
    return ChangeRow(
        id=change.id,
        arn=change.policy,
        name=change.policy.name,
        kind=change.kind,
        observed_at=change.transition.observed_at,
        from_version=before.version if before else None,
        to_version=after.version if after else None,
        severity=change.severity,
        headline=headline(change),
        summary=summary_record(change),
        run="",
    )


def test_index(golden: Golden) -> None:
    rows = [row(change) for change in (*_history(), cases.denies())]
    golden(
        "index.html",
        RENDERER.index_html(rows, periods={SUPPORT: [f"{SUPPORT.name}/2026-04", f"{SUPPORT.name}/2026-05"]}),
    )


def test_index_of_nothing(golden: Golden) -> None:
    golden("index-empty.html", RENDERER.index_html([]))


def test_baseline(golden: Golden) -> None:
    change = cases.updated()
    assert change.transition.after
    made = change.transition.after.create_date
    one = Baseline(SUPPORT, VersionId(7), made, made + timedelta(hours=5), 9, 1234, change.attention)
    two = Baseline(BILLING, VersionId(3), made, made + timedelta(hours=5), 1, 1)
    message = RENDERER.baseline_message([one])
    golden("baseline.mail.txt", f"Subject: {message.subject}\n\n{message.text}")
    golden("baseline.mail.html", message.html)
    both = RENDERER.baseline_message([one, two])
    golden("baselines.mail.txt", f"Subject: {both.subject}\n\n{both.text}")
    golden("baselines.md", both.attachments[0].text)
    assert both == RENDERER.baseline_message([two, one])
