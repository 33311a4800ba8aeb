"""The seam of all channels: one message for one recipient goes in, the server's answer comes out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tracker.model.message import Message


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for one recipient."""

    message: Message
    recipient: str  # a checked address of its channel
    queued: datetime  # UTC, when it was written to the outbox: the mail's Date, the same at every attempt
    token: str = field(
        default="", repr=False
    )  # the subscriber's, with which the recipient can leave; empty: nothing to leave
    channel: str = "mail"  # one of channels.CHANNELS


class Channel(Protocol):
    """What carries a message. One small file each; a connection may stay open between two calls.

    `send` returns the server's answer as one line. It raises RefusedError where this one message was refused, for now or
    for good (`permanent`); ChannelDownError where nothing gets through at present; SetupError where a person must act
    first: then nothing was sent, and trying again on its own would be of no use.
    """

    def send(self, parcel: Parcel) -> str:
        """Hand one message over."""
        ...

    def close(self) -> None:
        """Let the connection go; the next `send` opens another."""
        ...
