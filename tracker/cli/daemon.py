"""`policy-tracker daemon`: looks, reports and mails by itself, until it is told to stop."""

import logging
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples
from tracker.cli.exits import keep_traceback
from tracker.cli.output import put
from tracker.cli.policies import findable, in_words, standing
from tracker.cli.shell import Shell
from tracker.errors import UnknownPolicyError
from tracker.model.instants import words

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.service import Due


@click.command(
    "daemon",
    cls=Examples,
    short_help="Look, report and mail by the schedule.",
    examples=(
        "policy-tracker daemon",
        "policy-tracker daemon --home /var/lib/policy-tracker",
        "policy-tracker daemon --set schedule.look=6h",
    ),
)
@click.pass_obj
def command(shell: Shell) -> None:
    """Look, report and mail by the schedule, until SIGTERM or SIGINT; what is in hand then is finished first.

    What was due while it was down is done once when it starts. A second daemon, cron or a person may work beside it:
    due work is done once. Times are UTC.
    """
    from tracker.daemon import Daemon, stopped_by_signals

    shell.log_level = "info"
    tracker = shell.tracker()
    failed = partial(_unexpected, shell, logging.getLogger("tracker.daemon"))
    with stopped_by_signals() as stop:
        _greet(tracker)
        plan = (tracker.plan.look, tracker.plan.report)
        daemon = Daemon(partial(_work, tracker), plan, clock=tracker.clock, say=put_now, failed=failed)
        daemon.run(stop)
    put_now(f"{words(tracker.clock())}: stopped")


def put_now(text: str) -> None:
    """A line that a journal or a pipe gets at once."""
    put(text)
    sys.stdout.flush()


def _greet(tracker: "Tracker") -> None:
    put_now(f"{words(tracker.clock())}: watching {', '.join(tracker.policies)} in {tracker.home}")
    put_now(f"  looks {tracker.plan.look}; reports {tracker.plan.report}")
    for name in tracker.policies:
        try:
            arn = tracker.archive.resolve(name, tracker.partition)
        except UnknownPolicyError:
            put_now(f"  {name}: never looked at")
        else:
            put_now(f"  {arn.name}: {in_words(standing(tracker, arn))}")


def _work(tracker: "Tracker") -> "Due":
    """One tick. A name that can't be resolved holds up no other; it is tried again at the next tick."""
    from tracker.service import run_due

    found, unknown = findable(tracker, ())
    for one in unknown:
        logging.getLogger("tracker.daemon").warning(
            one.error, extra={"policy": one.policy.name, "advice": one.advice}
        )
    return run_due(tracker, found)


def _unexpected(shell: Shell, log: logging.Logger, error: Exception) -> None:
    kept = keep_traceback("".join(traceback.format_exception(error)), shell.home)
    log.error(
        "an unexpected error, and our own fault; going on",
        extra={"error": repr(error), "traceback_in": str(kept)},
    )
