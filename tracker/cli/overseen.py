"""A round with somebody outside who hears of it, and the tracker's own look at whether it works."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from tracker.cli.exits import DONE, FOUND, OUR_FAULT, TRIPWIRE, worst
from tracker.cli.shell import Shell
from tracker.errors import LockedError, TrackerError

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.service import Due
    from tracker.settings import Settings

P = ParamSpec("P")
WATCH_EVERY = timedelta(hours=1)  # a daemon's tick comes every minute


def overseen(command: Callable[Concatenate[Shell, P], int]) -> Callable[Concatenate[Shell, P], int]:
    """A command whose start and exit code the dead man's switch hears; a dry run is nobody's business.

    That a change was found is success. After it, trouble is told of, whatever became of the command.
    """

    @wraps(command)
    def run(shell: Shell, /, *args: P.args, **kwargs: P.kwargs) -> int:
        if kwargs.get("dry_run"):
            return command(shell, *args, **kwargs)
        settings = shell.settings()
        _ping(settings, None)
        code = OUR_FAULT
        try:
            code = command(shell, *args, **kwargs)
        except TrackerError as error:
            code = error.exit_code
            raise
        finally:
            _ping(settings, DONE if code in (FOUND, TRIPWIRE) else code)
            if code != OUR_FAULT:
                _watch(settings, shell.tracker())
        return code

    return run


def overseen_ticks(
    settings: "Settings", tracker: "Tracker", work: "Callable[[Callable[[], None]], Due]"
) -> "Callable[[], Due]":
    """A daemon's work: the dead man's switch hears of each look, before and after, and each failure; every hour trouble is told of."""
    watched_at: list[datetime] = []

    def tick() -> "Due":
        try:
            due = work(lambda: _ping(settings, None))
        except LockedError:
            raise  # another process is at work, and tells of itself
        except Exception as error:
            _ping(settings, error.exit_code if isinstance(error, TrackerError) else OUR_FAULT)
            raise
        else:
            if due.look is not None:
                _ping(settings, worst(one.exit_code for one in due.look.failed))
            return due
        finally:
            now = tracker.clock()
            if not watched_at or abs(now - watched_at[0]) >= WATCH_EVERY:
                watched_at[:] = [now]
                _watch(settings, tracker)

    return tick


def _ping(settings: "Settings", exit_code: int | None) -> None:
    """None: it begins."""
    if settings.alarm.ping_url:
        from tracker.bootstrap import ping_of

        ping = ping_of(settings)
        if exit_code is None:
            ping.start()
        else:
            ping.end(exit_code)


def _watch(settings: "Settings", tracker: "Tracker") -> None:
    from tracker.alarming import watch_over
    from tracker.bootstrap import alarm_of

    if tracker.database.exists:
        try:
            watch_over(tracker, alarm_of(settings))
        except TrackerError as error:  # the round's own outcome stands
            import logging

            logging.getLogger(__name__).warning("could not see whether all works: %s", error)
