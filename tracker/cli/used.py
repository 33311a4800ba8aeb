"""`policy-tracker used`: what a role really did, from CloudTrail's log files or its event history."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL, worst
from tracker.cli.output import put, put_error, put_json, table
from tracker.cli.policies import POLICY, archived, stretch
from tracker.cli.progress import counting, saying
from tracker.cli.shell import Shell
from tracker.errors import InputError
from tracker.model.instants import words
from tracker.model.used import Read, both

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.errors import TrackerError
    from tracker.model.used import Calls, Role, UsedReport
    from tracker.using.tally import Tally

ROLE = "AWSServiceRoleForSupport"
_SHOWN = 5  # broken files that are named in full


@click.command(
    "used",
    cls=Examples,
    short_help="What a role really did, from CloudTrail.",
    examples=(
        "policy-tracker used logs    # as 'aws s3 sync s3://BUCKET/AWSLogs/111122223333/CloudTrail logs' brings them",
        "policy-tracker used logs --month 2026-08 --json",
        "policy-tracker used --lookup --region eu-central-1 --region us-east-1",
        "policy-tracker used logs --unused    # every action that was granted and never used",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@click.option(
    "--lookup",
    is_flag=True,
    help="Ask CloudTrail for the last 90 days, at two calls a second; cut off, it goes on.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="REGION",
    help="With --lookup: of this region alone; may be given again. [default: every region]",
)
@click.option(
    "--role", "role_name", default=ROLE, show_default=True, metavar="NAME-OR-ARN", help="Whose calls."
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=POLICY,
    metavar="POLICY",
    help="Hold the calls against this policy; may be given again. [default: what hung on the role at each moment, by the looks at it]",
)
@click.option("--month", "month_", metavar="YYYY-MM", help="Calls of a month, UTC.")
@click.option("--since", metavar="DATE", help="Calls from this instant on, UTC.")
@click.option("--until", metavar="DATE", help="And before this one. [default: now]")
@click.option("--unused", is_flag=True, help="List every action that was granted and never used.")
@click.option("--no-keep", is_flag=True, help="Do not keep the result for the pages.")
@formatted("text", "json")
@click.pass_obj
def command(
    shell: Shell,
    paths: tuple[Path, ...],
    lookup: bool,
    regions: tuple[str, ...],
    role_name: str,
    policies: tuple[str, ...],
    month_: str | None,
    since: str | None,
    until: str | None,
    unused: bool,
    no_keep: bool,
    wanted: str,
) -> int:
    """What a role really did: each action with its calls, and what was granted and never used.

    PATH is a folder of CloudTrail's log files as S3 holds them, or single files. Only what was done in a session of the
    role counts, or by its service. Each call is held against the version that was in force when it was made. Of a file
    that can't be read nothing counts: it is named, and the exit code is 3. Data events are missing where no trail was told
    to log them: docs/used.md.

    --lookup asks CloudTrail's event history instead, or beside: every management event of each region, 50 a call.
    What was found stays in the tracker's folder, so that each run asks only for what is new.
    """
    if not paths and not lookup:
        raise click.UsageError(
            "name a folder of CloudTrail's log files, or single ones; or ask with --lookup"
        )
    if regions and not lookup:
        raise click.UsageError("--region goes with --lookup")
    from tracker.using.report import report
    from tracker.using.tally import Tally
    from tracker.using.whose import grants_of, role_of

    tracker = shell.tracker()
    role = role_of(tracker, role_name)
    named = archived(tracker, policies) if policies else ()
    begin, end = stretch(month_, since, until, tracker.clock()) or (None, None)
    grants, basis = grants_of(tracker, role, named)
    tally = Tally(grants.stretch)
    read = Read()
    failed: dict[str, TrackerError] = {}
    if paths:
        from tracker.using.reading import read_logs

        with counting("reading", "files") as told:
            read = read_logs(role, paths, begin, end, tally, told=told)
        if not (read.files or read.outside or read.broken or lookup):
            raise InputError(
                f"no log file of CloudTrail's was read under {', '.join(map(str, paths))}: nothing is told of use",
                advice="name the folder that holds AWSLogs/, or its .json.gz files; see docs/used.md",
            )
    if lookup:
        looked, failed = _look_up(shell, role, regions, tally, begin, end)
        read = looked if not paths else both(read, looked)
    found = report(
        role,
        tally,
        grants,
        tracker.catalogue(),
        read=read,
        since=begin,
        until=end,
        made=tracker.clock(),
        basis=basis,
    )
    if not no_keep:
        from tracker.archive.used import keep_used
        from tracker.changelog.used import used_record

        keep_used(tracker.home, role.name, used_record(found, public=True))
    if wanted == "json":
        from tracker.changelog.used import used_record

        put_json(used_record(found))
    else:
        _put(found, unused)
    return _put_troubles(read, failed)


def _look_up(
    shell: Shell,
    role: "Role",
    regions: tuple[str, ...],
    tally: "Tally",
    since: "datetime | None",
    until: "datetime | None",
) -> "tuple[Read, dict[str, TrackerError]]":
    """Ask CloudTrail. Raises what went wrong where nothing was ever looked up."""
    from tracker.archive.lookups import Lookups
    from tracker.bootstrap import event_history
    from tracker.sources.cloudtrail_lookup import NotEnabledError
    from tracker.using.looking import Told, counted, look_up

    tracker = shell.tracker()
    history = event_history(shell.settings(), tracker.calls)
    lookups = Lookups(tracker.home, history.account(), role.name)
    wanted = regions or history.regions()
    with lookups.locked(), saying("asking CloudTrail") as say:

        def told(one: Told) -> None:
            back = f", back to {words(one.reached)}" if one.reached else ""
            say(f"{one.region}, {one.events:,} events{back}")

        try:
            failed = look_up(role, history, lookups, wanted, tracker.clock(), told=told)
        finally:
            tracker.keep_calls()
    if not regions:  # nobody asked for these by name
        failed = {region: error for region, error in failed.items() if not isinstance(error, NotEnabledError)}
    read = counted(lookups, wanted, failed, tally, since, until)
    if failed and not any(one.until or one.reached for one in read.looked_up):
        raise next(iter(failed.values()))
    return read, failed


def _put_troubles(read: "Read", failed: "dict[str, TrackerError]") -> int:
    """What went wrong, on standard error, and the exit code that it comes to."""
    for one in read.broken[:_SHOWN]:
        put_error(f"{one.path}: {one.why}")
    if len(read.broken) > _SHOWN:
        put_error(f"and {len(read.broken) - _SHOWN:,} more could not be read (--json names them all)")
    for error in failed.values():
        put_error(str(error), error.advice)
    return worst([*([PARTIAL] if read.broken else ()), *(error.exit_code for error in failed.values())])


def _put(found: "UsedReport", unused: bool) -> None:
    from tracker.changelog.used import VERDICT_WORDS, headline, in_force_words, notes

    put(headline(found))
    for note in notes(found):
        put(note)
    if found.ungranted:
        put("\nUsed, and not granted or not surely granted at that moment")
        table(
            ("action", "granted", "in force then", *_COLUMNS),
            [
                (one.action, VERDICT_WORDS[one.verdict], in_force_words(one.in_force), *_cells(one.calls))
                for one in found.ungranted
            ],
        )
    if found.used:
        put("\nUsed")
        shown = any(one.calls.resources for one in found.used)
        table(
            ("action", *_COLUMNS, *(("resources",) if shown else ())),
            [
                (
                    " or ".join((one.action, *one.instead)),
                    *_cells(one.calls),
                    *((_resources(one.calls),) if shown else ()),
                )
                for one in found.used
            ],
        )
    for title, rows in (
        ("Events with no known action", found.unnamed),
        (
            "Done by the service in somebody else's name, by whose permissions nothing here tells",
            found.in_other_names,
        ),
    ):
        if rows:
            put(f"\n{title}")
            table(
                ("event", *_COLUMNS),
                [(f"{one.source} {one.name}", *_cells(one.calls)) for one in rows],
            )
    _put_unused(found, unused)


_COLUMNS = ("calls", "refused", "first (UTC)", "last (UTC)", "regions", "errors")


def _cells(calls: "Calls") -> tuple[str, ...]:
    from tracker.changelog.wording import some

    return (
        f"{calls.number:,}",
        f"{calls.refused:,}" if calls.refused else "",
        f"{calls.first:%Y-%m-%d %H:%M}",
        f"{calls.last:%Y-%m-%d %H:%M}",
        some(calls.regions, 3),
        some([f"{code} ({times:,})" for code, times in calls.errors], 3),
    )


def _resources(calls: "Calls") -> str:
    if not calls.resources:
        return ""
    more = "more" if calls.more_resources else f"{len(calls.resources) - 1:,} more"
    return calls.resources[0] + (f" and {more}" if len(calls.resources) > 1 else "")


def _put_unused(found: "UsedReport", every: bool) -> None:
    if not found.unused:
        return
    granted = sum(one.granted for one in found.services)
    unseen = sum(one.unseen for one in found.services)
    gone = sum(1 for one in found.unused if one.until)
    told = f"\nGranted and never used: {len(found.unused):,} of {granted:,} actions"
    if found.total and not (found.since or found.until):
        told += " that were granted at some time between the first call and the last"
    put(told)
    if gone:
        put(f"{gone:,} of these {'was' if gone == 1 else 'were'} withdrawn before the end of that time.")
    if unseen:
        put(
            f"{unseen:,} of these CloudTrail records as data events only, or never: of them nothing is known."
        )
    if every:
        table(
            ("action", "access level", "recorded by default", "granted until"),
            [
                (
                    one.action,
                    one.access_level,
                    _RECORDED[one.recorded],
                    f"{one.until}" if one.until else "",
                )
                for one in found.unused
            ],
        )
        return
    active = [one for one in found.services if one.used]
    idle = [one for one in found.services if not one.used and one.granted]
    if active:
        table(
            ("service", "granted", "used", "never used", "of these not recorded"),
            [
                (
                    f"{one.name} ({one.service})",
                    f"{one.granted:,}",
                    f"{one.used:,}",
                    f"{one.granted - one.used:,}",
                    f"{one.unseen:,}" if one.unseen else "",
                )
                for one in active
            ],
        )
    if idle:
        others = "other services" if active else "services"
        put(
            f"In {len(idle):,} {others} nothing of {sum(one.granted for one in idle):,} granted actions was used."
            " --unused lists every action."
        )


_RECORDED = {"management": "yes", "data": "no, a data event", "none": "never"}
