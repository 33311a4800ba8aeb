"""How mail leaves and in whose name, and what must be set before it may."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from tracker.delivery.addresses import checked_address
from tracker.delivery.dkim import Signer
from tracker.errors import InputError, SettingsError


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How mail leaves, and in whose name."""

    host: str = "localhost"
    port: int = 25
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""  # empty: no login
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0  # seconds without a sign of the server, at every step
    sender: str = ""  # 'policy-tracker@example.org', or 'Policy tracker <policy-tracker@example.org>'
    operator: str = ""  # failures, bounces, replies and unsubscribes go there
    base_url: str | None = None  # of the web pages, 'https://policies.example.org'
    ca_file: Path | None = (
        None  # PEM; only what it holds is trusted then, instead of the system's authorities
    )
    signer: Signer | None = None  # of DKIM signatures

    @property
    def where(self) -> str:
        """`mail.example.org:587`, for messages."""
        return f"{self.host}:{self.port}"


def require_addresses(sender: str, operator: str, *, subscribed: int | None = None) -> None:
    """Raise SettingsError where somebody is subscribed and the sender or the operator is missing or no address.

    Without `subscribed` it is for somebody who is to be.
    """
    if subscribed == 0:
        return
    who = "" if subscribed is None else f", and {subscribed} {'is' if subscribed == 1 else 'are'} subscribed"
    for key, value, what in (
        ("mail.sender", sender, "the address that the mails come from"),
        ("mail.operator", operator, "the address that failures, bounces and unsubscribes go to"),
    ):
        if not value:
            raise SettingsError(
                f"{key} is not set{who}: it is {what}",
                advice=f"set {key} in policy-tracker.toml, for instance policy-tracker@example.org",
            )
        try:
            checked_address(parseaddr(value)[1] if key == "mail.sender" else value)
        except InputError as error:
            raise SettingsError(f"{key}: {error}", advice=error.advice) from error


def require_safe_login(settings: SmtpSettings) -> None:
    """Raise SettingsError where a password would go over the network in clear."""
    if settings.username and settings.security == "none" and not _is_loopback(settings.host):
        raise SettingsError(
            f"a login at {settings.where} without TLS would send the password in clear",
            advice="use security 'starttls' (port 587) or 'tls' (port 465), or take the username out",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
