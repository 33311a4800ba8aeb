"""`policy-tracker reconcile`: what AWS announced against what was seen."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import FOUND
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, instant
from tracker.cli.shell import Shell
from tracker.errors import InputError

if TYPE_CHECKING:
    from tracker.model.announcements import Announcement


@click.command(
    "reconcile",
    cls=Examples,
    short_help="What AWS announced against what was seen.",
    examples=(
        "policy-tracker reconcile",
        "policy-tracker reconcile saved-page.html --format markdown",
        "policy-tracker reconcile https://docs.aws.amazon.com/awssupport/latest/user/aws-managed-policies-aws-support.html --set evidence.fetch=true",
    ),
)
@click.argument("page", required=False, metavar="[FILE|URL]")
@click.option("--policy", type=POLICY, metavar="POLICY", help="Another policy than the one in the settings.")
@click.option(
    "--as-of",
    metavar="DATE",
    help="When the page was saved. [default: the day of its newest announcement; today for a URL]",
)
@click.option(
    "--exit-code", is_flag=True, help="End with 1 where anything differs, was not seen or not announced."
)
@formatted("text", "json", "csv", "markdown")
@click.pass_obj
def command(
    shell: Shell, page: str | None, policy: str | None, as_of: str | None, exit_code: bool, wanted: str
) -> int | None:
    """Say for each announcement of AWS, and for each change that was seen, whether the other says the same.

    FILE is AWS's page 'AWS managed policies for AWS Support', saved as HTML, or the feed of its guide; a URL is fetched only
    where evidence.fetch allows it. Without one: the announcements that are known to this program, with dates and counts.
    """
    from tracker.changelog.reconciled import (
        COLUMNS,
        counted,
        verdict_record,
        verdict_row,
        verdicts_markdown,
    )
    from tracker.changelog.signoffs import csv_text
    from tracker.reconciliation import reconciliation
    from tracker.sources.announcements import known_announcements, merged

    tracker = shell.tracker()
    arns = archived(tracker, (policy,) if policy else ())
    if len(arns) != 1:
        raise InputError("several policies are watched", advice="name one of them with --policy")
    (arn,) = arns
    announced = known_announcements(arn.name)
    if page:
        read = _read(shell, page, arn.name)
        newest = max((one.day for one in read), default=announced.until)
        told = _saved(shell, as_of) if as_of else _today(shell) if _is_url(page) else newest
        announced = merged(announced, read, told)
    elif as_of:
        raise click.UsageError(
            "--as-of says when AWS's page was saved, and no page is named: reconcile saved-page.html --as-of DATE"
        )
    verdicts = reconciliation(tracker, arn, announced)
    if wanted == "json":
        put_items(
            "reconciliation",
            [verdict_record(one) for one in verdicts],
            policy={"arn": str(arn), "name": arn.name, "partition": arn.partition},
            known_until=announced.until.isoformat(),
        )
    elif wanted == "csv":
        click.echo(csv_text([verdict_row(one) for one in verdicts], COLUMNS), nl=False)
    elif wanted == "markdown":
        put(verdicts_markdown(arn.name, verdicts, announced.until.isoformat()))
    else:
        table(COLUMNS, [verdict_row(one) for one in verdicts])
        put(
            f"\n{arn.name}: {counted(verdicts)}; what AWS announced is known until {announced.until.isoformat()}"
        )
    apart = any(one.standing in ("differs", "not-seen", "not-announced") for one in verdicts)
    return FOUND if exit_code and apart else None


def _saved(shell: Shell, as_of: str) -> date:
    """The day on which a page was saved. Raises InputError for one that is still to come."""
    told = instant(as_of, "--as-of").date()
    if told > _today(shell):
        raise InputError(
            f"--as-of {as_of} is still to come", advice="name the day on which AWS's page was saved"
        )
    return told


def _today(shell: Shell) -> date:
    return shell.tracker().clock().date()


def _is_url(page: str) -> bool:
    return page.startswith(("https://", "http://"))


def _read(shell: Shell, page: str, policy: str) -> "tuple[Announcement, ...]":
    from tracker.sources.announcements import LARGEST, read_announcements

    if _is_url(page):
        from tracker.bootstrap import fetched_page

        raw = fetched_page(shell.settings(), page, LARGEST)
    else:
        raw = read_page(Path(page))
    return read_announcements(raw, policy, page)


def read_page(page: Path) -> bytes:
    """A page that was saved. Raises InputError where it can't be read or is too long."""
    from tracker.sources.announcements import LARGEST

    try:
        with page.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{page} can't be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise InputError(f"{page} is longer than {LARGEST:,} bytes", advice="name AWS's page, saved as HTML")
    return raw
