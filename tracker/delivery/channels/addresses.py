"""What an address looks like on each channel. Checked before it is kept, without asking anybody."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import NoReturn
from urllib.parse import urlsplit

from tracker.delivery.addresses import checked_address
from tracker.errors import InputError

_ARN = "arn:aws[a-z-]*"
_TOPIC = re.compile(rf"{_ARN}:sns:[a-z0-9-]+:\d{{12}}:[A-Za-z0-9_-]{{1,256}}(\.fifo)?\Z")
_BUS = re.compile(rf"{_ARN}:events:[a-z0-9-]+:\d{{12}}:event-bus/[A-Za-z0-9._/-]{{1,256}}\Z")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z", re.IGNORECASE)
_LONGEST = 2_000  # characters

_LIKE = {
    "mail": "a mail address like team@example.org",
    "ses": "a mail address like team@example.org",
    "slack": "the address of an incoming webhook, https://hooks.slack.com/services/...",
    "teams": "the address that a workflow of Teams shows, https://...",
    "webhook": "an address like https://example.org/hooks/policies",
    "sns": "a topic's ARN like arn:aws:sns:eu-west-1:123456789012:policies",
    "eventbridge": "a bus's ARN like arn:aws:events:eu-west-1:123456789012:event-bus/default",
    "git": "the absolute path of a git work tree on this machine, like /srv/policies",
    "apprise": "an address of Apprise's like ntfy://topic",
}
CHANNELS = tuple(_LIKE)  # 'mail' first: what is meant where no channel is named


def check_address(channel: str, text: str) -> str:
    """The address in its normal form. Raises InputError where the channel has no such addresses, or doesn't exist.

    What it says never repeats an address that may hold a secret: only a mail address or an ARN is shown.
    """
    if channel not in _LIKE:
        raise InputError(f"there is no channel {channel!r}", advice=f"the channels: {', '.join(CHANNELS)}")
    if channel in ("mail", "ses"):
        return checked_address(text)
    address = text.strip()
    if len(address) > _LONGEST or any(unicodedata.category(sign)[0] in "CZ" for sign in address):
        _refuse(channel, "it has a space, a line break or a control character in it, or is far too long")
    if channel in ("slack", "teams", "webhook"):
        return _web_address(channel, address)
    if channel in ("sns", "eventbridge"):
        if not (_TOPIC if channel == "sns" else _BUS).match(address):
            _refuse(channel, f"{address!r} is not one")
    elif channel == "git":
        path = PurePosixPath(address)
        if not path.is_absolute() or ".." in path.parts:
            _refuse(channel, f"{address!r} is not one")
    elif not ("://" in address and _SCHEME.match(address.partition("://")[0])):
        _refuse(channel, "it has no scheme")
    return address


def _web_address(channel: str, address: str) -> str:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        _refuse(channel, "it can't be read as one")
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        _refuse(channel, "it has no scheme 'https', or no host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        _refuse(channel, "it has a name, a password or a fragment ('#') in it")
    if not address.isascii():
        _refuse(channel, "it has letters beyond ASCII: write the host as xn--..., the rest with %")
    return address


def _refuse(channel: str, why: str) -> NoReturn:
    raise InputError(f"not an address for {channel}: {why}", advice=f"wanted: {_LIKE[channel]}")
