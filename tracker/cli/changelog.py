"""`policy-tracker changelog`: the whole history of a policy, or what a month or another stretch of time did to it."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items
from tracker.cli.policies import POLICY, archived, stretch
from tracker.cli.shell import Shell
from tracker.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.collaborators import Tracker
    from tracker.model.identity import PolicyArn


@click.command(
    "changelog",
    cls=Examples,
    short_help="The changelog of a policy, or of a month.",
    examples=(
        "policy-tracker changelog",
        "policy-tracker changelog --month 2021-12 --format markdown",
        "policy-tracker changelog ReadOnlyAccess --since 2025-01-01 --until 2025-07-01 --format html > half.html",
    ),
)
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option("--all", "every", is_flag=True, help="Every policy in the archive.")
@click.option(
    "--month",
    "month_",
    metavar="YYYY-MM",
    help="One month, UTC: from its first day to the next month's, which is not in it.",
)
@click.option("--since", metavar="DATE", help="The first instant of the stretch, UTC.")
@click.option("--until", metavar="DATE", help="Its end, UTC, which is not in it. [default: now]")
@formatted("text", "markdown", "html", "json")
@click.pass_obj
def command(
    shell: Shell,
    policies: tuple[str, ...],
    every: bool,
    month_: str | None,
    since: str | None,
    until: str | None,
    wanted: str,
) -> None:
    """The changelog of a policy, newest first; or what a month or another stretch of time did to it.

    A month's changelog is the net change between its two ends, the changes inside, and what was granted and withdrawn
    again in between. Without a POLICY: those in the settings.
    """
    tracker = shell.tracker()
    period = stretch(month_, since, until, tracker.clock())
    arns = archived(tracker, policies, every=every)
    if not arns:
        raise InputError(
            "the archive holds no policy yet", advice="policy-tracker check looks at those in the settings"
        )
    if period:
        put(_period(tracker, arns, period, wanted))
    else:
        _cumulative(tracker, arns, wanted)


def _period(
    tracker: "Tracker", arns: "Sequence[PolicyArn]", period: tuple[datetime, datetime], wanted: str
) -> str:
    from tracker.service import period_of

    periods = [period_of(tracker, arn, *period) for arn in arns]
    renderer = tracker.renderer()
    renderings = {
        "text": renderer.period_text,
        "markdown": renderer.period_markdown,
        "html": renderer.period_html,
        "json": renderer.period_json,
    }
    return renderings[wanted](*periods)


def _cumulative(tracker: "Tracker", arns: "Sequence[PolicyArn]", wanted: str) -> None:
    from tracker.service import changes_of

    renderer = tracker.renderer()
    histories = {arn: changes_of(tracker, arn) for arn in arns}
    if wanted == "json":
        from tracker.changelog.record import change_record

        put_items(
            "changelog", [change_record(one) for changes in histories.values() for one in reversed(changes)]
        )
        return
    if wanted == "html" and len(arns) > 1:
        raise InputError(
            "one HTML file is about one policy", advice="name the policy, or ask for --format markdown"
        )
    renderings = {
        "text": renderer.cumulative_text,
        "markdown": renderer.cumulative_markdown,
        "html": renderer.cumulative_html,
    }
    put("\n\n".join(renderings[wanted](arn, changes).rstrip("\n") for arn, changes in histories.items()))
