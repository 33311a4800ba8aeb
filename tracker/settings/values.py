"""Every setting there is: its name, kind, default and meaning, once. doctor, init and docs/settings.md read this."""

# ruff: noqa: RUF009 -- `setting` is dataclasses.field with our three words of metadata, and its defaults are immutable

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import time
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tracker.model.rules import Accepted, WatchEntry
from tracker.schedule import Schedule
from tracker.settings import kinds, tables
from tracker.settings.kinds import Kind

T = TypeVar("T")
DEFAULT_AT = time(6, 17)  # only where a settings file was made without `init`, which draws one


def setting(default: T, kind: Kind[T], meaning: str, *, secret: bool = False) -> T:
    """A field of a section."""
    metadata = {"kind": kind, "meaning": meaning, "secret": secret}
    declared: T = field(default=default, metadata=metadata, repr=not secret)
    return declared


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When work is due. Everything is UTC."""

    at: time = setting(
        DEFAULT_AT,
        kinds.TIME,
        "This installation's own hour and minute. `init` draws it, so that not everybody asks AWS at once; words and intervals below count from it.",
    )
    look: Schedule = setting(
        Schedule.parse("daily", DEFAULT_AT),
        kinds.SCHEDULE,
        "When AWS is asked whether a policy changed. One call a policy where none did.",
    )
    report: Schedule = setting(
        Schedule.parse("monthly", DEFAULT_AT),
        kinds.SCHEDULE,
        "When the changelog of all since the last report is made, and sent to those who chose `monthly`.",
    )


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """How AWS is asked. Credentials and endpoints come from AWS's own variables and profiles."""

    profile: str = setting(
        "",
        kinds.TEXT,
        "Profile of ~/.aws/config. Empty: AWS_PROFILE, else the standard chain of credentials.",
    )
    region: str = setting(
        "", kinds.REGION, "Region to sign for. Empty: AWS_REGION or the profile's; IAM itself is global."
    )
    connect_timeout_s: float = setting(5.0, kinds.seconds(0.1, 300), "Seconds to wait for a connection.")
    read_timeout_s: float = setting(20.0, kinds.seconds(0.1, 300), "Seconds to wait for an answer.")
    attempts: int = setting(
        5, kinds.whole(1, 20), "How often one call is tried in all where AWS throttles or the network fails."
    )
    parallel: int = setting(
        8,
        kinds.whole(1, 64),
        "How many calls are under way at once where many policies are looked at. All of them slow down together where AWS throttles.",
    )
    partition: str = setting(
        "aws",
        kinds.PARTITION,
        "The partition of a policy that is given by its name alone, and of `all` and `attached`.",
    )
    profiles: tuple[tuple[str, str], ...] = setting(
        (),
        kinds.PROFILES,
        "A profile for other partitions; `all` and `attached` are listed in each of these, too.",
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, and who writes. Without a host no mail is sent; changelogs are written all the same."""

    host: str = setting("", kinds.HOST, "The SMTP server.")
    port: int = setting(0, kinds.whole(0, 65535), "Its port. 0: 587 for starttls, 465 for tls, 25 for none.")
    security: str = setting(
        "starttls",
        kinds.one_of("starttls", "tls", "none"),
        "STARTTLS, TLS from the first byte, or none. Certificates are always verified.",
    )
    username: str = setting("", kinds.TEXT, "Login. Empty: none.")
    password: str = setting(
        "",
        kinds.TEXT,
        "Its password. Better from POLICY_TRACKER_MAIL__PASSWORD or from password_file.",
        secret=True,
    )
    password_file: Path | None = setting(
        None, kinds.PATH, "A file that holds the password, readable by its owner alone."
    )
    sender: str = setting("", kinds.SENDER, "The address that changelogs come from, with a name if you like.")
    operator: str = setting(
        "",
        kinds.ADDRESS,
        "Who hears of failures, bounces and unsubscribes. Required as soon as anybody is subscribed.",
    )
    ca_file: Path | None = setting(
        None, kinds.PATH, "Certificates (PEM) to trust instead of the system's, for a server of your own."
    )
    timeout_s: float = setting(30.0, kinds.seconds(1, 600), "Seconds to wait for the server.")
    dkim_key_file: Path | None = setting(
        None,
        kinds.PATH,
        "An RSA key (PEM), readable by its owner alone, that signs mails (DKIM; extra `dkim`). Empty: they are not signed here.",
    )
    dkim_selector: str = setting("", kinds.TEXT, "Its name in DNS: 2026 of 2026._domainkey.example.org.")
    dkim_domain: str = setting("", kinds.TEXT, "The domain that signs. Empty: that of `sender`.")

    @property
    def effective_port(self) -> int:
        """The port to connect to: `port`, or the usual one of `security`."""
        return self.port or {"starttls": 587, "tls": 465}.get(self.security, 25)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What carries a changelog beside the mail server, and how fast. docs/channels/ has a page for each."""

    workers: int = setting(
        2,
        kinds.whole(1, 16),
        "How many messages are sent at once at most, each over a connection of its own.",
    )
    rates: tuple[str, ...] = setting(
        ("slack=1",),
        kinds.RATES,
        "Messages a second at most, by channel: 'mail=10', 'ses=14'. Those not named have no limit.",
    )
    bounced_after: int = setting(
        3,
        kinds.whole(1, 100),
        "After so many permanent refusals in a row a subscription is `bounced`, and gets nothing more.",
    )
    keep_days: int = setting(
        400,
        kinds.whole(8, 36_500),
        "Days that the outbox keeps what was sent or cancelled. What was not sent is kept until it is.",
    )
    private_networks: tuple[str, ...] = setting(
        (),
        kinds.NETWORKS,
        "Networks inside that webhooks may reach, also without TLS: '10.20.0.0/16'. All others inside are refused.",
    )
    timeout_s: float = setting(10.0, kinds.seconds(1, 120), "Seconds to wait for each step of a web request.")
    webhook_secret: str = setting(
        "",
        kinds.TEXT,
        "Signs what webhooks get. Better from POLICY_TRACKER_CHANNELS__WEBHOOK_SECRET or from the file below.",
        secret=True,
    )
    webhook_secret_file: Path | None = setting(
        None, kinds.PATH, "A file that holds it, readable by its owner alone."
    )
    ses_region: str = setting("", kinds.REGION, "Region of Amazon SES. Empty: aws.region.")
    ses_topics: tuple[str, ...] = setting(
        (), kinds.TOPICS, "Topics of Amazon SNS whose reports of bounces and complaints are believed, by ARN."
    )
    ses_configuration_set: str = setting(
        "", kinds.TEXT, "Configuration set that mails by Amazon SES belong to. Empty: none."
    )


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """Who hears, and how, when nothing is looked at or nothing gets through any more."""

    grace_s: float = setting(
        21_600.0,
        kinds.seconds(60, 2_592_000),
        "Seconds that a planned look may be late before somebody is told.",
    )
    channel: str = setting(
        "",
        kinds.CHANNEL,
        "By which channel the alarm goes, where mail is stuck: 'slack', 'teams', 'webhook', 'sns', ...",
    )
    address: str = setting(
        "", kinds.TEXT, "Its address there. Empty: the alarm is mailed to mail.operator.", secret=True
    )
    ping_url: str = setting(
        "",
        kinds.TEXT,
        "Asked at the start and the end of every round, as healthchecks.io wants it; who misses it raises the alarm.",
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """What deserves an alarm, beside the list that is built in."""

    tripwires: tuple[str, ...] = setting(
        (),
        kinds.ACTIONS,
        "Your own alarms: a change that newly grants any of these is urgent, and `check --exit-code` ends with 5.",
    )
    accepted: tuple[Accepted, ...] = setting(
        (),
        tables.ACCEPTED,
        "Findings that somebody answers for: counted, not shown, until they expire or widen.",
    )
    silenced: tuple[str, ...] = setting((), kinds.RULES, "Rules of the built-in list that are switched off.")
    watch: tuple[WatchEntry, ...] = setting(
        (), tables.WATCH, "Rules of your own: all of `actions` together have the `consequence`."
    )


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What an auditor asks for."""

    remind: bool = setting(
        True, kinds.YES, "Name in each monthly mail and on the home page which changes nobody has signed for."
    )
    fetch: bool = setting(
        False, kinds.YES, "Let `reconcile URL` fetch AWS's page of announcements. A saved page needs nothing."
    )


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages of `serve` and `daemon --web`: who reaches them, and what may be done there beside reading."""

    hosts: tuple[str, ...] = setting(
        (),
        kinds.HOSTS,
        "Names that the pages are reached by, beside this machine's own and that of base_url. '*': any.",
    )
    proxies: tuple[str, ...] = setting(
        (),
        kinds.NETWORKS,
        "Proxies whose X-Forwarded headers are believed, by address or network. Empty: nobody's.",
    )
    sign_up: str = setting(
        "open",
        kinds.one_of("open", "closed"),
        "Whether whoever reaches the pages may subscribe an address there. Links in mails work either way.",
    )
    admin_token: str = setting(
        "",
        kinds.TEXT,
        "Lets whoever knows it force looks and send mails again through the API: 32 characters at least. Empty: nobody can. Better from POLICY_TRACKER_WEB__ADMIN_TOKEN or from the file below.",
        secret=True,
    )
    admin_token_file: Path | None = setting(
        None, kinds.PATH, "A file that holds it, readable by its owner alone."
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What goes to standard error."""

    format: str = setting("text", kinds.one_of("text", "json"), "One event a line, for people or as JSON.")
    level: str = setting(
        "warning",
        kinds.one_of("debug", "info", "warning", "error"),
        "The least that is said. `daemon` says `info` where this is not set.",
    )


class Origin(NamedTuple):
    """Where a value came from."""

    layer: str  # 'default', 'file', 'environment' or 'flag', each stronger than the one before
    where: str  # 'default', the file's path, the variable's name, '--set mail.host'

    def __str__(self) -> str:
        return self.where


class Row(NamedTuple):
    """One setting, for a list of all."""

    key: str  # 'mail.host'
    value: str  # as TOML, secrets masked
    origin: Origin


class Declared(NamedTuple):
    """One setting as it is declared."""

    key: str
    kind: Kind[Any]
    meaning: str
    secret: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, validated. Made once, by `load_settings`; shells and bootstrap read it."""

    home: Path  # the tracker's folder
    policies: tuple[str, ...] = setting(
        ("AWSSupportServiceRolePolicy",),
        kinds.POLICIES,
        'The policies to watch, by name or ARN; `aws-us-gov:Name` is in another partition. Or "all" for every AWS managed policy, or "attached" for those attached in this account.',
    )
    roles: tuple[str, ...] = setting(
        ("AWSServiceRoleForSupport", "AWSServiceRoleForTrustedAdvisor"),
        kinds.ROLES,
        "The roles to watch, by name: who may assume them, what is attached to them, their inline policies. What is attached is watched, too. Three calls a role and look; [] for none.",
    )
    accounts: Path | None = setting(
        None,
        kinds.PATH,
        'A file with an account a line, `123456789012 ReadOnlyAccess SecurityAudit`: what is attached there. With it "attached" means these, and `--attached` too.',
    )
    base_url: str = setting(
        "",
        kinds.URL,
        "Where the pages can be reached, for links in mails. Empty: mails carry the full changelog with them.",
    )
    templates: Path | None = setting(
        None,
        kinds.PATH,
        "A folder with templates of your own; each one found there stands in for the built-in one of that name.",
    )
    lock_wait_s: float = setting(
        60.0, kinds.seconds(0, 3600), "Seconds to wait for another round that is still running."
    )
    schedule: ScheduleSettings = field(default=ScheduleSettings())
    aws: AwsSettings = field(default=AwsSettings())
    mail: MailSettings = field(default=MailSettings())
    channels: ChannelSettings = field(default=ChannelSettings())
    alarm: AlarmSettings = field(default=AlarmSettings())
    attention: AttentionSettings = field(default=AttentionSettings())
    evidence: EvidenceSettings = field(default=EvidenceSettings())
    web: WebSettings = field(default=WebSettings())
    log: LogSettings = field(default=LogSettings())
    origins: Mapping[str, Origin] = field(default_factory=dict)  # by key; absent: the default

    @property
    def file(self) -> Path:
        """The settings file of this folder, whether or not it exists."""
        return self.home / FILE_NAME

    @property
    def database(self) -> Path:
        """The index and the service's state."""
        return self.home / "tracker.db"

    @property
    def snapshots(self) -> Path:
        """The archive."""
        return self.home / "snapshots"

    @property
    def changelogs(self) -> Path:
        """Where changelogs are written."""
        return self.home / "changelogs"

    def origin(self, key: str) -> Origin:
        """Where the value of `key` came from."""
        return self.origins.get(key, Origin("default", "default"))

    def value(self, key: str) -> Any:
        """The value of a dotted key."""
        section, _, name = key.rpartition(".")
        return getattr(getattr(self, section) if section else self, name)

    def rows(self) -> Iterator[Row]:
        """Every setting with where it came from, in the order of the file; secrets masked."""
        for declared in DECLARED.values():
            value = self.value(declared.key)
            shown = '"********"' if declared.secret and value else declared.kind.write(value)
            yield Row(declared.key, shown, self.origin(declared.key))


FILE_NAME = "policy-tracker.toml"
SECTIONS: dict[str, type] = {
    one.name: type(one.default)
    for one in fields(Settings)
    if is_dataclass(one.default) and not isinstance(one.default, type) and not one.metadata
}


def _declared() -> Iterator[Declared]:
    for section, cls in {"": Settings, **SECTIONS}.items():
        for one in fields(cls):
            if one.metadata:
                key = f"{section}.{one.name}" if section else one.name
                kind, meaning, secret = (one.metadata[name] for name in ("kind", "meaning", "secret"))
                yield Declared(key, kind, meaning, secret, one.default)


DECLARED: dict[str, Declared] = {one.key: one for one in _declared()}
