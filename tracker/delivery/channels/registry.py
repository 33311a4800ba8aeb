"""The channel of each parcel, made when the first one for it comes."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from tracker.delivery.channel import Channel, Parcel
from tracker.errors import SettingsError


@runtime_checkable
class Probing(Protocol):
    """A channel that can be tried without sending."""

    def probe(self, address: str) -> str:
        """What was found, in a clause; raises as `send` does."""
        ...


class Channels:
    """A Channel that hands each parcel to the channel which its subscription names.

    `makers`: by name, what makes one; it may raise SettingsError where something is not set.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Channel]]) -> None:
        self._makers = makers
        self._open: dict[str, Channel] = {}

    def send(self, parcel: Parcel) -> str:
        """Hand one message over. Raises as the channel does, and SettingsError for a channel that there isn't."""
        return self.get(parcel.channel).send(parcel)

    def get(self, name: str) -> Channel:
        """The channel of this name; the same one until `close`."""
        if name not in self._open:
            if name not in self._makers:
                raise SettingsError(
                    f"there is no channel {name!r}", advice=f"the channels: {', '.join(sorted(self._makers))}"
                )
            self._open[name] = self._makers[name]()
        return self._open[name]

    def probe(self, name: str, address: str) -> str:
        """A dry form of sending: all of it but the message. Raises as `send` does; TypeError where there is none (mail)."""
        channel = self.get(name)
        if not isinstance(channel, Probing):
            raise TypeError(f"{name} has no dry form here")
        return channel.probe(address)

    def close(self) -> None:
        """Let all connections go; the next `send` makes the channels anew."""
        channels, self._open = self._open, {}
        for one in channels.values():
            one.close()
