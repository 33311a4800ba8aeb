"""`policy-tracker outbox`: what was queued, what waits, what failed."""

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import click

from tracker.cli.app import Group, formatted
from tracker.cli.exits import LATER, PARTIAL, worst
from tracker.cli.output import put, put_error, put_items, put_json, table, waiting
from tracker.cli.shell import Shell
from tracker.delivery.addresses import shown
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.delivery.rows import Row

_STATES = ("waiting", "claimed", "sent", "failed", "cancelled")


@click.group(
    "outbox",
    cls=Group,
    short_help="What was queued for subscribers.",
    examples=("policy-tracker outbox list", "policy-tracker outbox retry"),
)
def command() -> None:
    """What was queued for subscribers: list, show, send, retry, cancel, purge."""


@command.command(
    "list", examples=("policy-tracker outbox list", "policy-tracker outbox list --state sent --json")
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(_STATES),
    help="Rows in this state; may be given again. [default: waiting, claimed, failed]",
)
@click.option("--all", "every", is_flag=True, help="Rows in every state.")
@formatted("text", "json")
@click.pass_obj
def list_(shell: Shell, states: tuple[str, ...], every: bool, wanted: str) -> None:
    """What is not done with yet, oldest first; with the mail server's last answer."""
    from tracker.delivery.rows import RowState

    tracker = shell.tracker()
    chosen = [state for state in get_args(RowState) if every or state in states]
    rows = tracker.outbox.list(chosen) if chosen else tracker.outbox.list()
    if wanted == "json":
        put_items("outbox", [_record(row) for row in rows], counts=tracker.outbox.counts())
    elif rows:
        table(
            ("id", "state", "tries", "not before", "recipient", "subject", "last answer"),
            [_cells(row) for row in rows],
        )
    else:
        put("nothing waits, and nothing failed" if not chosen else "there are no such rows")


def _cells(row: "Row") -> tuple[str, ...]:
    when = words(row.not_before) if row.state in ("waiting", "claimed") else "-"
    return str(row.id), row.state, str(row.attempts), when, shown(row.recipient), row.subject, row.answer


def _record(row: "Row") -> dict[str, object]:
    return {
        "id": row.id,
        "message": row.message,
        "subject": row.subject,
        "recipient": shown(row.recipient),
        "state": row.state,
        "attempts": row.attempts,
        "not_before": iso(row.not_before),
        "answer": row.answer,
        "created": iso(row.created),
        "finished": iso(row.finished) if row.finished else None,
    }


@command.command("send", examples=("policy-tracker outbox send",))
@formatted("text", "json")
@click.pass_obj
def send(shell: Shell, wanted: str) -> int:
    """Send what is due. Exit code 3 where a mail is refused for good, 75 where one is put off."""
    return _send(shell.tracker(), as_json=wanted == "json")


@command.command("retry", examples=("policy-tracker outbox retry", "policy-tracker outbox retry 12 13"))
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@formatted("text", "json")
@click.pass_obj
def retry(shell: Shell, ids: tuple[int, ...], wanted: str) -> int:
    """Try again now what failed or was put off: the rows of these ids, or all of them."""
    tracker = shell.tracker()
    count = tracker.outbox.retry(tracker.clock(), ids or None)
    if wanted == "text":
        put(f"{count} {'mail is' if count == 1 else 'mails are'} tried again")
    return _send(tracker, as_json=wanted == "json")


@command.command("show", examples=("policy-tracker outbox show 12",))
@click.argument("id", type=int, metavar="ID")
@click.pass_obj
def show(shell: Shell, id: int) -> None:  # noqa: A002 -- what the user is told to give
    """The mail of one row: its subject and its text."""
    from tracker.delivery.housekeeping import text_of

    subject, text = text_of(shell.tracker().database, id)
    put(f"{subject}\n\n{text}")


@command.command("cancel", examples=("policy-tracker outbox cancel 12 13",))
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID...")
@click.pass_obj
def cancel(shell: Shell, ids: tuple[int, ...]) -> None:
    """Take back mails that wait, or failed: they are not tried again."""
    from tracker.delivery.housekeeping import cancel as take_back

    tracker = shell.tracker()
    count = take_back(tracker.database, ids, tracker.clock())
    put(f"{count} {'mail is' if count == 1 else 'mails are'} taken back")


@command.command("purge", examples=("policy-tracker outbox purge --days 90 --dry-run",))
@click.option(
    "--days",
    type=click.IntRange(8, 36_500),
    default=400,
    show_default=True,
    help="What was sent or cancelled longer ago than this.",
)
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@click.pass_obj
def purge(shell: Shell, days: int, dry_run: bool) -> None:
    """Clear away old mails that are done with. What was not sent stays, however old it is."""
    from tracker.delivery.housekeeping import purge as clear

    tracker = shell.tracker()
    count = clear(tracker.database, tracker.clock() - timedelta(days=days), dry=dry_run)
    put(f"{count} {'row' if count == 1 else 'rows'} {'would be' if dry_run else 'were'} cleared away")


def _send(tracker: "Tracker", *, as_json: bool) -> int:
    from tracker.service import deliver

    with waiting("sending"):
        done = deliver(tracker)
    if as_json:
        put_json(
            {
                "schema": 1,
                "type": "delivery",
                "sent": done.sent,
                "put_off": done.retried,
                "refused": done.failed,
            }
        )
    else:
        put(f"{done.sent} sent, {done.retried} put off, {done.failed} refused")
    codes = [code for count, code in ((done.failed, PARTIAL), (done.retried, LATER)) if count]
    if done.stopped is not None:
        put_error(str(done.stopped), done.stopped.advice)
        codes.append(done.stopped.exit_code)
    return worst(codes)
