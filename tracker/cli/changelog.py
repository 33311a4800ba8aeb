"""`policy-tracker changelog`: the whole history of a policy, or what a month or another stretch of time did to it."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, put_json_text, table
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
        "policy-tracker changelog --all --month 2021-12",
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
    again in between. Without a POLICY: those in the settings. With --all the text has a line a change, the gravest first,
    and what was republished in one; the other formats tell each policy that changed in full.
    """
    tracker = shell.tracker()
    period = stretch(month_, since, until, tracker.clock())
    arns = archived(tracker, policies, every=every)
    if not arns:
        raise InputError(
            "the archive holds no policy yet", advice="policy-tracker check looks at those in the settings"
        )
    if period and every and wanted == "text":
        _put_overall(tracker, arns, period)
    elif period:
        (put_json_text if wanted == "json" else put)(_period(tracker, arns, period, wanted))
    else:
        _cumulative(tracker, arns, wanted)


def _period(
    tracker: "Tracker", arns: "Sequence[PolicyArn]", period: tuple[datetime, datetime], wanted: str
) -> str:
    from tracker.stretches import periods

    told = tuple(periods(tracker, arns, *period))
    renderer = tracker.renderer()
    renderings = {
        "text": renderer.period_text,
        "markdown": renderer.period_markdown,
        "html": renderer.period_html,
        "json": renderer.period_json,
    }
    return renderings[wanted](*told)


def _put_overall(tracker: "Tracker", arns: "Sequence[PolicyArn]", period: tuple[datetime, datetime]) -> None:
    """What changed everywhere, a line a change, from the index alone."""
    from tracker.changelog.overall import folded, overall_headline

    found = folded(tracker.archive.changes(None, *period))
    changed = {row.arn for row in (*found.told, *found.republished)}
    others = [arn for arn in arns if arn not in changed]
    read = tracker.archive.last_reads(others, *period)
    put(
        overall_headline(
            found, *period, known=len(arns), read=list(read.values()), unread=len(others) - len(read)
        )
    )
    if found.told:
        put("")
        rows = [
            (
                row.severity,
                row.name,
                f"{row.from_version or 'none'} to {row.to_version or 'none'}",
                row.kind,
                f"{row.observed_at:%Y-%m-%d}",
                row.headline,
            )
            for row in found.told
        ]
        table(("severity", "policy", "versions", "kind", "seen (UTC)", "what changed"), rows)
    if found.republished:
        put(f"\n{found.republished_in_words}")
    if changed:
        put(
            f"\neach in full: {tracker.changelogs.folder}, or `policy-tracker changelog POLICY` with the same dates"
        )


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
