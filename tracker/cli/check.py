"""`policy-tracker check`: one look now, and everything that follows from it."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL, SETUP, USAGE, changed, worst
from tracker.cli.gravest import SEVEREST, gravest_first
from tracker.cli.output import put, put_error, put_json, table, waiting
from tracker.cli.overseen import overseen
from tracker.cli.policies import POLICY, watch_of
from tracker.cli.shell import Shell
from tracker.model.history import Kind
from tracker.model.identity import UNKNOWN_ACCOUNT
from tracker.model.instants import words
from tracker.model.watch import ALL, ATTACHED, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tracker.collaborators import Tracker
    from tracker.model.change import Change
    from tracker.model.identity import PolicyArn
    from tracker.model.rounds import Delivery, Failure, Round

_SHOWN = (
    5  # findings of a change, or policies of which there is one thing to say; the changelog has all of them
)


def _keep_accounts(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
    if path:
        ctx.ensure_object(Shell).sets["accounts"] = path


@click.command(
    "check",
    cls=Examples,
    short_help="Look now, and tell what changed.",
    examples=(
        "policy-tracker check",
        "policy-tracker check ReadOnlyAccess SecurityAudit --dry-run",
        "policy-tracker check --all",
        "policy-tracker check --attached --accounts accounts.txt",
        "policy-tracker check --if-due        # for cron: looks, reports and mails only what is due",
    ),
)
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every AWS managed policy, by one listing: only what moved is fetched.",
)
@click.option(
    "--attached",
    is_flag=True,
    help="The policies that are attached in this account, or in those of --accounts.",
)
@click.option(
    "--accounts",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    expose_value=False,
    callback=_keep_accounts,
    help="For --attached: a file with an account a line and what is attached there. [default: the setting accounts]",
)
@click.option("--if-due", is_flag=True, help="Only what is due by the schedule; silent where nothing is.")
@click.option("--dry-run", is_flag=True, help="Ask AWS and compare, but write nothing and mail nobody.")
@click.option(
    "--exit-code", is_flag=True, help="End with 1 where a change was found, with 5 where one hits a tripwire."
)
@formatted("text", "json")
@click.pass_obj
@overseen
def command(
    shell: Shell,
    policies: tuple[str, ...],
    every: bool,
    attached: bool,
    if_due: bool,
    dry_run: bool,
    exit_code: bool,
    wanted: str,
) -> int:
    """Look now: ask AWS, archive what is new, say what it newly allows, write the changelogs, mail the subscribers.

    Without a POLICY: those in the settings. Typed by a person it always looks; cron passes --if-due.
    """
    if if_due and dry_run:
        raise click.UsageError("--if-due and --dry-run exclude each other")
    word = _word(policies, every=every, attached=attached)
    from tracker import service

    tracker = shell.tracker()
    with waiting("asking AWS"):
        watch, unknown = watch_of(tracker, policies, word)
        refused = 0 if dry_run else _refused(tracker)
        if if_due:
            due = service.run_due(tracker, watch)
            done, reports = due.look, due.reports
            delivered = due.delivered
        elif dry_run:
            done, reports = service.preview(tracker, watch), ()
            delivered = done.delivered
        else:
            done, reports = service.check(tracker, watch, one_off=bool(policies)), ()
            delivered = done.delivered
    changes = done.changes if done else ()
    failed = (*unknown, *(done.failed if done else ()))
    if wanted == "json":
        put_json(_record(tracker, watch, done, failed))
    else:
        _put_changes(tracker, changes, in_full=dry_run, sort=bool(watch.listing))
        if reports:
            put(f"reported on {_names(reports)}: {tracker.changelogs.folder}")
        if done and (changes or not if_due):
            put(_summary(tracker, done))
            _put_accounts(tracker, watch, done)
            if done.aside and (done.queued or done.changes or done.baseline):
                put(f"not watched, so only who named it is told: {_names(done.aside)}")
    _put_aside(done.notes if done else (), failed)
    codes = [_code(one, alone=not (watch or if_due)) for one in failed]
    if not dry_run:
        codes += _mail_codes(tracker, refused, delivered)
    return worst([*codes, *(changed(changes) if exit_code else ())])


def _put_aside(notes: "Iterable[str]", failed: "Iterable[Failure]") -> None:
    """What could not be had, and what is said once and is no fault, on standard error."""
    for note in notes:
        put_error(note)
    for one in failed:
        name = _name(one.policy)  # an error about its document names it already
        put_error(one.error if one.error.startswith(name) else f"{name}: {one.error}", one.advice)


def _word(policies: tuple[str, ...], *, every: bool, attached: bool) -> str:
    if sum(map(bool, (policies, every, attached))) > 1:
        raise click.UsageError("names of policies, --all and --attached exclude each other")
    return ALL if every else ATTACHED if attached else ""


def _put_changes(tracker: "Tracker", changes: "Sequence[Change]", *, in_full: bool, sort: bool) -> None:
    """Each change; of many policies the gravest first, and those republished in one line."""
    again = [one for one in changes if one.transition.kind is Kind.REPUBLISHED]
    folded = again if len(again) > 1 else []
    told = [one for one in changes if one not in folded]
    if sort:
        told.sort(key=lambda one: (SEVEREST.index(one.severity), one.policy.name.lower()))
    for change in told:
        put(_told(tracker, change, in_full=in_full))
    if folded:
        put(
            f"{len(folded):,} policies were republished with the same access: {_names(one.policy for one in folded)}"
        )


def _put_accounts(tracker: "Tracker", watch: Watch, done: "Round") -> None:
    """Where each of the policies is attached, if that is why they are watched."""
    if watch.listing != ATTACHED:
        return
    from tracker.watched import where_attached

    accounts_of = where_attached(tracker)
    rows = []
    for arn in done.checked:
        if arn.is_role:
            continue
        default = tracker.archive.known(arn).default
        rows.append((arn.name, str(default[0]) if default else "", ", ".join(accounts_of(arn))))
    if rows:
        put("")
        table(("policy", "default", "account"), rows)


def _code(failure: "Failure", *, alone: bool) -> int:
    """A name that nobody knows is wrong usage where nothing else was asked for, else a part that failed."""
    return PARTIAL if failure.exit_code == USAGE and not alone else failure.exit_code


def _refused(tracker: "Tracker") -> int:
    return tracker.outbox.counts().get("failed", 0)


def _mail_codes(tracker: "Tracker", refused: int, delivered: "Delivery") -> "Iterator[int]":
    """A mail that a server puts off is its usual business; that no mail leaves, or one has waited for a day, is not."""
    if _refused(tracker) > refused:
        put_error(
            "a mail was refused for good",
            "policy-tracker outbox list says which, and what the server answered",
        )
        yield PARTIAL
    if delivered.stopped is not None:
        put_error(f"mail waits that could not be sent: {delivered.stopped}", delivered.stopped.advice)
        yield SETUP if delivered.stopped.exit_code == SETUP else PARTIAL
    for name, stuck in tracker.outbox.stuck(tracker.clock()).items():
        many = f"{stuck.count} {'message is' if stuck.count == 1 else 'messages are'}"
        put_error(
            f"{many} stuck for {name}, the oldest since {words(stuck.since)}: {stuck.answer or 'never tried'}",
            "policy-tracker outbox list shows them",
        )
        yield PARTIAL


def _told(tracker: "Tracker", change: "Change", *, in_full: bool) -> str:
    """A change in a few lines, and where the rest of it is; in a dry run, which writes nothing, all of it."""
    if in_full:
        return tracker.renderer().text(change)
    from tracker.changelog.headline import headline, versions

    lines = [f"{change.policy.name} {versions(change)}: {headline(change)}"]
    findings = gravest_first(one for one in change.attention if not one.accepted)
    shown = max(_SHOWN, sum(one.severity == "alarm" for one in findings))  # an alarm is never cut
    for one in findings[:shown]:
        actions = f" ({', '.join(one.actions)})" if one.actions else ""
        lines.append(f"  {one.severity}: {one.consequence}{actions}")
    if len(findings) > shown:
        lines.append(f"  and {len(findings) - shown} more")
    lines += [f"  tripwire {one.pattern}: {', '.join(one.actions)}" for one in change.tripwires]
    lines.append(f"  {tracker.changelogs.of(change.policy)}")
    return "\n".join(lines)


def _summary(tracker: "Tracker", done: "Round") -> str:
    """`looked at 1 policy at 2026-11-24 06:17 UTC: nothing changed; next look 2026-11-25 06:17 UTC`."""
    roles = sum(one.is_role and one.account != UNKNOWN_ACCOUNT for one in done.checked)  # that are there
    count, found = sum(not one.is_role for one in done.checked), len(done.changes)
    parts = [f"{found} {'change' if found == 1 else 'changes'}" if found else "nothing changed"]
    if done.baseline:
        many = len(done.baseline) > _SHOWN + 1
        who = f"{len(done.baseline):,}" if many else _names(done.baseline)
        parts.append(f"{who} looked at for the first time")
    if done.stale:
        parts.append(f"an older answer about {_names(done.stale)} was ignored")
    if done.failed:
        parts.append(f"{len(done.failed)} not read")
    if done.queued:
        parts.append(f"{done.queued} {'mail' if done.queued == 1 else 'mails'} queued")
    if late := done.delivered.retried:
        parts.append(f"{late} {'mail' if late == 1 else 'mails'} put off")
    if done.dry:
        parts.append("nothing was written")
    what = f"{count:,} {'policy' if count == 1 else 'policies'}"
    what += f" and {roles} {'role' if roles == 1 else 'roles'}" if roles else ""
    when = f"looked at {what}, {words(done.end)}"
    return f"{when}: {', '.join(parts)}; next look {words(tracker.plan.look.next(done.end))}"


def _names(arns: "Iterable[PolicyArn]") -> str:
    """The names of policies and roles, by their handles where one name is several's; of many the first few."""
    arns = list(arns)
    named = Counter(one.name for one in arns)
    names = sorted(one.handle if named[one.name] > 1 else _name(one) for one in arns)
    if len(names) > _SHOWN + 1:
        return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN:,} more"
    return ", ".join(names)


def _name(arn: "PolicyArn") -> str:
    return f"all policies ({arn.partition})" if arn.name == "*" else arn.name


def _record(tracker: "Tracker", watch: Watch, done: "Round | None", failed: "tuple[Failure, ...]") -> object:
    """The record of a round (schema 1); of one that was not due, an empty one."""
    from tracker.changelog.record import check_record, policy_record
    from tracker.watched import where_attached

    record = check_record(
        done.run if done else "",
        [one for one in done.checked if not one.is_role] if done else (),
        done.changes if done else (),
        [(one.policy, one.error, one.advice) for one in failed],
    )
    if done and (roles := sorted({one.name for one in done.checked if one.is_role})):
        record["roles"] = roles
    if done and done.notes:
        record["notes"] = list(done.notes)
    if watch.listing == ATTACHED:
        accounts_of = where_attached(tracker)
        record["attached"] = [
            {"policy": policy_record(arn), "accounts": list(accounts_of(arn))}
            for arn in (done.checked if done else ())
            if not arn.is_role
        ]
    return record
