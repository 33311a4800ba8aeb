"""Every channel there is, by name, each made when the first message for it comes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tracker.delivery.channel import Channel
from tracker.delivery.channels.aws import AwsAccess
from tracker.delivery.channels.registry import Channels
from tracker.delivery.smtp_settings import SmtpSettings


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """What the channels need of the settings. Dear or secret ones are asked for when they are used."""

    smtp: Callable[[], SmtpSettings]  # SettingsError without a mail server
    letters: Callable[[], SmtpSettings]  # sender and operator alone, for mail that leaves by another way
    webhook_secret: Callable[[], str]
    aws: AwsAccess
    clock: Callable[[], datetime]
    private_networks: tuple[str, ...] = ()
    timeout_s: float = 10.0
    ses_region: str = ""
    ses_configuration_set: str = ""
    sender: str = ""


def all_channels(options: ChannelOptions) -> Channels:
    """The registry. Each maker imports what it makes: who only mails, loads nothing else."""

    def mail() -> Channel:
        from tracker.delivery.smtp import SmtpChannel

        return SmtpChannel(options.smtp())

    def ses() -> Channel:
        from tracker.delivery.channels.ses import SesChannel

        return SesChannel(options.letters(), options.aws, options.ses_configuration_set, options.ses_region)

    def sns() -> Channel:
        from tracker.delivery.channels.sns import SnsChannel

        return SnsChannel(options.aws)

    def eventbridge() -> Channel:
        from tracker.delivery.channels.eventbridge import EventBridgeChannel

        return EventBridgeChannel(options.aws)

    def slack() -> Channel:
        from tracker.delivery.channels.outgoing import Outgoing
        from tracker.delivery.channels.slack import SlackChannel

        return SlackChannel(Outgoing(options.private_networks, timeout_s=options.timeout_s))

    def teams() -> Channel:
        from tracker.delivery.channels.outgoing import Outgoing
        from tracker.delivery.channels.teams import TeamsChannel

        return TeamsChannel(Outgoing(options.private_networks, timeout_s=options.timeout_s))

    def webhook() -> Channel:
        from tracker.delivery.channels.outgoing import Outgoing
        from tracker.delivery.channels.webhook import WebhookChannel

        outgoing = Outgoing(options.private_networks, timeout_s=options.timeout_s)
        return WebhookChannel(outgoing, options.webhook_secret(), options.clock)

    def git() -> Channel:
        from tracker.delivery.channels.git import GitChannel

        return GitChannel(options.sender)

    def apprise() -> Channel:
        from tracker.delivery.channels.apprise import AppriseChannel

        return AppriseChannel()

    makers = (mail, ses, slack, teams, webhook, sns, eventbridge, git, apprise)
    return Channels({one.__name__: one for one in makers})
